"""Other permissions for a link that is in force, as its customer agreed to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from linking.errors import LinkEnded
from linking.models import Grant
from linking.services.granting import check_soon, grant
from partner_console.access.policy import Permission, require
from uids.models import LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from linking.models import Invitation
    from partner_console.access.actor import Actor


@transaction.atomic
def renew(*, actor: Actor, invitation: Invitation) -> LinkedAccount:
    """End what is granted on the invitation's `earlier_account` and grant what it asked, told to the cloud as a whole.

    What the customer had taken back counts again only as far as they agreed to it now. The account's row is the lock;
    `LinkEnded` (409) unless its relationship is normal. The caller moves the invitation on and so never does it twice.
    """
    require(actor, Permission.LINK_INVITE)
    rows = LinkedAccount.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    account: LinkedAccount | None = rows.filter(pk=invitation.earlier_account_id).first()
    if account is None or account.relationship != Relationship.NORMAL:
        raise LinkEnded
    held = Grant.objects.visible_to(actor).filter(account=account, ended_at__isnull=True).first()
    if held is not None:
        held.ended_at = timezone.now()
        held.version += 1
        held.save(update_fields=["ended_at", "version"])
    grant(actor=actor, account=account, invitation=invitation)
    check_soon([account.pk])
    return account
