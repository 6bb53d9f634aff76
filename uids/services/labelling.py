"""Which labels an account carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Invalid
from uids import hooks, locks
from uids.models import Label, LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_console.access.actor import Actor


@transaction.atomic
def set_labels(*, actor: Actor, account_pk: int, label_pks: Iterable[int]) -> LinkedAccount:
    """Make these the account's labels, all of its own partner. The same again changes and records nothing.

    Raises `Invalid` at field `labels` for one the partner does not have, and `NotLive`.
    """
    require(actor, Permission.UID_EDIT)
    account = locks.lock_live_account(actor, account_pk)
    wanted = set(label_pks)
    labels = list(Label.objects.visible_to(actor).filter(partner_id=account.partner_id, pk__in=wanted))
    if len(labels) != len(wanted):
        raise Invalid("no_such_label", _("That label does not exist any more."), field="labels")
    before = sorted(account.labels.values_list("name", flat=True))
    after = sorted(label.name for label in labels)
    if before == after:
        return account
    account.labels.set(labels)
    account.updated_at = timezone.now()
    account.save(update_fields=["updated_at"])
    audit.record(actor, Action.ACCOUNT_LABELLED, account, changes={"labels": [before, after]})
    hooks.labels_changed(actor=actor, account_pks=[account.pk])
    return account
