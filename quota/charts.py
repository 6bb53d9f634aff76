"""Drawings of quota: SVG made on the server, shown as an image. The figures themselves stand in tables beside it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pygal
from django.utils.translation import gettext as _
from pygal.style import Style

from partner_console.web.formats import amount

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from quota.selectors.daily import History

# pygal looks for plug-ins of its own at every import of anybody's, in a way Python warns of. We have none.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

# The colours of static/console.css. An image knows no variables of its page: it follows the colour scheme of the
# element that shows it.
_INK, _SOFT, _LINE, _QUOTA, _USED = "#19202c", "#535d6c", "#e3e7ed", "#3c50c4", "#b45309"
_DARK = """
  .title, text { fill: #a3adbb !important; }
  .axis .guides, .axis .line { stroke: #2a303a !important; }
  .axis .always_show .guides { stroke: #6d7685 !important; }
  .series.serie-0 .line, .color-0 { stroke: #a9b6ff !important; }
  .series.serie-1 .line, .color-1 { stroke: #f0b45c !important; }
  .color-0 { fill: #a9b6ff !important; }
  .color-1 { fill: #f0b45c !important; }
"""
_CSS = (
    "inline:.series .line { stroke-width: 2.5; fill: none } .serie-1 .line { fill: none }"
    f" @media (prefers-color-scheme: dark) {{ {_DARK} }}"
)
# Wide for desks; on phones a small one, so that its words keep their size.
SIZES = {"wide": (1000, 300), "narrow": (380, 280)}


def draw(history: History, *, size: str) -> bytes:
    """Quota Amount and what was consumed of it at the end of each day, as SVG in the reader's language."""
    width, height = SIZES[size]
    is_narrow = size == "narrow"
    chart = pygal.Line(
        width=width,
        height=height,
        explicit_size=True,
        style=_style(),
        css=["file://style.css", "file://graph.css", _CSS],
        js=[],
        show_dots=False,
        margin=4,
        margin_top=10,
        margin_right=12,
        spacing=12,
        legend_at_bottom=True,
        legend_at_bottom_columns=1 if is_narrow else 2,
        legend_box_size=12,
        truncate_legend=-1,
        show_x_guides=False,
        show_y_guides=True,
        x_label_rotation=0,
        show_minor_x_labels=False,
        x_labels_major_count=3 if is_narrow else 7,
        truncate_label=-1,
        max_scale=5,
        value_formatter=_short,
        include_x_axis=True,
        disable_xml_declaration=False,
        no_prefix=True,
    )
    chart.x_labels = [f"{figures.day:%m-%d}" for figures in history.days]
    # Drawn, not reckoned with: pixels are what these floats become.
    chart.add(_("Quota Amount"), [float(figures.quota) for figures in history.days])
    chart.add(_("Consumed, deducted and undeducted"), [float(figures.consumed) for figures in history.days])
    chart.add_xml_filter(_without_scripts)
    svg: bytes = chart.render()
    return svg


def _without_scripts(root: Element) -> Element:
    """An image runs nothing; pygal writes a description of the chart for its own script all the same."""
    for parent in list(root.iter()):
        for script in parent.findall("script"):
            parent.remove(script)
    return root


def _style() -> Style:
    return Style(
        background="transparent",
        plot_background="transparent",
        foreground=_SOFT,
        foreground_strong=_INK,
        foreground_subtle=_LINE,
        guide_stroke_color=_LINE,
        major_guide_stroke_color=_LINE,
        guide_stroke_dasharray="0",
        major_guide_stroke_dasharray="0",
        colors=(_QUOTA, _USED),
        font_family='system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", sans-serif',
        label_font_size=12,
        major_label_font_size=12,
        legend_font_size=13,
        transition="0s",
    )


def _short(value: float) -> str:
    """12,000 beside an axis; 1.2M where the figures are long."""
    for limit, unit in ((10**12, "T"), (10**9, "G"), (10**6, "M")):
        if abs(value) >= 10 * limit:
            return f"{amount(int(value / limit), 0)}{unit}"
    return amount(int(value), 0) if abs(value) >= 10 or value == int(value) else f"{value:g}"
