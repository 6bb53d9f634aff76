"""A form with every kind of field."""

from __future__ import annotations

from django import forms


class EveryField(forms.Form):
    nickname = forms.CharField(
        label="Nickname",
        help_text="Shown in lists beside the UID.",
        widget=forms.TextInput(attrs={"data-max-bytes": "150"}),
    )
    manager = forms.ChoiceField(label="Business manager", choices=[("", "Nobody"), ("a", "Aiko")], required=False)
    remarks = forms.CharField(
        label="Remarks", required=False, max_length=3000, widget=forms.Textarea(attrs={"data-count": "1", "rows": 3})
    )
    policy = forms.ChoiceField(
        label="Shutdown policy",
        choices=[("immediatelyStop", "Stop at once"), ("delayStop", "Stop late"), ("noStop", "Never stop")],
        widget=forms.RadioSelect,
    )
    labels = forms.MultipleChoiceField(
        label="Labels",
        choices=[("vip", "VIP"), ("trial", "Trial")],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    file = forms.FileField(label="File", required=False)
    notify = forms.BooleanField(label="Tell the customer by e-mail", required=False)
