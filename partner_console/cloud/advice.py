"""What to do about a refusal: the codes of the Agency API (agency-api.md §16.6) and our own, in staff's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import Promise

_OUR_MISTAKE = _(
    "The console sent something the cloud does not accept. Tell your operator; repeating it will not help."
)

ADVICE: dict[str, Promise] = {
    "1109": _("The cloud has a problem of its own. Wait a few minutes and retry."),
    "3008": _OUR_MISTAKE,
    "3009": _("The cloud does not give this account to you: it may be linked to another partner. Check the UID."),
    "3015": _("The key the console uses is not a partner's. Tell your operator."),
    "3029": _("The cloud does not know this UID as yours. Check whether the relationship still exists."),
    "3040": _("The account is frozen at the cloud and cannot be operated. Unfreeze it there first, then try again."),
    "3041": _OUR_MISTAKE,
    "3044": _OUR_MISTAKE,
    "3045": _OUR_MISTAKE,
    "IdempotentParameterMismatch": _("The cloud took this for a repeat of another order. Retry once."),
    "not_offered": _(
        "This cloud cannot do that through its API. Do it in the cloud's own console, then record it here."
    ),
    "figures_moved": _(
        "Consumption moved while the answer was missing, so the figures do not tell whether it was done. "
        "Compare Consumed & Deducted Value with the cloud's, and retry only if it was not."
    ),
}
TAKEN_BACK = _(
    "The change is taken back here, so that the figures are the cloud's. Ask for it anew when it can be done."
)
BROUGHT_IN_LINE = _(
    "The figures here are the cloud's again. Look at them, and ask for it anew only if it was not done."
)
_UNKNOWN_CODE = _("Read the cloud's message. If it does not help, retry once, then tell your operator the code.")
_NO_ANSWER = _(
    "The cloud did not answer. The console reads the account's figures and repeats by itself; nothing to do."
)


def advice(state: str, code: str) -> Promise | str:
    """What to do now about a command in this state; "" when there is nothing to say."""
    if state == "confirmed":  # by hand, with the note of who did it
        return ""
    if code:
        return ADVICE.get(code, _UNKNOWN_CODE)
    return _NO_ANSWER if state == "unknown" else ""
