"""Reads of the onboarding checklist: the partner's lines, and who ticked what for a customer when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linking.models import ChecklistItem, ChecklistTick
from linking.states import StandardItem
from partner_console.access.policy import Permission, require

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a partner's list. `key` names it in forms: the seed's by their word, own ones by their number."""

    key: str
    text: str | _StrPromise
    is_standard: bool
    tick: ChecklistTick | None = None


@dataclass(frozen=True, slots=True)
class Checklist:
    lines: tuple[Line, ...]

    @property
    def n_done(self) -> int:
        return sum(line.tick is not None for line in self.lines)

    @property
    def is_done(self) -> bool:
        return bool(self.lines) and self.n_done == len(self.lines)


def list_lines(partner_pk: int) -> list[Line]:
    """The partner's list in its order. One that never changed it has the seed's."""
    items = list(ChecklistItem.objects.filter(partner_id=partner_pk).order_by("position", "pk"))
    if not any(item.standard for item in items):
        seeds = [Line(item.value, item.label, is_standard=True) for item in StandardItem]
        return [*seeds, *(_line(item) for item in items if item.removed_at is None)]
    return [_line(item) for item in items if item.removed_at is None]


def list_left_out(partner_pk: int) -> list[Line]:
    """The seed's lines the partner took out of its list; they can be put back."""
    rows = ChecklistItem.objects.filter(partner_id=partner_pk, removed_at__isnull=False).exclude(standard="")
    return [_line(item) for item in rows.order_by("pk")]


def checklist_of(actor: Actor, account: LinkedAccount) -> Checklist:
    """The list with this customer's ticks. A line taken out of the list is shown no more; its tick stays recorded."""
    require(actor, Permission.LINK_VIEW)
    ticks = ChecklistTick.objects.visible_to(actor).filter(account=account).select_related("by")
    by_key = {tick.standard or str(tick.item_id): tick for tick in ticks}
    lines = list_lines(account.partner_id)
    return Checklist(tuple(Line(one.key, one.text, one.is_standard, by_key.get(one.key)) for one in lines))


def _line(item: ChecklistItem) -> Line:
    if item.standard:
        return Line(item.standard, StandardItem(item.standard).label, is_standard=True)
    return Line(str(item.pk), item.text, is_standard=False)
