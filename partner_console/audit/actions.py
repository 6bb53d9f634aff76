"""Every action the trail knows, with its words. An action that is not here cannot be recorded."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Action(TextChoices):
    """`app.entity.past_participle`."""

    PARTNER_CREATED = "access.partner.created", _("Partner created")
    PARTNER_EDITED = "access.partner.edited", _("Partner settings changed")
    MEMBER_INVITED = "access.member.invited", _("Member invited")
    MEMBER_INVITATION_RESENT = "access.member.invitation_resent", _("Member invitation sent again")
    MEMBER_INVITATION_WITHDRAWN = "access.member.invitation_withdrawn", _("Member invitation withdrawn")
    MEMBER_JOINED = "access.member.joined", _("Member joined")
    MEMBER_EDITED = "access.member.edited", _("Member changed")
    MEMBER_DEACTIVATED = "access.member.deactivated", _("Member deactivated")
    MEMBER_REACTIVATED = "access.member.reactivated", _("Member reactivated")
    SECOND_FACTOR_REMOVED = "access.user.second_factor_removed", _("Second factor removed")
    MAIL_SENT_AGAIN = "web.mail.sent_again", _("Mail sent again")

    ACCOUNT_LINKED = "uids.account.linked", _("Account linked")
    ACCOUNT_IMPORTED = "uids.account.imported", _("Account imported")
    ACCOUNT_EDITED = "uids.account.edited", _("Basic information changed")
    ACCOUNT_LABELLED = "uids.account.labelled", _("Labels changed")
    ACCOUNT_TRUSTEESHIP_SET = "uids.account.trusteeship_set", _("Financial trusteeship set")
    ACCOUNT_FROZEN = "uids.account.payg_frozen", _("PAYG frozen")
    ACCOUNT_UNFROZEN = "uids.account.payg_unfrozen", _("PAYG unfrozen")
    PURCHASE_CONTROL_CHANGED = "uids.account.purchase_control_changed", _("Purchase control changed")
    SHUTDOWN_POLICY_CHANGED = "uids.account.shutdown_policy_changed", _("Shutdown policy changed")
    LABEL_CREATED = "uids.label.created", _("Label created")
    LABEL_EDITED = "uids.label.edited", _("Label changed")
    LABEL_REMOVED = "uids.label.removed", _("Label removed")
    VIEW_SAVED = "uids.view.saved", _("View saved")
    VIEW_REMOVED = "uids.view.removed", _("View removed")

    QUOTA_CREATED = "quota.account.quota_created", _("Quota Create")
    QUOTA_ADJUSTED = "quota.account.quota_adjusted", _("Quota Adjustment")
    QUOTA_SYNCED = "quota.account.quota_synced", _("Quota changed outside this console")
    QUOTA_WRITTEN_OFF = "quota.account.written_off", _("Quota write-off")
    QUOTA_THRESHOLD_CHANGED = "quota.account.threshold_changed", _("Quota Warning Threshold changed")
    QUOTA_WARNED = "quota.account.warned", _("Quota warning sent")
    QUOTA_RECOVERED = "quota.account.recovered", _("Quota recovered")

    IMPORT_UPLOADED = "quota.import.uploaded", _("Import file uploaded")
    IMPORT_STARTED = "quota.import.started", _("Import started")
    IMPORT_FINISHED = "quota.import.finished", _("Import finished")
    IMPORT_CANCELLED = "quota.import.cancelled", _("Import cancelled")

    LINK_DRAFTED = "linking.invitation.drafted", _("Invitation drafted")
    LINK_INVITED = "linking.invitation.sent", _("Invitation sent")
    LINK_RESENT = "linking.invitation.resent", _("Invitation sent again")
    LINK_OPENED = "linking.invitation.opened", _("Invitation opened")
    LINK_PROVED = "linking.invitation.proved", _("Account proved by its digits")
    LINK_PROOF_FAILED = "linking.invitation.proof_failed", _("Wrong digits entered")
    LINK_APPROVED = "linking.invitation.approved", _("Approved by the customer")
    LINK_DECLINED = "linking.invitation.declined", _("Declined by the customer")
    LINK_WITHDRAWN = "linking.invitation.withdrawn", _("Invitation withdrawn")
    LINK_EXPIRED = "linking.invitation.expired", _("Invitation expired")
    LINK_REPLACED = "linking.invitation.replaced", _("Replaced by a newer invitation")
    LINK_SUCCEEDED = "linking.invitation.linked", _("Linked")
    LINK_FAILED = "linking.invitation.failed", _("Linking failed")
    LINK_RETRIED = "linking.invitation.retried", _("Linking retried")
    LINK_REMINDED = "linking.invitation.reminded", _("Customer reminded")
    LINK_EXTENDED = "linking.invitation.extended", _("Time to answer extended")
    LINK_COPIED = "linking.invitation.link_copied", _("Link handed out to be sent by hand")

    LINK_BATCH_MADE = "linking.batch.made", _("Batch of links prepared")
    LINK_BATCH_STARTED = "linking.batch.started", _("Batch of links started")
    LINK_BATCH_FINISHED = "linking.batch.finished", _("Batch of links finished")
    LINK_BATCH_CANCELLED = "linking.batch.cancelled", _("Batch of links cancelled")

    EXPORT_REQUESTED = "exports.job.requested", _("Export requested")
    EXPORT_DOWNLOADED = "exports.job.downloaded", _("Export downloaded")
    EXPORT_CANCELLED = "exports.job.cancelled", _("Export cancelled")

    CLOUD_CONFIRMED = "cloud.command.confirmed", _("Confirmed by the cloud")
    CLOUD_REFUSED = "cloud.command.refused", _("Refused by the cloud")
    CLOUD_UNKNOWN = "cloud.command.unknown", _("Outcome at the cloud unknown")
    CLOUD_RETRIED = "cloud.command.retried", _("Sent to the cloud again")
