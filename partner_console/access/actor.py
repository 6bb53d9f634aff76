"""Who is acting: built once per request, command or task, passed explicitly, never a thread-local."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .policy import PartnerKind, Role

if TYPE_CHECKING:
    from .models import Membership, Partner, User


class Channel(TextChoices):
    """Operation Method, in the seed's words: on the console (ACPN's counterpart), by API, or by ourselves."""

    CONSOLE = "console", _("Console")
    API = "api", _("API")
    CUSTOMER = "customer", _("Customer")
    SYSTEM = "system", _("System")


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or program behind an action.

    `operator_uid` is what records show as Operator: the RAM account UID of a member, or the partner's master UID.
    `contact_email` is the address a customer proved by a code: it opens the accounts whose contact it is, no more.
    """

    role: Role
    channel: Channel
    label: str
    user_pk: int | None = None
    partner_pk: int | None = None
    partner_kind: PartnerKind | None = None
    partner_name: str = ""
    operator_uid: str = ""
    contact_email: str = ""
    request_id: str = ""
    is_authenticated: bool = True

    @property
    def is_operator(self) -> bool:
        return self.role is Role.OPERATOR

    @property
    def is_system(self) -> bool:
        return self.role is Role.SYSTEM


NOBODY = Actor(role=Role.VIEWER, channel=Channel.CONSOLE, label="anonymous", is_authenticated=False)


def who_in_words(label: str, channel: str) -> str:
    """Whoever a record names, for a page: people by their address; our own worker and a customer, whose labels are
    names for logs, in the reader's language."""
    if channel == Channel.SYSTEM:
        return gettext("The console itself")
    return gettext("The customer") if channel == Channel.CUSTOMER else label


def actor_for_membership(membership: Membership, *, channel: Channel = Channel.CONSOLE, request_id: str = "") -> Actor:
    """The actor of a member in one partner; `membership` comes with its user and partner loaded."""
    partner = membership.partner
    return Actor(
        role=Role(membership.role),
        channel=channel,
        label=membership.user.email,
        user_pk=membership.user_id,
        partner_pk=partner.pk,
        partner_kind=PartnerKind(partner.kind),
        partner_name=partner.name,
        operator_uid=membership.ram_uid or partner.master_uid,
        request_id=request_id,
    )


def operator_actor(user: User, *, request_id: str = "") -> Actor:
    """Platform staff: sees every partner, acts for none."""
    return Actor(role=Role.OPERATOR, channel=Channel.CONSOLE, label=user.email, user_pk=user.pk, request_id=request_id)


def system_actor(name: str, *, partner: Partner | None = None) -> Actor:
    """Our own worker or a management command. With `partner`, it sees and acts in that partner only."""
    actor = Actor(role=Role.SYSTEM, channel=Channel.SYSTEM, label=name)
    if partner is None:
        return actor
    return replace(
        actor,
        partner_pk=partner.pk,
        partner_kind=PartnerKind(partner.kind),
        partner_name=partner.name,
        operator_uid=partner.master_uid,
    )
