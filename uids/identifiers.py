"""Account ids as people type, paste and import them: cleaning, and recognising what kind of id it is. Pure.

Every door goes through here (forms, imports, API), so an id means the same thing everywhere. Neighbouring
modules: `verdicts` (the words), `lookalikes` (one slip from a known id), `rounding` (digits cut).
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from uids.verdicts import REASON_ADVICE, Level, Reason, verdict

MAX_DIGITS = 20
USUAL_DIGITS = 16
EXACT_FLOAT_LIMIT = 2**53  # from here on a floating point number no longer holds every whole number
SPREADSHEET_DIGITS = 15  # significant digits a spreadsheet keeps of a number


class Kind(StrEnum):
    """What the text turned out to be."""

    UID = "uid"
    EMPTY = "empty"
    LOGIN_NAME = "login_name"
    EMAIL = "email"
    TWELVE_DIGITS = "twelve_digits"
    HEX = "hex"
    GUID = "guid"
    SCIENTIFIC = "scientific"
    MISREAD_LETTERS = "misread_letters"
    ZERO = "zero"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Recognised:
    """One verdict about one typed id. `uid` is empty when the text is refused."""

    kind: Kind
    uid: str = ""
    level: Level = Level.OK
    reason: Reason = Reason.NONE

    @property
    def is_accepted(self) -> bool:
        return self.level is not Level.REFUSE

    @property
    def text(self) -> str:
        """The verdict as staff read it, in the active language: `refuse: login name, not a UID`."""
        return verdict(self.level, self.reason)

    @property
    def advice(self) -> str:
        """What to do next, one sentence in the active language."""
        return str(REASON_ADVICE[self.reason])


QUOTES = "'\"`\u2018\u2019\u201c\u201d\u300c\u300d\u00ab\u00bb\u2032\u2033"
LABEL = re.compile(
    r"^(?:(?:user|account|customer)\s*id|uid|账号\s*id|帐号\s*id|アカウント\s*id)\s*[:#=]?\s*(?=\d)", re.I
)
GROUPED = re.compile(r"^(\d{1,3}(?:,\d{3})+)(?:\.0+)?$|^(\d{1,3}(?:\.\d{3}){2,})$|^(\d{1,3}(?:'\d{3})+)$")
DECIMAL = re.compile(r"^(\d+)[.,]0+$")
SCIENTIFIC = re.compile(r"^(\d)(?:[.,](\d+))?e\+?(\d{1,3})$", re.I)
GUID = re.compile(r"^\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$", re.I)
HEX = re.compile(
    r"^(?:0x[0-9a-f]{6,}|[0-9a-f]{32}|(?=.*[a-f])(?=.*\d)(?:[0-9a-f]{24}|[0-9a-f]{40}|[0-9a-f]{64}))$", re.I
)
MISREADABLE = str.maketrans("OoQIl|", "000111")


def tidy(text: str) -> str:
    """One line of text in plain characters, parts not yet joined: no full-width forms, no outer quotes."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(_plain(char) for char in text).strip()
    if text.startswith('="') and text.endswith('"'):  # the formula some exports use to keep ids as text
        text = text[1:]
    return text.strip(QUOTES + " ")


def clean(text: str) -> str:
    """The id without what copying adds: spaces and dashes of any kind, unseen characters, quotes, a label."""
    return LABEL.sub("", tidy(text)).translate({ord(" "): None, ord("-"): None})


def recognise(text: str) -> Recognised:
    """Say what an entered id is; never raises. The rules are those of design §5, "Before sending"."""
    line = LABEL.sub("", tidy(text))
    if not line.replace("-", "").strip():
        return _refused(Kind.EMPTY, Reason.MISSING)
    if "@" in line:
        return _refused(Kind.EMAIL, Reason.EMAIL)
    if GUID.match(line):
        return _refused(Kind.GUID, Reason.GUID)
    if found := _from_number(line.replace(" ", "")):
        return found
    return _from_plain(line.translate({ord(" "): None, ord("-"): None}))


def _from_plain(compact: str) -> Recognised:
    if HEX.match(compact):
        return _refused(Kind.HEX, Reason.HEX)
    if compact.isdigit():
        return _digits(compact)
    misread = compact.translate(MISREADABLE)
    if misread.isdigit() and sum(char.isdigit() for char in compact) * 2 > len(compact):
        return _refused(Kind.MISREAD_LETTERS, Reason.MISREAD_LETTERS)
    return _refused(Kind.LOGIN_NAME, Reason.LOGIN_NAME)


def _from_number(compact: str) -> Recognised | None:
    """An id that passed through a number, if its digits are provably all there; None when it is no number."""
    if match := SCIENTIFIC.match(compact):
        digits = match[1] + (match[2] or "")
        all_there = len(digits) == int(match[3]) + 1
        return _was_number(digits) if all_there else _refused(Kind.SCIENTIFIC, Reason.LOST_DIGITS)
    if match := GROUPED.match(compact):
        return _was_number(re.sub(r"\D", "", match[match.lastindex or 0]))
    if match := DECIMAL.match(compact):
        return _was_number(match[1])
    return None


def _was_number(digits: str) -> Recognised:
    if len(digits) > MAX_DIGITS or int(digits) >= EXACT_FLOAT_LIMIT:
        return _refused(Kind.SCIENTIFIC, Reason.LOST_DIGITS)
    found = _digits(digits)
    # A 16th digit other than 0 cannot have been cut by a spreadsheet; a 0 may be all that is left of it.
    if found.level is Level.OK and len(digits) > SPREADSHEET_DIGITS and digits.endswith("0"):
        return Recognised(Kind.UID, digits, Level.WARN, Reason.WAS_NUMBER)
    return found


def _digits(digits: str) -> Recognised:
    if not digits.strip("0"):
        return _refused(Kind.ZERO, Reason.ZERO)
    if len(digits) > MAX_DIGITS:
        return _refused(Kind.TOO_LONG, Reason.TOO_LONG)
    if digits.startswith("0"):
        return Recognised(Kind.UID, digits, Level.WARN, Reason.LEADING_ZERO)
    if len(digits) == 12:
        return Recognised(Kind.TWELVE_DIGITS, digits, Level.WARN, Reason.TWELVE_DIGITS)
    if len(digits) != USUAL_DIGITS:
        return Recognised(Kind.UID, digits, Level.WARN, Reason.UNUSUAL_LENGTH)
    return Recognised(Kind.UID, digits)


def _refused(kind: Kind, reason: Reason) -> Recognised:
    return Recognised(kind, "", Level.REFUSE, reason)


def _plain(char: str) -> str:
    """One character plain: any script's digit as ASCII, dashes as '-', spaces as ' ', the unseen gone."""
    if char.isascii() and char.isprintable():
        return char
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.digit(char))
    if category == "Pd" or char in "\u2212\u30fc\u00ad\u2043":
        return "-"
    if category in {"Zs", "Zl", "Zp"} or char in "\t\r\n\v\f\u2800\u3164":
        return " "
    return "" if category in {"Cf", "Cc", "Mn", "Me"} else char
