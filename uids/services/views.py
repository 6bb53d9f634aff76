"""Saved views: a name for a list's query string."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Forbidden, Invalid, NotFound
from uids.models import SavedView
from uids.services.accounts import clean_line

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

LONGEST = 2000


@transaction.atomic
def save_view(*, actor: Actor, name: str, query: str, is_shared: bool = False, is_default: bool = False) -> SavedView:
    """Keep a view under a name of one's own; the same name again replaces it. `query` was read by the list before.

    A default takes the place of the one before it.
    """
    require(actor, Permission.UID_VIEW)
    if actor.partner_pk is None or actor.user_pk is None:
        raise Forbidden("no_partner", _("Views belong to a member of a partner. Choose a partner first."))
    name = clean_line(name)
    if not name:
        raise Invalid("required", _("Give the view a name."), field="name")
    if len(query) > LONGEST:
        raise Invalid("too_long", _("This view has too many filters to be kept."), field="query")
    mine = SavedView.objects.visible_to(actor).filter(user_id=actor.user_pk).select_for_update()
    view = mine.filter(name=name).first() or SavedView(partner_id=actor.partner_pk, user_id=actor.user_pk, name=name)
    before = view.audit_state() if view.pk else {}
    if is_default:
        mine.exclude(pk=view.pk).filter(is_default=True).update(is_default=False)
    view.query, view.is_shared, view.is_default = query, is_shared, is_default
    view.save()
    audit.record(actor, Action.VIEW_SAVED, view, before=before)
    return view


@transaction.atomic
def remove_view(*, actor: Actor, view_pk: int) -> None:
    """One's own view; a shared one of somebody else stays theirs (`NotFound`: it is not yours to remove)."""
    require(actor, Permission.UID_VIEW)
    mine = SavedView.objects.visible_to(actor).filter(user_id=actor.user_pk).select_for_update()
    view = mine.filter(pk=view_pk).first()
    if view is None:
        raise NotFound("not_found", _("It does not exist, or it is not your own."))
    audit.record(actor, Action.VIEW_REMOVED, view, changes={"name": [view.name, ""]})
    view.delete()
