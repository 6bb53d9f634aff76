"""Customers on /my/: who they are, and the accounts that are theirs. The only door to an account without a partner.

A customer's actor has no partner, so `visible_to` shows it nothing. What it may see hangs on the address it proved by
an e-mailed code: the accounts whose contact that address is, at whichever partner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from partner_console.access.actor import Actor, Channel
from partner_console.access.policy import Permission, Role, require
from partner_console.errors import NotFound
from uids.models import LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from django.db.models import QuerySet


def contact_actor(email: str, *, request_id: str = "") -> Actor:
    """Whoever proved that mail to this address reaches them. Records name the address."""
    address = email.strip().lower()
    return Actor(
        role=Role.CUSTOMER,
        channel=Channel.CUSTOMER,
        label=address,
        contact_email=address,
        request_id=request_id,
    )


def own_accounts(actor: Actor) -> QuerySet[LinkedAccount]:
    """The accounts whose contact the actor is, ended links included until their contact data is deleted.

    Nothing for an actor without a proved address: neither staff nor whoever only holds an invitation's link.
    """
    require(actor, Permission.LINK_OWN)
    rows: QuerySet[LinkedAccount] = LinkedAccount.objects.filter(partner__is_active=True)
    if not actor.contact_email:
        return rows.none()
    mine = rows.filter(email__iexact=actor.contact_email).exclude(email="")  # both: that is the index
    # Alone it takes “ı” for “i” and “ſ” for “s”: somebody else's mailbox.
    same = mine.alias(mailbox=Lower("email")).filter(mailbox=actor.contact_email)
    return same.exclude(relationship=Relationship.DELETED)


def lock_own_account(actor: Actor, pk: int) -> LinkedAccount:
    """One account of the customer's, locked, with its partner; `NotFound` when it is not theirs."""
    rows = own_accounts(actor).select_related("partner").select_for_update(of=("self",), no_key=True)
    account = rows.filter(pk=pk).first()
    if account is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return account
