"""The filters of the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from partner_console.access.actor import Channel
from partner_console.web.listquery import ListFilters

from .actions import Action
from .wording import action_label, hidden_actions

if TYPE_CHECKING:
    from django.http import QueryDict

    from partner_console.access.actor import Actor

# Beyond this a database cannot say whether a subject exists.
LARGEST_PK_DIGITS = 18


# By the beginning of the action's code; the first that fits.
GROUPS = (
    ("access.", _("Partner and members")),
    ("uids.label.", _("Labels and views")),
    ("uids.view.", _("Labels and views")),
    ("uids.", _("Linked accounts")),
    ("quota.import.", _("Imports")),
    ("quota.", _("Quota")),
    ("linking.", _("Links")),
    ("approvals.", _("Approvals")),
    ("exports.", _("Exports")),
    ("", _("Cloud")),
)


def _grouped(hidden: list[str]) -> list[tuple[Any, list[tuple[str, Any]]]]:
    """The actions under the headings of a select."""
    groups: dict[Any, list[tuple[str, Any]]] = {}
    for value, label in Action.choices:
        if value not in hidden:
            heading = next(name for beginning, name in GROUPS if value.startswith(beginning))
            groups.setdefault(heading, []).append((value, label))
    return list(groups.items())


class EntryFilters(ListFilters):
    """`about` and `operation` come from links, not from typing; as chips they can be taken off."""

    q = forms.CharField(label=_("Subject"), required=False, max_length=200, help_text=_("Subject: UID, name, file …"))
    who = forms.CharField(label=_("Who"), required=False, max_length=254)
    reason = forms.CharField(label=_("Text of the reason"), required=False, max_length=200)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    method = forms.MultipleChoiceField(
        label=_("Method"), required=False, choices=Channel.choices, widget=forms.CheckboxSelectMultiple
    )
    action = forms.ChoiceField(label=_("Action"), required=False)
    operation = forms.UUIDField(label=_("Operation"), required=False, widget=forms.HiddenInput)
    about = forms.CharField(
        label=_("Everything about"),
        required=False,
        widget=forms.HiddenInput,
        validators=[RegexValidator(rf"^[a-z_]+\.[a-z]+:[0-9]{{1,{LARGEST_PK_DIGITS}}}$")],
    )

    def __init__(self, data: QueryDict, *, actor: Actor) -> None:
        super().__init__(data, actor=actor)
        self.fields["action"].choices = [("", _("Any")), *_grouped(hidden_actions(actor))]  # type: ignore[attr-defined]

    def in_words(self, name: str, value: Any) -> str:
        return action_label(value) if name == "action" else super().in_words(name, value)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("The period ends before it begins."))
        return cleaned
