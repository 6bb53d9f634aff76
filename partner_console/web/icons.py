"""Icons: Lucide's SVG files as markup, rendered once per process and then taken from memory."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django.utils.html import format_html
from lucide.templatetags.lucide import lucide

if TYPE_CHECKING:
    from django.utils.safestring import SafeString


@lru_cache(maxsize=1024)
def icon(name: str, *, label: str = "", css: str = "") -> SafeString:
    """The named Lucide icon as inline SVG, sized by the text around it.

    Hidden from assistive technology unless `label` says what it means. An unknown name raises, so a typing
    error shows in the first test that renders the page.
    """
    classes = f"icon {css}".strip()
    if not label:
        return format_html("{}", lucide(name, size=None, **{"class": classes, "aria-hidden": "true"}))
    svg = lucide(name, size=None, **{"class": classes, "aria-hidden": "true"})
    return format_html('{}<span class="visually-hidden">{}</span>', svg, label)
