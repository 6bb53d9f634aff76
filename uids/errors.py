"""What can be wrong with a linked account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from partner_console.errors import Conflict, Invalid
from partner_console.web import formats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uids.models import ControlChange, LinkedAccount
    from uids.trusteeship import Obstacle


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


class AlreadySo(Conflict):
    """The switch already is so; recording a change that is none would be noise. One error for each switch."""


class SameControl(AlreadySo):
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


class SamePolicy(AlreadySo):
    def __init__(self, uid: str) -> None:
        super().__init__(
            "same_policy", _("UID %(uid)s already has this shutdown policy. Nothing was changed.") % {"uid": uid}
        )


class AlreadyFrozen(AlreadySo):
    def __init__(self, uid: str) -> None:
        super().__init__(
            "already_frozen", _("PAYG of UID %(uid)s is already frozen. Nothing was changed.") % {"uid": uid}
        )


class NotFrozen(AlreadySo):
    def __init__(self, uid: str) -> None:
        super().__init__("not_frozen", _("PAYG of UID %(uid)s is not frozen. Nothing was changed.") % {"uid": uid})


class FollowsMaster(Conflict):
    """A sub-account has no shutdown policy in force of its own (design §4)."""

    def __init__(self, account: LinkedAccount) -> None:
        master = account.trustee.uid if account.trustee else ""
        super().__init__(
            "follows_master",
            _("UID %(uid)s follows the shutdown policy of its master %(master)s. Change it there.")
            % {"uid": account.uid, "master": master},
            data={"master": master},
        )


class ChangedSince(Conflict):
    """Taking back is exact or it is refused: somebody has decided anew meanwhile."""

    def __init__(self, account: LinkedAccount, newest: ControlChange) -> None:
        super().__init__(
            "changed_since",
            _("%(what)s of UID %(uid)s was changed again on %(at)s by %(who)s. Nothing was taken back.")
            % {
                "what": newest.get_what_display(),
                "uid": account.uid,
                "at": formats.absolute(newest.at),
                "who": newest.who,
            },
            data={"uid": account.uid, "operation": str(newest.operation_id)},
        )


class ReasonMissing(Invalid):
    def __init__(self) -> None:
        super().__init__("reason_missing", _("Say why: the reason stays in the records."), field="reason")


class TrusteeshipImpossible(Conflict):
    """One level only, both normal, both of one partner, nothing owed (acpn.md §9): everything in the way at once."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(
            "trusteeship_impossible",
            " ".join(str(one.text) for one in obstacles),
            field="trustee",
            data={"reasons": [one.code for one in obstacles]},
        )
        self.obstacles = obstacles
