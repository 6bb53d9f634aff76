"""Staff's pages: the list, inviting, one invitation."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from linking import services, tasks
from linking.models import Invitation
from linking.states import DeclineReason, InvitationState
from tests.factories import make_account
from tests.linking.conftest import UID, consent, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

    type_of_door = Callable[[Persona], Client]

NEW = "/links/new/"
TYPED = {
    "uid": "5113 7662 4860 1929",
    "email": "kaito@customer.example",
    "company": "Kaito Trading",
    "language": "en",
    "country": "JP",
    "environment": "production",
    "quota": "1500.00",
    "warning_percent": "20",
    "shutdown_policy": "immediatelyStop",
    "purchase_control": "normal",
}


def page(client: Client, url: str, **kwargs: Any) -> str:
    return client.get(url, **kwargs).content.decode()


def detail(invitation: Invitation, action: str = "") -> str:
    return reverse(f"linking:invitation_{action or 'detail'}", args=[invitation.pk])


def test_inviting_leads_to_the_invitation(acme_manager: Persona, as_: type_of_door) -> None:
    client = as_(acme_manager)

    response = client.post(NEW, TYPED)

    invitation = Invitation.objects.get()
    assert (response.status_code, response["Location"]) == (303, detail(invitation))
    assert "The invitation to kaito@customer.example is on its way." in page(client, detail(invitation))


def test_a_refusal_stands_beside_its_field_and_keeps_what_was_typed(acme_manager: Persona, as_: type_of_door) -> None:
    response = as_(acme_manager).post(NEW, {**TYPED, "uid": "kaito-trading", "quota": "", "remarks": "keep me"})

    text = response.content.decode()
    assert response.status_code == 422
    assert "Please put this right" in text
    assert 'href="#id_quota"' in text
    assert "keep me" in text
    assert "Login name, not a UID." in text, "what was typed as UID is judged again"
    assert not Invitation.objects.exists()


def test_a_rule_of_the_service_is_shown_at_its_field(
    acme_manager: Persona, as_: type_of_door, sent: Invitation
) -> None:
    response = as_(acme_manager).post(NEW, {**TYPED, "email": "other@x.example"})

    assert response.status_code == 422
    assert 'href="#id_uid"' in response.content.decode()
    assert "has an open invitation" in response.content.decode()


def test_what_is_known_of_a_uid_is_said_while_it_is_typed(
    acme_manager: Persona, outsider: Persona, as_: type_of_door, sent: Invitation
) -> None:
    assert acme_manager.partner is not None
    assert outsider.partner is not None
    make_account(acme_manager.partner, "5113766248600001", nickname="Known Ltd")
    make_account(outsider.partner, "5113766248609999", nickname="Secret Ltd")
    client = as_(acme_manager)

    def said(text: str) -> str:
        return page(client, reverse("linking:invitation_uid"), data={"uid": text}, headers={"HX-Request": "true"})

    assert "Login name, not a UID." in said("kaito")
    assert "5113766248601234" in said("5113-7662-4860-1234")
    assert "Already linked to you" in said("5113766248600001")
    type(acme_manager.partner).objects.filter(pk=acme_manager.partner.pk).update(master_uid="5113766248600456")
    assert "This is your own master account" in said("5113766248600456")
    assert "There is an open invitation" in said(UID)
    elsewhere = said("5113766248609999")
    assert "linked elsewhere" in elsewhere
    assert "Globex" not in elsewhere
    assert "Secret" not in elsewhere
    lookalike = said("5113766248600010")
    assert "Known Ltd" in lookalike
    assert lookalike.count("<mark>") == 4
    assert "<html" not in said("")


def test_an_agencys_form_has_no_money(agency_master: Persona, as_: type_of_door) -> None:
    text = page(as_(agency_master), NEW)

    for name in ("quota", "warning_percent", "shutdown_policy", "purchase_control", "business_manager"):
        assert f'name="{name}"' not in text
    assert as_(agency_master).post(NEW, {**TYPED, "quota": "5"}).status_code == 303, "what is not asked is not taken"
    assert Invitation.objects.get().quota is None


def test_inviting_anew_proposes_what_was_asked_before(
    acme_manager: Persona, as_: type_of_door, outsider: Persona
) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=16), tick=False):
        old = send(acme_manager, remarks="Large customer", warning_percent=35)

    text = page(as_(acme_manager), f"{NEW}?from={old.pk}")

    assert "Large customer" in text
    assert 'value="35"' in text
    assert as_(outsider).get(f"{NEW}?from={old.pk}").status_code == 404


def test_the_list_shows_turn_and_states_in_the_seeds_words(acme_manager: Persona, as_: type_of_door) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=16), tick=False):
        send(acme_manager, uid="7113766248601929", email="e@x.example", company="Expired Pte")
    send(acme_manager, company="Waiting KK")
    declined = send(acme_manager, uid="6113766248601929", email="d@x.example", company="Declined Ltd")
    services.decline(
        actor=services.customer_actor(declined), token=declined.fresh_token, code=DeclineReason.TERMS, reason=""
    )
    client = as_(acme_manager)

    text = page(client, "/links/")
    assert all(name in text for name in ("Waiting KK", "Expired Pte", "Declined Ltd", "Pending", "Failed"))

    def found(query: str) -> set[str]:
        shown = page(client, f"/links/?{query}")
        return {name for name in ("Waiting KK", "Expired Pte", "Declined Ltd") if name in shown}

    assert found("turn=customer") == {"Waiting KK"}
    assert found("progress=failed") == {"Expired Pte", "Declined Ltd"}
    assert found("state=expired") == {"Expired Pte"}, "expired by the clock, before any worker"
    assert found("q=declined") == {"Declined Ltd"}
    assert found("q=51137662") == {"Waiting KK"}
    assert found("q=ｗａｉｔｉｎｇ") == {"Waiting KK"}
    assert client.get("/links/?state=nonsense").status_code == 422


def test_the_empty_list_says_what_to_do(acme_manager: Persona, acme_readonly: Persona, as_: type_of_door) -> None:
    assert NEW in page(as_(acme_manager), "/links/")
    viewers = page(as_(acme_readonly), "/links/")
    assert "Nobody was invited yet" in viewers
    assert NEW not in viewers


def test_the_page_of_an_invitation_tells_what_happens_next(
    acme_manager: Persona, sent: Invitation, as_: type_of_door
) -> None:
    client = as_(acme_manager)

    text = page(client, detail(sent))

    assert "The customer has the mail and has not opened the link." in text
    assert detail(sent, "resend") in text
    assert detail(sent, "withdraw") in text
    assert "Waiting to be sent" in text
    assert "Invitation sent" in text
    assert sent.fresh_token not in text
    assert "every 3s" not in text
    Invitation.objects.filter(pk=sent.pk).update(state=InvitationState.APPROVED, approved_at=timezone.now())
    fragment = page(client, detail(sent), headers={"HX-Request": "true"})
    assert "every 3s" in fragment
    assert "<html" not in fragment


def test_only_a_link_that_may_still_be_used_has_a_time_until_when(
    acme_manager: Persona, sent: Invitation, as_: type_of_door
) -> None:
    assert "Link valid until" in as_(acme_manager).get(detail(sent)).content.decode()

    consent(sent)
    tasks.push_link(sent.pk)

    assert "Link valid until" not in as_(acme_manager).get(detail(sent)).content.decode()


def test_withdrawing_and_sending_again_ask_first(acme_manager: Persona, sent: Invitation, as_: type_of_door) -> None:
    client = as_(acme_manager)

    assert "stops working at once" in page(client, detail(sent, "withdraw"))
    assert "The link in the earlier mail stops working" in page(client, detail(sent, "resend"))
    assert client.post(detail(sent, "resend")).status_code == 303
    assert sent.mails.count() == 2
    assert client.post(detail(sent, "withdraw"), {"reason": "Mistake"}).status_code == 303
    sent.refresh_from_db()
    assert sent.state == InvitationState.WITHDRAWN
    for action in ("withdraw", "resend"):
        assert client.get(detail(sent, action)).status_code == 409
        assert client.post(detail(sent, action)).status_code == 409
    assert client.post(detail(sent, "retry")).status_code == 409


def test_too_many_mails_say_so_on_the_page(acme_manager: Persona, sent: Invitation, as_: type_of_door) -> None:
    client = as_(acme_manager)
    for _ in range(2):
        client.post(detail(sent, "resend"))

    response = client.post(detail(sent, "resend"), follow=True)

    assert "was sent 3 invitations within a day" in response.content.decode()
    assert sent.mails.count() == 3


def test_a_refused_link_shows_the_clouds_words_and_is_tried_again(
    acme_manager: Persona, approved: Invitation, as_: type_of_door
) -> None:
    Invitation.objects.filter(pk=approved.pk).update(
        state=InvitationState.FAILED, failure_code="3009", failure_message="customerAccount is error"
    )
    client = as_(acme_manager)

    assert "3009: customerAccount is error" in page(client, detail(approved))
    assert client.post(detail(approved, "retry")).status_code == 303
    approved.refresh_from_db()
    assert approved.state == InvitationState.APPROVED


@pytest.mark.parametrize("action", ["", "withdraw", "resend", "retry"])
def test_another_partners_invitation_is_404_and_a_viewer_may_not_act(
    outsider: Persona, acme_readonly: Persona, sent: Invitation, as_: type_of_door, action: str
) -> None:
    url = detail(sent, action)
    ask = "post" if action == "retry" else "get"

    assert getattr(as_(outsider), ask)(url).status_code == 404
    assert getattr(as_(acme_readonly), ask)(url).status_code == (403 if action else 200)
    if action:
        assert as_(outsider).post(url).status_code == 404
        assert as_(acme_readonly).post(url).status_code == 403
    before = sent.version
    sent.refresh_from_db()
    assert (sent.state, sent.version) == (InvitationState.SENT, before)


def test_who_may_not_invite_has_no_form(acme_readonly: Persona, acme_finance: Persona, as_: type_of_door) -> None:
    for persona in (acme_readonly, acme_finance):
        assert as_(persona).get(NEW).status_code == 403
        assert as_(persona).post(NEW, TYPED).status_code == 403
        assert as_(persona).get(reverse("linking:invitation_uid"), {"uid": UID}).status_code == 403
    assert not Invitation.objects.exists()


def test_the_list_costs_the_same_for_two_and_for_twenty(
    acme_manager: Persona, as_: type_of_door, django_assert_max_num_queries: Any
) -> None:
    client = as_(acme_manager)

    def cost() -> int:
        with django_assert_max_num_queries(40) as queries:
            assert client.get("/links/").status_code in (200, 302)
        return len(queries)

    client.get("/links/")
    for n in range(2):
        Invitation.objects.create(partner=acme_manager.partner, company=f"C{n}", email="c@x.example", account_type=2)
    two = cost()
    for n in range(18):
        Invitation.objects.create(partner=acme_manager.partner, company=f"D{n}", email="c@x.example", account_type=2)
    assert cost() == two
