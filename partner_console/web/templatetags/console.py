"""Template tags of the console (loaded everywhere: settings lists this module as a builtin)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.forms import CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from partner_console.access.policy import Permission, Verdict, allows
from partner_console.web import badges, formats, icons
from partner_console.web.tables import markup

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from django.forms import BoundField
    from django.template import Context
    from django.utils.functional import Promise
    from django.utils.safestring import SafeString

    from partner_console.web.listing import ListPage

register = template.Library()
register.filter("amount", formats.amount)
register.filter("exact", formats.exact_amount)
register.filter("count", formats.count)
register.filter("absolute", formats.absolute)  # for mails and other plain text
register.filter("browser", formats.browser)
register.filter("listed", formats.listed)
register.filter("contact", formats.contact_html)


@register.filter
def at(mapping: dict[str, Any], key: str) -> Any:
    """`{{ data|at:name }}`: the value at a key known only when rendering; empty when there is none."""
    return mapping.get(key, "")


@register.simple_tag
def icon(name: str, *, label: str = "", css: str = "") -> SafeString:
    """`{% icon "snowflake" %}`; give `label` only when no text beside it says the same."""
    return icons.icon(str(name), label=label, css=css)


@register.simple_tag
def status(value: str, label: str | Promise = "") -> SafeString:
    """`{% status account.payg_status account.get_payg_status_display %}`."""
    return badges.status_badge(value, label)


@register.simple_tag
def badge(tone: str, label: str | Promise, icon_name: str = "") -> SafeString:
    """`{% badge "warn" _("Below threshold") %}`; tones: good, info, wait, warn, bad, off."""
    return badges.badge(tone, label, icon_name)


@register.simple_tag
def money(value: Decimal | None, currency: str = "", places: int = 2) -> SafeString:
    """`{% money account.available "USD" %}`: grouped and tabular; an em dash for None."""
    css = "money money-negative" if value is not None and value < 0 else "money"
    text = formats.amount(value, places)
    if not currency or value is None:
        return format_html('<span class="{}">{}</span>', css, text)
    return format_html('<span class="{}">{} <span class="unit">{}</span></span>', css, text, currency)


@register.simple_tag
def sentences(*parts: object) -> str:
    """`{% sentences meaning.means meaning.comes_next %}`: joined as the language does, without the empty."""
    return formats.sentences(*parts)


@register.simple_tag
def figure(value: Decimal | None, currency: str = "") -> SafeString | str:
    """`{% figure credit.available "USD" %}`: a headline figure with every digit it has."""
    return formats.figure_html(value, currency)


@register.simple_tag
def delta(value: Decimal, places: int = 2, *, rising_is_red: bool = True) -> SafeString:
    """`{% delta entry.delta %}`: sign, arrow and colour; `rising_is_red=partner.increase_is_red`."""
    return formats.delta_html(value, places, rising_is_red=rising_is_red)


@register.simple_tag
def when(value: datetime | None, *, exact: bool = False) -> SafeString | str:
    """`{% when entry.at %}` relative with the absolute time on hover; `exact=True` absolute at once."""
    return formats.when_html(value, exact=exact)


@register.simple_tag(takes_context=True)
def can(context: Context, permission: str) -> Verdict:
    """`{% can "quota.edit" as v %}`: truthy, or falsy with `v.reason`. An unknown permission raises."""
    actor = context.get("actor")
    wanted = Permission(permission)
    return allows(actor, wanted) if actor else Verdict(allowed=False, reason=_("Sign in first."))


def _current(context: Context, url: str) -> SafeString | str:
    """The aria-current of a link to `url`: "page" on it, "true" on the pages below it."""
    path = context["request"].path
    if path == url:
        return format_html(' aria-current="{}"', "page")
    return format_html(' aria-current="{}"', "true") if url != "/" and path.startswith(url) else ""


@register.simple_tag(takes_context=True)
def nav_item(
    context: Context, url_name: str, icon_name: str, label: str | Promise, permission: str = "", n: int = 0
) -> SafeString | str:
    """One entry of the sidebar, or nothing when the page does not exist here or the actor may not see it.

    `n` of what waits behind it stands beside it, when there is any.
    """
    try:
        url = reverse(url_name)
    except NoReverseMatch:
        return ""
    if permission and not can(context, permission):
        return ""
    return format_html(
        '<li><a class="nav-item" href="{}"{}>{}<span>{}</span>{}</a></li>',
        url,
        _current(context, url),
        icons.icon(icon_name),
        label,
        format_html(' <span class="nav-count">{}</span>', n) if n else "",
    )


@register.simple_tag(takes_context=True)
def tab(context: Context, url_name: str, label: str | Promise) -> SafeString | str:
    """One tab of `<nav class="tabs">`, or nothing when the page does not exist here."""
    try:
        url = reverse(url_name)
    except NoReverseMatch:
        return ""
    return format_html('<a href="{}"{}>{}</a>', url, _current(context, url), label)


@register.simple_tag
def column_boxes(listed: ListPage[Any]) -> SafeString:
    """The boxes of a list's menu of columns; two dozen of them on every list, so not a template each."""
    return format_html_join(
        "",
        '<div class="field field-check"><input class="form-check-input" type="checkbox" name="columns" value="{0}"'
        ' id="column-{0}"{1}> <label for="column-{0}">{2}</label></div>',
        ((column.key, markup(" checked") if is_on else "", column.label) for column, is_on in listed.column_choices),
    )


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """A form field's widget in our look; Django itself adds aria-describedby and aria-invalid."""
    widget = field.field.widget
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        return field.as_widget()  # Django would put a class on the list around the boxes, too
    if isinstance(widget, CheckboxInput):
        css = "form-check-input"
    elif isinstance(widget, Select):
        css = "form-select"
    else:
        css = "form-control"
    own = widget.attrs.get("class", "")
    invalid = " is-invalid" if field.errors else ""
    seen = field.as_hidden(only_initial=True) if field.field.show_hidden_initial else ""
    return format_html("{}{}", field.as_widget(attrs={"class": f"{css} {own}".strip() + invalid}), seen)


@register.filter
def control_kind(field: BoundField) -> str:
    """How `ui/field.html` arranges a field: check (label behind), choices (a fieldset), file or line."""
    widget = field.field.widget
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        return "choices"
    if isinstance(widget, CheckboxInput):
        return "check"
    return "file" if isinstance(widget, FileInput) else "line"


@register.simple_tag
def counter(field: BoundField) -> SafeString | str:
    """How much of a field's limit is used: `data-max-bytes` on the widget, else the field's `max_length`.

    Nothing for short or unlimited fields. console.js keeps it current; without it the number is that of
    the last page load.
    """
    attrs: dict[str, Any] = field.field.widget.attrs
    max_bytes, max_length = attrs.get("data-max-bytes"), getattr(field.field, "max_length", None)
    limit = max_bytes or (max_length if "data-count" in attrs else None)
    if not limit:
        return ""
    text = str(field.value() or "")
    used = len(text.encode()) if max_bytes else len(text)
    pattern = _("%(used)s of %(limit)s bytes") if max_bytes else _("%(used)s of %(limit)s characters")
    return format_html(
        '<span class="counter" data-counter="{}" data-unit="{}" data-limit="{}" data-pattern="{}">{}</span>',
        field.auto_id,
        "bytes" if max_bytes else "characters",
        limit,
        pattern,
        pattern % {"used": used, "limit": limit},
    )
