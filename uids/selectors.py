"""Reads of linked accounts. Every one begins with what the actor may see."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.audit.models import AuditEntry
from partner_console.cloud.selectors import commands_of
from partner_console.errors import NotFound
from uids.models import BulkEdit, ControlChange, Label, LinkedAccount, SavedView
from uids.states import LIVE, Control

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from partner_console.cloud.models import CloudCommand

# The seed's “PAYG Freeze Status & PAYG Shutdown Status Changes”.
PAYG = "payg"
PAYG_CONTROLS = (Control.PAYG_FREEZE, Control.PAYG_SHUTDOWN)
# Under which topic the outbox keeps the orders about a switch.
TOPIC_OF = {
    Control.PAYG_FREEZE: "payg",
    Control.PAYG_SHUTDOWN: "stop",
    Control.PURCHASE_CONTROL: "purchase",
    Control.SHUTDOWN_POLICY: "policy",
}


def list_accounts(actor: Actor) -> QuerySet[LinkedAccount]:
    """Accounts of the actor's partner, newest link first, with their master."""
    require(actor, Permission.UID_VIEW)
    return LinkedAccount.objects.visible_to(actor).select_related("partner", "trustee").order_by("-linked_at", "-pk")


def get_account(actor: Actor, uid: str) -> LinkedAccount:
    """The live account of this UID, else the newest record of it; `NotFound` when the actor has neither."""
    live_first = Case(When(relationship__in=LIVE, then=Value(0)), default=Value(1), output_field=IntegerField())
    account = list_accounts(actor).filter(uid=uid).order_by(live_first, "-pk").first()
    if account is None:
        raise NotFound("not_found", _("There is no linked account with UID %(uid)s here.") % {"uid": uid})
    return account


def list_sub_accounts(actor: Actor, account: LinkedAccount) -> QuerySet[LinkedAccount]:
    """Live sub-accounts whose money this account holds in financial trusteeship, by UID."""
    return (
        LinkedAccount.objects.visible_to(actor)
        .live()
        .filter(trustee_id=account.pk)
        .select_related("trustee")
        .order_by("uid", "pk")
    )


def list_control_changes(
    actor: Actor,
    account: LinkedAccount,
    *,
    kind: str = "",
    method: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    operation: UUID | None = None,
) -> QuerySet[ControlChange]:
    """Freeze, shutdown, purchase control and policy changes of one account, unordered (seed 004 §2.2).

    `kind` is a `Control`, or `PAYG` for freeze and shutdown together, the seed's own page. `since` and `until` are days
    of the reader's zone, both included.
    """
    require(actor, Permission.CONTROL_VIEW)
    changes = ControlChange.objects.visible_to(actor).filter(account_id=account.pk)
    if kind:
        changes = changes.filter(what__in=PAYG_CONTROLS if kind == PAYG else [kind])
    if method:
        changes = changes.filter(method__in=method)
    if since is not None:
        changes = changes.filter(at__gte=_begins(since))
    if until is not None:
        changes = changes.filter(at__lt=_begins(until + timedelta(days=1)))
    if operation is not None:
        changes = changes.filter(operation_id=operation)
    return changes.select_related("cause")


def _begins(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def orders_of_changes(
    actor: Actor, account: LinkedAccount, changes: Sequence[ControlChange]
) -> dict[int, CloudCommand]:
    """By the change's pk: what was asked of the cloud in the same action about the same switch, for this account or the
    one it followed. One query; a change that nobody had to tell the cloud of is not in it."""
    uids = {account.uid} | {change.cause.uid for change in changes if change.cause}
    found = commands_of(actor, operation_ids={change.operation_id for change in changes}, uids=uids)
    by_topic = {(command.operation_id, command.topic): command for command in found}
    orders = {}
    for change in changes:
        topics = (TOPIC_OF[Control(change.what)], "trustee")
        order = next(filter(None, (by_topic.get((change.operation_id, topic)) for topic in topics)), None)
        if order is not None:
            orders[change.pk] = order
    return orders


def list_labels(actor: Actor) -> QuerySet[Label]:
    """The partner's labels with how many accounts carry each, by name."""
    require(actor, Permission.UID_VIEW)
    labels: QuerySet[Label] = Label.objects.visible_to(actor)
    return labels.annotate(n_accounts=Count("accounts")).order_by("name", "pk")


def label_choices(actor: Actor) -> list[tuple[str, str]]:
    """(pk, name) of the partner's labels, by name."""
    return [(str(pk), name) for pk, name in Label.objects.visible_to(actor).values_list("pk", "name").order_by("name")]


def count_labelled(actor: Actor, label: Label) -> int:
    """How many accounts carry a label."""
    return LinkedAccount.objects.visible_to(actor).filter(labels=label.pk).count()


def list_bulk_changes(actor: Actor, edit: BulkEdit, *, most: int = 50) -> QuerySet[AuditEntry]:
    """The first rows a bulk edit changed, from the trail."""
    require(actor, Permission.UID_VIEW)
    return AuditEntry.objects.visible_to(actor).filter(operation_id=edit.operation_id).order_by("pk")[:most]


def list_views(actor: Actor) -> QuerySet[SavedView]:
    """The actor's own saved views and those shared in the partner, by name."""
    require(actor, Permission.UID_VIEW)
    mine_or_shared = Q(user_id=actor.user_pk) | Q(is_shared=True)
    return SavedView.objects.visible_to(actor).filter(mine_or_shared).select_related("user").order_by("name", "pk")


def default_view(actor: Actor) -> SavedView | None:
    """The view this person opens the list with."""
    return SavedView.objects.visible_to(actor).filter(user_id=actor.user_pk, is_default=True).first()


_MANAGERS = """
WITH RECURSIVE found (name) AS (
  (SELECT business_manager FROM uids_linkedaccount
   WHERE partner_id = %(partner)s AND business_manager > '' ORDER BY business_manager LIMIT 1)
  UNION ALL
  SELECT (SELECT business_manager FROM uids_linkedaccount
          WHERE partner_id = %(partner)s AND business_manager > found.name ORDER BY business_manager LIMIT 1)
  FROM found WHERE found.name IS NOT NULL
)
SELECT name FROM found WHERE name IS NOT NULL LIMIT %(most)s
"""


def list_business_managers(actor: Actor, *, most: int = 100) -> list[str]:
    """Names in use, in order, found by jumping along the index: a hundred probes, not a million rows. None for
    operators: every partner has its own people."""
    require(actor, Permission.UID_VIEW)
    if actor.partner_pk is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_MANAGERS, {"partner": actor.partner_pk, "most": most})
        return [name for (name,) in cursor.fetchall()]
