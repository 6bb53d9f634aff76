"""The form of every page that takes rows from a file or a paste."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partner_console.web.forms import one_of


class FileOrPasteForm(forms.Form):
    """A file, or what was copied from a spreadsheet: one of the two. Pages say in `text`'s help what a line holds."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.tsv,.txt"}),
        help_text=_("An Excel workbook (.xlsx) or CSV, up to 10 MB and 5,000 rows. The first row names the columns."),
    )
    text = forms.CharField(
        label=_("Or paste the rows"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off", "class": "mono"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one_of(self, "file", "text")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and bool(cleaned.get("file")) == bool(str(cleaned.get("text", "")).strip()):
            self.add_error("file", _("Choose a file or paste rows: one of the two."))
        return cleaned
