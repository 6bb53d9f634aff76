"""Forms of imports. They parse; the services judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import PartnerKind
from quota.services.imports.columns import offered

if TYPE_CHECKING:
    from django.http import QueryDict

    from quota.models import AccountImport

ENCODINGS = [
    ("", _("Recognise it")),
    ("utf-8", "UTF-8"),
    ("utf-16", "UTF-16"),
    ("gb18030", _("Chinese (GB 18030, GBK)")),
    ("cp932", _("Japanese (Shift JIS)")),
    ("cp1252", _("Western European (Windows-1252)")),
]


class UploadForm(forms.Form):
    """The file. What is no table is the service's to refuse."""

    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.tsv,.txt"}),
        help_text=_("An Excel workbook (.xlsx) or CSV, up to 30 MB and 100,000 rows. The first row names the columns."),
    )


class RereadForm(forms.Form):
    """How to read the file, when the guess was wrong."""

    encoding = forms.ChoiceField(label=_("Encoding"), required=False, choices=ENCODINGS)
    sheet = forms.ChoiceField(label=_("Sheet"))

    def __init__(self, *, job: AccountImport, sheets: tuple[str, ...]) -> None:
        super().__init__(initial={"encoding": job.encoding, "sheet": job.sheet})
        if job.sheet:
            del self.fields["encoding"]
            self.fields["sheet"].choices = [(name, name) for name in (job.sheet, *sheets)]  # type: ignore[attr-defined]
        else:
            del self.fields["sheet"]


class ColumnsForm(forms.Form):
    """For each of our fields, the file's column: its index, or nothing."""

    def __init__(self, data: QueryDict | None, *, job: AccountImport) -> None:
        super().__init__(data, initial={key: str(at) for key, at in job.columns.items()})
        choices = [("", _("Not in this file")), *((str(at), name) for at, name in enumerate(job.headers))]
        for field in offered(PartnerKind(job.partner.kind)):
            self.fields[field.key] = forms.ChoiceField(label=field.label, required=field.key == "uid", choices=choices)

    def columns(self) -> dict[str, int]:
        return {key: int(at) for key, at in self.cleaned_data.items() if at}
