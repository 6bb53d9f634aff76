"""The life of an invitation: states and the moves between them. Pure; drawn in docs/architecture.md (design §5)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import PartnerKind
from partner_console.errors import Conflict
from uids.states import AccountType


class InvitationState(TextChoices):
    DRAFT = "draft", _("Draft")
    AWAITING_CHECK = "awaiting_check", _("Waiting for a second person")
    SENT = "sent", _("Sent, not opened yet")
    OPENED = "opened", _("Opened by the customer")
    APPROVED = "approved", _("Approved, being linked")
    LINKED = "linked", _("Linked")
    VERIFIED = "verified", _("Verified")
    FAILED = "failed", _("Refused by the cloud")
    DECLINED = "declined", _("Declined by the customer")
    EXPIRED = "expired", _("Expired")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    REPLACED = "replaced", _("Replaced by a newer invitation")


S = InvitationState

MOVES: dict[InvitationState, frozenset[InvitationState]] = {
    S.DRAFT: frozenset({S.AWAITING_CHECK, S.SENT, S.WITHDRAWN, S.REPLACED}),
    S.AWAITING_CHECK: frozenset({S.SENT, S.WITHDRAWN, S.REPLACED}),
    S.SENT: frozenset({S.OPENED, S.APPROVED, S.DECLINED, S.EXPIRED, S.WITHDRAWN, S.REPLACED}),
    S.OPENED: frozenset({S.APPROVED, S.DECLINED, S.EXPIRED, S.WITHDRAWN, S.REPLACED}),
    S.APPROVED: frozenset({S.LINKED, S.FAILED, S.WITHDRAWN, S.REPLACED}),
    S.LINKED: frozenset({S.VERIFIED}),
    S.FAILED: frozenset({S.APPROVED, S.WITHDRAWN, S.REPLACED}),  # retry, or give up
    S.VERIFIED: frozenset(),
    S.DECLINED: frozenset(),
    S.EXPIRED: frozenset({S.REPLACED}),
    S.WITHDRAWN: frozenset(),
    S.REPLACED: frozenset(),
}

# What each kind of partner may invite (acpn.md §10.4: codes 3016, 3017, 3067); the first is the usual one.
INVITABLE: dict[PartnerKind, tuple[AccountType, ...]] = {
    PartnerKind.AGENCY: (AccountType.AGENCY_END_USER,),
    PartnerKind.RESELLER: (AccountType.RESELLER_END_USER,),
    PartnerKind.DISTRIBUTOR: (AccountType.RESELLER_END_USER, AccountType.T2_RESELLER),
}

WITH_CUSTOMER = (S.SENT, S.OPENED)
# The customer said yes: only from here on may anything be linked.
CONSENTED = (S.APPROVED, S.LINKED, S.VERIFIED, S.FAILED)
# What a new invitation of the same UID takes the place of.
REPLACEABLE = (S.EXPIRED, S.FAILED)
# Over without a link; of a refused one too, once nobody has tried it again for long enough.
CAME_TO_NOTHING = (S.DECLINED, S.EXPIRED, S.WITHDRAWN, S.REPLACED, S.FAILED)
OPEN = (S.DRAFT, S.AWAITING_CHECK, S.SENT, S.OPENED, S.APPROVED)
# One of these per UID and partner; a draft asks nobody and stands in nobody's way.
LIVE = (S.AWAITING_CHECK, S.SENT, S.OPENED, S.APPROVED)


class Progress(TextChoices):
    """The seed's three words, shown beside the precise state."""

    PENDING = "pending", _("Pending")
    SUCCESSFUL = "successful", _("Successful")
    FAILED = "failed", _("Failed")


class DeclineReason(TextChoices):
    """Why the customer said no, in words they choose from."""

    NOT_ME = "not_me", _("This is not my account")
    STRANGER = "stranger", _("I do not know this company")
    TERMS = "terms", _("I do not agree with what would change")
    OTHER_PARTNER = "other_partner", _("I work with another partner")
    OTHER = "other", _("Another reason")


class Standing(TextChoices):
    """What a customer's link is worth now; each has its own page (design §5)."""

    OPEN = "open", _("Open")
    ANSWERED = "answered", _("Answered")
    EXPIRED = "expired", _("Expired")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    REPLACED = "replaced", _("Replaced")
    UNKNOWN = "unknown", _("Unknown")


class FailureCode(TextChoices):
    """Our own reasons for a failed link, beside the cloud's codes."""

    ALREADY_LINKED = "already_linked", _("The account was linked meanwhile, by you or by another partner.")
    OTHER_UID = "other_uid", _("The cloud linked another UID than the one invited. Tell your operator at once.")
    BAD_UID = (
        "bad_uid",
        _("The cloud told a UID that cannot be right. Tell your operator at once."),
    )
    LINK_ENDED = "link_ended", _("The link it was about is ending or has ended. Invite the customer anew.")
    NOT_OFFERED = "not_offered", _("This cloud cannot link by itself. Link the account by hand in its own console.")


class MailKind(TextChoices):
    INVITATION = "invitation", _("Invitation")
    REPEATED = "repeated", _("Invitation, sent again")
    REMINDER = "reminder", _("Reminder")
    CODE = "code", _("Code")
    LINKED = "linked", _("Notice that the account is linked")


class BillingExpectation(TextChoices):
    """On whose bill the customer's charges are expected to appear (seed 000, "Billing expectations")."""

    PARTNER = "partner", _("On the partner's bill")
    CUSTOMER = "customer", _("On the customer's own bill")


class CheckKind(TextChoices):
    """The four checks after linking (design §5; seed 000, step 6)."""

    LISTED = "listed", _("Shown in the linked list")
    PERMISSIONS = "permissions", _("Permissions as granted")
    BILLING = "billing", _("Billing reference as expected")
    ACCESS = "access", _("Customer can use their console")


class CheckOutcome(TextChoices):
    NOT_YET = "not_yet", _("Not checked yet")
    OK = "ok", _("As expected")
    NOT_DUE = "not_due", _("Not due yet")
    DIFFERS = "differs", _("Differs")
    UNKNOWN = "unknown", _("Could not be checked")


class StandardItem(TextChoices):
    """The seed's onboarding checklist, line by line (seed 000, "Create a Repeatable Onboarding Checklist")."""

    IDENTITY = "identity", _("Customer's identity verified")
    LINKED = "linked", _("Account linked with every required field")
    PERMISSIONS = "permissions", _("Permissions checked")
    BILLING = "billing", _("Billing expectation checked")
    ACCESS = "access", _("Customer sees what they should see")


class Side(TextChoices):
    PARTNER = "partner", _("Partner")
    CUSTOMER = "customer", _("Customer")


class TerminationState(TextChoices):
    """The first three are the account's own statuses of the same name (design §5)."""

    TO_BE_CONFIRMED = "to_be_confirmed", _("To Be Confirmed")
    IN_PROCESS = "in_process", _("In Process")
    TERMINATED = "terminated", _("Terminated")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


TERMINATING = (TerminationState.TO_BE_CONFIRMED, TerminationState.IN_PROCESS)


class Turn(TextChoices):
    """Whose turn it is."""

    US = "us", _("Us")
    SECOND_PERSON = "second_person", _("Second person")
    CUSTOMER = "customer", _("Customer")
    CLOUD = "cloud", _("Cloud")
    NOBODY = "nobody", _("Nobody")


def progress(state: str) -> Progress:
    if state in OPEN:
        return Progress.PENDING
    return Progress.SUCCESSFUL if state in (S.LINKED, S.VERIFIED) else Progress.FAILED


def turn(state: str) -> Turn:
    if state in WITH_CUSTOMER:
        return Turn.CUSTOMER
    return {
        S.DRAFT: Turn.US, S.AWAITING_CHECK: Turn.SECOND_PERSON, S.APPROVED: Turn.CLOUD, S.FAILED: Turn.US,
    }.get(InvitationState(state), Turn.NOBODY)  # fmt: skip


def ensure_move(current: str, target: InvitationState) -> None:
    """Raise `Conflict` when the state machine has no such move. Repeating a finished move is a conflict too."""
    if target not in MOVES[InvitationState(current)]:
        raise Conflict(
            "invitation_not_movable",
            _("This invitation is “%(current)s”; it cannot become “%(target)s”.")
            % {"current": InvitationState(current).label, "target": target.label},
            data={"state": current},
        )


def standing(state: str) -> Standing:
    """What the current link of an invitation in `state` (read-time state, so EXPIRED included) shows."""
    if state in WITH_CUSTOMER:
        return Standing.OPEN
    if state in CONSENTED or state == S.DECLINED:
        return Standing.ANSWERED
    return {
        S.EXPIRED: Standing.EXPIRED, S.WITHDRAWN: Standing.WITHDRAWN, S.REPLACED: Standing.REPLACED,
    }.get(InvitationState(state), Standing.UNKNOWN)  # fmt: skip
