"""Filters drawn without templates are what Django's own widgets draw."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django import forms
from django.utils.safestring import SafeString

from partner_console.web.widgets import PlainCheckbox, PlainNumber, PlainSelect, PlainText

CHOICES = [("", "Any"), ("a", "<A> & co"), ("b", '"B"')]


def drawn(html: str) -> list[Any]:
    """Tags with their attributes, and the words in between."""
    found = BeautifulSoup(html, "html.parser")
    tags = [(tag.name, {**tag.attrs}) for tag in found.find_all(True)]
    return [tags, [text.strip() for text in found.stripped_strings]]


@pytest.mark.parametrize(
    ("ours", "django", "values"),
    [
        (PlainText(attrs={"list": "x"}), forms.TextInput(attrs={"list": "x"}), [None, "", "5", '<b> & "c"', "海渡"]),
        (PlainNumber(attrs={"min": 0}), forms.NumberInput(attrs={"min": 0}), [None, "-1.50", "x"]),
        (PlainCheckbox(), forms.CheckboxInput(), [None, False, True, "on", "<"]),
        (PlainSelect(choices=CHOICES), forms.Select(choices=CHOICES), [None, "a", "b"]),
    ],
    ids=["text", "number", "checkbox", "select"],
)
@pytest.mark.parametrize("attrs", [{"id": "filter-x", "class": "c"}, {"id": "filter-x", "aria-invalid": "true"}])
def test_drawn_as_django_draws_them(ours: Any, django: Any, values: list[Any], attrs: dict[str, str]) -> None:
    for value in values:
        html = ours.render("x", value, attrs)
        assert isinstance(html, SafeString)
        assert drawn(html) == drawn(django.render("x", value, attrs))
