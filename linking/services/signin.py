"""Signing in to /my/ by an e-mailed code, without a password and without telling who is known here.

Asking for a code does the same for every address: one row, one wake-up. Whether anybody gets a mail is found out by
the worker, so neither the page nor the time it takes says. The code fits only in the browser that asked for it, so a
stranger's tries cannot shut the owner of the address out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core import signing
from django.db import transaction
from django.utils import timezone

from linking import limits, tasks, tokens
from linking.contacts import contact_actor, own_accounts
from linking.errors import WrongCode
from linking.models import CustomerCode, CustomerSession
from partner_console.access.policy import Permission, require
from partner_console.errors import DomainError
from partner_console.waking import after_commit
from partner_console.web.mail import queue_mail
from uids.identifiers import clean

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

CODE_VALID = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=1)
CODES_KEPT, SESSIONS_KEPT = timedelta(days=1), timedelta(days=90)
TRIES = 5
BATCH = 100
ASK_SALT = "linking.signin"


@dataclass(frozen=True, slots=True)
class Asked:
    """A code that was asked for: `ticket` is what the browser keeps, `email` where a mail goes if it is known."""

    ticket: str
    email: str


@transaction.atomic
def ask_code(*, email: str, address: str, language: str) -> Asked:
    """Ask for a code for this e-mail address, from this network address. Open to everybody.

    Raises `TooManyVisits`, for known and unknown mailboxes alike: 4 within 15 minutes, 12 a day.
    """
    mailbox = email.strip().lower()
    limits.count(
        (limits.CODES_TO_MAILBOX, mailbox),
        (limits.CODES_TO_MAILBOX_A_DAY, mailbox),
        (limits.SIGN_INS_FROM_ADDRESS, address),
    )
    now = timezone.now()
    code = CustomerCode.objects.create(email=mailbox, language=language, sent_at=now, expires_at=now + CODE_VALID)
    after_commit(tasks.send_customer_code, code.pk)
    return Asked(signing.dumps(code.pk, salt=ASK_SALT), mailbox)


@transaction.atomic
def send_customer_code(*, actor: Actor, code_pk: int) -> None:
    """Make and mail one code that was asked for, when its address is somebody's; the worker's part.

    Leaves when it was handled before or its time is over. Earlier codes of the address go on fitting where they were
    asked for.
    """
    require(actor, Permission.LINK_INVITE)
    code = CustomerCode.objects.select_for_update().filter(pk=code_pk, handled_at__isnull=True).first()
    now = timezone.now()
    if code is None or code.expires_at <= now:
        return
    code.handled_at = now
    known = own_accounts(contact_actor(code.email)).select_related("partner").order_by("-linked_at", "-pk").first()
    if known is not None:
        plain = tokens.new_code()
        code.digest = tokens.code_digest(plain, of=_owner(code.pk))
        queue_mail(
            to=code.email,
            template="customer_code",
            context={"code": plain, "email": code.email},
            language=code.language,
            zone=known.partner.time_zone,
            partner_code=known.partner.code,
        )
    code.save(update_fields=["handled_at", "digest"])


def due_codes(*, actor: Actor) -> list[int]:
    """Codes that were asked for and that no worker took up: a lost message."""
    require(actor, Permission.LINK_INVITE)
    waiting = CustomerCode.objects.filter(handled_at__isnull=True, expires_at__gt=timezone.now())
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:BATCH])


def forget_old(*, actor: Actor) -> None:
    """Delete codes after a day and sessions after 90: strangers may have typed anybody's address. No trail is kept."""
    require(actor, Permission.LINK_INVITE)
    now = timezone.now()
    CustomerCode.objects.filter(expires_at__lt=now - CODES_KEPT).delete()
    CustomerSession.objects.filter(ends_at__lt=now - SESSIONS_KEPT).delete()


def sign_in(*, ticket: str, code: str, address: str) -> str:
    """Check a code in the browser that asked for it; returns the key of the new session, for a cookie.

    `WrongCode` says the same whether the code is wrong, old or used, has had 5 tries, or was never sent.
    """
    limits.count((limits.SIGN_INS_FROM_ADDRESS, address))
    result = _try_code(ticket, code)
    if isinstance(result, DomainError):  # raised out here: the count must stay
        raise result
    return result


@transaction.atomic
def _try_code(ticket: str, typed: str) -> str | DomainError:
    pk = _asked_pk(ticket)
    row = CustomerCode.objects.select_for_update().filter(pk=pk).first()
    now = timezone.now()
    is_right = tokens.same(tokens.code_digest(clean(typed), of=_owner(pk)), row.digest if row else "")
    if row is None or row.used_at is not None or row.expires_at <= now or row.failures >= TRIES:
        return WrongCode()
    if not is_right:
        row.failures += 1
        row.save(update_fields=["failures"])
        return WrongCode()
    row.used_at = now
    row.save(update_fields=["used_at"])
    key = tokens.new_token()
    CustomerSession.objects.create(
        email=row.email, digest=tokens.digest(key), started_at=now, ends_at=now + SESSION_LASTS
    )
    return key


def asked_address(ticket: str) -> str:
    """The address this browser asked a code for; "" when it asked for none, or too long ago."""
    row = CustomerCode.objects.filter(pk=_asked_pk(ticket), expires_at__gt=timezone.now()).first()
    return row.email if row else ""


def session_of(key: str) -> CustomerSession | None:
    """The session of this key while it lasts. Reads only: looking at a page does not prolong it."""
    if not key:
        return None
    now = timezone.now()
    rows = CustomerSession.objects.filter(digest=tokens.digest(key), ended_at__isnull=True, ends_at__gt=now)
    return rows.first()


@transaction.atomic
def sign_out(*, actor: Actor, key: str) -> None:
    """End the session of this key; on repeat nothing changes."""
    require(actor, Permission.LINK_OWN)
    mine = CustomerSession.objects.filter(digest=tokens.digest(key), email=actor.contact_email, ended_at__isnull=True)
    mine.update(ended_at=timezone.now())


def _asked_pk(ticket: str) -> int:
    try:
        return int(signing.loads(ticket, salt=ASK_SALT, max_age=CODE_VALID))
    except (signing.BadSignature, TypeError, ValueError):
        return -1


def _owner(pk: int) -> str:
    return f"customer {pk}"
