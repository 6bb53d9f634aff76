"""Labels: the partner's own words for groups of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.access.selectors import get_own_partner
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Invalid, NotFound
from uids import hooks
from uids.models import Label
from uids.services.accounts import clean_line

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


@transaction.atomic
def create_label(*, actor: Actor, name: str) -> Label:
    """A new label; `Invalid` for an empty or taken name (upper and lower case are the same)."""
    require(actor, Permission.UID_EDIT)
    label = Label(partner=get_own_partner(actor), name=clean_line(name))
    _save(label, is_new=True)
    audit.record(actor, Action.LABEL_CREATED, label, changes={"name": ["", label.name]})
    return label


@transaction.atomic
def rename_label(*, actor: Actor, label_pk: int, name: str) -> Label:
    """Every account that carries it shows the new name at once; the same name again changes nothing."""
    require(actor, Permission.UID_EDIT)
    label = _lock(actor, label_pk)
    before = label.audit_state()
    label.name = clean_line(name)
    if before == label.audit_state():
        return label
    _save(label, is_new=False)
    audit.record(actor, Action.LABEL_EDITED, label, before=before)
    return label


@transaction.atomic
def remove_label(*, actor: Actor, label_pk: int) -> int:
    """Takes it from all accounts and removes it; how many carried it. The trail keeps name and number."""
    require(actor, Permission.UID_EDIT)
    label = _lock(actor, label_pk)
    n_accounts: int = label.accounts.count()
    audit.record(actor, Action.LABEL_REMOVED, label, changes={"name": [label.name, ""], "accounts": [n_accounts, 0]})
    hooks.label_leaves(actor=actor, label_pk=label.pk)
    label.accounts.clear()
    label.delete()
    return n_accounts


def _lock(actor: Actor, pk: int) -> Label:
    label = Label.objects.visible_to(actor).select_for_update().filter(pk=pk).first()
    if label is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return label  # type: ignore[no-any-return]


def _save(label: Label, *, is_new: bool) -> None:
    if not label.name:
        raise Invalid("required", _("Give the label a name."), field="name")
    if len(label.name) > 40:
        raise Invalid("too_long", _("A label has at most 40 characters."), field="name")
    try:
        with transaction.atomic():
            label.save(force_insert=is_new, update_fields=None if is_new else ["name"])
    except IntegrityError as error:
        raise Invalid("taken", _("There is already a label with this name."), field="name") from error
