"""What can be wrong with a linked account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from partner_console.errors import Conflict, Invalid

if TYPE_CHECKING:
    from uids.models import LinkedAccount


class AlreadyLinked(Conflict):
    """The UID has a live link. To another partner's people it is never said whose."""

    def __init__(self, uid: str, *, here: bool) -> None:
        super().__init__(
            "already_linked",
            (
                _("UID %(uid)s is already linked to you.")
                if here
                else _("UID %(uid)s cannot be linked now: it is linked elsewhere.")
            )
            % {"uid": uid},
            field="uid",
            data={"uid": uid, "here": here},
        )


class NotLive(Conflict):
    """The relationship has ended: the record is kept and no longer changes."""

    def __init__(self, account: LinkedAccount) -> None:
        super().__init__(
            "not_live",
            _("UID %(uid)s is %(status)s: its record is kept and can no longer be changed.")
            % {"uid": account.uid, "status": account.get_relationship_display()},
        )


class RelationshipMoved(Conflict):
    """There is no such step from where the relationship is by now."""

    def __init__(self, account: LinkedAccount) -> None:
        super().__init__(
            "relationship_moved",
            _("UID %(uid)s is %(status)s by now. Nothing was changed.")
            % {"uid": account.uid, "status": account.get_relationship_display()},
            data={"relationship": account.relationship},
        )


class SameControl(Conflict):
    """Purchase control already is so; recording a change that is none would be noise."""

    def __init__(self, uid: str) -> None:
        super().__init__(
            "same_control", _("Purchase control of UID %(uid)s already is so. Nothing was changed.") % {"uid": uid}
        )


class StaleVersion(Conflict):
    """Somebody saved meanwhile. `data` has both sides and the version to save against."""

    def __init__(self, *, yours: dict[str, Any], theirs: dict[str, Any], version: int) -> None:
        super().__init__(
            "stale_version",
            _("Somebody changed this while you were editing. Compare the two and choose."),
            data={"yours": yours, "theirs": theirs, "version": version},
        )


class AlreadyFrozen(Conflict):
    def __init__(self, uid: str) -> None:
        super().__init__(
            "already_frozen", _("PAYG of UID %(uid)s is already frozen. Nothing was changed.") % {"uid": uid}
        )


class NotFrozen(Conflict):
    def __init__(self, uid: str) -> None:
        super().__init__("not_frozen", _("PAYG of UID %(uid)s is not frozen. Nothing was changed.") % {"uid": uid})


class ReasonMissing(Invalid):
    def __init__(self) -> None:
        super().__init__("reason_missing", _("Say why: the reason stays in the records."), field="reason")


class TrusteeshipImpossible(Invalid):
    """One level only, both live, both of one partner (acpn.md §9)."""

    def __init__(self, message: Any) -> None:
        super().__init__("trusteeship_impossible", message, field="trustee")
