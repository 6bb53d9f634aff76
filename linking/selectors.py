"""Reads of invitations: staff's begin with what they may see, a customer's with the secret they hold."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking.errors import about_uid
from linking.locks import standing_of
from linking.models import Invitation, InvitationMail, InvitationToken, Termination
from linking.states import LIVE, WITH_CUSTOMER, InvitationState, Standing, progress, turn
from linking.tokens import digest
from partner_console.access.models import Partner
from partner_console.access.policy import Permission, allows, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.errors import NotFound
from uids.identifiers import Recognised, recognise
from uids.lookalikes import Difference, difference, lookalikes
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor


@dataclass(frozen=True, slots=True)
class Visit:
    """What a customer's link opens. `invitation` and `link` are None when no such link was ever sent."""

    token: str
    standing: Standing
    invitation: Invitation | None = None
    link: InvitationToken | None = None


def visit(token: str) -> Visit:
    """Look a link up without changing anything: mail scanners fetch it too."""
    link = (
        InvitationToken.objects.filter(digest=digest(token))
        .select_related("invitation__partner", "invitation__created_by")
        .first()
    )
    if link is None:
        return Visit(token, Standing.UNKNOWN)
    return Visit(token, standing_of(link, link.invitation), link.invitation, link)


def get_invitation(actor: Actor, pk: int) -> Invitation:
    """One invitation of the actor's partner; `NotFound` otherwise."""
    require(actor, Permission.LINK_VIEW)
    get_visible_or_404(Invitation, actor, pk=pk)
    rows = Invitation.objects.visible_to(actor).select_related("partner", "account", "created_by")
    invitation: Invitation = rows.get(pk=pk)
    return invitation


def hides_uid(actor: Actor, invitation: Invitation) -> bool:
    """Whether the UID is kept from this reader: they may have to type it as the second person (design §5)."""
    return (
        invitation.state == InvitationState.AWAITING_CHECK
        and invitation.created_by_id != actor.user_pk
        and bool(allows(actor, Permission.APPROVAL_DECIDE))
    )


def shown_email(actor: Actor, invitation: Invitation) -> str:
    """The e-mail as this reader may see it: without a UID it is what the second person has to type."""
    return "••••••" if not invitation.uid and hides_uid(actor, invitation) else invitation.email


def list_mails(actor: Actor, invitation: Invitation) -> QuerySet[InvitationMail]:
    """The mails about an invitation, newest first, each with the stored mail while that is kept."""
    require(actor, Permission.LINK_VIEW)
    return (
        InvitationMail.objects.visible_to(actor)
        .filter(invitation_id=invitation.pk)
        .select_related("email")
        .prefetch_related("email__logs")
        .order_by("-at", "-pk")
    )


def list_invitations(
    actor: Actor,
    *,
    q: str = "",
    progress_is: Collection[str] = (),
    turn_is: Collection[str] = (),
    state: Collection[str] = (),
    environment: str = "",
    ends_within: str = "",
    older_than: str = "",
    manager: str = "",
    mine: bool = False,
    batch: int | None = None,
) -> QuerySet[Invitation]:
    """Invitations of the actor's partner that match everything asked for, unordered, with who invited.

    `ends_within` and `older_than` are days: of the customer's time to answer, and since the invitation was made.

    States are those pages show: EXPIRED counts from the moment the time is over. `q` finds every word in UID, company,
    e-mail or CRM reference.
    """
    require(actor, Permission.LINK_VIEW)
    rows = Invitation.objects.visible_to(actor).with_shown_state(timezone.now())
    if state:
        rows = rows.filter(shown_state__in=state)
    if progress_is:
        rows = rows.filter(shown_state__in=[one for one in InvitationState if progress(one) in progress_is])
    if turn_is:
        rows = rows.filter(shown_state__in=[one for one in InvitationState if turn(one) in turn_is])
    if environment:
        rows = rows.filter(environment=environment)
    rows = rows.filter(_in_time(ends_within, older_than))
    if manager:
        rows = rows.filter(business_manager=manager)
    if mine:
        rows = rows.filter(created_by_id=actor.user_pk)
    if batch:
        rows = rows.filter(batch_rows__batch_id=batch)
    for word in unicodedata.normalize("NFKC", q).lower().split():
        rows = rows.filter(search__contains=word)
    return rows.select_related("created_by")


def _in_time(ends_within: str, older_than: str) -> Q:
    found = Q()
    if ends_within:
        until = timezone.now() + timedelta(days=int(ends_within))
        found &= Q(shown_state__in=WITH_CUSTOMER, expires_at__lte=until)
    if older_than:
        found &= Q(created_at__lte=timezone.now() - timedelta(days=int(older_than)))
    return found


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A live UID of ours one slip away from the typed one, digit by digit with those that differ marked."""

    typed: str
    account: LinkedAccount

    @property
    def _difference(self) -> Difference:
        return difference(self.typed, self.account.uid)

    @property
    def typed_digits(self) -> list[tuple[str, bool]]:
        return [(digit, at in self._difference.left) for at, digit in enumerate(self.typed)]

    @property
    def known_digits(self) -> list[tuple[str, bool]]:
        return [(digit, at in self._difference.right) for at, digit in enumerate(self.account.uid)]


@dataclass(frozen=True, slots=True)
class UidCheck:
    """What is known about a typed UID before an invitation goes out (design §5)."""

    typed: str
    found: Recognised
    account: LinkedAccount | None = None
    is_own: bool = False
    is_elsewhere: bool = False
    invitation: Invitation | None = None
    lookalikes: tuple[Lookalike, ...] = ()

    @property
    def says(self) -> str:
        return about_uid(self.found)

    @property
    def is_cleaned(self) -> bool:
        return bool(self.found.uid) and self.found.uid != self.typed

    @property
    def is_blocked(self) -> bool:
        is_taken = bool(self.account or self.is_own or self.is_elsewhere or self.invitation)
        return is_taken or not self.found.is_accepted


def check_uid(actor: Actor, text: str) -> UidCheck:
    """Clean and recognise a typed UID, and say what already has it: here, elsewhere (not where), or an invitation."""
    require(actor, Permission.LINK_INVITE)
    found = recognise(text)
    if not found.is_accepted:
        return UidCheck(text, found)
    accounts = LinkedAccount.objects.visible_to(actor).live()
    account = accounts.filter(uid=found.uid).first()
    open_ones = Invitation.objects.visible_to(actor).filter(uid=found.uid, state__in=LIVE)
    similar = lookalikes(found.uid, lambda some: accounts.filter(uid__in=some).values_list("uid", flat=True))
    near = accounts.filter(uid__in=similar).order_by("uid")[:3]
    return UidCheck(
        typed=text,
        found=found,
        account=account,
        is_own=Partner.objects.visible_to(actor).filter(pk=actor.partner_pk, master_uid=found.uid).exists(),
        # Across all partners on purpose: a UID has one live link anywhere; only “here or elsewhere” is told.
        is_elsewhere=account is None and LinkedAccount.objects.live().filter(uid=found.uid).exists(),
        invitation=next((one for one in open_ones if one.current_state is not InvitationState.EXPIRED), None),
        lookalikes=tuple(Lookalike(found.uid, one) for one in near),
    )


def invitations_of(actor: Actor, account: LinkedAccount) -> list[Invitation]:
    """The invitations that made this link, newest first: one, as a rule; none for an account that was imported."""
    require(actor, Permission.LINK_VIEW)
    rows = Invitation.objects.visible_to(actor).filter(account_id=account.pk).select_related("created_by")
    return list(rows.order_by("-pk"))


def get_termination(actor: Actor, uid: str, pk: int) -> Termination:
    """One request to end the relationship with this UID; `NotFound` when it is not the actor's."""
    require(actor, Permission.LINK_VIEW)
    rows = Termination.objects.visible_to(actor).select_related("account__partner", "asked_by", "unlink")
    found: Termination | None = rows.filter(pk=pk, account__uid=uid).first()
    if found is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return found
