"""Forms of planned changes. They parse; the services judge."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from partner_console.access.models import LANGUAGE_CHOICES
from quota.forms import REASON_CHARACTERS, UntilField, zone_in_words
from quota.services.scheduling import Plan
from uids.models.scheduled import SCHEDULE_CHANGES

CHANGES = [(f"{what.value}:{value}", label) for (what, value), label in SCHEDULE_CHANGES.items()]
HOURS = [
    *[(str(n), ngettext_lazy("%(n)d hour before", "%(n)d hours before", n) % {"n": n}) for n in (1, 4, 24)],
    *[(str(n * 24), ngettext_lazy("%(n)d day before", "%(n)d days before", n) % {"n": n}) for n in (3, 7, 14)],
]


def _reason() -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        max_length=REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2, "data-count": ""}),
        help_text=_("For your own records. The customer does not see it."),
    )


class PlanForm(forms.Form):
    """What, when, until when, who is told, and why."""

    change = forms.ChoiceField(label=_("What to change"), choices=CHANGES)
    starts_at = UntilField(label=_("Begins"))
    ends_at = UntilField(label=_("Ends by itself"), required=False)
    notice = forms.ChoiceField(
        label=_("Tell the customer"), required=False, choices=[("", _("Tell nobody")), *HOURS],
        help_text=_("By mail: what they will notice, from when, and whom to ask."),
    )  # fmt: skip
    notice_email = forms.CharField(
        label=_("Mail to"), required=False, max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    notice_language = forms.ChoiceField(label=_("Language of the mail"), choices=LANGUAGE_CHOICES, required=False)
    reason = _reason()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    confirmed = forms.IntegerField(label=_("Number of accounts"), required=False, widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, fixed: bool = False, only_end: bool = False, has_email: bool = True, **kwargs: Any):
        """`fixed`: an edit, whose switch stays; `only_end`: it is in force, and only its end is ahead."""
        super().__init__(*args, **kwargs)
        zone = zone_in_words()
        self.fields["starts_at"].help_text = zone
        self.fields["ends_at"].help_text = _("%(zone)s Leave it empty and it stays until somebody changes it.") % {
            "zone": zone
        }
        for name in ("notice", "notice_email", "notice_language"):
            self.fields[name].says_optional = False  # type: ignore[attr-defined]
        if not has_email:
            self.fields["notice_email"].help_text = _("No address of this customer is known: type one.")
        if fixed:
            del self.fields["change"], self.fields["confirmed"]
        if only_end:
            for name in ("starts_at", "notice", "notice_email", "notice_language"):
                del self.fields[name]

    def plan(self, **fixed: Any) -> Plan:
        """What was typed, as the service takes it; `fixed` is what an edit leaves as it is."""
        data = self.cleaned_data
        if "change" in data:
            what, _colon, value = data["change"].partition(":")
            fixed |= {"what": what, "value": value}
        hours = int(data["notice"]) if data.get("notice") else None
        given = {name: data[name] for name in ("starts_at", "ends_at") if name in data}
        return Plan(
            **fixed | given,
            notice_hours=hours,
            notice_email=data.get("notice_email", "") if hours else "",
            notice_language=data.get("notice_language", "") if hours else "",
        )


class CancelForm(forms.Form):
    """Why something planned does not come."""

    reason = _reason()
