"""Mail: one stored row per event, written with the event, sent by the worker (design §4)."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import make_msgid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.template import Context
from django.template.loader import get_template, render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from post_office.models import PRIORITY, STATUS, Email
from post_office.tasks import send_queued_mail

from partner_console.access.policy import Permission, require
from partner_console.audit.actions import Action
from partner_console.audit.services import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from partner_console.access.actor import Actor

PARTNER_HEADER = "X-Console-Partner"
KIND_HEADER = "X-Console-Mail"


def absolute_url(name: str, *args: object) -> str:
    """The address of a named URL as people outside type it, from `settings.BASE_URL`."""
    return f"{settings.BASE_URL.rstrip('/')}{reverse(name, args=args)}"


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """The texts of one mail, as they go out."""

    subject: str
    text: str
    html: str


def render_mail(*, template: str, context: Mapping[str, Any], language: str, zone: str = "") -> RenderedMail:
    """The mail `templates/mail/<template>` in `language`, with times in `zone` (UTC when empty). Sends nothing."""
    with translation.override(language), timezone.override(ZoneInfo(zone or "UTC")):
        subject = _one_line(_plain_text(f"mail/{template}.subject.txt", context))
        full = {
            **context,
            "subject": subject,
            "language": language,
            "base_url": settings.BASE_URL.rstrip("/"),
        }
        text = _plain_text(f"mail/{template}.txt", full).strip() + "\n"
        html = render_to_string(f"mail/{template}.html", full)
    return RenderedMail(subject, text, html)


def queue_mail(
    *,
    to: str | Sequence[str],
    template: str,
    context: Mapping[str, Any],
    language: str,
    headers: Mapping[str, str] | None = None,
    zone: str = "",
    partner_code: str = "",
) -> Email:
    """Store one mail in the caller's transaction and wake the sender after it commits.

    Renders `templates/mail/<template>.subject.txt`, `.txt` and `.html` in `language`, with times in `zone`
    (UTC when empty). `partner_code` says whose mail it is: only that partner's staff find it in the outbox. The texts
    are rendered here, once: what the outbox shows is what goes out, and nothing a customer or a colleague typed is
    ever taken for a template. Raises outside a transaction, for no `to`, and `ValidationError` for an address that
    is none.
    """
    if not transaction.get_connection().in_atomic_block:
        msg = "A mail is stored inside the transaction of the event it tells of."
        raise RuntimeError(msg)
    recipients = [to] if isinstance(to, str) else list(to)
    if not recipients:
        msg = "A mail needs somebody to go to."
        raise ValueError(msg)
    mail = render_mail(template=template, context=context, language=language, zone=zone)
    email = Email(
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=recipients,
        subject=mail.subject[:989],
        message=mail.text,
        html_message=mail.html,
        status=STATUS.queued,
        priority=PRIORITY.medium,
        message_id=make_msgid(domain=urlsplit(settings.BASE_URL).hostname),
        headers={
            "Auto-Submitted": "auto-generated",
            PARTNER_HEADER: partner_code,
            KIND_HEADER: template,
            **(headers or {}),
        },
    )
    email.save()  # validates addresses
    # The row is the queue; a broker that is away only delays the mail until beat comes round (style §12).
    transaction.on_commit(_wake_sender, robust=True)
    return email


@transaction.atomic
def send_again(*, actor: Actor, mail_pks: Sequence[int]) -> int:
    """Queue failed mails anew, with all their attempts; how many. Those that did not fail are left alone."""
    require(actor, Permission.PLATFORM)
    mails = Email.objects.select_for_update().filter(pk__in=mail_pks, status=STATUS.failed).order_by("pk")
    for mail in mails:
        mail.status, mail.number_of_retries, mail.scheduled_time = STATUS.queued, 0, None
        mail.save(update_fields=["status", "number_of_retries", "scheduled_time", "last_updated"])
        record(actor, Action.MAIL_SENT_AGAIN, mail)
    transaction.on_commit(_wake_sender, robust=True)
    return len(mails)


def _wake_sender() -> None:
    send_queued_mail.delay()


def _plain_text(template: str, context: Mapping[str, Any]) -> str:
    """Rendered without HTML escaping: `&` stays `&` in a subject and in the text part."""
    rendered: str = get_template(template).template.render(Context(dict(context), autoescape=False))  # type: ignore[attr-defined]
    return rendered


def _one_line(text: str) -> str:
    """A header holds one line, whatever a name in it contains."""
    return " ".join(text.split())
