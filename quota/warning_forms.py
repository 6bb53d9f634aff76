"""Forms of the inbox of warnings: until when and why to snooze, and when mail goes out. The services judge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from partner_console.web import formats
from quota.forms import REASON_CHARACTERS
from quota.models import Mailing

LOCAL = "%Y-%m-%dT%H:%M"


class SnoozeForm(forms.Form):
    """The time is in the reader's zone, whose offset stands in the label."""

    until = forms.DateTimeField(
        input_formats=[LOCAL, "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=LOCAL),
        help_text=_("What is still below then is mailed once. 90 days at most."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2, "data-count": ""}),
        help_text=_("Your colleagues see it with the warning, and it stays in the records."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = timezone.localtime()
        self.fields["until"].label = format_lazy("{} ({})", _("Snooze until"), formats.offset(here))
        self.fields["until"].initial = (here + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)


class MailingForm(forms.Form):
    """When the partner's people get mail about warnings. `zone` is the partner's own."""

    mailing = forms.ChoiceField(label=_("When to send mail"), choices=Mailing.choices, widget=forms.RadioSelect)
    digest_hour = forms.TypedChoiceField(
        choices=[(hour, f"{hour:02}:00") for hour in range(24)],
        coerce=int,
        help_text=_("Only for the daily mail. A day with nothing to tell has none."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["digest_hour"].label = format_lazy("{} ({})", _("Daily mail at"), zone)
