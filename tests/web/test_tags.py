"""What the template tags put on a page."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup
from django.template import Context, Template
from django.test import RequestFactory
from lucide import IconDoesNotExist

from partner_console.access.actor import NOBODY
from partner_console.web.badges import LOOKS, TONES, badge, status_badge
from tests.web.gallery.forms import EveryField

if TYPE_CHECKING:
    from tests.personas import Persona


def rendered(source: str, **context: Any) -> BeautifulSoup:
    context.setdefault("request", RequestFactory().get("/uids/42/"))
    return BeautifulSoup(Template(source).render(Context(context)), "html.parser")


def test_an_icon_is_silent_unless_it_has_a_label() -> None:
    silent = rendered('{% icon "snowflake" %}')
    spoken = rendered('{% icon "snowflake" label="Frozen" %}')

    assert silent.svg is not None
    assert silent.svg["aria-hidden"] == "true"
    assert silent.get_text(strip=True) == ""
    assert spoken.get_text(strip=True) == "Frozen"


def test_an_unknown_icon_is_noticed() -> None:
    with pytest.raises(IconDoesNotExist):
        rendered('{% icon "no-such-icon" %}')


@pytest.mark.parametrize("value", [*LOOKS, "never heard of"])
def test_every_state_has_a_word_and_an_icon(value: str) -> None:
    html = BeautifulSoup(status_badge(value, "Word"), "html.parser")

    assert html.get_text(strip=True) == "Word"
    assert html.svg is not None


@pytest.mark.parametrize("tone", TONES)
def test_every_tone_has_an_icon_of_its_own(tone: str) -> None:
    assert "<svg" in badge(tone, "Word")


def test_labels_of_states_are_escaped() -> None:
    assert "<b>" not in status_badge("normal", "<b>")


def test_money_names_its_currency_and_marks_what_is_owed() -> None:
    page = rendered('{% money owed "USD" %}', owed=Decimal("-5"))

    assert page.get_text(" ", strip=True) == "−5.00 USD"
    assert page.select_one(".money-negative") is not None


def test_a_field_ties_its_hint_and_error_to_its_control() -> None:
    form = EveryField({"nickname": ""})

    page = rendered('{% include "ui/field.html" %}', field=form["nickname"])

    control = page.select_one("input")
    assert control is not None
    assert control["aria-invalid"] == "true"
    for described in str(control["aria-describedby"]).split():
        assert page.select_one(f"#{described}") is not None
    assert "This field is required" in page.get_text()


def test_a_byte_counter_counts_bytes_and_a_length_counter_characters() -> None:
    form = EveryField(initial={"nickname": "日本", "remarks": "日本"})

    nickname = rendered('{% include "ui/field.html" %}', field=form["nickname"]).select_one(".counter")
    remarks = rendered('{% include "ui/field.html" %}', field=form["remarks"]).select_one(".counter")

    assert nickname is not None
    assert remarks is not None
    assert nickname.get_text() == "6 of 150 bytes"
    assert remarks.get_text() == "2 of 3000 characters"


def test_the_error_summary_leads_to_each_field() -> None:
    form = EveryField({"nickname": "", "policy": ""})

    page = rendered('{% include "ui/form_errors.html" %}{% include "ui/fields.html" %}', form=form)

    targets = [str(link["href"]) for link in page.select(".error-summary a")]
    assert len(targets) == 2
    assert all(page.select_one(target) is not None for target in targets)


def test_can_says_yes_or_why_not(acme_master: Persona, acme_readonly: Persona) -> None:
    source = '{% can "uid.edit" as v %}{% if v %}yes{% else %}{{ v.reason }}{% endif %}'

    assert rendered(source, actor=acme_master.actor).get_text() == "yes"
    assert "does not include" in rendered(source, actor=acme_readonly.actor).get_text()
    assert rendered(source, actor=None).get_text() == "Sign in first."
    assert rendered(source, actor=NOBODY).get_text() == "Sign in first."


def test_can_refuses_a_permission_that_does_not_exist(acme_master: Persona) -> None:
    with pytest.raises(ValueError, match=r"no\.such"):
        rendered('{% can "no.such" as v %}', actor=acme_master.actor)


def test_the_sidebar_leaves_out_what_does_not_exist_or_is_not_permitted(agency_master: Persona) -> None:
    source = '{% nav_item "no:page" "x" "Nowhere" %}{% nav_item "web:overview" "x" "Quota" "quota.view" %}'

    assert rendered(source, actor=agency_master.actor).get_text(strip=True) == ""


def test_the_sidebar_marks_where_one_is(acme_master: Persona) -> None:
    source = '{% nav_item "access:settings" "x" "Settings" %}{% nav_item "web:overview" "x" "Overview" %}'

    below = rendered(source, actor=acme_master.actor, request=RequestFactory().get("/settings/members/"))
    on_it = rendered(source, actor=acme_master.actor, request=RequestFactory().get("/"))

    assert [link.get("aria-current") for link in below.select("a")] == ["true", None]
    assert [link.get("aria-current") for link in on_it.select("a")] == [None, "page"]


def test_a_refused_action_is_off_and_says_why(acme_readonly: Persona) -> None:
    source = '{% can "quota.edit" as verdict %}{% include "ui/confirm_link.html" with url="/x/" label="Edit" %}'

    page = rendered(source, actor=acme_readonly.actor, icon="", css="")

    assert page.select_one("a") is None
    assert page.select_one("[aria-disabled=true]") is not None
    assert "does not include" in page.get_text()
