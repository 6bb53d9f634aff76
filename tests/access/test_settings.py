"""The partner's settings, the switcher, profiles, and who may open the platform's pages."""

from __future__ import annotations

import io
from datetime import time
from typing import TYPE_CHECKING

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.urls import reverse

from partner_console.access.models import Membership, Partner
from partner_console.access.policy import Role
from partner_console.audit.models import AuditEntry
from tests.factories import make_partner, make_user

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import Settings

    from tests.personas import Persona

SETTINGS = {
    "name": "Acme Cloud", "contact": "help@acme.example", "domain": "acme.example", "language": "ja",
    "time_zone": "Asia/Tokyo", "alert_recipients": "a@acme.example\nb@acme.example",
    "invitation_days": "21", "increase_is_red": "on", "version": "1",
}  # fmt: skip


def test_an_owner_changes_the_settings(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    response = as_(acme_master).post(reverse("access:partner_edit"), SETTINGS)

    assert response.status_code == 303
    partner = Partner.objects.get(code="acme")
    assert partner.alert_recipients == ["a@acme.example", "b@acme.example"]
    assert (partner.time_zone, partner.invitation_days, partner.version) == ("Asia/Tokyo", 21, 2)
    assert AuditEntry.objects.get(action="access.partner.edited").changes["invitation_days"] == [15, 21]


def test_quiet_hours_are_set_whole_or_not_at_all_and_an_agency_has_none(
    acme_master: Persona, agency_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    client, url = as_(acme_master), reverse("access:partner_edit")
    for hours in ({"quiet_from": "22:00"}, {"quiet_from": "22:00", "quiet_until": "22:00"}):
        assert client.post(url, SETTINGS | hours).status_code == 422

    assert client.post(url, SETTINGS | {"quiet_from": "22:00", "quiet_until": "08:00"}).status_code == 303

    partner = Partner.objects.get(code="acme")
    assert (partner.quiet_from, partner.quiet_until) == (time(22), time(8))
    assert "22:00 – 08:00" in client.get(reverse("access:settings")).content.decode()
    assert "quiet_from" not in as_(agency_master).get(url).content.decode()


def test_two_at_once_see_both_versions(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    client = as_(acme_master)
    client.post(reverse("access:partner_edit"), SETTINGS)

    late = client.post(reverse("access:partner_edit"), {**SETTINGS, "name": "Acme Clouds"})

    assert late.status_code == 409
    page = late.content.decode()
    assert "Acme Clouds" in page
    assert "Now saved" in page
    assert Partner.objects.get(code="acme").name == "Acme Cloud"


@pytest.mark.parametrize(
    ("field", "value"), [("invitation_days", "0"), ("alert_recipients", "not an address"), ("time_zone", "Mars/Base")]
)
def test_bad_settings_come_back_with_what_was_typed(
    acme_master: Persona, as_: Callable[[Persona], Client], field: str, value: str
) -> None:
    response = as_(acme_master).post(reverse("access:partner_edit"), {**SETTINGS, field: value})

    assert response.status_code == 422
    assert "help@acme.example" in response.content.decode()
    assert Partner.objects.get(code="acme").version == 1


def test_one_switches_between_ones_own_partners_only(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    assert acme_master.membership is not None
    second, strange = make_partner("second", name="Second Cloud"), make_partner("strange")
    Membership.objects.create(user=acme_master.membership.user, partner=second, role=Role.VIEWER)
    client = as_(acme_master)

    assert client.post(reverse("access:partner_switch"), {"partner": str(strange.pk)}).status_code == 404
    assert client.post(reverse("access:partner_switch"), {"partner": str(second.pk)}).status_code == 303

    assert "<h1>Second Cloud" in client.get(reverse("web:overview")).content.decode()
    assert client.get(reverse("access:partner_edit")).status_code == 403


def test_after_switching_one_is_not_sent_elsewhere(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    assert acme_master.partner is not None

    response = as_(acme_master).post(
        reverse("access:partner_switch"), {"partner": str(acme_master.partner.pk), "next": "https://evil.example/"}
    )

    assert response["Location"] == "/"


def test_operators_need_a_second_factor_for_the_admin(operator: Persona, as_: Callable[[Persona], Client]) -> None:
    client = as_(operator)
    assert client.get(reverse("admin:index")).status_code == 200

    Authenticator.objects.all().delete()
    response = client.get(reverse("admin:index"))

    assert (response.status_code, response["Location"]) == (302, reverse("mfa_index"))


def test_members_find_no_admin(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    assert as_(acme_master).get(reverse("admin:index"), follow=True).status_code == 403


@pytest.mark.django_db
def test_demo_people_exist_only_in_the_demo(client: Client, settings: Settings) -> None:
    user = make_user("owner@acme.example", is_demo=True)
    given = {"login": user.email, "password": "correct horse battery"}

    settings.DEMO = True
    assert client.post(reverse("account_login"), given).status_code == 302
    settings.DEMO = False

    assert client.get(reverse("web:overview")).status_code == 302, "signed out where there is no demo"
    assert client.post(reverse("account_login"), given).status_code == 200, "and the password opens nothing"


@pytest.mark.django_db
def test_createpartner_makes_the_first_partner_and_owner(tmp_path: Path, client: Client) -> None:
    password = tmp_path / "password"
    password.write_text("a long enough pass phrase\n")

    call_command(
        "createpartner", "globex", name="Globex", kind="reseller", master_uid="5113766248601929",
        owner="Boss@Globex.example", countries="SG,MY", password_file=str(password), verbosity=0,
    )  # fmt: skip

    given = {"login": "boss@globex.example", "password": "a long enough pass phrase"}
    assert client.post(reverse("account_login"), given).status_code == 302
    partner = Partner.objects.get(code="globex")
    assert partner.contract_countries == ["SG", "MY"]
    assert Membership.objects.get(partner=partner).role == "owner"


@pytest.mark.django_db
def test_a_password_nobody_can_type_is_asked_for_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(CommandError, match="--password-file FILE"):
        call_command("createoperator", "ops@console.example")


@pytest.mark.django_db
def test_a_new_operator_can_set_up_the_second_factor_the_admin_asks_for(tmp_path: Path, client: Client) -> None:
    password = tmp_path / "password"
    password.write_text("a long enough pass phrase")
    call_command("createoperator", "Ops@console.example", password_file=str(password), verbosity=0)
    client.post(reverse("account_login"), {"login": "ops@console.example", "password": "a long enough pass phrase"})

    page = client.get(reverse("admin:index"), follow=True)
    assert page.redirect_chain[-1][0] == reverse("mfa_index")
    again = client.get(reverse("mfa_activate_totp"))["Location"]
    client.post(again, {"password": "a long enough pass phrase"})
    assert "otpauth" in client.get(reverse("mfa_activate_totp")).context["totp_url"]


def test_ones_address_is_not_changed_by_a_form(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    response = as_(acme_master).post("/accounts/email/", {"action_add": "", "email": "else@acme.example"})

    assert response["Location"] == reverse("access:profile")


def test_nobody_signs_up_by_themselves(client: Client, db: None) -> None:
    response = client.post(reverse("account_signup"), {"email": "x@example.com", "password1": "a long enough phrase"})

    assert "closed" in response.content.decode().lower()
