"""Forms of batches. They parse; the services judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from linking.services.batches.fields import offered
from partner_console.access.models import LANGUAGE_CHOICES
from partner_console.access.policy import PartnerKind
from partner_console.web.upload_forms import FileOrPasteForm
from uids.states import Environment

if TYPE_CHECKING:
    from django.http import QueryDict

    from linking.models import LinkBatch


class NewBatchForm(FileOrPasteForm):
    """Customers to invite."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].help_text = _(
            "Cells copied from a spreadsheet, or one customer a line: UID, company, e-mail."
        )


class ColumnsForm(forms.Form):
    """For each of our fields the file's column (its index, or nothing), and what rows start with that do not say."""

    DEFAULTS = ("template_pk", "environment", "language", "quota", "note_to_customer")

    template_pk = forms.TypedChoiceField(label=_("Permission template"), coerce=int, empty_value=None, required=False)
    environment = forms.ChoiceField(label=_("Environment"), choices=Environment.choices, initial=Environment.PRODUCTION)
    language = forms.ChoiceField(label=_("Language of the mail and of the customer's pages"), choices=LANGUAGE_CHOICES)
    quota = forms.DecimalField(
        label=_("Starting quota"), required=False, min_value=0, max_digits=12, decimal_places=2, localize=False
    )
    note_to_customer = forms.CharField(
        label=_("Note to the customers"),
        required=False,
        max_length=500,
        help_text=_("Stands in the mail and on the customer's page, in your words."),
        widget=forms.Textarea(attrs={"data-count": "", "rows": 3}),
    )

    def __init__(self, data: QueryDict | None, *, batch: LinkBatch, templates: list[tuple[int, str]]) -> None:
        columns = {f"column-{key}": str(at) for key, at in batch.columns.items()}
        super().__init__(data, initial={"language": batch.partner.language, **batch.defaults, **columns})
        kind = PartnerKind(batch.partner.kind)
        self.fields["template_pk"].choices = templates  # type: ignore[attr-defined]
        if not templates:
            del self.fields["template_pk"]
        if kind is PartnerKind.AGENCY:
            del self.fields["quota"]
        else:
            self.fields["quota"].label = format_lazy("{} ({})", _("Starting quota"), batch.partner.currency)
        choices = [("", _("Not in this file")), *((str(at), name) for at, name in enumerate(batch.headers))]
        self.keys = [field.key for field in offered(kind)]
        for field in offered(kind):
            self.fields[f"column-{field.key}"] = forms.ChoiceField(
                label=field.label, required=field.is_needed, choices=choices
            )

    @property
    def shared(self) -> list[forms.BoundField]:
        """The fields that say what rows start with."""
        return [self[name] for name in self.DEFAULTS if name in self.fields]

    def columns(self) -> dict[str, int]:
        found = {key: self.cleaned_data[f"column-{key}"] for key in self.keys}
        return {key: int(at) for key, at in found.items() if at}

    def defaults(self) -> dict[str, Any]:
        """As JSON keeps them: money as text."""
        values = {name: self.cleaned_data.get(name) for name in self.DEFAULTS}
        if values["quota"] is not None:
            values["quota"] = str(values["quota"])
        return {name: value for name, value in values.items() if value not in ("", None)}


class ReasonForm(forms.Form):
    """The one reason of a bulk withdrawal."""

    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        help_text=_("It stays in the records. The customer does not see it."),
        widget=forms.Textarea(attrs={"rows": 2, "data-count": ""}),
    )
