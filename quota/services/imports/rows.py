"""One row of the file to values, problems and warnings. Pure: what the row says by itself, without the database."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from partner_console.access.policy import PartnerKind
from partner_console.errors import Invalid
from partner_console.exports.delimited import DANGEROUS_STARTS
from partner_console.money import ZERO
from partner_console.web.formats import exact_amount, named, sentences
from partner_console.web.uploads import currency_of, parse_money, parse_percent, parse_time
from quota.effects import policy_effect
from quota.rules import LEAST_OVERDRAFT, clean_amount, clean_percent
from quota.services.imports import words
from quota.services.imports.columns import BY_KEY, offered, zone_of
from quota.states import CreditStatus, credit_status
from uids.identifiers import recognise
from uids.models import LinkedAccount
from uids.models.account import MANAGER_CHARACTERS, NICKNAME_BYTES, REMARKS_BYTES
from uids.services.accounts import clean_line, clean_text
from uids.states import LIVE, AccountType, PaygStatus, Relationship, ShutdownPolicy
from uids.verdicts import REASON_ADVICE, REASON_TEXTS, Level, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from partner_console.access.models import Partner
    from partner_console.web.uploads import Row

CHARACTERS = {"login_name": 200, "email": 254, "mobile": 40, "cid": 20, "business_manager": MANAGER_CHARACTERS}
BYTES = {"nickname": NICKNAME_BYTES, "remarks": REMARKS_BYTES}
TEXTS = {
    "login": "login_name",
    "nickname": "nickname",
    "email": "email",
    "mobile": "mobile",
    "cid": "cid",
    "manager": "business_manager",
    "remarks": "remarks",
}
CHOICES = {
    "type": "account_type",
    "status": "relationship",
    "payg": "payg",
    "purchase": "purchase_control",
    "policy": "shutdown_policy",
    "environment": "environment",
}
MONEY_PLACES = {"overdraft": 2, "amount": 2, "deducted": 6, "undeducted": 6, "available": 6}
AT_AGENCIES = (
    AccountType.AGENCY_END_USER,
    AccountType.ENTERPRISE,
    AccountType.T2_AGENCY,
    AccountType.T2_AGENCY_RESELLER,
)
AT_RESELLERS = (
    AccountType.RESELLER_END_USER,
    AccountType.ENTERPRISE,
    AccountType.T2_RESELLER,
    AccountType.T2_AGENCY_RESELLER,
)
SECOND_TIER = (AccountType.T2_AGENCY, AccountType.T2_RESELLER, AccountType.T2_AGENCY_RESELLER)


@dataclass(slots=True)
class ParsedRow:
    """What one row says. `stated` holds only what stands there: by LinkedAccount's names, with `payg` as one word.

    `credit` likewise: amount, deducted, undeducted, available, warning. `problems` refuse the row, `warnings` don't.
    """

    number: int
    uid: str = ""
    typed: str = ""
    master_uid: str = ""
    states_master: bool = False
    stated: dict[str, Any] = field(default_factory=dict)
    credit: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def relationship(self) -> Relationship:
        return self.stated.get("relationship", Relationship.NORMAL)  # type: ignore[no-any-return]

    @property
    def is_live(self) -> bool:
        return self.relationship in LIVE


class RowReader:
    """Reads the rows of one file for one partner, by the columns a person confirmed. Times without zone are in the
    header's, else the partner's. Speaks the active language."""

    def __init__(
        self, *, partner: Partner, headers: Sequence[str], columns: Mapping[str, int], is_text_file: bool
    ) -> None:
        self.partner = partner
        self.kind = PartnerKind(partner.kind)
        self.is_text_file = is_text_file
        keys = {one.key for one in offered(self.kind)}
        self.columns = {key: at for key, at in columns.items() if key in keys and at < len(headers)}
        self.labels = {key: str(BY_KEY[key].label) for key in self.columns}
        self.has_quota = self.kind != PartnerKind.AGENCY
        linked = headers[self.columns["linked"]] if "linked" in self.columns else ""
        self.zone = zone_of(linked, zoneinfo.ZoneInfo(partner.time_zone))
        self.currencies = {
            key: currency_of(headers[at]) or partner.currency
            for key, at in self.columns.items()
            if BY_KEY[key].is_money
        }
        self._valued: list[tuple[str, str, Callable[[str, str], Any]]] = [
            *((key, name, lambda key, text: words.choice(key, text)) for key, name in CHOICES.items()),
            ("is_enterprise", "is_enterprise", lambda _key, text: words.yes_no(text)),
            ("is_certified", "is_certified", lambda _key, text: words.yes_no(text)),
            ("country", "country", lambda _key, text: words.country(text)),
            ("linked", "linked_at", lambda _key, text: parse_time(text, self.zone)),
            ("overdraft", "overdraft", self._overdraft),
        ]
        self._valued = [one for one in self._valued if one[0] in self.columns]
        self._texts = [(key, name) for key, name in TEXTS.items() if key in self.columns]

    def read(self, row: Row) -> ParsedRow:
        found = ParsedRow(row.number)
        if row.extra:
            found.problems.append(
                _("Cells stand beyond the last column (“%(text)s”): the row may be shifted.")
                % {"text": row.extra[0][:40]}
            )
        self._read_ids(row, found)
        for key, name in self._texts:
            self._read_text(row, key, name, found)
        for key, name, convert in self._valued:
            self._read_value(row, key, found.stated, name, convert, found)
        if self.has_quota:
            self._read_credit(row, found)
        self._check_together(found)
        return found

    def cell(self, row: Row, key: str) -> str:
        at = self.columns.get(key)
        return row.cells[at].strip() if at is not None else ""

    def _read_ids(self, row: Row, found: ParsedRow) -> None:
        found.typed = self.cell(row, "uid")
        recognised = recognise(found.typed)
        found.uid = recognised.uid
        lost = self.columns.get("uid") in row.lost_digits
        if lost or not recognised.is_accepted:
            reason = Reason.LOST_DIGITS if lost else recognised.reason
            found.problems.append(_begun(_id_text(reason)))
        elif recognised.level is Level.WARN:
            found.warnings.append(_begun(_id_text(recognised.reason)))
        if "master" not in self.columns:
            return
        found.states_master = True
        if not (typed := self.cell(row, "master")):
            return
        master = recognise(typed)
        found.master_uid = master.uid
        if self.columns["master"] in row.lost_digits or not master.is_accepted:
            reason = Reason.LOST_DIGITS if master.is_accepted else master.reason
            found.problems.append(self._about("master", _id_text(reason)))
        elif master.uid == found.uid:
            found.problems.append(self._about("master", _("An account cannot be its own master.")))

    def _read_text(self, row: Row, key: str, name: str, found: ParsedRow) -> None:
        text = self.cell(row, key)
        if self.is_text_file and text[:1] == "'" and text[1:].startswith(DANGEROUS_STARTS):
            text = text[1:]  # what our own CSV puts in front of text a spreadsheet would run
        text = clean_text(text) if name == "remarks" else clean_line(text)
        found.stated[name] = text
        limit, used = (BYTES[name], len(text.encode())) if name in BYTES else (CHARACTERS[name], len(text))
        if used > limit:
            pattern = (
                _("%(used)d bytes, at most %(limit)d.")
                if name in BYTES
                else _("%(used)d characters, at most %(limit)d.")
            )
            found.problems.append(self._about(key, pattern % {"used": used, "limit": limit}))
        if name == "email" and text and not _is_email(text):
            found.warnings.append(self._about(key, _("“%(text)s” is no e-mail address.") % {"text": text[:60]}))

    def _read_value(
        self,
        row: Row,
        key: str,
        values: dict[str, Any],
        name: str,
        convert: Callable[[str, str], Any],
        found: ParsedRow,
    ) -> None:
        if not (text := self.cell(row, key)):
            return
        try:
            values[name] = convert(key, text)
        except Invalid as error:
            found.problems.append(self._about(key, str(error)))
            return
        if self.columns[key] in row.lost_digits:
            found.problems.append(self._about(key, _id_text(Reason.LOST_DIGITS)))

    def _read_credit(self, row: Row, found: ParsedRow) -> None:
        for key in ("amount", "deducted", "undeducted", "available"):
            if key in self.columns:
                self._read_value(row, key, found.credit, key, self._amount, found)
        if "warning" in self.columns:
            self._read_value(row, "warning", found.credit, "warning", _percent, found)

    def _amount(self, key: str, text: str) -> Decimal:
        amount = parse_money(text, places=MONEY_PLACES[key], currency=self.currencies[key])
        return clean_amount(amount) if key == "amount" else amount

    def _overdraft(self, key: str, text: str) -> Decimal:
        amount = self._amount(key, text)
        if amount < 0:
            raise Invalid("negative_overdraft", _("An overdraft is 0 or more."))
        return amount

    def _check_together(self, found: ParsedRow) -> None:
        self._check_type(found)
        countries = self.partner.contract_countries
        country = found.stated.get("country")
        if country and countries and country not in countries:
            found.warnings.append(_("%(country)s is outside your contract.") % {"country": country})
        if found.stated.get("shutdown_policy") == ShutdownPolicy.DELAY_STOP and "overdraft" not in found.stated:
            found.warnings.append(
                _("No overdraft is given: %(amount)s, the least with delayed shutdown.") % {"amount": LEAST_OVERDRAFT}
            )
        if found.stated.get("payg") in (PaygStatus.STOPPED, PaygStatus.RELEASED):
            found.warnings.append(_("When PAYG was stopped is not in the file: the days count from the import."))
        if self.has_quota and not found.problems:
            self._check_figures(found)

    def _check_type(self, found: ParsedRow) -> None:
        kind = found.stated.get("account_type")
        if kind is None:
            return
        if kind not in (AT_AGENCIES if self.kind == PartnerKind.AGENCY else AT_RESELLERS):
            found.problems.append(
                _("%(type)s: not possible for a partner of kind %(kind)s.")
                % {"type": AccountType(kind).label, "kind": self.kind.label}
            )
        elif kind in SECOND_TIER and self.kind != PartnerKind.DISTRIBUTOR:
            found.warnings.append(
                _("%(type)s: usual for distributors only, and you are not one.") % {"type": AccountType(kind).label}
            )

    def _check_figures(self, found: ParsedRow) -> None:
        credit = found.credit
        amount, deducted, undeducted = (credit.get(key, ZERO) for key in ("amount", "deducted", "undeducted"))
        if found.master_uid:
            if any(credit.get(key) for key in ("amount", "deducted", "undeducted", "available")):
                found.problems.append(_("A sub-account spends its master's quota: its own figures must be empty or 0."))
            return
        stated = credit.get("available")
        if stated is not None and amount - deducted - undeducted != stated:
            found.problems.append(
                _(
                    "The figures do not add up: %(amount)s − %(deducted)s − %(undeducted)s = %(sum)s, "
                    "but Available Quota says %(stated)s."
                )
                % {
                    "amount": _plain(amount),
                    "deducted": _plain(deducted),
                    "undeducted": _plain(undeducted),
                    "sum": _plain(amount - deducted - undeducted),
                    "stated": _plain(stated),
                }
            )
        elif "amount" not in credit:
            found.warnings.append(_("No Quota Amount is given: it begins with 0, nothing to spend."))
        if found.is_live and not found.problems:
            self._check_arrears(found, amount - deducted - undeducted)

    def _check_arrears(self, found: ParsedRow, available: Decimal) -> None:
        """The import itself orders nothing; the sweep of arrears does as soon as the account is here (design §6.3)."""
        values = found.stated
        if values.get("payg") in (PaygStatus.STOPPED, PaygStatus.RELEASED):
            return
        account = LinkedAccount(
            shutdown_policy=values.get("shutdown_policy", ShutdownPolicy.IMMEDIATELY_STOP),
            overdraft=values.get("overdraft", LEAST_OVERDRAFT),
        )
        status = credit_status(available=available, policy=account.shutdown_policy, overdraft=account.overdraft)
        if status is CreditStatus.SHUTDOWN:
            currency = self.partner.currency
            told = _("In arrears: Available Quota is %(available)s %(currency)s.")
            told %= {"available": exact_amount(available), "currency": currency}
            found.warnings.append(sentences(told, policy_effect(account, available, currency)))

    def _about(self, key: str, text: str) -> str:
        return named(self.labels[key], text)


def _percent(_key: str, text: str) -> int:
    return clean_percent(int(parse_percent(text, places=0)))


def _id_text(reason: Reason) -> str:
    return sentences(f"{REASON_TEXTS[reason]}.", REASON_ADVICE[reason])


def _begun(text: str) -> str:
    """As the beginning of what is said of a row: where nothing stands before it."""
    return text[:1].upper() + text[1:]


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _plain(value: Decimal) -> str:
    """As written in a file: all decimals that matter, at least two."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    whole, _point, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"
