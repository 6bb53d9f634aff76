"""The onboarding checklist: the partner keeps its list, its people tick it off for each customer (seed 000)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from linking import locks
from linking.models import ChecklistItem, ChecklistTick
from linking.onboarding import list_lines
from linking.states import StandardItem
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Invalid, NotFound
from uids.errors import NotLive
from uids.models import LinkedAccount
from uids.services.accounts import clean_line

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner

LONGEST_TEXT, MOST_LINES = 200, 30


@transaction.atomic
def tick(*, actor: Actor, account_pk: int, key: str) -> ChecklistTick:
    """Tick a line off for a customer; ticked already, the first tick stays. Refused (409) for an ended link."""
    require(actor, Permission.LINK_INVITE)
    account = _live(actor, account_pk)
    line = next((one for one in list_lines(account.partner_id) if one.key == key), None)
    if line is None:
        raise NotFound("not_found", _("This line is not in the list any more."))
    named = {"standard": line.key} if line.is_standard else {"item_id": int(line.key)}
    found, is_new = ChecklistTick.objects.get_or_create(account=account, **named, defaults={"by_id": actor.user_pk})
    if is_new:
        audit.record(actor, Action.CHECKLIST_TICKED, account, changes={"item": ["", _name(found)]})
    return found


@transaction.atomic
def untick(*, actor: Actor, account_pk: int, key: str) -> None:
    """Take a tick away; the trail keeps who had set it. Not ticked: nothing happens."""
    require(actor, Permission.LINK_INVITE)
    account = _live(actor, account_pk)
    rows = ChecklistTick.objects.filter(account=account).select_related("by").select_for_update(of=("self",))
    found = rows.filter(item_id=int(key[:18])).first() if key.isdecimal() else rows.filter(standard=key or "-").first()
    if found is None:
        return
    note = f"{found.by or ''} {found.at:%Y-%m-%d %H:%M}Z".strip()
    audit.record(actor, Action.CHECKLIST_UNTICKED, account, changes={"item": [_name(found), ""]}, note=note)
    found.delete()


@transaction.atomic
def add_item(*, actor: Actor, text: str) -> ChecklistItem:
    """A line of the partner's own at the end of the list. `Invalid` when empty, too long, or one too many."""
    partner, items = _own_list(actor)
    line = clean_line(text)
    if not line:
        raise Invalid("required", _("Say what is to be done."), field="text")
    if len(line) > LONGEST_TEXT:
        raise Invalid("too_long", _("A line has at most 200 characters."), field="text")
    if len(items) >= MOST_LINES:
        raise Invalid("too_many", _("A list has at most 30 lines. Remove one first."), field="text")
    item = ChecklistItem.objects.create(partner=partner, text=line, position=_after(items))
    audit.record(actor, Action.CHECKLIST_EDITED, item, changes={"item": ["", line]})
    return item


@transaction.atomic
def remove_item(*, actor: Actor, key: str) -> None:
    """Take a line out of the list; ticks stay recorded. Not in the list: nothing happens."""
    _partner, items = _own_list(actor)
    item = _find(items, key)
    if item is None:
        return
    item.removed_at = timezone.now()
    item.save(update_fields=["removed_at"])
    audit.record(actor, Action.CHECKLIST_EDITED, item, changes={"item": [item.text or item.standard, ""]})


@transaction.atomic
def restore_item(*, actor: Actor, key: str) -> None:
    """Put one of the seed's lines back at the end of the list; in the list already, nothing happens."""
    partner, items = _own_list(actor)
    item = ChecklistItem.objects.filter(partner=partner, standard=key, removed_at__isnull=False).exclude(standard="")
    found = item.select_for_update().first()
    if found is None:
        return
    found.removed_at, found.position = None, _after(items)
    found.save(update_fields=["removed_at", "position"])
    audit.record(actor, Action.CHECKLIST_EDITED, found, changes={"item": ["", found.standard]})


@transaction.atomic
def move_item(*, actor: Actor, key: str, is_up: bool) -> None:
    """One place up or down; at the end of the list nothing happens."""
    _partner, items = _own_list(actor)
    item = _find(items, key)
    if item is None:
        return
    place = items.index(item)
    target = place - 1 if is_up else place + 1
    if not 0 <= target < len(items):
        return
    items[place], items[target] = items[target], items[place]
    for position, one in enumerate(items):
        one.position = position
    ChecklistItem.objects.bulk_update(items, ["position"])
    changes = {"position": [place + 1, target + 1], "item": [item.text or item.standard] * 2}
    audit.record(actor, Action.CHECKLIST_EDITED, item, changes=changes)


def _own_list(actor: Actor) -> tuple[Partner, list[ChecklistItem]]:
    """The partner, locked, and its lines in order; the seed's become rows with the first change."""
    require(actor, Permission.PARTNER_EDIT)
    partner = locks.lock_partner(actor, actor.partner_pk or -1)
    rows = ChecklistItem.objects.visible_to(actor).filter(partner=partner)
    if not rows.exclude(standard="").exists():
        own = list(rows.order_by("position", "pk"))
        seeds = [ChecklistItem(partner=partner, standard=one, position=n) for n, one in enumerate(StandardItem.values)]
        ChecklistItem.objects.bulk_create(seeds)
        for position, item in enumerate(own, start=len(seeds)):
            item.position = position
        ChecklistItem.objects.bulk_update(own, ["position"])
    return partner, list(rows.filter(removed_at__isnull=True).order_by("position", "pk"))


def _find(items: list[ChecklistItem], key: str) -> ChecklistItem | None:
    return next((item for item in items if (item.standard or str(item.pk)) == key), None)


def _after(items: list[ChecklistItem]) -> int:
    return max((item.position for item in items), default=-1) + 1


def _live(actor: Actor, account_pk: int) -> LinkedAccount:
    account: LinkedAccount = get_visible_or_404(LinkedAccount, actor, pk=account_pk)
    if not account.is_live:
        raise NotLive(account)
    return account


def _name(found: ChecklistTick) -> str:
    """The seed's word, or the partner's own text: as it was when it was ticked."""
    return found.standard or (found.item.text if found.item else "")
