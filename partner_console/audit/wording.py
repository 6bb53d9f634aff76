"""Entries put into words when they are shown: field names, choices, references, who and how (style §13)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy, pgettext_lazy

from partner_console.access.actor import who_in_words
from partner_console.access.policy import Permission, allows
from partner_console.access.scoping import PartnerScoped
from partner_console.web import formats

from .actions import Action

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.utils.functional import _StrPromise

    from partner_console.access.actor import Actor

    from .models import AuditEntry

    type_of_names = dict[tuple[type[models.Model], Any], str]

P = Permission
# Facts of figures and switches do not exist for an actor without these, wherever they were recorded.
FIELD_NEEDS: dict[str, Permission] = {
    **dict.fromkeys(
        ("amount", "available", "deducted", "undeducted", "boost", "warning_percent", "warning_amount", "warning_days",
         "percent", "threshold", "quota_amount", "alert_on", "alert_amount"),
        P.QUOTA_VIEW,
    ),
    **dict.fromkeys(
        ("payg_frozen", "frozen_by_master", "payg_stopped_at", "stopped_by_master", "payg_released_at",
         "purchase_control", "purchase_in_force", "shutdown_policy", "policy_in_force", "overdraft", "trustee",
         "switch", "set_to"),
        P.CONTROL_VIEW,
    ),
}  # fmt: skip
ACTION_NEEDS: dict[str, Permission] = {
    **{action: P.QUOTA_VIEW for action in Action.values if action.startswith("quota.account.")},
    **dict.fromkeys(
        (
            Action.ACCOUNT_TRUSTEESHIP_SET.value,
            Action.ACCOUNT_FROZEN.value,
            Action.ACCOUNT_UNFROZEN.value,
            Action.PURCHASE_CONTROL_CHANGED.value,
            Action.SHUTDOWN_POLICY_CHANGED.value,
            Action.PAYG_STOPPED.value,
            Action.PAYG_RESUMED.value,
            Action.PAYG_RELEASED.value,
            Action.STOP_TOLD.value,
            Action.CONTROL_PLANNED.value,
            Action.CONTROL_PLAN_EDITED.value,
            Action.CONTROL_PLAN_CANCELLED.value,
            Action.CONTROL_PLAN_FAILED.value,
            Action.CUSTOMER_NOTICED.value,
        ),
        P.CONTROL_VIEW,
    ),
}
MONEY = frozenset({"amount", "available", "deducted", "undeducted", "boost", "alert_amount"})
TIMES = frozenset({"starts_at", "ends_at", "until"})
# Facts that are recorded but are no field of their subject.
WORDS: dict[str, str | _StrPromise] = {
    "amount": gettext_lazy("Quota Amount"),
    "available": gettext_lazy("Available Quota"),
    "deducted": gettext_lazy("Consumed & Deducted Value"),
    "undeducted": gettext_lazy("Consumed & Undeducted Value"),
    "warning_percent": gettext_lazy("Quota Warning Threshold (%)"),
    "percent": gettext_lazy("Quota Warning Threshold (%)"),
    "warning_amount": gettext_lazy("warning at an amount"),
    "warning_days": gettext_lazy("warning at days left"),
    "alert_on": gettext_lazy("alert on"),
    "alert_amount": gettext_lazy("alert threshold"),
    "snoozed_until": gettext_lazy("snoozed until"),
    "mailing": gettext_lazy("mails about warnings"),
    "digest_hour": gettext_lazy("hour of the daily mail"),
    "labels": gettext_lazy("labels"),
    "frozen_by_master": gettext_lazy("PAYG frozen by its master account"),
    "stopped_by_master": gettext_lazy("PAYG stopped by its master's arrears"),
    "purchase_in_force": gettext_lazy("purchase control in force, its master's"),
    "policy_in_force": gettext_lazy("shutdown policy in force, its master's"),
    "spec": gettext_lazy("list"),
    "scope": gettext_lazy("rows"),
    "query": gettext_lazy("filter"),
    "columns": gettext_lazy("columns"),
    "language": gettext_lazy("language"),
    "sha256": "SHA-256",
    "email": gettext_lazy("e-mail"),
    "mailed_to": gettext_lazy("mailed to"),
    "failure_code": gettext_lazy("failure code"),
    "code": gettext_lazy("code"),
    "helped": gettext_lazy("helped"),
    "decline_code": gettext_lazy("customer's answer"),
    "role": gettext_lazy("role"),
    "scopes": gettext_lazy("permissions"),
    "withdrawn": gettext_lazy("taken back by the customer"),
    "ends_at": gettext_lazy("end"),
    "days": gettext_lazy("ends after (days)"),
    "take_away": gettext_lazy("taken from customers at once"),
    "listed": gettext_lazy("shown in the linked list"),
    "permissions": gettext_lazy("permissions as granted"),
    "billing": gettext_lazy("billing reference as expected"),
    "access": gettext_lazy("customer can use their console"),
    "item": gettext_lazy("item"),
    "switch": gettext_lazy("switch"),
    "set_to": gettext_lazy("set to"),
    "starts_at": gettext_lazy("begin"),
    "notice_hours": gettext_lazy("customer told before (hours)"),
    "notice_email": gettext_lazy("customer told at"),
    "boost": gettext_lazy("temporary boost"),
    "until": gettext_lazy("until"),
    "expires_at": gettext_lazy("valid until"),
    "n_rows": gettext_lazy("rows"),
    "receipt": gettext_lazy("fingerprint of the receipt"),
}
NOTHING = (None, "")
# Values of those facts that are codes of ours.
VALUES: dict[str, dict[Any, str | _StrPromise]] = {
    "scope": {
        "filter": gettext_lazy("Everything that matches"),
        "page": gettext_lazy("This page"),
        "selected": gettext_lazy("The selected rows"),
    },
    **{
        name: {"inherited": gettext_lazy("inherited"), "off": gettext_lazy("no such warning")}
        for name in ("warning_percent", "warning_amount", "warning_days")
    },
}
ICONS: dict[str, str] = {
    Action.ACCOUNT_LINKED: "link-2",
    Action.LINK_SUCCEEDED: "link-2",
    Action.ACCOUNT_IMPORTED: "file-up",
    Action.ACCOUNT_FROZEN: "snowflake",
    Action.ACCOUNT_UNFROZEN: "power",
    Action.PURCHASE_CONTROL_CHANGED: "ban",
    Action.CONTROL_PLANNED: "calendar-clock",
    Action.CONTROL_PLAN_EDITED: "calendar-clock",
    Action.CONTROL_PLAN_CANCELLED: "calendar-x-2",
    Action.CONTROL_PLAN_FAILED: "circle-x",
    Action.CUSTOMER_NOTICED: "mail",
    Action.QUOTA_CREATED: "wallet",
    Action.QUOTA_ADJUSTED: "wallet",
    Action.QUOTA_WRITTEN_OFF: "check",
    Action.QUOTA_REFUNDED: "undo-2",
    Action.QUOTA_TAKEN_BACK: "undo-2",
    Action.BOOST_STARTED: "timer",
    Action.BOOST_EXTENDED: "timer",
    Action.BOOST_REMINDED: "bell",
    Action.BOOST_ENDED: "timer",
    Action.QUOTA_WARNED: "bell",
    Action.QUOTA_RECOVERED: "circle-check",
    Action.LINK_INVITED: "send",
    Action.LINK_RESENT: "send",
    Action.LINK_OPENED: "eye",
    Action.LINK_APPROVED: "check",
    Action.LINK_DECLINED: "circle-x",
    Action.LINK_FAILED: "circle-x",
    Action.LINK_VERIFIED: "shield-check",
    Action.LINK_CHECKED: "list-checks",
    Action.GRANT_GIVEN: "key-round",
    Action.GRANT_WITHDRAWN: "undo-2",
    Action.GRANT_REDUCED: "undo-2",
    Action.GRANT_ENDED: "timer",
    Action.LINK_EXPIRED: "timer",
    Action.LINK_WITHDRAWN: "undo-2",
    Action.LINK_CHECK_ASKED: "users",
    Action.APPROVAL_ASKED: "users",
    Action.APPROVAL_APPROVED: "check",
    Action.APPROVAL_REJECTED: "circle-x",
    Action.APPROVAL_WITHDRAWN: "undo-2",
    Action.APPROVAL_EXPIRED: "timer",
    Action.APPROVAL_DECIDED_ALONE: "triangle-alert",
    Action.TERMINATION_ASKED: "unlink",
    Action.TERMINATION_CONFIRMED: "check",
    Action.TERMINATION_REJECTED: "circle-x",
    Action.TERMINATION_WITHDRAWN: "undo-2",
    Action.TERMINATION_PROCEEDED: "hourglass",
    Action.TERMINATION_SETTLED: "check",
    Action.LINK_UNDONE: "undo-2",
    Action.LINK_KEPT: "link-2",
    Action.CLOUD_LINK_UNDONE: "undo-2",
    Action.ACCOUNT_TERMINATED: "unlink",
    Action.ACCOUNT_FORGOTTEN: "archive",
    Action.LINK_FORGOTTEN: "archive",
    Action.SUPPORT_PACKAGE_MADE: "file-down",
    Action.ARTICLE_WRITTEN: "pencil",
    Action.CLOUD_BY_HAND: "check",
    Action.EXPORT_REQUESTED: "file-down",
    Action.EXPORT_DOWNLOADED: "download",
    Action.CLOUD_CONFIRMED: "circle-check",
    Action.CLOUD_REFUSED: "circle-x",
    Action.CLOUD_UNKNOWN: "circle-question-mark",
}


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as people read it. `changes` are (field, before, after), each already in words."""

    pk: int
    at: datetime
    action: str
    title: str
    by: str
    method: str
    operator_uid: str
    subject: str
    subject_kind: str
    note: str
    operation_id: uuid.UUID | None
    icon: str
    changes: tuple[tuple[str, str, str], ...]


def in_words(actor: Actor, entries: Iterable[AuditEntry]) -> list[Line]:
    """The entries for this actor, in the active language and zone: one query per kind of thing they refer to."""
    found = list(entries)
    names = _names(actor, found)
    return [_line(actor, entry, names) for entry in found]


def action_label(action: str) -> str:
    """An action in words; one that a later version no longer knows stays as it was written."""
    return str(Action(action).label) if action in Action.values else action


def hidden_actions(actor: Actor) -> list[str]:
    """Actions that do not exist for this actor's kind and role."""
    return [action for action, permission in ACTION_NEEDS.items() if not allows(actor, permission)]


def _line(actor: Actor, entry: AuditEntry, names: type_of_names) -> Line:
    model = _model(entry.subject_type)
    return Line(
        pk=entry.pk,
        at=entry.at,
        action=entry.action,
        title=action_label(entry.action),
        by=who_in_words(entry.actor_label, entry.channel),
        method=entry.get_channel_display(),
        operator_uid=entry.operator_uid,
        subject=entry.subject_label,
        subject_kind=str(model._meta.verbose_name) if model else entry.subject_type,
        note=entry.note,
        operation_id=entry.operation_id,
        icon=ICONS.get(entry.action, ""),
        changes=tuple(
            (field_label(model, name), _value(model, name, before, names), _value(model, name, after, names))
            for name, (before, after) in entry.changes.items()
            if _is_shown(actor, name) and not (before in NOTHING and after in NOTHING)
        ),
    )


def _is_shown(actor: Actor, name: str) -> bool:
    permission = FIELD_NEEDS.get(name)
    return permission is None or bool(allows(actor, permission))


def _model(subject_type: str) -> type[models.Model] | None:
    try:
        return apps.get_model(subject_type)
    except (LookupError, ValueError):
        return None


def _field(model: type[models.Model] | None, name: str) -> models.Field[Any, Any] | None:
    if model is None:
        return None
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, models.Field) else None


def field_label(model: type[models.Model] | None, name: str) -> str:
    """The field's own name as forms show it, beginning with a capital."""
    field = _field(model, name)
    text = str(WORDS[name]) if name in WORDS else str(field.verbose_name) if field else name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _value(model: type[models.Model] | None, name: str, value: Any, names: type_of_names) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(YES if value else NO)
    if isinstance(value, list):
        return formats.listed(_value(model, name, item, names) for item in value)
    if name in VALUES:
        return str(VALUES[name].get(value, value))
    if name in settings.AUDIT_CHOICES:
        return str(_choices(settings.AUDIT_CHOICES[name]).get(value, value))
    field = _field(model, name)
    if field is None:
        if name in TIMES:
            return _time(value)
        return _money(value) if name in MONEY else str(value)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if field.remote_field is not None and field.related_model is not None:
        return names.get((field.related_model, value), str(value))
    return _of_type(field, value)


@cache
def _choices(path: str) -> dict[Any, Any]:
    """The words of an app's codes; each is put into the reader's language when it is shown."""
    return dict(import_string(path).choices)


def _of_type(field: models.Field[Any, Any], value: Any) -> str:
    if isinstance(field, models.DateTimeField):
        return _time(value)
    return _money(value) if isinstance(field, models.DecimalField) else str(value)


def _time(value: Any) -> str:
    at = parse_datetime(str(value))
    return formats.absolute(at) if at else str(value)


def _money(value: Any) -> str:
    try:
        return f"{Decimal(str(value)):,f}".replace("-", formats.MINUS)
    except InvalidOperation:
        return str(value)


YES = pgettext_lazy("a fact is true", "Yes")
NO = pgettext_lazy("a fact is false", "No")


def _names(actor: Actor, entries: Sequence[AuditEntry]) -> type_of_names:
    """What the entries' references are called, as far as the actor may see those things."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for entry in entries:
        model = _model(entry.subject_type)
        for name, pair in entry.changes.items():
            field = _field(model, name)
            if field is not None and field.remote_field is not None and isinstance(field.related_model, type):
                wanted[field.related_model].update(pk for pk in pair if isinstance(pk, int))
    return {
        (model, pk): str(thing)
        for model, pks in wanted.items()
        if issubclass(model, PartnerScoped)
        for pk, thing in model.objects.visible_to(actor).in_bulk(pks).items()
    }
