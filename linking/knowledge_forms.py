"""What people write into the knowledge base; shape only."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from linking.services.knowledge import TEXT_CHARACTERS


class ArticleForm(forms.Form):
    """`solved_in` names the invitation whose failure was solved, where the page was opened from one."""

    message = forms.CharField(
        label=_("Message of the cloud"),
        required=False,
        max_length=500,
        help_text=_("As it was shown, so that colleagues find it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    cause = forms.CharField(
        label=_("Cause"),
        required=False,
        max_length=TEXT_CHARACTERS,
        help_text=_("Why it came, as far as you know."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    fix = forms.CharField(
        label=_("What to do"),
        max_length=TEXT_CHARACTERS,
        help_text=_("Step by step, for a colleague who sees it for the first time."),
        error_messages={"required": _("Say what to do: without that nobody is helped.")},
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
    solved_in = forms.IntegerField(required=False, widget=forms.HiddenInput)


class NewCodeForm(forms.Form):
    code = forms.RegexField(
        r"^[A-Za-z0-9_.\-]{1,60}$",
        label=_("Code"),
        help_text=_("As the cloud showed it, for example 3029 or Throttling.User."),
        error_messages={"invalid": _("A code has letters, digits, dots, dashes and underscores, 60 at most.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class VoteForm(forms.Form):
    code = forms.CharField(max_length=60)
    helped = forms.TypedChoiceField(choices=[("yes", ""), ("no", "")], coerce=lambda value: value == "yes")
