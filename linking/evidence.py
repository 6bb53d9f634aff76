"""Everything known about one link, gathered for whoever has to help: ids, times, actors, what was asked and answered.

Codes and values, no sentences: the same in every language. Nothing secret is in it: tokens and codes exist only as
hashes and are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linking.models import ConsentReceipt, Invitation, LinkAttempt, Termination
from partner_console.access.policy import Permission, allows
from partner_console.audit.selectors import list_entries
from partner_console.cloud.models import CloudCommand
from quota.models import CreditAccount
from uids.models import ControlChange, ScheduledControl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

MOST = 2000  # rows of one kind; newer ones first, so that what happened lately is never cut
ACCOUNT = (
    "uid", "cid", "login_name", "account_type", "nickname", "business_manager", "email", "country", "environment",
    "linked_at", "relationship",
)  # fmt: skip
CONTROLS = ("payg_frozen", "payg_stopped_at", "payg_released_at", "purchase_control", "shutdown_policy", "overdraft")
FIGURES = ("amount", "deducted", "undeducted", "available", "as_of")
INVITATION = (
    "uid", "email", "company", "account_type", "country", "purpose", "crm_reference", "environment", "state",
    "created_at", "sent_at", "opened_at", "approved_at", "closed_at", "link_round", "attempts", "vendor_ticket",
    "failure_code", "failure_message", "scopes",
)  # fmt: skip
ATTEMPT = ("round", "asked", "code", "message", "ended_at")
ORDER = (
    "operation", "payload", "state", "attempts", "vendor_code", "vendor_message", "asked_by", "reason", "operation_id",
    "created_at", "finished_at",
)  # fmt: skip
CONTROL = (
    "what", "before", "after", "overdraft_before", "overdraft_after", "reason", "method", "operator", "operator_uid",
    "operation_id", "undoes", "at",
)  # fmt: skip
PLAN = (
    "what", "before", "value", "starts_at", "ends_at", "due_at", "reason", "noticed_at", "state", "cause", "operator",
    "operation_id", "created_at", "closed_at",
)  # fmt: skip
REQUEST = ("side", "reason", "state", "is_undo", "asked_at", "answered_at", "answer_reason", "ended_at")
ENTRY = (
    "at", "action", "actor_label", "operator_uid", "channel", "subject_type", "subject_pk", "changes", "note",
    "operation_id", "request_id",
)  # fmt: skip


def gather(actor: Actor, account: LinkedAccount) -> dict[str, Any]:
    """The whole story of one account of the actor's, as JSON can hold it; figures and switches where they exist.

    `account` comes with its partner loaded.
    """
    partner = account.partner
    invitations = list(
        Invitation.objects.visible_to(actor).filter(account_id=account.pk).select_related("created_by").order_by("pk")
    )
    story: dict[str, Any] = {
        "partner": {"name": partner.name, "code": partner.code, "kind": partner.kind, "master_uid": partner.master_uid},
        "account": _row(account, ACCOUNT),
        "invitations": [_invitation(one) for one in invitations],
        "requests_to_end": _rows(Termination.objects.visible_to(actor).filter(account_id=account.pk), REQUEST),
        "orders_to_the_cloud": _rows(CloudCommand.objects.visible_to(actor).filter(uid=account.uid), ORDER),
        "timeline": _timeline(actor, account, invitations),
    }
    if allows(actor, Permission.CONTROL_VIEW):
        story["switches"] = _row(account, CONTROLS)
        changes = ControlChange.objects.visible_to(actor).filter(account_id=account.pk).select_related("cause")
        newest = list(changes.order_by("-pk")[:MOST])[::-1]
        story["switch_changes"] = [
            {**_row(change, CONTROL), "master_uid": change.cause.uid if change.cause else ""} for change in newest
        ]
        story["planned_changes"] = _rows(ScheduledControl.objects.visible_to(actor).filter(account_id=account.pk), PLAN)
    credit = CreditAccount.objects.visible_to(actor).filter(pk=account.pk).first()
    if credit is not None and allows(actor, Permission.QUOTA_VIEW):
        story["figures"] = {**_row(credit, FIGURES), "currency": partner.currency}
    return story


def receipts_of(actor: Actor, account: LinkedAccount) -> list[ConsentReceipt]:
    """What the customer agreed to, word by word."""
    return list(ConsentReceipt.objects.visible_to(actor).filter(invitation__account_id=account.pk).order_by("pk"))


def _invitation(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.pk,
        "reference_at_the_cloud": invitation.reference,
        "invited_by": invitation.created_by.email if invitation.created_by else "",
        **_row(invitation, INVITATION),
        "rounds_at_the_cloud": _rows(LinkAttempt.objects.filter(invitation=invitation), ATTEMPT),
    }


def _timeline(actor: Actor, account: LinkedAccount, invitations: list[Invitation]) -> list[dict[str, Any]]:
    """The trail of the account and of its invitations, oldest first."""
    subjects = [("uids.linkedaccount", account.pk), *(("linking.invitation", one.pk) for one in invitations)]
    found: list[Any] = []
    for kind, pk in subjects:
        found += list_entries(actor, about=f"{kind}:{pk}").order_by("-at", "-pk")[:MOST]
    return [_row(entry, ENTRY) for entry in sorted(found, key=lambda entry: (entry.at, entry.pk))]


def _rows(rows: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:
    newest: Iterable[Model] = rows.order_by("-pk")[:MOST]
    return [_row(one, names) for one in newest][::-1]


def _row(thing: Model, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}
