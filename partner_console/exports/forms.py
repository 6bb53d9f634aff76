"""The choices before an export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partner_console.access.models import LANGUAGE_CHOICES

from .models import FileFormat
from .registry import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

VISIBLE, ALL = "visible", "all"


class ExportForm(forms.Form):
    """Rows, columns, format, language. The choices come with their counts; `spec`, `query` and `pk` go along unseen."""

    scope = forms.ChoiceField(label=_("Rows"), choices=Scope.choices, widget=forms.RadioSelect)
    columns = forms.ChoiceField(
        label=_("Columns"),
        choices=[(VISIBLE, _("As on the screen")), (ALL, _("All"))],
        widget=forms.RadioSelect,
    )
    file_format = forms.ChoiceField(label=_("Format"), choices=FileFormat.choices, widget=forms.RadioSelect)
    language = forms.ChoiceField(
        label=pgettext_lazy("of an exported file", "Language of the file"),
        choices=LANGUAGE_CHOICES,
        widget=forms.RadioSelect,
    )

    def __init__(
        self,
        *args: Any,
        scopes: Sequence[tuple[str, str]] = (),
        columns: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "export-%s"
        if scopes:
            self.fields["scope"].choices = list(scopes)  # type: ignore[attr-defined]
        if columns:
            self.fields["columns"].choices = list(columns)  # type: ignore[attr-defined]

    @property
    def wants_all_columns(self) -> bool:
        return bool(self.cleaned_data["columns"] == ALL)
