"""One row of a batch to what `invite` takes, with what is wrong with it. Pure: without the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from linking.models import Invitation
from linking.services.batches.fields import BY_KEY, offered
from linking.states import INVITABLE
from partner_console.access.policy import PartnerKind
from partner_console.errors import Invalid
from partner_console.exports.delimited import DANGEROUS_STARTS
from partner_console.web.uploads import currency_of, parse_money, parse_percent
from quota.rules import clean_percent
from quota.services.imports import words
from uids.identifiers import Recognised, recognise
from uids.services.accounts import clean_line, clean_text
from uids.states import AccountType
from uids.verdicts import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linking.models import BatchRow
    from partner_console.access.models import Partner

VALIDATED = {field.name: field for field in Invitation._meta.concrete_fields}
LINES = ("company", "email", "business_manager", "purpose", "crm_reference")
TEXTS = ("remarks", "note_to_customer")
# Our words for a choice, by the names quota's imports know them.
CHOICES = {
    "environment": "environment",
    "shutdown_policy": "policy",
    "purchase_control": "purchase",
    "account_type": "type",
}
LANGUAGE_WORDS = {
    "english": "en", "英语": "en", "英文": "en", "英語": "en", "zh": "zh-hans", "chinese": "zh-hans", "中文": "zh-hans",
    "简体中文": "zh-hans", "中国語": "zh-hans", "japanese": "ja", "日语": "ja", "日文": "ja", "日本語": "ja",
    "jp": "ja",
}  # fmt: skip


@dataclass(slots=True)
class ParsedRow:
    """What one row says: `values` by the names `invite` takes, `problems` that refuse it."""

    number: int
    typed: str = ""
    found: Recognised | None = None
    lost_digits: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    @property
    def uid(self) -> str:
        return "" if self.found is None or self.lost_digits else self.found.uid

    def text(self, name: str) -> str:
        return str(self.values.get(name, ""))


class RowReader:
    """Reads the rows of one batch for one partner, by the columns a person confirmed. Speaks the active language.

    `templates` are the partner's permission templates by their name in lower case; `defaults` what a row starts with
    that does not say otherwise.
    """

    def __init__(
        self,
        *,
        partner: Partner,
        headers: Sequence[str],
        columns: Mapping[str, int],
        defaults: Mapping[str, Any],
        templates: Mapping[str, int],
        is_text: bool,
    ) -> None:
        self.partner, self.kind = partner, PartnerKind(partner.kind)
        keys = {one.key for one in offered(self.kind)}
        self.columns = {key: at for key, at in columns.items() if key in keys and at < len(headers)}
        self.currency = partner.currency
        if "quota" in self.columns:
            self.currency = currency_of(headers[self.columns["quota"]]) or partner.currency
        self.defaults = {name: value for name, value in defaults.items() if value not in ("", None)}
        self.templates, self.is_text = templates, is_text

    def read(self, row: BatchRow) -> ParsedRow:
        found = ParsedRow(row.number, values={"language": self.partner.language, **self.defaults})
        found.typed = self._cell(row, "uid")
        found.found = recognise(found.typed)
        found.lost_digits = self.columns.get("uid") in row.lost_digits
        for name in (*LINES, *TEXTS):
            self._read_text(row, name, found)
        for name, convert in (
            ("country", lambda text: words.country(text)),
            ("quota", lambda text: parse_money(text, currency=self.currency)),
            ("warning_percent", lambda text: clean_percent(int(parse_percent(text, places=0)))),
            ("language", _language),
            ("template", self._template),
            *((name, lambda text, key=key: words.choice(key, text)) for name, key in CHOICES.items()),
        ):
            self._read_value(row, name, convert, found)
        if "template" in found.values:
            found.values["template_pk"] = found.values.pop("template")
        self._check(found)
        return found

    def _cell(self, row: BatchRow, key: str) -> str:
        at = self.columns.get(key)
        text = str(row.cells[at]).strip() if at is not None and at < len(row.cells) else ""
        if self.is_text and text[:1] == "'" and text[1:].startswith(DANGEROUS_STARTS):
            return text[1:]  # what our own CSV puts in front of text a spreadsheet would run
        return text

    def _read_text(self, row: BatchRow, name: str, found: ParsedRow) -> None:
        if name not in self.columns:
            return
        text = self._cell(row, name)
        text = clean_text(text) if name in TEXTS else clean_line(text)
        if text or name not in self.defaults:
            found.values[name] = text
        try:
            VALIDATED[name].run_validators(text)
        except ValidationError as error:
            if name != "email":  # said below, in our own words
                found.problems.append(self._about(name, error.messages[0]))

    def _read_value(self, row: BatchRow, name: str, convert: Any, found: ParsedRow) -> None:
        if name not in self.columns or not (text := self._cell(row, name)):
            return
        try:
            found.values[name] = convert(text)
        except Invalid as error:
            found.problems.append(self._about(name, str(error)))
            found.unread.add(name)

    def _template(self, text: str) -> int:
        pk = self.templates.get(clean_line(text).casefold())
        if pk is None:
            raise Invalid("unknown_template", _("There is no template “%(name)s”.") % {"name": text[:80]})
        return pk

    def _check(self, found: ParsedRow) -> None:
        """What a single row can be told before anybody asks the database; `invite` judges the same once more."""
        values, contract = found.values, self.partner.contract_countries
        if not values.get("company"):
            found.problems.append(_("Company missing."))
        if not values.get("email"):
            found.problems.append(_("E-mail missing."))
        elif not _is_email(values["email"]):
            found.problems.append(_("“%(text)s” is no e-mail address.") % {"text": values["email"][:60]})
        if contract and values.get("country", "") not in contract:
            found.problems.append(
                _("%(country)s is outside your contract.") % {"country": values.get("country") or _("No country")}
            )
        kind = values.get("account_type")
        if kind is not None and kind not in INVITABLE[self.kind]:
            label = AccountType(kind).label
            found.problems.append(_("%(type)s: you cannot invite this type of account.") % {"type": label})
        if self.kind is not PartnerKind.AGENCY and "quota" not in values.keys() | found.unread:
            found.problems.append(_("Starting quota missing; 0 means nothing to spend."))
        elif values.get("quota") is not None and not 0 <= values["quota"] < 10**10:
            found.problems.append(self._about("quota", _("A quota is 0 or more.")))

    def _about(self, name: str, text: str) -> str:
        return f"{BY_KEY[name].label}: {text}"


def lost_digits_of(found: ParsedRow) -> Reason:
    """The reason an id is refused for, the spreadsheet's cutting first."""
    if found.lost_digits or found.found is None:
        return Reason.LOST_DIGITS
    return found.found.reason


def _language(text: str) -> str:
    word = text.strip().casefold()
    codes = {code.casefold(): code for code, _name in settings.LANGUAGES}
    code = codes.get(word) or LANGUAGE_WORDS.get(word) or LANGUAGE_WORDS.get(word.partition("-")[0])
    if code is None:
        raise Invalid("unknown_language", _("Languages are English, 简体中文 and 日本語."))
    return code


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
