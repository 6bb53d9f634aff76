"""What can be wrong with a command."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from partner_console.errors import Conflict


class NothingToRetry(Conflict):
    """Only what was refused, or whose outcome stayed unknown, is sent again."""

    def __init__(self) -> None:
        super().__init__("nothing_to_retry", _("This command needs no retry: it is confirmed, or still on its way."))


class TakenBack(Conflict):
    """The figures here are as if it had never been asked for: sending it again would change the cloud alone."""

    def __init__(self) -> None:
        super().__init__(
            "taken_back", _("What this order had changed here was taken back. Ask for the change anew on its page.")
        )


class Overtaken(Conflict):
    """A newer command about the same thing exists: repeating the old one would undo it."""

    def __init__(self) -> None:
        super().__init__("overtaken", _("A newer change of the same kind was asked for since. Retry that one."))


class NothingByHand(Conflict):
    """Confirmed already, or being asked at this moment: only what the cloud did not do is done by hand."""

    def __init__(self) -> None:
        super().__init__(
            "nothing_by_hand", _("The cloud has confirmed this already, or is being asked now. Open the page again.")
        )
