"""The eligibility sheet of an invitation: what is known, what nobody can know yet, what blocks it. Pure.

`linking.services.preflight` reads the facts; here is what follows from them (design §5, "Before sending").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from linking.states import INVITABLE, DeclineReason
from partner_console.web.countries import country_name
from partner_console.web.formats import absolute
from uids.states import AccountType, Environment
from uids.verdicts import REASON_ADVICE, REASON_TEXTS, Level, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from linking.models import Invitation
    from linking.selectors import UidCheck
    from linking.services.relinking import Earlier
    from partner_console.access.policy import PartnerKind

# The cloud's own programmes watch a customer this long after a partner let go of it (acpn.md §10.4, analogous).
RECENT = timedelta(days=15)


class Kind(TextChoices):
    KNOWN = "known", gettext_lazy("Known")
    UNKNOWN = "unknown", gettext_lazy("Not known yet")
    BLOCKED = "blocked", gettext_lazy("Blocks sending")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the sheet. `code` is stable; `asks_look` wants a person to have looked before it is sent."""

    kind: Kind
    code: str
    reason: str
    fix: str = ""
    field: str = ""
    asks_look: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when one row or one form is judged. Reading it is `preflight.gather`'s."""

    kind: PartnerKind
    contract: Sequence[str]
    account_type: int
    email: str = ""
    country: str = ""
    environment: str = Environment.PRODUCTION
    learns_uid: bool = False
    check: UidCheck | None = None
    is_own: bool = False
    renews: bool = False
    earlier: Earlier | None = None
    declined: Invitation | None = None
    invited: Invitation | None = None
    n_drafts: int = 0
    customer_left: int | None = None
    partner_left: int | None = None
    second_person: str = ""


def judge(facts: Facts) -> list[Finding]:
    """Every line of the sheet, in the order one reads it: who, where, what the rules say."""
    if facts.renews:
        return [_about_renewal(facts), *_about_email(facts), *_about_second_person(facts)]
    return [
        *_about_uid(facts),
        *_about_history(facts),
        *_about_email(facts),
        *_about_place(facts),
        *_about_rules(facts),
        *_about_second_person(facts),
        *_about_cloud(facts),
    ]


def is_blocked(findings: Iterable[Finding]) -> bool:
    return any(one.kind is Kind.BLOCKED for one in findings)


def asks_look(findings: Iterable[Finding]) -> bool:
    return any(one.asks_look for one in findings)


def level(findings: Sequence[Finding]) -> Level:
    """The sheet as one verdict: refuse, warn (somebody should look) or ok."""
    if is_blocked(findings):
        return Level.REFUSE
    return Level.WARN if asks_look(findings) else Level.OK


def _about_renewal(facts: Facts) -> Finding:
    if facts.check is not None and facts.check.invitation is not None:
        return Finding(
            Kind.BLOCKED,
            "already_invited",
            _("This customer is being asked already."),
            _("Send that invitation again, or withdraw it first."),
            "uid",
        )
    return Finding(
        Kind.KNOWN,
        "renews",
        _("The account is linked to you. Only its permissions change; quota and controls stay as they are."),
        field="uid",
    )


def _about_uid(facts: Facts) -> Iterator[Finding]:
    if facts.learns_uid:
        yield Finding(
            Kind.UNKNOWN,
            "uid_learned",
            _("The UID: the customer has no account yet."),
            _("The cloud tells it when the account is linked. Until then the customer is known by their e-mail."),
            "uid",
        )
        if facts.invited is not None:
            yield Finding(
                Kind.BLOCKED,
                "already_invited",
                _("This address has an open invitation without a UID."),
                _("Send that one again, or withdraw it first."),
                "email",
            )
        return
    check = facts.check
    if check is None:
        yield Finding(Kind.UNKNOWN, "uid_missing", _("No UID yet."), str(REASON_ADVICE[Reason.MISSING]), "uid")
    elif not check.found.is_accepted:
        yield _of_reason(Kind.BLOCKED, check.found.reason)
    elif facts.is_own:
        yield Finding(
            Kind.BLOCKED, "own_account", _("This is your own master account."), _("Enter the customer's UID."), "uid"
        )
    else:
        yield from _about_number(check)


def _about_number(check: UidCheck) -> Iterator[Finding]:
    if check.account is not None:
        yield _of_reason(Kind.BLOCKED, Reason.ALREADY_LINKED)
    elif check.is_elsewhere:
        yield Finding(
            Kind.BLOCKED,
            Reason.ALREADY_LINKED,
            _("This UID is linked elsewhere."),
            _("Ask the customer to end that link first."),
            "uid",
        )
    elif check.invitation is not None:
        yield Finding(
            Kind.BLOCKED,
            "already_invited",
            _("This UID has an open invitation."),
            _("Send that one again, or withdraw it first."),
            "uid",
        )
    if check.found.level is Level.WARN:
        yield _of_reason(Kind.UNKNOWN, check.found.reason, asks_look=True)
    if check.lookalikes:
        yield _of_reason(Kind.UNKNOWN, Reason.LOOKALIKE, asks_look=True)
    if not check.is_blocked and not check.lookalikes and check.found.level is Level.OK:
        yield Finding(Kind.KNOWN, "uid_free", _("The UID looks right, and nobody has it here."), field="uid")


def _about_history(facts: Facts) -> Iterator[Finding]:
    if facts.earlier is not None:
        yield _about_earlier(facts.earlier.ended_at)
    if (declined := facts.declined) is not None:
        because = DeclineReason(declined.decline_code).label if declined.decline_code else _("no reason given")
        yield Finding(
            Kind.UNKNOWN,
            "declined_before",
            _("The customer declined your last invitation: %(reason)s.") % {"reason": because},
            _("Talk to them before you invite them anew."),
            "uid",
            asks_look=True,
        )
    if facts.n_drafts:
        yield Finding(
            Kind.KNOWN,
            "drafts",
            ngettext(
                "There is another draft for this UID.", "There are %(n)d other drafts for this UID.", facts.n_drafts
            )
            % {"n": facts.n_drafts},
            _("Only one of them can be sent."),
            "uid",
        )


def _about_earlier(ended_at: datetime | None) -> Finding:
    if ended_at is not None and ended_at > timezone.now() - RECENT:
        return Finding(
            Kind.UNKNOWN,
            "unlinked_recently",
            _("The earlier link ended only on %(date)s.") % {"date": absolute(ended_at)},
            _("The cloud may refuse to link it again so soon. Check that the customer wants it."),
            "uid",
            asks_look=True,
        )
    return Finding(Kind.KNOWN, "linked_before", _("You had a link to this account before; it has ended."), field="uid")


def _about_email(facts: Facts) -> Iterator[Finding]:
    if not facts.email:
        yield Finding(
            Kind.UNKNOWN, "email_missing", _("No e-mail yet."), _("Enter the address of who may decide."), "email"
        )
        return
    try:
        validate_email(facts.email)
    except ValidationError:
        yield Finding(
            Kind.BLOCKED, "email_invalid", _("This is no e-mail address."), _("Compare with the source."), "email"
        )
        return
    yield from _about_mails(facts)


def _about_mails(facts: Facts) -> Iterator[Finding]:
    if facts.customer_left == 0:
        yield Finding(
            Kind.BLOCKED,
            "too_many_mails",
            _("This address was sent all the invitations it may get in a day."),
            _("Call the customer, or send it tomorrow. A draft keeps until then."),
            "email",
        )
    elif facts.partner_left == 0:
        yield Finding(
            Kind.BLOCKED,
            "too_many_mails",
            _("You sent all the invitations the cloud allows in 5 minutes."),
            _("Wait a little, then send. A draft keeps until then."),
        )
    elif facts.customer_left is not None and facts.partner_left is not None:
        yield Finding(
            Kind.KNOWN,
            "mails_left",
            _("Mails left: %(customer)d to this address today, %(partner)d for all of you in these 5 minutes.")
            % {"customer": facts.customer_left, "partner": facts.partner_left},
        )


def _about_place(facts: Facts) -> Iterator[Finding]:
    if not facts.contract:
        yield Finding(Kind.KNOWN, "contract_open", _("Your contract is not limited to countries."), field="country")
    elif not facts.country:
        yield Finding(
            Kind.UNKNOWN,
            "country_missing",
            _("The country is not chosen."),
            _("Your contract covers %(countries)s.") % {"countries": ", ".join(facts.contract)},
            "country",
        )
    elif facts.country not in facts.contract:
        yield Finding(
            Kind.BLOCKED,
            "country_outside_contract",
            _("%(country)s is outside your contract.") % {"country": country_name(facts.country) or facts.country},
            _("Apply for a cross-region customer first; that takes 5 to 7 working days."),
            "country",
        )
    else:
        yield Finding(
            Kind.KNOWN,
            "country_covered",
            _("%(country)s is in your contract.") % {"country": country_name(facts.country)},
            field="country",
        )


def _about_rules(facts: Facts) -> Iterator[Finding]:
    names = {"kind": facts.kind.label, "type": AccountType(facts.account_type).label}
    if facts.account_type not in INVITABLE[facts.kind]:
        yield Finding(
            Kind.BLOCKED,
            "account_type_not_invitable",
            _("A partner of kind %(kind)s cannot invite: %(type)s.") % names,
            _("Choose another account type."),
            "account_type",
        )
    else:
        yield Finding(Kind.KNOWN, "account_type", _("You may invite: %(type)s.") % names, field="account_type")
    if facts.environment == Environment.SANDBOX:
        yield Finding(Kind.KNOWN, "sandbox", _("A sandbox link: a test, no real customer."), field="environment")


def _about_second_person(facts: Facts) -> Iterator[Finding]:
    if facts.second_person:
        yield Finding(
            Kind.KNOWN,
            "second_person",
            _("A second person has to agree before it is sent. %(why)s") % {"why": facts.second_person},
        )


def _about_cloud(facts: Facts) -> Iterator[Finding]:
    yield Finding(
        Kind.UNKNOWN,
        "at_the_cloud",
        _("Whether the cloud accepts the account: another partner there, open orders, its identity check."),
        _("It answers after the customer approved. A refusal comes with its reason and what to do."),
    )


def _of_reason(kind: Kind, reason: Reason, *, asks_look: bool = False) -> Finding:
    """A verdict about an id, in the words every door uses."""
    text = str(REASON_TEXTS[reason])
    return Finding(
        kind, reason.value, f"{text[:1].upper()}{text[1:]}.", str(REASON_ADVICE[reason]), "uid", asks_look=asks_look
    )
