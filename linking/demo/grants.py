"""The demo's permission templates, and what some customers agreed to: as agreed, drifted, ending, taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from linking.models import Grant
from linking.scopes import Scope
from linking.services import checklist, templates
from linking.services.checking_links import run_checks, start_checks
from partner_console.access.actor import system_actor
from partner_console.cloud.simulated import services as simulated

if TYPE_CHECKING:
    from linking.demo.accounts import Book
    from uids.models import LinkedAccount

SHOWN = 24
MANAGED = (Scope.MANAGE_RESOURCES, Scope.MANAGE_SUPPORT)
# By turns: days until the end (None: no end), what the customer took back, what the cloud allows beyond it.
FATES: tuple[tuple[int | None, tuple[str, ...], tuple[str, ...]], ...] = (
    (None, (), ()),
    (210, (), ()),
    (25, (), ()),
    (120, (Scope.MANAGE_RESOURCES,), ()),
    (None, (), (Scope.BUY,)),
    (6, (), ()),
)


def fill(book: Book) -> list[LinkedAccount]:
    """Two templates beside the default one; the first live customers have grants and a started checklist."""
    managed = templates.create_template(
        actor=book.actor,
        name="Managed service",
        description="We run the customer's infrastructure and answer their tickets.",
        scopes=MANAGED,
        days=365,
    )
    templates.create_template(
        actor=book.actor, name="Reselling", description="We buy what the customer asks for.", scopes=[Scope.BUY]
    )
    version = templates.current_version(managed)
    shown = [account for account in book.accounts if account.is_live][:SHOWN]
    now = timezone.now()
    for number, account in enumerate(shown):
        days, taken_back, beyond = FATES[number % len(FATES)]
        scopes = [scope for scope in version.scopes if scope not in taken_back]
        Grant.objects.create(
            account=account,
            template_version=version,
            scopes=scopes,
            withdrawn=list(taken_back),
            granted_at=account.linked_at,
            ends_at=now + timedelta(days=days) if days else None,
        )
        simulated.override(uid=account.uid, scopes=[*scopes, *beyond])
        start_checks(actor=book.actor, account=account)
        for key in ("identity", "linked")[: number % 3]:
            checklist.tick(actor=book.actor, account_pk=account.pk, key=key)
    return shown


def check(accounts: list[LinkedAccount]) -> None:
    """What the worker would do within a minute; outside of any transaction."""
    for account in accounts:
        run_checks(actor=system_actor("demo"), account_pk=account.pk)
