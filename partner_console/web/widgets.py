"""Filters drawn without a template per input and option: a menu of them costs microseconds, not a tenth of the page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.html import format_html

from partner_console.web.tables import markup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.safestring import SafeString


def _attributes(attrs: Mapping[str, Any]) -> SafeString:
    given = {name: value for name, value in attrs.items() if value is not None and value is not False}
    return markup("".join(f' {name}="{"" if value is True else escape(str(value))}"' for name, value in given.items()))


class _PlainInput(forms.widgets.Input):
    def render(self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None) -> SafeString:
        own = self.get_context(name, value, dict(attrs or {}))["widget"]
        given = {"type": own["type"], "name": own["name"], "value": own["value"], **own["attrs"]}
        return format_html("<input{}>", _attributes(given))


class PlainText(_PlainInput, forms.TextInput):
    """A line of text."""


class PlainNumber(_PlainInput, forms.NumberInput):
    """A number."""


class PlainCheckbox(_PlainInput, forms.CheckboxInput):
    """One box."""


class PlainSelect(forms.Select):
    """A select; without groups and without several values."""

    def render(self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None) -> SafeString:
        options = [
            f'<option value="{escape(str(key))}"{" selected" if str(key) == str(value or "") else ""}>'
            f"{escape(str(label))}</option>"
            for key, label in self.choices
        ]
        attributes = _attributes(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        return format_html("<select{}>{}</select>", attributes, markup("".join(options)))


class PlainCheckboxes(forms.CheckboxSelectMultiple):
    """Checkboxes in the markup Django's own widget has."""

    def render(self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None) -> SafeString:
        own = self.build_attrs(self.attrs, dict(attrs or {}))
        base, css = escape(str(own.get("id", ""))), escape(str(own.get("class", "")))
        chosen = {str(item) for item in value or ()}
        boxes = [
            f'<div><label for="{base}_{at}"><input type="checkbox" class="{css}" id="{base}_{at}" '
            f'name="{escape(name)}" value="{escape(str(key))}"{" checked" if str(key) in chosen else ""}>'
            f"{escape(str(label))}</label></div>"
            for at, (key, label) in enumerate(self.choices)
        ]
        return format_html('<div id="{}">{}</div>', own.get("id", ""), markup("".join(boxes)))
