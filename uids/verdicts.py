"""Verdicts about an id: level, stable reason code, and the words staff read. Codes are stored, not words."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Level(StrEnum):
    """What follows from a verdict: go on, go on after a look, or stop."""

    OK = "ok"
    WARN = "warn"
    REFUSE = "refuse"


class Reason(StrEnum):
    """Stable codes of verdicts about an id; stored with rows, rendered by `verdict`."""

    NONE = ""
    MISSING = "uid_missing"
    LOGIN_NAME = "uid_login_name"
    EMAIL = "uid_email"
    TWELVE_DIGITS = "uid_twelve_digits"
    HEX = "uid_hex"
    GUID = "uid_guid"
    LOST_DIGITS = "uid_lost_digits"
    MISREAD_LETTERS = "uid_misread_letters"
    ZERO = "uid_zero"
    TOO_LONG = "uid_too_long"
    UNUSUAL_LENGTH = "uid_unusual_length"
    LEADING_ZERO = "uid_leading_zero"
    WAS_NUMBER = "uid_was_number"
    LOOKALIKE = "uid_lookalike"
    ALREADY_LINKED = "uid_already_linked"
    ROUNDED_BATCH = "uid_rounded_batch"


REASON_TEXTS: Mapping[Reason, str | Promise] = MappingProxyType(
    {
        Reason.NONE: "",
        Reason.MISSING: _("UID missing"),
        Reason.LOGIN_NAME: _("login name, not a UID"),
        Reason.EMAIL: _("e-mail, not a UID"),
        Reason.TWELVE_DIGITS: _("12 digits, looks like another cloud's account id"),
        Reason.HEX: _("hexadecimal id, not a UID"),
        Reason.GUID: _("GUID, not a UID"),
        Reason.LOST_DIGITS: _("spreadsheet notation lost digits"),
        Reason.MISREAD_LETTERS: _("letters in place of digits"),
        Reason.ZERO: _("zero, not a UID"),
        Reason.TOO_LONG: _("more than 20 digits, not a UID"),
        Reason.UNUSUAL_LENGTH: _("unusual length, a UID has 16 digits"),
        Reason.LEADING_ZERO: _("starts with 0"),
        Reason.WAS_NUMBER: _("was stored as a number, the last digit may be lost"),
        Reason.LOOKALIKE: _("lookalike of a linked UID"),
        Reason.ALREADY_LINKED: _("already linked"),
        Reason.ROUNDED_BATCH: _("the file's UIDs look rounded"),
    }
)

REASON_ADVICE: Mapping[Reason, str | Promise] = MappingProxyType(
    {
        Reason.NONE: "",
        Reason.MISSING: _("Enter the customer's UID. It is on the customer's account page, under Security Settings."),
        Reason.LOGIN_NAME: _("Ask the customer for the UID: digits only, usually 16 of them."),
        Reason.EMAIL: _("Put the address in the e-mail column and ask the customer for the UID."),
        Reason.TWELVE_DIGITS: _("Check with the customer that this is not an account of another cloud."),
        Reason.HEX: _("Ask the customer for the UID: digits only, usually 16 of them."),
        Reason.GUID: _("Ask the customer for the UID: digits only, usually 16 of them."),
        Reason.LOST_DIGITS: _(
            "Format the column as text in the spreadsheet and enter the UIDs again from their source."
        ),
        Reason.MISREAD_LETTERS: _(
            "Replace the letters O, I and l by the digits 0 and 1, then compare with the source."
        ),
        Reason.ZERO: _("Enter the customer's UID."),
        Reason.TOO_LONG: _("Check that only one UID was entered."),
        Reason.UNUSUAL_LENGTH: _("Compare with the source: a digit may be missing or doubled."),
        Reason.LEADING_ZERO: _("UIDs do not begin with 0. Compare with the source."),
        Reason.WAS_NUMBER: _("Spreadsheets keep 15 digits of a number. Compare the last digit with the source."),
        Reason.LOOKALIKE: _("It differs from a linked UID by one slip. Compare the two digit by digit."),
        Reason.ALREADY_LINKED: _("Open the linked account instead of inviting it again."),
        Reason.ROUNDED_BATCH: _(
            "Format the column as text in the spreadsheet and enter the UIDs again from their source."
        ),
    }
)


def verdict(level: Level, reason: Reason) -> str:
    """Render a stored verdict in the active language; English is the vocabulary of the onboarding sheets."""
    if level is Level.OK:
        return gettext("ok")
    pattern = gettext("refuse: %(reason)s") if level is Level.REFUSE else gettext("warn: %(reason)s")
    return pattern % {"reason": REASON_TEXTS[reason]}
