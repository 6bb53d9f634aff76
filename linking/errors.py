"""What can be wrong with an invitation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.errors import Conflict, Invalid, NotFound, Unavailable
from uids.verdicts import REASON_TEXTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from linking.blockers import Blocker
    from linking.models import Invitation
    from linking.states import Standing
    from uids.identifiers import Recognised


def about_uid(found: Recognised) -> str:
    """What is wrong with a typed UID and what to do, in two sentences; "" when nothing is."""
    reason = str(REASON_TEXTS[found.reason])
    return f"{reason[:1].upper()}{reason[1:]}. {found.advice}" if reason else ""


class NotAUid(Invalid):
    def __init__(self, found: Recognised) -> None:
        super().__init__(found.reason.value, about_uid(found), field="uid")


class AlreadyInvited(Conflict):
    """This partner has an open invitation of this UID; without a UID, to this address."""

    def __init__(self, uid: str, invitation_pk: int | None = None, *, email: str = "") -> None:
        text = (
            _("UID %(uid)s has an open invitation. Send that one again, or withdraw it first.") % {"uid": uid}
            if uid
            else _("%(email)s has an open invitation without a UID. Send that one again, or withdraw it first.")
            % {"email": email}
        )
        super().__init__(
            "already_invited", text, field="uid" if uid else "email", data={"uid": uid, "invitation": invitation_pk}
        )


class NotADraft(Conflict):
    """It was sent or withdrawn meanwhile: a draft is edited and sent once."""

    def __init__(self, invitation: Invitation) -> None:
        super().__init__(
            "not_a_draft",
            _("This invitation is “%(state)s”; only a draft can be changed.")
            % {"state": invitation.current_state.label},
            data={"state": invitation.current_state.value},
        )


class LinkEnded(Conflict):
    """The permissions of a link that is ending are not changed any more."""

    def __init__(self) -> None:
        super().__init__(
            "link_ended",
            _("The link to this account is ending or has ended. Invite the customer anew once it has."),
            field="uid",
        )


class NothingToResend(Conflict):
    """It is not the customer's turn."""

    def __init__(self, invitation: Invitation) -> None:
        super().__init__(
            "nothing_to_resend",
            _("This invitation is “%(state)s”: there is no link to send again. Invite the customer anew instead.")
            % {"state": invitation.current_state.label},
            data={"state": invitation.current_state.value},
        )


class NothingToRetry(Conflict):
    """Only a link the cloud refused is tried again by hand."""

    def __init__(self, invitation: Invitation) -> None:
        super().__init__(
            "nothing_to_retry",
            _("This invitation is “%(state)s”: there is no refused link to try again.")
            % {"state": invitation.current_state.label},
            data={"state": invitation.current_state.value},
        )


class TooManyMails(Conflict):
    """The limits that keep a customer's mailbox and the partner's good name (design §5)."""

    def __init__(self, message: object, *, again_at: datetime) -> None:
        super().__init__("too_many_mails", str(message), data={"again_at": again_at.isoformat()})


class BeingLinked(Conflict):
    """The cloud may have been asked: only its answer decides now."""

    def __init__(self) -> None:
        super().__init__(
            "being_linked",
            _("The customer approved and the cloud is being asked. Wait for its answer; a finished link can be ended."),
        )


class LinkNotUsable(Conflict):
    """The customer's link is no longer open; `standing` says which page to show."""

    def __init__(self, standing: Standing, invitation: Invitation) -> None:
        super().__init__("link_not_usable", _("This link can no longer be used."), data={"standing": standing.value})
        self.standing = standing
        self.invitation = invitation


class LinkUnknown(NotFound):
    """No link like this was ever sent."""

    def __init__(self) -> None:
        super().__init__("link_unknown", _("This link is not complete, or it was never sent."))


class WrongDigits(Invalid):
    """The same words whatever was wrong: guessing learns nothing but that it was wrong."""

    def __init__(self, left: int) -> None:
        super().__init__(
            "wrong_digits",
            _("These are not the last 6 digits of the account. Check them and try again."),
            field="digits",
            data={"left": left},
        )


class ProofLocked(Conflict):
    """Too many wrong tries; also told to whoever now has the right digits."""

    def __init__(self, until: datetime) -> None:
        super().__init__("proof_locked", _("Too many tries. Wait a while, then try again."), data={"until": until})
        self.until = until


class ProofMissing(Conflict):
    """The digits were not typed in this browser, or too long ago."""

    def __init__(self) -> None:
        super().__init__("proof_missing", _("Type the last digits of your account first."))


class TooManyVisits(Conflict):
    """A customer's page was used too often from one place; `until` is when it can be used again."""

    def __init__(self, until: datetime) -> None:
        super().__init__("too_many_visits", _("Too many tries. Wait a while, then try again."), data={"until": until})
        self.until = until


class WrongCode(Invalid):
    """The same words whether the code is wrong, old, used, or was never sent."""

    def __init__(self, left: int | None = None) -> None:
        super().__init__(
            "wrong_code",
            _("This code does not fit, or its time is over. Check the newest mail, or ask for another code."),
            field="code",
            data={"left": left},
        )


class NoAddressWaiting(Conflict):
    """The address was confirmed or given up meanwhile."""

    def __init__(self) -> None:
        super().__init__("no_address_waiting", _("No new address waits for a code. Open the page of your alert again."))


class CannotTerminate(Conflict):
    """Everything that stands in the way, at once, each with what clears it."""

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        super().__init__(
            "cannot_terminate",
            " ".join(f"{one.reason} {one.clears}" for one in blockers),
            data={"blockers": [{"code": one.code, "reason": one.reason, "clears": one.clears} for one in blockers]},
        )
        self.blockers = list(blockers)


class NotYours(Conflict):
    """Whoever asked waits for the other side; whoever was asked answers."""

    def __init__(self) -> None:
        super().__init__("not_yours", _("This is for the other side to do. Open the page again to see how it stands."))


class NotUnlinking(Conflict):
    """Nothing is asked of the cloud, or it is done already."""

    def __init__(self) -> None:
        super().__init__(
            "not_unlinking", _("There is no unlinking to wait for. Open the page again to see how it stands.")
        )


class NoGrant(Conflict):
    """Nothing was granted through this console: the account was imported, or its link has ended."""

    def __init__(self) -> None:
        super().__init__(
            "no_grant",
            _("No permissions of this account are recorded here: it was imported, or its link has ended."),
        )


class StaleTemplate(Conflict):
    """Somebody changed the template meanwhile."""

    def __init__(self, version: int) -> None:
        super().__init__(
            "stale_version",
            _("Somebody changed this template while you were editing. Look at it again and save once more."),
            data={"version": version},
        )


class CannotUndo(Conflict):
    """Everything that forbids undoing a wrong link, at once."""

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        super().__init__("cannot_undo", " ".join(f"{one.reason} {one.clears}" for one in blockers))
        self.blockers = list(blockers)


class CloudAway(Unavailable):
    """Without the cloud's figures nobody knows whether something was used."""

    def __init__(self) -> None:
        super().__init__(
            "cloud_away",
            _("The cloud does not answer, so nobody knows whether something was used. Try again in a moment."),
        )


class StaleArticle(Conflict):
    """A colleague wrote about the same code meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            "stale_version",
            _(
                "A colleague changed this article while you were writing. "
                "Open it in a new tab, compare, and save again."
            ),
        )


class NothingToConfirm(Conflict):
    """Only what the cloud cannot be asked is confirmed by hand."""

    def __init__(self) -> None:
        super().__init__(
            "nothing_to_confirm",
            _("The cloud answers this question itself. Press “Check now” instead."),
        )
