"""The customer's own Available Credit Alert: on, off, how much, to which address; one mail for each crossing."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone, translation
from post_office.models import Email

from linking import services
from linking.contacts import contact_actor
from linking.errors import WrongCode
from linking.models import Termination
from linking.services import settling
from linking.states import TerminationState
from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden, NotFound
from quota import tasks
from quota.errors import NoAlertHere
from quota.models import CreditAccount, CustomerAlert, Warning
from quota.states import EntryKind
from tests.factories import make_account
from tests.linking.test_my import MAILBOX, ask, mailed_code, page, text, woken  # noqa: F401 fixture
from tests.quota.support import move
from uids.models import LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona

D = Decimal
BOOKS = "books@customer.example"


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    acme.contact = "help@acme.example"
    acme.save()
    return make_account(acme, "1792155717328010", email=MAILBOX, quota=D(1000))


@pytest.fixture
def me(client: Client, account: LinkedAccount, woken: None) -> Client:  # noqa: F811 the fixture
    ask(client)
    assert client.post(page("my_code"), {"code": mailed_code()}).status_code == 303
    Email.objects.all().delete()
    return client


def save(client: Client, account: LinkedAccount, **changes: str) -> str:
    data = {"is_on": "on", "amount": "100", "email": MAILBOX, **changes}
    return str(client.post(page("my_alert", account.pk), data)["Location"])


def mails() -> list[Email]:
    """What the customer gets when the worker has done its work, twice over."""
    for _ in range(2):
        for warning in Warning.objects.filter(for_customer=True):
            tasks.send_warning(warning.pk)
            tasks.send_recovery(warning.pk)
        tasks.sweep_warnings()
    return list(Email.objects.exclude(to__contains="alerts@acme.example").order_by("pk"))


def alert_code(address: str) -> str:
    found = re.search(r"^([0-9]{6}) ", Email.objects.filter(to=[address]).latest("pk").subject)
    assert found
    return found.group(1)


def test_on_below_a_hundred_and_one_mail_for_each_crossing(me: Client, account: LinkedAccount) -> None:
    assert save(me, account) == page("my_link", account.pk)
    shown = text(me.get(page("my_link", account.pk)))
    assert "On: a mail goes to kaito@customer.example when less than" in shown

    move(account, EntryKind.USAGE, undeducted="900")
    assert mails() == [], "exactly on it is not below it"
    move(account, EntryKind.USAGE, undeducted="0.000001")
    move(account, EntryKind.USAGE, undeducted="50")
    assert len(mails()) == 1
    move(account, EntryKind.REFUND, deducted="-500")
    move(account, EntryKind.USAGE, undeducted="500")

    first, second = mails()
    assert first.to == second.to == [MAILBOX]
    assert first.subject == "Only 99.999999 USD of your limit is left"


def test_the_mail_says_what_to_do_and_nothing_of_the_partners(me: Client, account: LinkedAccount) -> None:
    save(me, account)
    move(account, EntryKind.USAGE, undeducted="950")

    [mail] = mails()

    for part in (mail.message, mail.html_message):
        assert "1792155717328010" in part
        assert "50.00 USD" in part
        assert "help@acme.example" in part
        assert reverse("linking:my_link", args=[account.pk]) in part
        assert "20 %" not in part
        assert "/uids/" not in part
    assert mail.html_message.count("display:inline-block") == 1


def test_the_partner_is_not_told_of_the_customers_line(me: Client, account: LinkedAccount) -> None:
    save(me, account, amount="900")
    move(account, EntryKind.USAGE, undeducted="150")

    tasks.sweep_warnings()

    assert [mail.to for mail in Email.objects.all()] == [[MAILBOX]]


@pytest.mark.parametrize(("language", "word"), [("zh-hans", "zh-hans"), ("ja", "ja")])
def test_the_mail_speaks_the_language_the_page_spoke(
    me: Client, account: LinkedAccount, language: str, word: str
) -> None:
    with translation.override(language):
        services.save_alert(
            actor=contact_actor(MAILBOX), account_pk=account.pk, is_on=True, amount=D(100), email=MAILBOX,
            language=language,
        )  # fmt: skip
    move(account, EntryKind.USAGE, undeducted="950")

    assert f'<html lang="{word}">' in mails()[0].html_message


def test_below_it_already_the_mail_goes_at_once_and_saving_again_sends_none(me: Client, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="500")
    save(me, account, amount="600")
    save(me, account, amount="600")
    save(me, account, amount="700")

    assert len(mails()) == 1
    assert "Less than that is left now." in text(me.get(page("my_link", account.pk)))


def test_off_is_off_and_on_again_begins_anew(me: Client, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="500")
    save(me, account, amount="600")
    assert len(mails()) == 1
    assert save(me, account, is_on="off", amount="", email="nonsense") == page("my_link", account.pk)
    move(account, EntryKind.USAGE, undeducted="400")
    assert len(mails()) == 1
    assert CustomerAlert.objects.get().amount == 600, "kept for the next time"
    assert 'value="600.00"' in text(me.get(page("my_alert", account.pk)))

    save(me, account, amount="600")
    assert len(mails()) == 2


def test_switched_off_before_the_mail_was_made_none_goes_out(me: Client, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="500")
    save(me, account, amount="600")
    save(me, account, is_on="off")

    assert mails() == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"amount": ""}, "Type an amount."),
        ({"amount": "-5"}, "Enter an amount like"),
        ({"amount": "1.005"}, "at most two decimal places"),
        ({"amount": "99999999999999999999"}, "more than the console can hold"),
        ({"email": ""}, "Type an e-mail address."),
        ({"email": "kaito@"}, "valid email address"),
        ({"is_on": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(
    me: Client, account: LinkedAccount, typed: dict[str, str], said: str
) -> None:
    response = me.post(page("my_alert", account.pk), {"is_on": "on", "amount": "100", "email": MAILBOX, **typed})

    assert response.status_code == 422
    assert said in text(response)
    assert not CustomerAlert.objects.exists()


def test_a_new_address_is_used_once_its_code_was_typed(me: Client, account: LinkedAccount) -> None:
    assert save(me, account, email=BOOKS.upper()) == page("my_alert_code", account.pk)
    asked = text(me.get(page("my_alert_code", account.pk)))
    assert BOOKS in asked
    assert f"the alert goes to {MAILBOX}" in asked
    move(account, EntryKind.USAGE, undeducted="950")
    assert [mail.to for mail in mails()] == [[BOOKS], [MAILBOX]], "the code; the alert meanwhile"

    assert me.post(page("my_alert_code", account.pk), {"code": "000 00x"}).status_code == 422
    done = me.post(page("my_alert_code", account.pk), {"code": f" {alert_code(BOOKS)} "})

    assert done["Location"] == page("my_link", account.pk)
    move(account, EntryKind.REFUND, deducted="-500")
    move(account, EntryKind.USAGE, undeducted="500")
    assert mails()[-1].to == [BOOKS]
    assert me.get(page("my_alert_code", account.pk)).status_code == 303, "nothing waits any more"
    trail = AuditEntry.objects.filter(action__contains="customer_alert_")
    assert trail.count() == 2
    assert all(BOOKS not in str(entry.changes) for entry in trail), "an address can be forgotten, the trail stays"


def test_a_code_fits_five_tries_a_quarter_and_its_own_address(account: LinkedAccount) -> None:
    actor = contact_actor(MAILBOX)

    def wish(email: str) -> None:
        services.save_alert(actor=actor, account_pk=account.pk, is_on=True, amount=D(1), email=email, language="en")

    def prove(code: str) -> None:
        services.prove_address(actor=actor, account_pk=account.pk, code=code)

    wish(BOOKS)
    first = alert_code(BOOKS)
    wish("other@customer.example")
    with pytest.raises(WrongCode):
        prove(first)
    for _ in range(4):
        with pytest.raises(WrongCode):
            prove("x")
    with pytest.raises(WrongCode):
        prove(alert_code("other@customer.example"))
    services.send_alert_code(actor=actor, account_pk=account.pk, language="en")
    fresh = alert_code("other@customer.example")
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False), pytest.raises(WrongCode):
        prove(fresh)
    prove(fresh)

    assert CustomerAlert.objects.get().email == "other@customer.example"


def test_codes_are_not_a_way_to_fill_a_strangers_mailbox(me: Client, account: LinkedAccount) -> None:
    statuses = []
    for n in range(7):
        data = {"is_on": "on", "amount": "100", "email": f"stranger{n}@x.example"}
        statuses.append(me.post(page("my_alert", account.pk), data).status_code)

    assert statuses == [303] * 6 + [429]
    assert Email.objects.count() == 6


def test_saving_again_does_not_send_the_code_again(me: Client, account: LinkedAccount) -> None:
    save(me, account, email=BOOKS)
    save(me, account, email=BOOKS, amount="200")
    assert Email.objects.count() == 1

    me.post(page("my_alert_code_send", account.pk))
    assert Email.objects.count() == 2
    me.post(page("my_alert_keep", account.pk))
    assert me.post(page("my_alert_code_send", account.pk)).status_code == 409
    assert CustomerAlert.objects.get().email == MAILBOX


def test_without_money_of_its_own_the_page_says_who_watches(
    me: Client, account: LinkedAccount, acme: Partner, agency_master: Persona
) -> None:
    master = make_account(acme, quota=D(5))
    LinkedAccount.objects.filter(pk=account.pk).update(trustee=master)
    pays = make_account(agency_master.partner, email=MAILBOX)
    empty = make_account(acme, email=MAILBOX)

    said = {
        account: "held by another account, so its alert is set there",
        pays: "You pay the cloud yourself",
        empty: "No limit was set here yet",
    }
    for one, words in said.items():
        shown = me.get(page("my_alert", one.pk))
        assert words in text(shown)
        assert "<form method" not in text(shown).split("<footer")[0].split("<main")[1]
        assert me.post(page("my_alert", one.pk), {"is_on": "on", "amount": "1", "email": MAILBOX}).status_code == 409
        assert "Turn on the alert" not in text(me.get(page("my_link", one.pk)))
    assert not CustomerAlert.objects.exists()


def test_an_ended_link_has_no_alert(me: Client, account: LinkedAccount) -> None:
    save(me, account)
    LinkedAccount.objects.filter(pk=account.pk).update(relationship=Relationship.TERMINATED)
    move(account, EntryKind.USAGE, undeducted="950")

    assert mails() == []
    assert me.get(page("my_alert", account.pk))["Location"] == page("my_link", account.pk)
    with pytest.raises(NoAlertHere):
        services.save_alert(
            actor=contact_actor(MAILBOX), account_pk=account.pk, is_on=True, amount=D(1), email=MAILBOX, language="en"
        )


def test_only_ones_own(me: Client, acme: Partner, acme_master: Persona) -> None:
    other = make_account(acme, email="other@customer.example", quota=D(5))

    for name in ("my_alert", "my_alert_code"):
        assert me.get(page(name, other.pk)).status_code == 404
    for name in ("my_alert", "my_alert_code", "my_alert_code_send", "my_alert_keep"):
        data = {"is_on": "on", "amount": "1", "email": MAILBOX, "code": "1"}
        assert me.post(page(name, other.pk), data).status_code == 404
    with pytest.raises(NotFound):
        services.prove_address(actor=contact_actor(MAILBOX), account_pk=other.pk, code="1")
    with pytest.raises(Forbidden):
        services.save_alert(
            actor=acme_master.actor, account_pk=other.pk, is_on=True, amount=D(1), email=MAILBOX, language="en"
        )
    assert CreditAccount.objects.get(pk=other.pk).customer_line is None


def test_the_address_is_forgotten_with_the_contact(me: Client, account: LinkedAccount, acme: Partner) -> None:
    save(me, account, email=BOOKS)
    now = timezone.now()
    Termination.objects.create(
        account=account, side="customer", reason="We move.", state=TerminationState.TERMINATED,
        answer_due_at=now, ended_at=now - timedelta(days=91), delete_due_at=now,
    )  # fmt: skip
    LinkedAccount.objects.filter(pk=account.pk).update(relationship=Relationship.TERMINATED)

    settling.delete_due(actor=system_actor("test"))

    assert not CustomerAlert.objects.exists()
    assert CreditAccount.objects.get(pk=account.pk).customer_line is None
