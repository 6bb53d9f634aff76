"""How a state looks: always a word, an icon and a colour, so that none of the three is needed alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.html import format_html

from partner_console.web.icons import icon

if TYPE_CHECKING:
    from django.utils.functional import Promise
    from django.utils.safestring import SafeString

# tone → the icon it has when a state names none
TONES: Final = {
    "good": "circle-check",
    "info": "circle-dot",
    "wait": "clock",
    "warn": "triangle-alert",
    "bad": "octagon-x",
    "off": "circle-slash",
}

# state value → (tone, icon). The values are the stored ones of every app's `states.py`; a value that is not
# here looks neutral. Two states that mean the same look the same.
LOOKS: Final[dict[str, tuple[str, str]]] = {
    # relationship
    "normal": ("good", "circle-check"),
    "to_be_confirmed": ("wait", "hourglass"),
    "in_process": ("wait", "loader"),
    "terminated": ("off", "unlink"),
    "deleted": ("off", "archive"),
    # credit control, PAYG, purchase control
    "arrears": ("bad", "triangle-alert"),
    "arrears_not_shutdown": ("warn", "triangle-alert"),
    "shutdown": ("bad", "power-off"),
    "frozen": ("info", "snowflake"),
    "freeze": ("info", "snowflake"),
    "stopped": ("bad", "circle-stop"),
    "released": ("off", "trash-2"),
    "ban": ("warn", "ban"),
    # shutdown policy
    "immediatelyStop": ("off", "power-off"),
    "delayStop": ("off", "timer"),
    "noStop": ("off", "power"),
    # planned changes
    "planned": ("wait", "clock"),
    "in_force": ("info", "timer"),
    "ended": ("good", "circle-check"),
    # warnings
    "ok": ("good", "circle-check"),
    "in_alarm": ("warn", "bell"),
    "alarm": ("warn", "bell"),
    "open": ("warn", "bell"),
    "acknowledged": ("info", "check"),
    "snoozed": ("off", "bell-off"),
    "resolved": ("good", "circle-check"),
    # invitations
    "draft": ("off", "pencil"),
    "awaiting_check": ("wait", "users"),
    "awaiting": ("wait", "users"),
    "sent": ("wait", "send"),
    "opened": ("wait", "eye"),
    "approved": ("info", "check"),
    "linked": ("good", "link-2"),
    "verified": ("good", "shield-check"),
    "failed": ("bad", "circle-x"),
    "declined": ("bad", "circle-x"),
    "expired": ("off", "timer"),
    "withdrawn": ("off", "undo-2"),
    "replaced": ("off", "repeat"),
    "pending": ("wait", "clock"),
    "successful": ("good", "circle-check"),
    # checks after linking
    "not_yet": ("wait", "clock"),
    "not_due": ("wait", "hourglass"),
    "differs": ("bad", "triangle-alert"),
    # cloud commands, jobs, approvals, mail
    "paced": ("wait", "timer"),
    "queued": ("wait", "clock"),
    "in_flight": ("wait", "loader"),
    "running": ("wait", "loader"),
    "checking": ("wait", "loader"),
    "uploaded": ("wait", "columns-3"),
    "check_queued": ("wait", "clock"),
    "checked": ("info", "list-checks"),
    "confirmed": ("good", "circle-check"),
    "refused": ("bad", "circle-x"),
    "unknown": ("warn", "circle-question-mark"),
    "done": ("good", "circle-check"),
    "ready": ("good", "circle-check"),
    "cancelled": ("off", "circle-slash"),
    "rejected": ("bad", "circle-x"),
    "waiting": ("wait", "clock"),
    "executed": ("good", "circle-check"),
    # members
    "active": ("good", "circle-check"),
    "invited": ("wait", "mail"),
    "deactivated": ("off", "circle-slash"),
    # environment
    "production": ("off", "cloud"),
    "sandbox": ("info", "flask-conical"),
}


def badge(tone: str, label: str | Promise, icon_name: str = "") -> SafeString:
    """A status in one of the six tones; an unknown tone raises `KeyError`."""
    return format_html('<span class="status status-{}">{}{}</span>', tone, icon(icon_name or TONES[tone]), label)


def status_badge(value: str, label: str | Promise = "") -> SafeString:
    """The look of a stored state. `label` defaults to the state's own (a `TextChoices` member has one)."""
    tone, icon_name = LOOKS.get(str(value), ("off", "circle-dot"))
    return badge(tone, label or getattr(value, "label", value), icon_name)
