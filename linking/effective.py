"""Who can do what once an account is linked: the preview before, the sheet after. Pure (seed 000, "Permissions").

One row for each permission a partner may be given, and one for each thing that follows from the link itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from linking.scopes import GROUPS, Scope, ScopeGroup, complete
from partner_console.access.policy import PartnerKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to do, and whether the partner and the customer can. `scope` is None where no permission decides."""

    what: _StrPromise
    partner: bool
    customer: bool
    note: _StrPromise | str = ""
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Section:
    title: _StrPromise
    rows: tuple[Row, ...]


_NOTES: dict[Scope, _StrPromise] = {
    Scope.MANAGE_RESOURCES: _("What the partner creates runs in the customer's account and is billed like the rest."),
    Scope.BUY: _("The partner places orders in the customer's account, within the quota."),
}
_PAYING = _("Pay the cloud")
_SIGNING_IN = Row(
    _("Sign in as the customer"),
    partner=False,
    customer=True,
    note=_("No password and no key changes hands. The partner acts under its own name."),
)
_TAKING_BACK = Row(
    _("Take permissions back"),
    partner=False,
    customer=True,
    note=_("All but “See bills”, at any time, without asking."),
)
_ENDING = Row(
    _("End the link"),
    partner=True,
    customer=True,
    note=_("Either side asks; the other has 10 days to answer."),
)


def preview(kind: PartnerKind | str, scopes: Iterable[str]) -> list[Section]:
    """What both sides can do with these scopes, for a partner of this kind. Raises ValueError on an unknown scope."""
    given = set(complete(scopes))
    permissions = [
        Section(
            group.label,
            tuple(
                Row(Scope(scope).label, partner=scope in given, customer=True, note=_NOTES.get(scope, ""), scope=scope)
                for scope in GROUPS[group]
            ),
        )
        for group in ScopeGroup
    ]
    return [
        *permissions,
        _money(PartnerKind(kind)),
        Section(_("The link itself"), (_SIGNING_IN, _TAKING_BACK, _ENDING)),
    ]


def _money(kind: PartnerKind) -> Section:
    """An agency's customers pay the cloud themselves and have no quota (design §2)."""
    title = _("Money")
    if kind is PartnerKind.AGENCY:
        return Section(title, (Row(_PAYING, partner=False, customer=True),))
    return Section(
        title,
        (
            Row(_PAYING, partner=True, customer=False, note=_("The customer pays the partner.")),
            Row(
                _("Set how much may be spent (quota)"),
                partner=True,
                customer=False,
                note=_("The customer sees the quota and may set a warning of their own."),
            ),
            Row(_("Freeze pay-as-you-go, forbid purchases"), partner=True, customer=False),
            Row(_("Decide what happens when the quota is used up"), partner=True, customer=False),
        ),
    )
