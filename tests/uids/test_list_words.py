"""Labels and saved views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from partner_console.access.policy import Role
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden, Invalid, NotFound
from tests.factories import make_account, make_member
from tests.personas import persona_of
from uids import services
from uids.models import Label, SavedView

if TYPE_CHECKING:
    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(as_: Any, acme_master: Persona) -> Client:
    return as_(acme_master)  # type: ignore[no-any-return]


def text_of(response: Any) -> str:
    return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())


def test_a_label_is_created_renamed_and_removed(client: Client, acme: Partner) -> None:
    client.post("/uids/labels/", {"name": "  VIP\t"})
    label = Label.objects.get()
    make_account(acme).labels.add(label)
    client.post(f"/uids/labels/{label.pk}/", {"name": "Key account"})
    asked = client.get(f"/uids/labels/{label.pk}/remove/")
    listed = client.get("/uids/labels/")
    client.post(f"/uids/labels/{label.pk}/remove/")

    assert label.name == "VIP"
    assert "Key account" in text_of(listed)
    assert "taken from 1 account." in text_of(asked)
    assert not Label.objects.exists()
    assert list(
        AuditEntry.objects.filter(action__startswith="uids.label").order_by("pk").values_list("action", flat=True)
    ) == [
        "uids.label.created",
        "uids.label.edited",
        "uids.label.removed",
    ]


@pytest.mark.parametrize("name", ["", "vip", "x" * 41])
def test_a_bad_label_name_is_said_beside_the_field(client: Client, acme: Partner, name: str) -> None:
    Label.objects.create(partner=acme, name="VIP")

    response = client.post("/uids/labels/", {"name": name})

    assert response.status_code == 422
    assert "Please put this right" in text_of(response)
    assert Label.objects.count() == 1


def test_the_same_name_again_records_nothing(acme: Partner, acme_master: Persona) -> None:
    label = Label.objects.create(partner=acme, name="VIP")

    services.rename_label(actor=acme_master.actor, label_pk=label.pk, name="VIP")

    assert not AuditEntry.objects.filter(subject_type="uids.label").exists()


def test_viewers_and_outsiders_change_no_labels(acme: Partner, acme_readonly: Persona, outsider: Persona) -> None:
    label = Label.objects.create(partner=acme, name="VIP")

    with pytest.raises(Forbidden):
        services.create_label(actor=acme_readonly.actor, name="New")
    with pytest.raises(NotFound):
        services.rename_label(actor=outsider.actor, label_pk=label.pk, name="Mine")
    with pytest.raises(NotFound):
        services.remove_label(actor=outsider.actor, label_pk=label.pk)
    assert list(Label.objects.values_list("name", flat=True)) == ["VIP"]


def test_a_saved_view_opens_the_list_and_can_be_shared(client: Client, as_: Any, acme: Partner) -> None:
    make_account(acme, nickname="Seen", country="JP")
    make_account(acme, nickname="Hidden", country="SG")
    shown = client.get("/uids/views/?query=country%3DJP%26sort%3Duid")
    saved = client.post(
        "/uids/views/", {"query": "country=JP&sort=uid", "name": "Japan", "is_shared": "on", "is_default": "on"}
    )
    opened = client.get("/uids/", follow=True)
    colleague = as_(persona_of("colleague", make_member(acme, Role.VIEWER)))

    assert "Country: Japan" in text_of(shown)
    assert saved["Location"] == "/uids/?country=JP&sort=uid"
    assert opened.redirect_chain == [("/uids/?country=JP&sort=uid", 302)]
    assert "Seen" in text_of(opened)
    assert "Hidden" not in text_of(opened)
    assert "Japan" in text_of(colleague.get("/uids/"))


def test_the_same_name_replaces_and_a_new_default_takes_over(acme_master: Persona) -> None:
    services.save_view(actor=acme_master.actor, name="One", query="sort=uid", is_default=True)
    services.save_view(actor=acme_master.actor, name="One", query="sort=-uid", is_default=True)
    services.save_view(actor=acme_master.actor, name="Two", query="q=x", is_default=True)

    views = SavedView.objects.order_by("name").values_list("name", "query", "is_default")
    assert list(views) == [("One", "sort=-uid", False), ("Two", "q=x", True)]


def test_a_view_of_a_bad_query_is_not_kept(client: Client) -> None:
    response = client.post("/uids/views/", {"query": "colour=red", "name": "Red"})

    assert response.status_code == 422
    assert not SavedView.objects.exists()


def test_only_ones_own_view_can_be_removed(client: Client, acme: Partner, acme_master: Persona) -> None:
    other = persona_of("colleague", make_member(acme, Role.VIEWER))
    view = services.save_view(actor=other.actor, name="Theirs", query="", is_shared=True)
    mine = services.save_view(actor=acme_master.actor, name="Mine", query="")

    with pytest.raises(NotFound):
        services.remove_view(actor=acme_master.actor, view_pk=view.pk)
    assert client.get(f"/uids/views/{view.pk}/remove/").status_code == 404
    assert "Only the name is removed" in text_of(client.get(f"/uids/views/{mine.pk}/remove/"))
    client.post(f"/uids/views/{mine.pk}/remove/")
    assert list(SavedView.objects.values_list("name", flat=True)) == ["Theirs"]


@pytest.mark.parametrize(("name", "query"), [(" ", ""), ("Long", "q=" + "x" * 2000)])
def test_a_view_without_name_or_too_long_is_refused(acme_master: Persona, name: str, query: str) -> None:
    with pytest.raises(Invalid):
        services.save_view(actor=acme_master.actor, name=name, query=query)


def test_operators_without_a_partner_keep_no_views(operator: Persona) -> None:
    with pytest.raises(Forbidden):
        services.save_view(actor=operator.actor, name="X", query="")
