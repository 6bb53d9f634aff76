"""Forms of approvals: they parse; the services decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import allows

from .states import When

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

    from .registry import CheckedAction, Description, Rule


class EntryField(forms.CharField):
    """The blind entry: never remembered by the browser, nor corrected on the way."""

    widget = forms.TextInput(
        attrs={"autocomplete": "off", "autocapitalize": "off", "autocorrect": "off", "spellcheck": "false"}
    )

    def __init__(self, described: Description) -> None:
        super().__init__(label=described.blind_label, help_text=described.blind_help, max_length=200)


class DecideForm(forms.Form):
    """What a second person types; which button they pressed is `decision`."""

    decision = forms.ChoiceField(choices=[("approve", ""), ("reject", "")], widget=forms.HiddenInput)
    note = forms.CharField(
        label=_("Note"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed to reject: whoever asked reads it."),
    )

    def __init__(self, data: Any, *, described: Description, is_blind: bool) -> None:
        super().__init__(data)
        if is_blind:
            self.fields["typed"] = EntryField(described)
            self.fields["typed"].required = data is None or data.get("decision") != "reject"
            self.order_fields(["typed", "note"])


class AloneForm(forms.Form):
    """Deciding one's own request."""

    reason = forms.CharField(
        label=_("Why this cannot wait for a second person"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, data: Any, *, described: Description, is_blind: bool) -> None:
        super().__init__(data)
        if is_blind:
            self.fields["typed"] = EntryField(described)
            self.order_fields(["typed", "reason"])


class RuleForm(forms.Form):
    """One rule. Fields an action or a kind of partner does not know are left out."""

    when = forms.ChoiceField(label=_("Ask for a second person"), choices=When.choices, widget=forms.RadioSelect)
    amount_from = forms.DecimalField(
        max_digits=14,
        decimal_places=2,
        min_value=0,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    is_for_sensitive = forms.BooleanField(required=False)
    is_for_sandbox = forms.BooleanField(label=_("For sandbox accounts too"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, actor: Actor, checked: CheckedAction, rule: Rule, version: int, unit: str) -> None:
        names = ("when", "amount_from", "is_for_sensitive", "is_for_sandbox")
        super().__init__(data, initial={name: getattr(rule, name) for name in names} | {"version": version})
        if checked.amount_label and (not checked.amount_permission or allows(actor, checked.amount_permission)):
            self.fields["amount_from"].label = f"{checked.amount_label} ({unit})"
            self.fields["amount_from"].help_text = _("Empty: whatever the amount.")
        else:
            del self.fields["amount_from"]
        if checked.sensitive_label:
            self.fields["is_for_sensitive"].label = checked.sensitive_label
        else:
            del self.fields["is_for_sensitive"]
        if not checked.has_sandbox:
            del self.fields["is_for_sandbox"]
