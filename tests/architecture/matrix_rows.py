"""Who gets what at every URL: owner, manager, finance, viewer of acme, outsider, agency, operator (, anonymous)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.architecture.matrix import Row, everyone, public

if TYPE_CHECKING:
    from tests.architecture.world import World

# django-allauth's own pages and Django's language switch: tested where they are made; ours only in looks.
ELSEWHERE = {
    "account_confirm_email", "account_confirm_login_code", "account_email", "account_email_verification_sent",
    "account_inactive", "account_reauthenticate", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "account_set_password", "account_signup", "mfa_activate_totp",
    "mfa_add_webauthn", "mfa_authenticate", "mfa_deactivate_totp", "mfa_download_recovery_codes", "mfa_edit_webauthn",
    "mfa_generate_recovery_codes", "mfa_list_webauthn", "mfa_login_webauthn", "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_view_recovery_codes", "openid_connect_callback",
    "openid_connect_login", "set_language", "socialaccount_connections", "socialaccount_login_cancelled",
    "socialaccount_login_error", "socialaccount_signup", "account_logout",
}  # fmt: skip


def uid(world: World) -> dict[str, Any]:
    return {"uid": world.account.uid}


def token(world: World) -> dict[str, Any]:
    return {"token": world.token}


def unknown_token(_world: World) -> dict[str, Any]:
    return {"token": "unknown"}


def own(world: World) -> dict[str, Any]:
    return {"pk": world.account.pk}


def job(world: World) -> dict[str, Any]:
    return {"key": world.job.key}


def member(world: World) -> dict[str, Any]:
    return {"pk": world.member.pk}


def invited(world: World) -> dict[str, Any]:
    return {"pk": world.member_invitation.pk}


def warning(world: World) -> dict[str, Any]:
    return {"pk": world.warning_pk}


def planned(world: World) -> dict[str, Any]:
    return {"uid": world.account.uid, "pk": world.plan_pk}


def refunded(world: World) -> dict[str, Any]:
    return {"uid": world.account.uid, "pk": world.refund_pk}


def draft(world: World) -> dict[str, Any]:
    return {"pk": world.draft.pk}


def link(world: World) -> dict[str, Any]:
    return {"pk": world.invitation.pk}


def ending(world: World) -> dict[str, Any]:
    return {"uid": world.ending.account.uid, "pk": world.ending.pk}


def batch(world: World) -> dict[str, Any]:
    return {"pk": world.batch_pk}


def quotas(world: World) -> dict[str, Any]:
    return {"pk": world.quota_batch_pk}


def file_in(world: World) -> dict[str, Any]:
    return {"pk": world.import_pk}


def label(world: World) -> dict[str, Any]:
    return {"pk": world.label_pk}


def view(world: World) -> dict[str, Any]:
    return {"pk": world.view_pk}


def confirmed(world: World) -> dict[str, Any]:
    return {"uid": world.account.uid, "kind": "listed"}


def template(world: World) -> dict[str, Any]:
    return {"pk": world.template_pk}


def undoable(world: World) -> dict[str, Any]:
    return {"uid": world.account.uid, "operation": world.operation_id}


def dry_run(world: World) -> dict[str, Any]:
    return {"uid": world.account.uid, "what": "payg_freeze", "value": "frozen"}


def bulk(world: World) -> dict[str, Any]:
    return {"pk": world.bulk_pk}


def approval(world: World) -> dict[str, Any]:
    return {"pk": world.approval_pk}


def rule(_world: World) -> dict[str, Any]:
    return {"action": "linking.invitation.sent"}


ACCESS = (
    everyone("access:settings"),
    Row("access:partner_edit", 200, 403, 403, 403, 200, 200, 403),
    Row("access:partner_edit", 422, 403, 403, 403, 422, 422, 403, post=True),
    everyone("access:profile"),
    everyone("access:partner_switch", 404, post=True),
    everyone("access:partner_switch", 405),
    everyone("access:member_list"),
    Row("access:member_invite", 200, 403, 403, 403, 200, 200, 403),
    Row("access:member_invite", 422, 403, 403, 403, 422, 422, 403, post=True),
    Row("access:member_edit", 200, 403, 403, 403, 404, 404, 403, args=member),
    Row("access:member_edit", 422, 403, 403, 403, 404, 404, 403, args=member, post=True),
    Row("access:member_deactivate", 200, 403, 403, 403, 404, 404, 403, args=member),
    Row("access:member_deactivate", 422, 403, 403, 403, 404, 404, 403, args=member, post=True),
    Row("access:member_reactivate", 409, 403, 403, 403, 404, 404, 403, args=member, post=True),
    Row("access:member_invitation_resend", 303, 403, 403, 403, 404, 404, 403, args=invited, post=True),
    Row("access:member_invitation_withdraw", 303, 403, 403, 403, 404, 404, 403, args=invited, post=True),
    public("access:join", 200, args=lambda world: {"token": world.join_token}),
    public("access:join", 404, args=unknown_token),
    everyone("account_login", 302, anonymous=200),
    public("account_reset_password", 200),
    everyone("account_change_password"),
    everyone("mfa_index"),
    everyone("usersessions_list"),
)
WEB = (
    everyone("web:overview"),
    Row("web:outbox", 200, 200, 403, 403, 200, 200, 200),
    Row("web:outbox_mail", 200, 404, 403, 403, 404, 404, 200, args=lambda world: {"pk": world.mail_pk}),
    Row("web:outbox_html", 200, 404, 403, 403, 404, 404, 200, args=lambda world: {"pk": world.mail_pk}),
    public("web:health"),
)
UIDS = (
    everyone("uids:account_list"),
    Row("uids:account_list", 422, 422, 422, 422, 422, 403, 422, query="payg=nonsense"),
    Row("uids:account_list", 200, 200, 200, 200, 200, 403, 200, query="sort=-available"),
    everyone("uids:bulk_edit", 422, post=True),
    Row("uids:bulk_quotas", 303, 403, 303, 403, 303, 403, 403, post=True),
    Row("uids:bulk_detail", 200, 200, 200, 200, 404, 404, 200, args=bulk),
    Row("uids:bulk_undo", 409, 409, 403, 403, 404, 403, 403, args=bulk),
    Row("uids:bulk_cancel", 303, 303, 403, 403, 404, 404, 403, args=bulk, post=True),
    everyone("uids:label_list"),
    Row("uids:label_list", 422, 422, 403, 403, 422, 422, 403, post=True),
    Row("uids:label_edit", 200, 200, 403, 403, 404, 404, 403, args=label),
    Row("uids:label_edit", 422, 422, 403, 403, 404, 404, 403, args=label, post=True),
    Row("uids:label_remove", 200, 200, 403, 403, 404, 404, 403, args=label),
    everyone("uids:view_save"),
    everyone("uids:view_save", 422, post=True),
    Row("uids:view_remove", 200, 404, 404, 404, 404, 404, 404, args=view),
    Row("uids:account_detail", 200, 200, 200, 200, 404, 404, 200, args=uid, own=200),
    Row("uids:account_edit", 200, 200, 403, 403, 404, 404, 403, args=uid, own=200),
    Row("uids:account_edit", 422, 422, 403, 403, 404, 404, 403, args=uid, own=422, post=True),
    Row("uids:account_labels", 200, 200, 403, 403, 404, 404, 403, args=uid, own=200),
    Row("uids:account_trusteeship", 200, 200, 403, 403, 404, 403, 403, args=uid, own=403),
    Row("uids:account_trusteeship", 422, 422, 403, 403, 404, 403, 403, args=uid, own=403, post=True),
    Row("uids:account_freeze", 200, 200, 403, 403, 404, 403, 403, args=uid, own=403),
    Row("uids:account_freeze", 422, 422, 403, 403, 404, 403, 403, args=uid, own=403, post=True),
    Row("uids:account_unfreeze", 409, 409, 403, 403, 404, 403, 403, args=uid, own=403),
    Row("uids:purchases_disable", 200, 200, 403, 403, 404, 403, 403, args=uid, own=403),
    Row("uids:purchases_disable", 422, 422, 403, 403, 404, 403, 403, args=uid, own=403, post=True),
    Row("uids:purchases_enable", 409, 409, 403, 403, 404, 403, 403, args=uid, own=403),
    Row("uids:account_policy", 200, 200, 403, 403, 404, 403, 403, args=uid, own=403),
    Row("uids:account_policy", 200, 200, 403, 403, 404, 403, 403, args=uid, own=403, query="value=noStop"),
    Row("uids:account_policy", 422, 422, 403, 403, 404, 403, 403, args=uid, own=403, post=True),
    Row("uids:control_list", 200, 200, 200, 200, 404, 403, 200, args=uid, own=403),
    Row("uids:control_undo", 200, 200, 403, 403, 404, 403, 403, args=undoable),
    Row("uids:control_undo", 422, 422, 403, 403, 404, 403, 403, args=undoable, post=True),
    Row("uids:control_preview", 200, 200, 403, 403, 404, 403, 403, args=dry_run),
)
IMPORTS = (
    Row("quota:import_list", 200, 200, 403, 403, 200, 200, 403),
    Row("quota:import_new", 200, 200, 403, 403, 200, 200, 403),
    Row("quota:import_new", 422, 422, 403, 403, 422, 422, 403, post=True),
    Row("quota:import_detail", 200, 200, 403, 403, 404, 404, 403, args=file_in),
    Row("quota:import_progress", 302, 302, 403, 403, 404, 404, 403, args=file_in),
    Row("quota:import_columns", 302, 302, 403, 403, 404, 404, 403, args=file_in),
    Row("quota:import_refused", 409, 409, 403, 403, 404, 404, 403, args=file_in),
    Row("quota:import_change", 409, 409, 403, 403, 404, 404, 403, args=file_in, post=True),
    Row("quota:import_reread", 409, 409, 403, 403, 404, 404, 403, args=file_in, post=True),
    Row("quota:import_run", 409, 409, 403, 403, 404, 404, 403, args=file_in, post=True),
    Row("quota:import_cancel", 409, 409, 403, 403, 404, 404, 403, args=file_in, post=True),
)
QUOTA = (
    Row("quota:warning_list", 200, 200, 200, 200, 200, 403, 200),
    Row("quota:warning_list", 422, 422, 422, 422, 422, 403, 422, query="state=nonsense"),
    Row("quota:warning_detail", 200, 200, 200, 200, 404, 403, 200, args=warning),
    Row("quota:warning_handle", 422, 422, 422, 403, 422, 403, 403, post=True),
    Row("quota:warning_mailing", 200, 403, 403, 403, 200, 403, 403),
    Row("quota:warning_mailing", 422, 403, 403, 403, 422, 403, 403, post=True),
    Row("quota:batch_new", 200, 403, 200, 403, 200, 403, 403),
    Row("quota:batch_new", 422, 403, 422, 403, 422, 403, 403, post=True),
    Row("quota:batch_type", 200, 403, 200, 403, 200, 403, 403),
    Row("quota:batch_type", 422, 403, 422, 403, 422, 403, 403, post=True),
    Row("quota:batch_detail", 200, 200, 200, 200, 404, 403, 200, args=quotas),
    Row("quota:batch_progress", 302, 302, 302, 302, 404, 403, 302, args=quotas),
    Row("quota:batch_columns", 302, 403, 302, 403, 404, 403, 403, args=quotas),
    Row("quota:batch_run", 200, 403, 200, 403, 404, 403, 403, args=quotas),
    Row("quota:batch_run", 422, 403, 422, 403, 404, 403, 403, args=quotas, post=True),
    Row("quota:batch_check", 303, 403, 303, 403, 404, 403, 403, args=quotas, post=True),
    Row("quota:batch_again", 409, 403, 409, 403, 404, 403, 403, args=quotas, post=True),
    Row("quota:batch_cancel", 303, 403, 409, 403, 404, 403, 403, args=quotas, post=True),
    Row("quota:batch_not_done", 200, 403, 200, 403, 404, 403, 403, args=quotas),
    Row("quota:exposure", 200, 200, 200, 200, 200, 403, 200),
    Row("quota:schedule_list", 200, 200, 200, 200, 200, 403, 200),
    Row("quota:schedule_list", 422, 422, 422, 422, 422, 403, 422, query="state=nonsense"),
    Row("quota:schedule", 200, 200, 200, 200, 404, 403, 200, args=uid, own=403),
    Row("quota:schedule_new", 200, 200, 403, 403, 404, 403, 403, args=uid, own=403),
    Row("quota:schedule_new", 422, 422, 403, 403, 404, 403, 403, args=uid, own=403, post=True),
    Row("quota:schedule_edit", 200, 200, 403, 403, 404, 403, 403, args=planned),
    Row("quota:schedule_edit", 422, 422, 403, 403, 404, 403, 403, args=planned, post=True),
    Row("quota:schedule_cancel", 200, 200, 403, 403, 404, 403, 403, args=planned),
    Row("quota:schedule_cancel", 422, 422, 403, 403, 404, 403, 403, args=planned, post=True),
    Row("quota:calendar", 200, 200, 200, 200, 200, 403, 200),
    Row("quota:calendar", 200, 200, 200, 200, 200, 403, 403, post=True),
    Row("quota:calendar_revoke", 303, 303, 303, 303, 303, 403, 403, post=True),
    public("quota:calendar_feed", 404, args=unknown_token),
    Row("quota:account_quota", 200, 200, 200, 200, 404, 404, 200, args=uid, own=403),
    # Without HTMX the panel leads to its page.
    Row("quota:panel", 302, 302, 302, 302, 404, 404, 302, args=uid, own=403),
    Row("quota:chart", 200, 200, 200, 200, 404, 404, 200, args=uid, own=403),
    Row("quota:chart_image", 200, 200, 200, 200, 404, 404, 200, args=uid, own=403),
    Row("quota:quota_edit", 200, 403, 200, 403, 404, 404, 403, args=uid, own=403),
    Row("quota:quota_edit", 422, 403, 422, 403, 404, 404, 403, args=uid, own=403, post=True),
    *(
        Row(f"quota:{name}", status, 403, status, 403, 404, 404, 403, args=uid, own=403, post=status == 422)
        for name in ("write_off", "refund", "boost_start", "boost_end", "boost_extend")
        for status in (200, 422)
    ),
    Row("quota:order_take_back", 200, 403, 200, 403, 404, 404, 403, args=refunded),
    Row("quota:order_take_back", 422, 403, 422, 403, 404, 404, 403, args=refunded, post=True),
    Row("quota:threshold_edit", 200, 403, 200, 403, 404, 404, 403, args=uid, own=403),
    Row("quota:threshold_edit", 422, 403, 422, 403, 404, 404, 403, args=uid, own=403, post=True),
    Row("quota:rule_list", 200, 200, 200, 200, 200, 403, 409),
    Row("quota:rule_progress", 302, 302, 302, 302, 302, 302, 302),
    Row("quota:rule_partner", 200, 403, 200, 403, 200, 403, 403),
    Row("quota:rule_partner", 422, 403, 422, 403, 422, 403, 403, post=True),
    Row("quota:rule_label", 200, 403, 200, 403, 404, 403, 403, args=label),
    Row("quota:rule_label", 422, 403, 422, 403, 404, 403, 403, args=label, post=True),
)
LINKING = (
    everyone("linking:invitation_list"),
    everyone("linking:invitation_list", 422, query="turn=nonsense"),
    Row("linking:invitation_new", 200, 200, 403, 403, 200, 200, 403),
    Row("linking:invitation_new", 422, 422, 403, 403, 422, 422, 403, post=True),
    Row("linking:invitation_sheet", 200, 200, 403, 403, 200, 200, 403, post=True),
    Row("linking:invitation_mail", 200, 200, 403, 403, 200, 200, 403, post=True),
    Row("linking:draft_edit", 200, 200, 403, 403, 404, 404, 403, args=draft),
    Row("linking:invitation_uid", 200, 200, 403, 403, 200, 200, 403, query="uid=5113766248601931"),
    Row("linking:invitation_detail", 200, 200, 200, 200, 404, 404, 200, args=link),
    Row("linking:invitation_resend", 303, 303, 403, 403, 404, 404, 403, args=link, post=True),
    Row("linking:invitation_withdraw", 200, 200, 403, 403, 404, 404, 403, args=link),
    Row("linking:invitation_extend", 200, 200, 403, 403, 404, 404, 403, args=link),
    Row("linking:invitation_extend", 422, 422, 403, 403, 404, 404, 403, args=link, post=True),
    Row("linking:invitation_copy", 200, 200, 403, 403, 404, 404, 403, args=link),
    Row("linking:batch_new", 200, 200, 403, 403, 200, 200, 403),
    Row("linking:batch_new", 422, 422, 403, 403, 422, 422, 403, post=True),
    Row("linking:bulk", 422, 422, 403, 403, 422, 422, 403, post=True),
    Row("linking:batch_detail", 200, 200, 403, 403, 404, 404, 403, args=batch),
    Row("linking:batch_columns", 302, 302, 403, 403, 404, 404, 403, args=batch),
    Row("linking:batch_progress", 302, 302, 403, 403, 404, 404, 403, args=batch),
    Row("linking:batch_refused", 409, 409, 403, 403, 404, 404, 403, args=batch),
    Row("linking:batch_change", 409, 409, 403, 403, 404, 404, 403, args=batch, post=True),
    Row("linking:batch_run", 303, 409, 403, 403, 404, 404, 403, args=batch, post=True),
    Row("linking:batch_again", 303, 303, 403, 403, 404, 404, 403, args=batch, post=True),
    Row("linking:batch_cancel", 303, 409, 403, 403, 404, 404, 403, args=batch, post=True),
    Row("linking:invitation_retry", 409, 409, 403, 403, 404, 404, 403, args=link, post=True),
    public("linking:invite_start", args=token),
    public("linking:invite_start", 404, args=unknown_token),
    public("linking:invite_proof", args=token),
    public("linking:invite_proof", 422, args=token, post=True),
    public("linking:invite_decline", args=token),
    public("linking:invite_decline", 422, args=token, post=True),
    public("linking:invite_decide", 303, args=token),
    public("linking:invite_done", 303, args=token),
    public("linking:invite_changes", args=token),
    public("linking:invite_code", 303, args=token),
    public("linking:invite_code_send", 405, args=token),
    public("linking:invite_not_me", args=token),
    public("linking:invite_help", args=token),
    # A receipt needs the proof in the browser; on /my/ everybody is a stranger without the customer's own session.
    public("linking:invite_receipt", 303, args=token),
    public("linking:invite_receipt_file", 303, args=token),
    Row("linking:invitation_receipt", 404, 404, 404, 404, 404, 404, 404, args=link),
    Row("linking:invitation_receipt_file", 404, 404, 404, 404, 404, 404, 404, args=link),
    public("linking:receipt_check"),
    public("linking:receipt_check", 422, post=True),
    public("linking:my_sign_in"),
    public("linking:my_sign_in", 422, post=True),
    public("linking:my_help"),
    public("linking:my_home", 303),
    public("linking:my_code", 303),
    public("linking:my_sign_out", 303, post=True),
    public("linking:my_link", 303, args=own),
    public("linking:my_permissions", 303, args=own),
    public("linking:my_alert", 303, args=own),
    public("linking:my_alert", 303, args=own, post=True),
    public("linking:my_alert_code", 303, args=own),
    public("linking:my_alert_code_send", 303, args=own, post=True),
    public("linking:my_alert_keep", 303, args=own, post=True),
    public("linking:my_leave", 303, args=own),
    public("linking:my_leave", 303, args=own, post=True),
    public("linking:my_ending", 303, args=own),
    public("linking:my_reject", 303, args=own),
    public("linking:my_stay", 303, args=own),
    public("linking:my_receipt", 303, args=own),
    public("linking:my_receipt_file", 303, args=own),
)
KNOWLEDGE = (
    everyone("linking:knowledge_list"),
    everyone("linking:knowledge_article", args=lambda _world: {"code": "3040"}),
    everyone("linking:knowledge_article", 404, args=lambda _world: {"code": "nonsense"}),
    Row("linking:knowledge_new", 200, 200, 403, 403, 200, 200, 403),
    Row("linking:knowledge_new", 422, 422, 403, 403, 422, 422, 403, post=True),
    Row("linking:knowledge_edit", 200, 200, 403, 403, 200, 200, 403, args=lambda _world: {"code": "3040"}),
    Row("linking:knowledge_edit", 422, 422, 403, 403, 422, 422, 403, args=lambda _world: {"code": "3040"}, post=True),
    Row("linking:invitation_vote", 422, 422, 403, 403, 404, 404, 403, args=link, post=True),
)
ENDING = (
    Row("linking:termination", 200, 200, 200, 200, 404, 404, 200, args=uid, own=200),
    Row("linking:termination_ask", 200, 403, 403, 403, 404, 404, 403, args=uid, own=200),
    Row("linking:termination_ask", 422, 403, 403, 403, 404, 404, 403, args=uid, own=422, post=True),
    Row("linking:termination_outcome", 409, 403, 403, 403, 404, 404, 403, args=uid, own=409),
    Row("linking:termination_confirm", 200, 403, 403, 403, 404, 404, 403, args=ending),
    Row("linking:termination_reject", 200, 403, 403, 403, 404, 404, 403, args=ending),
    Row("linking:termination_reject", 422, 403, 403, 403, 404, 404, 403, args=ending, post=True),
    Row("linking:termination_withdraw", 409, 403, 403, 403, 404, 404, 403, args=ending),
    Row("linking:termination_by_hand", 409, 403, 403, 403, 404, 404, 403, args=ending),
    Row("linking:termination_look", 409, 403, 403, 403, 404, 404, 403, args=ending, post=True),
    Row("linking:wrong_link", 200, 200, 200, 200, 404, 404, 200, args=uid, own=200),
    Row("linking:wrong_link_hold", 200, 200, 403, 403, 404, 403, 403, args=uid, own=403),
    Row("linking:wrong_link_hold", 422, 422, 403, 403, 404, 403, 403, args=uid, own=403, post=True),
    Row("linking:wrong_link_release", 409, 409, 403, 403, 404, 403, 403, args=uid, own=403),
    Row("linking:wrong_link_undo", 200, 403, 403, 403, 404, 404, 403, args=uid, own=200),
    Row("linking:wrong_link_undo", 422, 403, 403, 403, 404, 404, 403, args=uid, own=422, post=True),
    Row("linking:wrong_link_keep", 409, 403, 403, 403, 404, 404, 403, args=ending),
    Row("linking:support_package", 200, 200, 403, 403, 404, 404, 403, args=uid, own=200, post=True),
)
GRANTS = (
    everyone("linking:template_list"),
    Row("linking:template_new", 200, 403, 403, 403, 200, 200, 403),
    Row("linking:template_new", 422, 403, 403, 403, 422, 422, 403, post=True),
    Row("linking:template_edit", 200, 403, 403, 403, 404, 404, 403, args=template),
    Row("linking:template_edit", 422, 403, 403, 403, 404, 404, 403, args=template, post=True),
    Row("linking:template_default", 303, 403, 403, 403, 404, 404, 403, args=template, post=True),
    Row("linking:template_archive", 200, 403, 403, 403, 404, 404, 403, args=template),
    Row("linking:template_archive", 409, 403, 403, 403, 404, 404, 403, args=template, post=True),
    Row("linking:checklist_edit", 200, 403, 403, 403, 200, 200, 403),
    Row("linking:checklist_edit", 422, 403, 403, 403, 422, 422, 403, post=True),
    Row("linking:checklist_change", 422, 403, 403, 403, 422, 422, 403, post=True),
    Row("linking:account_permissions", 200, 200, 200, 200, 404, 404, 200, args=uid, own=200),
    # Without HTMX the panel leads to its page.
    Row("linking:account_panel", 302, 302, 302, 302, 404, 404, 302, args=uid, own=302),
    Row("linking:account_recheck", 303, 303, 403, 403, 404, 404, 403, args=uid, own=303, post=True),
    # Nothing was granted on this account: it was not linked by an invitation.
    Row("linking:account_resend", 409, 409, 403, 403, 404, 404, 403, args=uid, own=409, post=True),
    # The cloud answers this question itself: there is nothing to confirm by hand.
    Row("linking:account_confirm", 409, 409, 403, 403, 404, 404, 403, args=confirmed, own=409, post=True),
    Row("linking:account_tick", 404, 404, 403, 403, 404, 404, 403, args=uid, own=404, post=True),
)
REST = (
    everyone("approvals:approval_list"),
    Row("approvals:approval_detail", 200, 200, 200, 200, 404, 404, 200, args=approval),
    Row("approvals:approval_decide", 422, 422, 422, 403, 404, 404, 403, args=approval, post=True),
    Row("approvals:approval_withdraw", 200, 200, 200, 403, 404, 404, 403, args=approval),
    Row("approvals:approval_alone", 409, 409, 409, 403, 404, 404, 403, args=approval),
    everyone("approvals:rule_list"),
    Row("approvals:rule_edit", 200, 403, 403, 403, 200, 200, 403, args=rule),
    Row("approvals:rule_edit", 422, 403, 403, 403, 422, 422, 403, args=rule, post=True),
    everyone("audit:entry_list"),
    everyone("audit:entry_list", 422, query="sort=nonsense"),
    everyone("exports:job_list"),
    # An export belongs to a partner, and an operator works in none.
    Row("exports:job_new", 200, 200, 200, 200, 200, 200, 403, query="spec=uids.accounts"),
    everyone("exports:job_new", 404, query="spec=nonsense"),
    # An export is its maker's own: colleagues do not see it either.
    Row("exports:job_detail", 200, 404, 404, 404, 404, 404, 404, args=job),
    Row("exports:job_download", 409, 404, 404, 404, 404, 404, 404, args=job, post=True),
    Row("exports:job_cancel", 409, 404, 404, 404, 404, 404, 404, args=job, post=True),
    Row("exports:job_repeat", 303, 404, 404, 404, 404, 404, 404, args=job, post=True),
    Row("cloud:command_list", 200, 200, 200, 200, 200, 403, 200),
    Row("cloud:command_retry", 303, 409, 403, 403, 404, 404, 403, args=lambda w: {"pk": w.command.pk}, post=True),
    Row("cloud:command_by_hand", 200, 200, 403, 403, 404, 404, 403, args=lambda w: {"pk": w.command.pk}),
    Row("cloud:command_by_hand", 422, 422, 403, 403, 404, 404, 403, args=lambda w: {"pk": w.command.pk}, post=True),
    Row("cloud:simulator", 403, 403, 403, 403, 403, 403, 200),
    Row("cloud:simulator_event", 403, 403, 403, 403, 403, 403, 422, post=True),
    Row("cloud:simulator_fault", 403, 403, 403, 403, 403, 403, 422, post=True),
    Row("cloud:simulator_instance", 403, 403, 403, 403, 403, 403, 422, post=True),
    Row(
        "cloud:simulator_instance_remove", 403, 403, 403, 403, 403, 403, 404, args=lambda _w: {"pk": 999_999}, post=True
    ),
    Row("cloud:simulator_time", 403, 403, 403, 403, 403, 403, 302),
    Row("cloud:simulator_time", 403, 403, 403, 403, 403, 403, 422, post=True),
    Row("cloud:simulator_time_cancel", 403, 403, 403, 403, 403, 403, 409, post=True),
)
ROWS: tuple[Row, ...] = (*ACCESS, *WEB, *UIDS, *IMPORTS, *QUOTA, *LINKING, *GRANTS, *KNOWLEDGE, *ENDING, *REST)
