"""The knowledge base: every failure has words, what was solved is written up, and people say whether it helped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import translation

from linking import knowledge, services, tasks
from linking.errors import StaleArticle
from linking.known_codes import KNOWN
from linking.models import Invitation, KnowledgeArticle, KnowledgeVote, LinkAttempt
from linking.services.knowledge import vote, write_article
from linking.states import FailureCode, InvitationState
from partner_console.audit.models import AuditEntry
from partner_console.cloud.advice import ADVICE
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.services import send_due
from partner_console.cloud.simulated.models import FaultKind, SimAccount
from partner_console.cloud.simulated.services import add_fault
from partner_console.errors import Forbidden, Invalid, NotFound
from tests.factories import make_account
from tests.linking.conftest import UID, consent, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

# agency-api.md §16.6, line by line, with the ranges written out.
OFFICIAL = {
    *map(str, range(1001, 1010)), "1109", *map(str, range(3008, 3018)), "3029", "3030", "3031", "3040", "3041", "3044",
    "3045", "3048", "3049", "3050", "3055", "3056", "3057", "3058", "3060", "3061", "3062", "3063", "3067",
    "IdempotentParameterMismatch",
}  # fmt: skip


def work(invitation: Invitation) -> Invitation:
    tasks.push_link(invitation.pk)
    invitation.refresh_from_db()
    return invitation


@pytest.fixture
def failed(approved: Invitation) -> Invitation:
    add_fault(operation="start_link", kind=FaultKind.REFUSE, code="3040", message="account is in a frozen state")
    return work(approved)


def test_every_code_has_a_cause_and_a_fix_in_every_language() -> None:
    assert OFFICIAL | set(FailureCode.values) <= set(KNOWN)
    # What the orders to the cloud advise on is known here, too; our own two codes of orders aside.
    assert set(ADVICE) - {"figures_moved"} <= set(KNOWN)
    for language in ("en", "zh-hans", "ja"):
        with translation.override(language):
            assert all(str(one.cause) and str(one.fix) for one in KNOWN.values())


def test_a_failed_link_shows_what_is_known(
    failed: Invitation, acme_manager: Persona, as_: Callable[[Persona], Client]
) -> None:
    page = as_(acme_manager).get(reverse("linking:invitation_detail", args=[failed.pk])).content.decode()

    assert "The account is frozen at the cloud" in page
    assert "It helped" in page
    attempt = LinkAttempt.objects.get()
    assert (attempt.code, attempt.round, attempt.asked["uid"]) == ("3040", failed.link_round, UID)


def test_a_code_nobody_knows_has_a_page_all_the_same(
    approved: Invitation, acme_manager: Persona, as_: Callable[[Persona], Client]
) -> None:
    add_fault(operation="start_link", kind=FaultKind.REFUSE, code="9999", message="cursed input")
    work(approved)
    client = as_(acme_manager)

    page = client.get(reverse("linking:knowledge_article", args=["9999"])).content.decode()

    assert "Nobody has written about this code yet." in page
    assert "cursed input" in page
    assert client.get(reverse("linking:knowledge_article", args=["8888"])).status_code == 404


def test_what_was_solved_is_written_up_from_the_difference(
    failed: Invitation, acme_manager: Persona, as_: Callable[[Persona], Client]
) -> None:
    newer = send(acme_manager, company="Kaito Holdings", country="SG")
    consent(newer)
    work(newer)
    assert newer.state in (InvitationState.LINKED, InvitationState.VERIFIED)
    client = as_(acme_manager)

    panel = client.get(reverse("linking:invitation_detail", args=[newer.pk])).content.decode()
    assert "It failed before and works now" in panel
    edit_url = reverse("linking:knowledge_edit", args=["3040"])
    assert f"{edit_url}?invitation={newer.pk}" in panel
    form = client.get(f"{edit_url}?invitation={newer.pk}").context["form"]
    assert "Company: Kaito Trading → Kaito Holdings" in form.initial["fix"]
    assert "Country: JP → SG" in form.initial["fix"]

    answer = client.post(edit_url, {**form.initial, "fix": "Invite the holding company.", "cause": "Wrong company"})

    assert answer.status_code == 303
    article = KnowledgeArticle.objects.get()
    assert (article.solved_by, article.solved_in, article.version) == (acme_manager.user, newer, 1)
    page = client.get(reverse("linking:knowledge_article", args=["3040"])).content.decode()
    assert "Invite the holding company." in page
    assert AuditEntry.objects.filter(action="linking.article.written").count() == 1


def test_a_retry_that_works_says_that_nothing_differed(failed: Invitation, acme_manager: Persona) -> None:
    services.retry(actor=acme_manager.actor, invitation_pk=failed.pk)
    work(failed)

    solved = knowledge.solved_by(acme_manager.actor, failed)

    assert solved is not None
    assert (solved.failed.code, solved.differences) == ("3040", [])
    assert solved.says == "It worked when it was tried again, with nothing changed on our side."
    assert [one.round for one in LinkAttempt.objects.order_by("round")] == [1, 2]


def test_a_link_that_worked_at_once_has_nothing_to_write_up(approved: Invitation, acme_manager: Persona) -> None:
    work(approved)

    assert knowledge.solved_by(acme_manager.actor, approved) is None


def test_a_redelivered_message_writes_no_second_attempt(approved: Invitation) -> None:
    for _time in range(3):
        work(approved)

    assert LinkAttempt.objects.count() == 1


def test_two_who_write_at_once_do_not_overwrite_each_other(
    acme_manager: Persona, acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    write_article(actor=acme_master.actor, code="3029", version=0, fix="Ask for the invoice.")

    with pytest.raises(StaleArticle):
        write_article(actor=acme_manager.actor, code="3029", version=0, fix="Guess.")
    answer = as_(acme_manager).post(reverse("linking:knowledge_edit", args=["3029"]), {"fix": "Guess.", "version": 0})

    assert answer.status_code == 422
    assert "A colleague changed this article" in answer.content.decode()
    assert KnowledgeArticle.objects.get().fix == "Ask for the invoice."


def test_the_same_words_again_change_nothing(acme_manager: Persona) -> None:
    write_article(actor=acme_manager.actor, code="3029", version=0, fix="Ask.")

    again = write_article(actor=acme_manager.actor, code="3029", version=1, fix="Ask.")

    assert again.version == 1
    assert AuditEntry.objects.filter(action="linking.article.written").count() == 1


@pytest.mark.parametrize(("code", "fix", "field"), [("no code!", "x", "code"), ("3029", "  ", "fix")])
def test_an_article_needs_a_code_and_a_fix(acme_manager: Persona, code: str, fix: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        write_article(actor=acme_manager.actor, code=code, version=0, fix=fix)

    assert refused.value.field == field
    assert not KnowledgeArticle.objects.exists()


def test_votes_count_people_and_their_last_word(
    failed: Invitation, acme_manager: Persona, acme_master: Persona
) -> None:
    for persona, helped in ((acme_manager, False), (acme_manager, True), (acme_master, False), (acme_manager, True)):
        vote(actor=persona.actor, invitation_pk=failed.pk, code="3040", helped=helped)

    known = knowledge.known_about(acme_manager.actor, "3040")
    assert (known.n_helped, known.n_votes, known.n_failures) == (1, 2, 1)
    assert KnowledgeVote.objects.count() == 2


def test_a_vote_is_about_a_failure_that_was(failed: Invitation, acme_manager: Persona, acme_readonly: Persona) -> None:
    with pytest.raises(Invalid):
        vote(actor=acme_manager.actor, invitation_pk=failed.pk, code="3029", helped=True)
    with pytest.raises(Forbidden):
        vote(actor=acme_readonly.actor, invitation_pk=failed.pk, code="3040", helped=True)
    assert not KnowledgeVote.objects.exists()


def test_another_partner_sees_neither_words_nor_votes(
    failed: Invitation, acme_manager: Persona, outsider: Persona
) -> None:
    write_article(actor=acme_manager.actor, code="3040", version=0, fix="Our secret way.")
    vote(actor=acme_manager.actor, invitation_pk=failed.pk, code="3040", helped=True)

    known = knowledge.known_about(outsider.actor, "3040")

    assert (known.article, known.n_votes, known.n_failures) == (None, 0, 0)
    with pytest.raises(NotFound):
        vote(actor=outsider.actor, invitation_pk=failed.pk, code="3040", helped=True)
    with pytest.raises(NotFound):
        write_article(actor=outsider.actor, code="3040", version=0, fix="x", solved_in_pk=failed.pk)


def test_search_finds_by_code_message_and_own_words(acme_manager: Persona, as_: Callable[[Persona], Client]) -> None:
    write_article(actor=acme_manager.actor, code="3029", version=0, fix="Look for the pink elephant.")
    client = as_(acme_manager)
    url = reverse("linking:knowledge_list")

    def found(q: str) -> list[str]:
        return [one.code for _topic, rows in client.get(url, {"q": q}).context["groups"] for one in rows]

    assert found("3040") == ["3040"]
    assert found("ENTERPRISE customer") == ["3067"]
    assert found("pink elephant") == ["3029"]
    assert found("no such words") == []
    assert "No code has these words" in client.get(url, {"q": "no such words"}).content.decode()


def test_an_agency_reads_nothing_about_quota(agency_master: Persona, as_: Callable[[Persona], Client]) -> None:
    client = as_(agency_master)

    page = client.get(reverse("linking:knowledge_list")).content.decode()

    assert "3014" not in page
    assert "3040" in page
    assert client.get(reverse("linking:knowledge_article", args=["3014"])).status_code == 404


def test_what_people_write_is_shown_as_text(acme_manager: Persona, as_: Callable[[Persona], Client]) -> None:
    write_article(actor=acme_manager.actor, code="X-1", version=0, fix="<script>alert(1)</script>")

    page = as_(acme_manager).get(reverse("linking:knowledge_article", args=["X-1"])).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_link_another_partner_won_is_undone_at_the_cloud(
    approved: Invitation, outsider: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We were linked at the cloud; before we could write it down, the other partner imported the account."""
    add_fault(operation="link_status", kind=FaultKind.UNAVAILABLE)
    work(approved)
    assert SimAccount.objects.get(uid=UID).partner_uid == approved.partner.master_uid
    make_account(outsider.partner, UID)
    Invitation.objects.filter(pk=approved.pk).update(next_attempt_at=None)

    work(approved)

    assert (approved.state, approved.failure_code) == (InvitationState.FAILED, FailureCode.ALREADY_LINKED)
    order = CloudCommand.objects.get(operation=Operation.UNLINK)
    assert (order.partner, order.uid) == (approved.partner, UID)
    send_due(uid=UID)
    order.refresh_from_db()
    assert order.state == CommandState.CONFIRMED
    assert SimAccount.objects.get(uid=UID).partner_uid == ""
    assert AuditEntry.objects.filter(action="linking.invitation.cloud_link_undone").count() == 1


def test_a_link_of_ones_own_made_meanwhile_is_left_alone(approved: Invitation, acme_manager: Persona) -> None:
    add_fault(operation="link_status", kind=FaultKind.UNAVAILABLE)
    work(approved)
    make_account(acme_manager.partner, UID)
    Invitation.objects.filter(pk=approved.pk).update(next_attempt_at=None)

    work(approved)

    assert approved.failure_code == FailureCode.ALREADY_LINKED
    assert not CloudCommand.objects.filter(operation=Operation.UNLINK).exists()


def test_nobody_is_linked_anew_while_the_unlinking_is_on_its_way(approved: Invitation) -> None:
    CloudCommand.objects.create(
        partner=approved.partner, uid=UID, operation=Operation.UNLINK, topic="link", asked_by="worker"
    )

    work(approved)

    assert (approved.state, approved.attempts) == (InvitationState.APPROVED, 0)
    assert approved.next_attempt_at is not None
    send_due(uid=UID)
    assert work(approved).state in (InvitationState.LINKED, InvitationState.VERIFIED)
