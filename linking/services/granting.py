"""What the customer agreed to comes into force with the link, can be taken back by them, and ends (design §4).

Every change is told to the cloud through the outbox, as the whole set that is in force from now on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking.contacts import lock_own_account
from linking.errors import NoGrant
from linking.models import Grant, LinkCheck
from linking.scopes import LEAST, REQUIRED, Scope, complete, without
from linking.services.checking_links import start_checks
from linking.states import CheckKind, CheckOutcome
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import services as cloud
from partner_console.cloud.models import Operation
from partner_console.errors import Invalid
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linking.models import Invitation
    from partner_console.access.actor import Actor

REMINDER_DAYS = (30, 7, 1)
ORDER_ARRIVES = timedelta(minutes=2)


@transaction.atomic
def grant(*, actor: Actor, account: LinkedAccount, invitation: Invitation) -> Grant:
    """Put into force what the customer agreed to, in the transaction of the link, and let its checks begin.

    An invitation without scopes grants the least. The end is counted in days from now, as its template's version
    says. On repeat, the grant in force is returned as it is.
    """
    require(actor, Permission.LINK_INVITE)
    existing = _in_force(account.pk)
    if existing is not None:
        return existing
    version = invitation.template_version
    now = timezone.now()
    days = version.days if version else None
    given = Grant.objects.create(
        account=account,
        template_version=version,
        scopes=complete(invitation.scopes or LEAST),
        granted_at=now,
        ends_at=now + timedelta(days=days) if days else None,
        reminded_days=first_reminder_passed(days),
    )
    changes = {"scopes": [[], given.scopes], "ends_at": ["", str(given.ends_at or "")]}
    audit.record(actor, Action.GRANT_GIVEN, account, changes=changes)
    _tell_cloud(actor, account, given, reason=invitation.purpose)
    start_checks(actor=actor, account=account)
    # Of a link that was checked before, the earlier result says nothing about what was agreed now.
    LinkCheck.objects.filter(account=account, kind=CheckKind.PERMISSIONS).update(outcome=CheckOutcome.NOT_YET)
    return given


def first_reminder_passed(days: int | None) -> int | None:
    """The reminder that counts as written from the start: a grant of ten days needs none at thirty."""
    return min((step for step in REMINDER_DAYS if days is not None and step >= days), default=None)


@transaction.atomic
def withdraw_scopes(*, actor: Actor, account_pk: int, scopes: Iterable[str]) -> Grant:
    """The customer takes back what they allowed; taking back “see” takes back “manage” with it.

    What is gone already stays gone: the same again changes nothing. `Invalid` for a required or unknown permission
    alone; `NoGrant` (409) where nothing was granted.
    """
    require(actor, Permission.LINK_OWN)
    account = lock_own_account(actor, account_pk)
    held = _in_force(account.pk)
    if held is None or not account.is_live:
        raise NoGrant
    asked = {scope for scope in Scope if scope.value in set(scopes)} - REQUIRED
    if not asked:
        raise Invalid("nothing_to_take_back", _("Choose what to take back."), field="scopes")
    left = without(held.scopes, asked)
    gone = [scope for scope in held.scopes if scope not in left]
    if not gone:
        return held
    before = held.audit_state()
    _save(held, scopes=left, withdrawn=[s.value for s in Scope if s.value in {*held.withdrawn, *gone}])
    changes = audit.difference(before, held.audit_state())
    audit.record(actor, Action.GRANT_WITHDRAWN, account, changes=changes, partner_pk=account.partner_id)
    _tell_cloud(actor, account, held, reason="")
    check_soon([account.pk])
    return held


@transaction.atomic
def repeat_order(*, actor: Actor, account_pk: int) -> Grant:
    """Tell the cloud again what is in force: what to do about a drift. Twice sends the same order twice, no harm."""
    require(actor, Permission.LINK_INVITE)
    account = get_visible_or_404(LinkedAccount, actor, pk=account_pk)
    held = _in_force(account.pk)
    if held is None or not account.is_live:
        raise NoGrant
    audit.record(actor, Action.GRANT_REPEATED, account, changes={"scopes": [held.observed, held.scopes]})
    _tell_cloud(actor, account, held, reason="")
    check_soon([account.pk])
    return held


@transaction.atomic
def close_grant(*, actor: Actor, account_pk: int) -> None:
    """The link ends: nothing is granted any more and nothing is checked any more. Called by whoever ends it.

    The cloud is not told: unlinking takes every permission with it. On repeat nothing happens.
    """
    require(actor, Permission.LINK_INVITE)
    LinkCheck.objects.filter(account_id=account_pk, next_at__isnull=False).update(next_at=None)
    held = _in_force(account_pk)
    if held is None:
        return
    account = held.account
    _save(held, ended_at=timezone.now())
    audit.record(actor, Action.GRANT_ENDED, account, changes={"scopes": [held.scopes, []]})


def check_soon(account_pks: Sequence[int]) -> None:
    """Look at the permissions at the cloud again, once the order had time to arrive."""
    due = LinkCheck.objects.filter(account_id__in=account_pks, kind=CheckKind.PERMISSIONS, next_at__isnull=False)
    due.update(next_at=timezone.now() + ORDER_ARRIVES)


def _in_force(account_pk: int) -> Grant | None:
    """The grant in force, locked. Looked for twice: one that ended while we waited has a successor by now."""
    rows = Grant.objects.filter(account_id=account_pk, ended_at__isnull=True)
    rows = rows.select_related("account").select_for_update(of=("self",))
    return rows.first() or rows.all().first()


def _save(held: Grant, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(held, name, value)
    held.version += 1
    held.save(update_fields=[*changes, "version"])


def _tell_cloud(actor: Actor, account: LinkedAccount, held: Grant, *, reason: str) -> None:
    cloud.queue(
        actor=actor,
        partner_pk=account.partner_id,
        uid=account.uid,
        operation=Operation.SET_PERMISSIONS,
        payload={"scopes": held.scopes},
        reason=reason,
        operation_id=None,
    )
