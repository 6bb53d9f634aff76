"""The outbox holds links: who may read which."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from post_office.models import Email

from linking.services import invite
from partner_console.access.services import invite_member

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django.fixtures import Settings

    from tests.personas import Persona

OUTBOX = "/outbox/"


@pytest.fixture(autouse=True)
def two_mails(acme_master: Persona, settings: Settings) -> None:
    settings.SHOW_OUTBOX = True
    invite_member(actor=acme_master.actor, email="new@acme.example", role="owner")
    invite(
        actor=acme_master.actor,
        uid="1792155717328010",
        email="it@acorn.example",
        company="Acorn",
        country="SG",
        quota=Decimal(5),
    )


def subjects(client: Client) -> str:
    return client.get(OUTBOX).content.decode()


def test_an_owner_reads_all_of_their_partner(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    page = subjects(as_(acme_master))

    assert "new@acme.example" in page
    assert "it@acorn.example" in page


def test_a_manager_cannot_make_themselves_an_owner_with_somebodys_link(
    acme_manager: Persona, as_: Callable[[Persona], Client]
) -> None:
    client = as_(acme_manager)
    page = subjects(client)

    assert "it@acorn.example" in page
    assert "new@acme.example" not in page
    mail = Email.objects.get(to=["new@acme.example"])
    assert client.get(reverse("web:outbox_mail", args=[mail.pk])).status_code == 404
    assert client.get(reverse("web:outbox_html", args=[mail.pk])).status_code == 404


def test_another_partner_reads_nothing_of_it(outsider: Persona, as_: Callable[[Persona], Client]) -> None:
    page = subjects(as_(outsider))

    assert "No mail yet" in page
    assert "acorn" not in page


def test_where_mail_is_sent_there_is_no_outbox(
    acme_master: Persona, as_: Callable[[Persona], Client], settings: Settings
) -> None:
    settings.SHOW_OUTBOX = False

    assert as_(acme_master).get(OUTBOX).status_code == 404
