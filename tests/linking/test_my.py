"""/my/: signing in by a code tells nobody who is known; inside, only one's own accounts."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from linking import limits, my, services, tasks
from linking.contacts import contact_actor, own_accounts
from linking.errors import WrongCode
from linking.limits import Limit
from linking.models import CustomerCode, CustomerSession, Grant, Termination
from linking.scopes import Scope
from linking.services import terminating
from linking.states import TerminationState
from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden, NotFound
from quota.states import EntryKind
from tests.factories import make_account, make_member, make_partner
from tests.linking.conftest import consent, send
from tests.personas import persona_of
from tests.quota.support import move
from uids.models import LinkedAccount, ScheduledControl
from uids.services import set_control
from uids.states import Control, Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from partner_console.access.models import Partner
    from tests.personas import Persona

MAILBOX = "kaito@customer.example"


def page(name: str, *args: object) -> str:
    return reverse(f"linking:{name}", args=args)


def text(response: object) -> str:
    content: bytes = response.content  # type: ignore[attr-defined]
    return content.decode()


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is there: what is asked for is handled when the request is over."""
    monkeypatch.setattr(services.signin, "after_commit", lambda task, pk: task(pk))


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    return make_account(acme, email=MAILBOX, quota=Decimal(1000))


@pytest.fixture
def granted(account: LinkedAccount) -> LinkedAccount:
    Grant.objects.create(account=account, scopes=["view_bills", "view_resources", "manage_resources", "buy"])
    return account


def ask(client: Client, email: str = MAILBOX) -> HttpResponse:
    return client.post(page("my_sign_in"), {"email": email})  # type: ignore[return-value]


def mailed_code() -> str:
    found = re.search(r"^([0-9]{6}) ", Email.objects.filter(to=[MAILBOX]).latest("pk").subject)
    assert found
    return found.group(1)


@pytest.fixture
def me(client: Client, account: LinkedAccount, woken: None) -> Client:
    """Signed in by the mailed code."""
    ask(client)
    assert client.post(page("my_code"), {"code": mailed_code()})["Location"] == page("my_home")
    return client


def test_the_way_in_and_out(account: LinkedAccount, client: Client, woken: None) -> None:
    assert client.get(page("my_home"))["Location"] == page("my_sign_in")
    assert ask(client, f"  {MAILBOX.upper()} ")["Location"] == page("my_code")
    assert f"If {MAILBOX} is the contact" in text(client.get(page("my_code")))
    inside = client.post(page("my_code"), {"code": mailed_code()})

    cookie = inside.cookies["my_session"]
    assert cookie["httponly"]
    assert (cookie["path"], cookie["samesite"], cookie["max-age"]) == ("/my/", "Lax", 3600)
    assert client.get(page("my_home"))["Location"] == page("my_link", account.pk), "the only one at once"
    assert MAILBOX in text(client.get(page("my_link", account.pk)))
    assert client.post(page("my_sign_out"))["Location"] == page("my_sign_in")
    client.cookies["my_session"] = cookie.value  # a copy of the cookie is worth nothing afterwards
    assert client.get(page("my_link", account.pk))["Location"] == page("my_sign_in")


def test_known_and_unknown_addresses_look_the_same(account: LinkedAccount, woken: None) -> None:
    shown, asked = [], []
    for email in (MAILBOX, "nobody@known.example"):
        client = Client()
        response = ask(client, email)
        asked.append((response.status_code, response["Location"], len(response.cookies["my_ticket"].value) > 0))
        wrong = client.post(page("my_code"), {"code": "000000x"})
        shown.append((wrong.status_code, re.sub(rf"[A-Za-z0-9]{{64}}|{re.escape(email)}", "", text(wrong))))

    assert asked[0] == asked[1]
    assert shown[0] == shown[1]
    assert [mail.to for mail in Email.objects.all()] == [[MAILBOX]]


@pytest.mark.parametrize("lookalike", ["ka\u0131to@customer.example", "kaito@cu\u017ftomer.example"])
def test_a_lookalike_mailbox_is_somebody_elses(account: LinkedAccount, lookalike: str, woken: None) -> None:
    """Upper-cased, “ı” is “I” and “ſ” is “S”: a stranger can own such an address."""
    assert ask(Client(), lookalike)["Location"] == page("my_code")

    assert not Email.objects.exists()
    assert not own_accounts(contact_actor(lookalike)).exists()


def test_asking_does_the_same_work_for_everybody(account: LinkedAccount, client: Client) -> None:
    """Who is known is found out by the worker: the request writes the same rows for each."""
    ask(client)
    ask(Client(), "nobody@known.example")

    assert CustomerCode.objects.filter(handled_at__isnull=True, digest="").count() == 2
    assert not Email.objects.exists()
    for code in CustomerCode.objects.all():
        tasks.send_customer_code(code.pk)
        tasks.send_customer_code(code.pk)
    assert Email.objects.count() == 1, "redelivered messages send nothing"
    assert CustomerCode.objects.filter(handled_at__isnull=False).count() == 2


def test_a_lost_message_is_found_by_the_sweep(account: LinkedAccount, client: Client) -> None:
    ask(client)

    tasks.sweep_customers()

    assert client.post(page("my_code"), {"code": mailed_code()})["Location"] == page("my_home")


def test_five_tries_then_even_the_right_code_is_wrong(account: LinkedAccount, client: Client, woken: None) -> None:
    ask(client)
    for _ in range(5):
        assert client.post(page("my_code"), {"code": "x"}).status_code == 422
    assert client.post(page("my_code"), {"code": mailed_code()}).status_code == 422
    assert not CustomerSession.objects.exists()

    ask(client)
    assert client.post(page("my_code"), {"code": mailed_code()}).status_code == 303


def test_a_code_is_good_once_for_a_quarter_and_in_its_own_browser(account: LinkedAccount, woken: None) -> None:
    asked = services.ask_code(email=MAILBOX, address="192.0.2.1", language="en")
    code = mailed_code()
    strangers = services.ask_code(email="stranger@x.example", address="192.0.2.2", language="en")

    for ticket in (strangers.ticket, "forged", ""):
        with pytest.raises(WrongCode):
            services.sign_in(ticket=ticket, code=code, address="192.0.2.2")
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1), tick=False), pytest.raises(WrongCode):
        services.sign_in(ticket=asked.ticket, code=code, address="192.0.2.1")
    assert services.sign_in(ticket=asked.ticket, code=code, address="192.0.2.1")
    with pytest.raises(WrongCode):
        services.sign_in(ticket=asked.ticket, code=code, address="192.0.2.1")


def test_a_mailbox_and_an_address_are_held_back(
    account: LinkedAccount, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for email in (MAILBOX, "nobody@known.example"):
        seen = [ask(client, email).status_code for _ in range(5)]
        assert seen == [303, 303, 303, 303, 429], "known or not"
    monkeypatch.setattr(limits, "SIGN_INS_FROM_ADDRESS", Limit("few", 1, limits.QUARTER))
    assert [ask(client, f"{n}@x.example").status_code for n in range(2)] == [303, 429]
    response = ask(client, "third@x.example")
    assert "takes a pause until" in text(response)
    assert int(response["Retry-After"]) > 0


def test_the_session_ends_by_itself(me: Client, account: LinkedAccount) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=59), tick=False):
        assert me.get(page("my_link", account.pk)).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert me.get(page("my_link", account.pk)).status_code == 303


def test_old_codes_and_sessions_are_forgotten(me: Client) -> None:
    ask(Client(), "stranger@known.example")
    tasks.sweep_customers()
    assert (CustomerCode.objects.count(), CustomerSession.objects.count()) == (2, 1)

    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        tasks.sweep_customers()
    assert (CustomerCode.objects.count(), CustomerSession.objects.count()) == (0, 1)
    with time_machine.travel(timezone.now() + timedelta(days=91), tick=False):
        tasks.sweep_customers()
    assert not CustomerSession.objects.exists()


def test_forms_are_guarded_against_other_sites(me: Client, account: LinkedAccount) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = me.cookies

    assert strict.post(page("my_leave", account.pk), {"reason": "x"}).status_code == 403
    assert strict.post(page("my_sign_out")).status_code == 403
    assert not Termination.objects.exists()


def test_pages_are_not_kept_and_not_indexed(me: Client, account: LinkedAccount) -> None:
    for response in (me.get(page("my_link", account.pk)), me.get(page("my_sign_in")), Client().get(page("my_home"))):
        assert "no-store" in response["Cache-Control"]
        assert "noindex" in response["X-Robots-Tag"]


OF_ONE_ACCOUNT = (
    "my_link", "my_permissions", "my_leave", "my_ending", "my_reject", "my_stay", "my_receipt", "my_receipt_file",
)  # fmt: skip


@pytest.fixture
def foreign(acme: Partner) -> list[LinkedAccount]:
    """Same partner and another, none of them with this address as its contact."""
    globex = make_partner("globex-two")
    return [
        make_account(acme, email="other@customer.example", quota=Decimal(5)),
        make_account(acme, email="", quota=Decimal(5)),
        make_account(globex, email="kaito@customer.example.evil", quota=Decimal(5)),
        make_account(acme, email=MAILBOX, relationship=Relationship.DELETED),
    ]


def test_an_address_sees_only_the_accounts_it_is_the_contact_of(
    me: Client, account: LinkedAccount, foreign: list[LinkedAccount]
) -> None:
    mine_elsewhere = make_account(make_partner("third"), email=MAILBOX.upper(), quota=Decimal(7))
    home = text(me.get(page("my_home")))

    assert account.uid in home
    assert mine_elsewhere.uid in home
    for other in foreign:
        assert other.uid not in home
        for name in OF_ONE_ACCOUNT:
            assert me.get(page(name, other.pk)).status_code == 404
            if name in ("my_permissions", "my_leave", "my_ending", "my_reject", "my_stay"):
                assert me.post(page(name, other.pk), {"reason": "x", "scopes": "buy"}).status_code == 404
    assert not Termination.objects.exists()
    assert not AuditEntry.objects.filter(channel="customer").exists()


def test_nobody_else_comes_in_by_this_door(account: LinkedAccount, acme_master: Persona, sent: object) -> None:
    for actor in (acme_master.actor, system_actor("x")):
        with pytest.raises(Forbidden):
            own_accounts(actor)
    assert not own_accounts(contact_actor("")).exists()
    assert not own_accounts(services.customer_actor(sent)).exists(), "the link of an invitation is no address proved"  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        my.get_link(contact_actor("other@x.example"), account.pk)


def test_a_customer_actor_passes_no_staff_door(account: LinkedAccount) -> None:
    actor = contact_actor(MAILBOX)

    assert not LinkedAccount.objects.visible_to(actor).exists()
    assert not Termination.objects.visible_to(actor).exists()


def test_the_page_shows_status_limit_contact_and_what_the_partner_may_do(me: Client, granted: LinkedAccount) -> None:
    granted.partner.contact = "Mei Lin, help@acme.example"
    granted.partner.save()

    shown = text(me.get(page("my_link", granted.pk)))

    assert "Your account is linked to Acme Cloud." in shown
    assert "help@acme.example</a>" in shown
    assert "1,000.00" in shown
    assert "Running" in shown
    may, may_not = shown.split("Acme Cloud may not")
    assert "Create, change and stop your resources" in may
    assert "Open and answer support tickets for you" in may_not


def test_a_customer_reads_why_services_stand_still_what_to_pay_and_until_when(
    me: Client, account: LinkedAccount, acme_manager: Persona
) -> None:
    link = page("my_link", account.pk)
    assert "services stopped on" not in text(me.get(link))
    move(account, EntryKind.USAGE, undeducted="1037.20")
    at = timezone.now().replace(microsecond=0)
    LinkedAccount.objects.update(payg_stopped_at=at)
    set_control(
        actor=acme_manager.actor, account_pk=account.pk, what=Control.PAYG_FREEZE, value="frozen", reason="4711"
    )
    made = ScheduledControl.objects.create(
        account=account, partner=account.partner, what=Control.PURCHASE_CONTROL, value="ban", reason="4711",
        starts_at=at + timedelta(days=2), due_at=at + timedelta(days=2), operator="m", operation_id=uuid.uuid4(),
    )  # fmt: skip

    shown = text(me.get(link))
    release = f"{(at + timedelta(days=15)).astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M} UTC+8"
    for words in ("services stopped on", "37.20", release, "paused your pay-as-you-go services", "Only Acme Cloud can"):
        assert words in shown
    assert "4711" not in shown
    assert "cannot order anything new" not in shown
    ScheduledControl.objects.filter(pk=made.pk).update(noticed_at=at, noticed_of=made.due_at)
    LinkedAccount.objects.update(payg_released_at=at, payg_frozen=False)

    shown = text(me.get(link))
    assert "cannot order anything new" in shown
    assert "cannot be brought back" in shown
    assert "paused" not in shown


def test_a_sub_account_does_not_show_its_masters_money(me: Client, account: LinkedAccount) -> None:
    master = make_account(account.partner, email="boss@other.example", quota=Decimal(88_888))
    LinkedAccount.objects.filter(pk=account.pk).update(trustee=master)

    shown = text(me.get(page("my_link", account.pk)))

    assert "held by another account" in shown
    assert "88,888" not in shown
    assert master.uid not in shown


def test_an_agencys_customer_sees_no_limit(client: Client, agency_master: Persona, woken: None) -> None:
    account = make_account(agency_master.partner, email=MAILBOX)
    ask(client)
    client.post(page("my_code"), {"code": mailed_code()})

    assert "Your limit" not in text(client.get(page("my_link", account.pk)))


def test_taking_permissions_back(me: Client, granted: LinkedAccount) -> None:
    assert "See your bills" not in text(me.get(page("my_permissions", granted.pk))).split("<form")[1]
    assert me.post(page("my_permissions", granted.pk), {}).status_code == 422
    assert me.post(page("my_permissions", granted.pk), {"scopes": ["view_bills"]}).status_code == 422
    assert me.post(page("my_permissions", granted.pk), {"scopes": ["view_resources"]}).status_code == 303

    grant = Grant.objects.get(account=granted)
    assert grant.scopes == [Scope.VIEW_BILLS, Scope.BUY], "what may not be seen may not be changed either"
    entry = AuditEntry.objects.filter(channel="customer").latest("pk")
    assert entry.actor_label == MAILBOX
    assert entry.partner_id == granted.partner_id
    assert "Place orders for you" in text(me.get(page("my_permissions", granted.pk)))


def test_leaving_is_asked_for_and_taken_back(me: Client, account: LinkedAccount) -> None:
    assert me.post(page("my_leave", account.pk), {"reason": ""}).status_code == 422
    assert me.post(page("my_leave", account.pk), {"reason": "We move to another partner"}).status_code == 303

    request = Termination.objects.get()
    assert (request.side, request.reason, request.state) == (
        "customer", "We move to another partner", TerminationState.TO_BE_CONFIRMED,
    )  # fmt: skip
    shown = text(me.get(page("my_link", account.pk)))
    assert "You asked to end the link" in shown
    assert me.post(page("my_ending", account.pk)).status_code == 409, "the other side answers"
    assert me.get(page("my_stay", account.pk)).status_code == 200
    assert me.post(page("my_stay", account.pk)).status_code == 303
    account.refresh_from_db()
    assert account.relationship == Relationship.NORMAL


def test_everything_in_the_way_is_said_at_once(me: Client, account: LinkedAccount) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(payg_frozen=True)
    make_account(account.partner, trustee=account)

    shown = text(me.get(page("my_leave", account.pk)))
    refused = me.post(page("my_leave", account.pk), {"reason": "x"})

    assert "The link cannot be ended yet" in shown
    assert "Acme Cloud has frozen pay-as-you-go." in shown
    assert "holds the money of" in shown
    assert "End the financial trusteeship in" in shown, "said to the customer, not about them"
    assert refused.status_code == 409
    assert not Termination.objects.exists()


@pytest.fixture
def asked_by_partner(account: LinkedAccount, acme_master: Persona) -> Termination:
    return terminating.ask(actor=acme_master.actor, account_pk=account.pk, reason="Contract ends")


def test_the_partners_request_is_agreed_to(me: Client, account: LinkedAccount, asked_by_partner: Termination) -> None:
    assert "asks to end the link" in text(me.get(page("my_link", account.pk)))
    assert "Contract ends" in text(me.get(page("my_ending", account.pk)))

    assert me.post(page("my_ending", account.pk)).status_code == 303

    asked_by_partner.refresh_from_db()
    assert asked_by_partner.state == TerminationState.IN_PROCESS
    assert "is being ended" in text(me.get(page("my_link", account.pk)))


def test_the_partners_request_is_rejected_with_a_reason(
    me: Client, account: LinkedAccount, asked_by_partner: Termination
) -> None:
    assert me.post(page("my_reject", account.pk), {}).status_code == 422
    assert me.post(page("my_reject", account.pk), {"reason": "We want to stay"}).status_code == 303

    asked_by_partner.refresh_from_db()
    assert (asked_by_partner.state, asked_by_partner.answer_reason) == (TerminationState.REJECTED, "We want to stay")


def test_the_receipt_of_ones_own_link(client: Client, acme_manager: Persona, woken: None) -> None:
    invitation = send(acme_manager)
    consent(invitation)
    tasks.push_link(invitation.pk)
    invitation.refresh_from_db()
    ask(client)
    client.post(page("my_code"), {"code": mailed_code()})

    shown = text(client.get(page("my_receipt", invitation.account_id)))
    assert invitation.receipt.digest in shown
    assert invitation.uid in shown
    assert client.get(page("my_receipt_file", invitation.account_id)).status_code == 200


def test_an_imported_account_has_no_receipt(me: Client, account: LinkedAccount) -> None:
    response = me.get(page("my_receipt", account.pk))

    assert response.status_code == 404
    assert "not linked through this console" in text(response)


def test_staff_sessions_and_customers_are_apart(
    me: Client, account: LinkedAccount, as_: Callable[[Persona], Client]
) -> None:
    staff = as_(persona_of("other", make_member(account.partner)))
    assert staff.get(page("my_link", account.pk)).status_code == 303, "staff are strangers here"
    assert me.get("/links/").status_code == 302, "and customers there"
    for name, morsel in me.cookies.items():
        staff.cookies[name] = morsel.value
    staff.post(page("my_sign_out"))
    assert staff.get("/links/").status_code == 200, "signing out here ends nothing there"
