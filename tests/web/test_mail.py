"""Mail as it lies in the stored queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from post_office.models import STATUS, Email

from partner_console.web import mail
from tests.factories import make_partner

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from partner_console.access.models import Partner


class Asked:
    """As much of an invitation as its mail reads."""

    email, masked_uid, note_to_customer, expires_at = "a@x.example", "5113••", "", None


@pytest.fixture
def partner(db: None) -> Partner:
    return make_partner("acme", name="Tom & Jerry <Ltd>", contact="{{ 7|add:7 }} {% now 'Y' %}")


def queue(partner: Partner, **given: Any) -> Email:
    """The notice that an account is linked, to somebody."""
    context = {"partner": partner, "invitation": Asked()}
    return mail.queue_mail(**{
        "to": "a@x.example", "template": "invitation_linked", "context": context, "language": "en", **given,
    })  # fmt: skip


def test_a_mail_is_one_stored_row_in_text_and_html(partner: Partner) -> None:
    email = queue(partner, partner_code="acme", headers={"X-Kind": "test"})

    assert Email.objects.get() == email
    assert (email.status, email.to) == (STATUS.queued, ["a@x.example"])
    assert email.subject == "Your cloud account is linked to Tom & Jerry <Ltd>"
    assert "linked to Tom & Jerry <Ltd>." in email.message
    assert "Tom &amp; Jerry &lt;Ltd&gt;" in email.html_message
    assert email.headers is not None
    assert email.headers["Auto-Submitted"] == "auto-generated"
    assert email.headers["X-Kind"] == "test"


def test_what_people_typed_is_never_a_template(partner: Partner) -> None:
    email = queue(partner)

    assert "{{ 7|add:7 }} {% now 'Y' %}" in email.message
    assert "{{ 7|add:7 }}" in email.html_message


def test_a_name_cannot_add_a_header(partner: Partner) -> None:
    partner.name = "Acme\r\nBcc: everybody@x.example"

    assert queue(partner).subject == "Your cloud account is linked to Acme Bcc: everybody@x.example"


def test_the_language_is_the_readers(partner: Partner) -> None:
    assert '<html lang="ja">' in queue(partner, language="ja").html_message


def test_links_lead_to_where_the_console_is_reached(settings: Settings) -> None:
    settings.BASE_URL = "https://console.example/"

    assert mail.absolute_url("web:health") == "https://console.example/health/"


def test_a_mail_needs_an_address(partner: Partner) -> None:
    with pytest.raises(ValueError, match="somebody"):
        queue(partner, to=[])
    with pytest.raises(ValidationError):
        queue(partner, to="not an address")
    assert not Email.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_mail_shares_the_fate_of_its_event_and_a_lost_broker_does_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partner = make_partner("acme")

    def no_broker() -> None:
        raise ConnectionError

    monkeypatch.setattr(mail, "_wake_sender", no_broker)
    with pytest.raises(RuntimeError):
        queue(partner)
    with transaction.atomic():
        queue(partner)
        transaction.set_rollback(True)
    assert not Email.objects.exists()

    with transaction.atomic():
        queue(partner)
    assert Email.objects.count() == 1
