"""The mails about the end of a relationship: each stored with the event it tells of, in its reader's language.

The customer is written to at the account's contact address, in the language of the invitation that linked it; the
partner's side are its owners, who alone may answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext as _

from linking.endings import other
from linking.models import Invitation
from linking.states import Side
from partner_console.access.selectors import owner_addresses
from partner_console.audit.actions import Action
from partner_console.web.formats import sentences
from partner_console.web.mail import absolute_url, queue_mail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linking.models import Termination
    from uids.models import LinkedAccount


def tell_asked(termination: Termination, *, again: bool = False) -> None:
    """Ask the other side for its answer, or remind it."""
    side = other(termination.side)
    who = _other_name(termination.account, side)
    _queue(termination.account, side, "termination_asked", {"termination": termination, "who": who, "again": again})


def tell_moved(termination: Termination, action: Action) -> None:
    """An answer, a change of mind, or that 10 days passed."""
    for side in _told(action, Side(termination.side)):
        account = termination.account
        with translation.override(_language(account, side)):
            headline, text = _words(action, _other_name(account, side))
        context = {"headline": headline, "text": text, "reason": termination.answer_reason}
        _queue(account, side, "termination_news", context)


def tell_ended(termination: Termination) -> None:
    """Both sides: it is over, and what follows."""
    for side in Side:
        context = {"termination": termination, "who": _other_name(termination.account, side)}
        _queue(termination.account, side, "termination_ended", {**context, "is_customer": side is Side.CUSTOMER})


def tell_undone(account: LinkedAccount) -> None:
    """The customer of a wrong link: they were linked, and are not any more."""
    _queue(account, Side.CUSTOMER, "link_undone", {})


def customer_language(account: LinkedAccount) -> str:
    """The language the customer was invited in; the partner's for accounts that came another way."""
    invited = Invitation.objects.filter(account_id=account.pk).order_by("-pk").values_list("language", flat=True)
    return invited.first() or account.partner.language


def _told(action: Action, asked: Side) -> tuple[Side, ...]:
    """Of an answer whoever did not give it; of what nobody did, both."""
    if action is Action.TERMINATION_PROCEEDED:
        return asked, other(asked)
    return (other(asked),) if action is Action.TERMINATION_WITHDRAWN else (asked,)


def _words(action: Action, who: str) -> tuple[str, str]:
    settled = _("It ends as soon as everything is settled: nothing owed, nothing unpaid, nothing frozen.")
    return {
        Action.TERMINATION_CONFIRMED: (_("%(who)s agreed to end the relationship") % {"who": who}, settled),
        Action.TERMINATION_REJECTED: (
            _("%(who)s did not agree to end the relationship") % {"who": who},
            _("The relationship goes on as before. Talk to them; you may ask again."),
        ),
        Action.TERMINATION_WITHDRAWN: (
            _("%(who)s took back the request to end the relationship") % {"who": who},
            _("The relationship goes on as before. There is nothing to do."),
        ),
        Action.TERMINATION_PROCEEDED: (
            _("The relationship with %(who)s is being ended") % {"who": who},
            sentences(_("The request was not answered within 10 days, so it is ended all the same."), settled),
        ),
    }[action]


def _other_name(account: LinkedAccount, reader: Side) -> str:
    if reader is Side.CUSTOMER:
        return account.partner.name
    return account.known_as


def _language(account: LinkedAccount, side: Side) -> str:
    return customer_language(account) if side is Side.CUSTOMER else account.partner.language


def _recipients(account: LinkedAccount, side: Side) -> list[str]:
    if side is Side.CUSTOMER:
        return [account.email] if account.email else []
    return owner_addresses(account.partner_id)


def _queue(account: LinkedAccount, side: Side, template: str, context: Mapping[str, object]) -> None:
    """Nothing when nobody is known on that side: the page says so to the other."""
    recipients = _recipients(account, side)
    if not recipients:
        return
    partner, is_customer = account.partner, side is Side.CUSTOMER
    url = absolute_url("linking:my_home") if is_customer else absolute_url("linking:termination", account.uid)
    queue_mail(
        to=recipients,
        template=template,
        context={"account": account, "partner": partner, "url": url, "is_customer": is_customer, **context},
        language=_language(account, side),
        zone=partner.time_zone,
        partner_code=partner.code,
    )
