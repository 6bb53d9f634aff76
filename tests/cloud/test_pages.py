"""The outbox page, retry, and the operators' simulator."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from partner_console.cloud import services
from partner_console.cloud.models import CloudCommand, CommandState
from partner_console.cloud.simulated import playing
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.models import FaultKind, SimAccount, SimFault, SimInstance, SimPlay
from tests.factories import make_account
from tests.personas import Persona
from uids import services as uids
from uids.states import Control

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from partner_console.access.models import Partner

type_of_sign_in = Callable[[Persona], Client]


@pytest.fixture
def refused(acme_master: Persona, acme: Partner) -> CloudCommand:
    account = make_account(acme, "1792155717328010")
    uids.set_control(
        actor=acme_master.actor, account_pk=account.pk, what=Control.PAYG_FREEZE, value="frozen", reason="late payment"
    )
    simulated.add_fault(operation="freeze", kind=FaultKind.REFUSE, code="3029", message="invalid UID")
    services.send_due(uid=account.uid)
    return CloudCommand.objects.get()


def main(response: object) -> str:
    soup = BeautifulSoup(response.content, "html.parser")  # type: ignore[attr-defined]
    return " ".join(soup.select_one("main").get_text(" ").split())  # type: ignore[union-attr]


def test_orders_stand_with_the_clouds_answer_and_what_to_do(
    refused: CloudCommand, acme_readonly: Persona, outsider: Persona, agency_master: Persona, as_: type_of_sign_in
) -> None:
    url = reverse("cloud:command_list")

    text = main(as_(acme_readonly).get(url))

    for shown in (
        refused.uid,
        "Freeze PAYG",
        "Refused by the cloud",
        "3029 invalid UID",
        "Check whether the relationship",
    ):
        assert shown in text
    assert refused.uid not in main(as_(outsider).get(url))
    assert as_(agency_master).get(url).status_code == 403


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("q=17921", True),
        ("q=99", False),
        ("state=refused", True),
        ("state=confirmed", False),
        ("operation=freeze", True),
    ],
)
def test_orders_are_found_by_uid_state_and_operation(
    refused: CloudCommand, acme_master: Persona, as_: type_of_sign_in, query: str, *, is_found: bool
) -> None:
    assert (refused.uid in main(as_(acme_master).get(f"/cloud/?{query}"))) is is_found


def test_a_uid_of_letters_is_an_error_not_everything(acme_master: Persona, as_: type_of_sign_in) -> None:
    response = as_(acme_master).get("/cloud/?q=abc")

    assert response.status_code == 422
    assert "A UID is made of digits." in main(response)


def test_a_retry_comes_back_here_and_nowhere_else(
    refused: CloudCommand, acme_master: Persona, as_: type_of_sign_in
) -> None:
    url = reverse("cloud:command_retry", args=[refused.pk])

    response = as_(acme_master).post(url, {"next": "https://evil.example/"})

    assert (response.status_code, response.headers["Location"]) == (303, "/cloud/")
    refused.refresh_from_db()
    assert refused.state == CommandState.QUEUED
    again = as_(acme_master).post(url)
    assert again.status_code == 409
    assert "needs no retry" in main(again)


def test_only_who_may_retries(
    refused: CloudCommand, acme_readonly: Persona, outsider: Persona, as_: type_of_sign_in
) -> None:
    url = reverse("cloud:command_retry", args=[refused.pk])

    assert as_(acme_readonly).post(url).status_code == 403
    assert as_(outsider).post(url).status_code == 404
    assert as_(acme_readonly).get(url).status_code == 405
    refused.refresh_from_db()
    assert refused.state == CommandState.REFUSED


def test_the_simulator_is_the_operators(
    operator: Persona, acme_master: Persona, as_: type_of_sign_in, settings: Settings
) -> None:
    url = reverse("cloud:simulator")

    assert as_(acme_master).get(url).status_code == 403
    assert as_(operator).get(url).status_code == 200
    settings.CLOUD_PORT = "partner_console.cloud.alibaba.adapter.AlibabaCloud"
    assert as_(operator).get(url).status_code == 404


def test_an_operator_lets_a_customer_consume_and_pay(operator: Persona, acme: Partner, as_: type_of_sign_in) -> None:
    account = make_account(acme, quota=Decimal(100))
    client, url = as_(operator), reverse("cloud:simulator_event")

    response = client.post(url, {"uid": account.uid, "event": "usage", "amount": "30.5"}, follow=True)
    client.post(url, {"uid": account.uid, "event": "settle", "amount": "10"})
    client.post(url, {"uid": account.uid, "event": "refund", "amount": "1"})

    assert "30.500000" in main(response)
    known = SimAccount.objects.get(uid=account.uid)
    assert (known.amount, known.deducted, known.undeducted) == (Decimal(100), Decimal(9), Decimal("20.5"))
    assert known.partner_uid == acme.master_uid


def yes(_uid: str, _kind: str, _price: Decimal) -> tuple[bool, str]:
    return True, ""


def no(_uid: str, _kind: str, _price: Decimal) -> tuple[bool, str]:
    return False, "Available Quota is 0: nothing can be bought."


def test_an_operator_orders_as_the_customer_and_sees_the_verdict(
    operator: Persona, acme: Partner, as_: type_of_sign_in, settings: Settings
) -> None:
    account = make_account(acme, quota=Decimal(100))
    client, url = as_(operator), reverse("cloud:simulator_instance")
    wanted = {"uid": account.uid, "kind": "payg", "price": "0.5", "term_days": "30", "name": "web-1"}

    settings.SIMULATED_CLOUD_ORDERS = f"{__name__}.no"
    refused = main(client.post(url, wanted, follow=True))
    assert "The customer runs nothing." in refused
    assert "would be refused Available Quota is 0" in refused
    assert "web-1" in main(client.post(url, {**wanted, "put": "1"}, follow=True))

    settings.SIMULATED_CLOUD_ORDERS = f"{__name__}.yes"
    page = main(client.post(url, {**wanted, "kind": "subscription", "name": "db-1", "renews": "on"}, follow=True))
    assert "would go through" in page
    for shown in ("web-1 Pay-as-you-go Running 0.500000 an hour", "db-1 Subscription Running 0.500000 for 30 days"):
        assert shown in page

    instance = SimInstance.objects.get(name="web-1")
    gone = main(client.post(reverse("cloud:simulator_instance_remove", args=[instance.pk]), follow=True))
    assert "web-1" not in gone
    for wrong in ({"price": "0"}, {"kind": "mainframe"}, {"uid": "404"}, {"term_days": "0"}):
        assert client.post(url, {**wanted, **wrong}).status_code == 422


def test_an_operator_lets_time_pass_sees_how_far_it_is_and_cancels(operator: Persona, as_: type_of_sign_in) -> None:
    client, here = as_(operator), reverse("cloud:simulator")
    url = reverse("cloud:simulator_time")
    assert "Next settlement in 24 hours" in main(client.get(here))
    assert client.post(url, {"stretch": "year"}).status_code == 422

    assert client.post(url, {"stretch": "week"}).status_code == 303

    busy = client.get(here).content.decode()
    assert "0 of 168" in busy
    assert f'hx-get="{url}"' in busy
    assert "Let time pass:" not in busy
    assert client.get(url, headers={"HX-Request": "true"}).status_code == 200
    again = client.post(url, {"stretch": "hour"})
    assert (again.status_code, "Time is passing already" in main(again)) == (409, True)
    client.post(reverse("cloud:simulator_time_cancel"))
    playing.play(play_pk=SimPlay.objects.get().pk)
    assert client.get(url, headers={"HX-Request": "true"}).status_code == 286
    assert "Let time pass: 1 week" in main(client.get(here))


@pytest.mark.parametrize(
    "given",
    [
        {"uid": "404", "event": "usage", "amount": "1"},
        {"uid": "", "event": "usage", "amount": "1"},
        {"uid": "1", "event": "usage", "amount": "-1"},
        {"uid": "1", "event": "usage", "amount": "1.0000001"},
        {"uid": "1", "event": "burn", "amount": "1"},
    ],
)
def test_what_cannot_happen_is_said(operator: Persona, as_: type_of_sign_in, given: dict[str, str]) -> None:
    response = as_(operator).post(reverse("cloud:simulator_event"), given)

    assert response.status_code == 422
    assert "Please put this right" in main(response)
    assert not SimAccount.objects.exists()


def test_faults_are_laid_shown_and_cleared(operator: Persona, as_: type_of_sign_in) -> None:
    client, url = as_(operator), reverse("cloud:simulator_fault")

    client.post(url, {"operation": "freeze", "kind": "refuse", "code": "3040", "times": "2"})

    assert "freeze · any account · refuse 3040 × 2" in main(client.get(reverse("cloud:simulator")))
    client.post(url, {"clear": "1"})
    assert not SimFault.objects.filter(remaining__gt=0).exists()
    assert client.post(url, {"operation": "freeze", "kind": "refuse", "times": "0"}).status_code == 422


def test_what_the_cloud_does_not_offer_is_done_by_hand_and_recorded(
    refused: CloudCommand, acme_manager: Persona, acme_finance: Persona, as_: type_of_sign_in
) -> None:
    CloudCommand.objects.update(vendor_code="not_offered", vendor_message="")
    client, url = as_(acme_manager), reverse("cloud:command_by_hand", args=[refused.pk])
    page = client.get(reverse("cloud:command_list")).content.decode()
    assert url in page
    assert reverse("cloud:command_retry", args=[refused.pk]) not in page
    assert as_(acme_finance).post(url, {"note": "x"}).status_code == 403
    assert client.post(url, {"note": " "}).status_code == 422

    assert client.post(url, {"note": "Ticket 4711"}).status_code == 303

    refused.refresh_from_db()
    assert (refused.state, refused.vendor_code, refused.vendor_message) == (
        CommandState.CONFIRMED,
        "by_hand",
        "Ticket 4711",
    )
    assert client.get(url).status_code == 409
    shown = main(client.get(reverse("cloud:command_list")))
    assert "by_hand Ticket 4711" in shown
    assert "Read the cloud's message" not in shown
