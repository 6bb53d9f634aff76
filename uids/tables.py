"""Columns of the Linked User ID list. Cells that need more than the row are bound to the page by `AccountCells`."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from partner_console.access.policy import Permission, allows
from partner_console.web.countries import country_name
from partner_console.web.formats import NOTHING
from partner_console.web.icons import icon
from partner_console.web.keyset import Sort
from partner_console.web.tables import Column, clipped, money, status, text, when
from quota.states import credit_status
from uids.states import AccountType, Environment, PaygStatus, Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

RELEASE_DAYS = 15  # acpn.md §8: stopped PAYG instances are released after 15 days
_l = gettext_lazy


def _credit(row: LinkedAccount) -> Any:
    """The credit account in force, None when there is none."""
    return getattr(row.in_force, "credit", None)


def _own(row: LinkedAccount) -> Any:
    return None if row.trustee_id else getattr(row, "credit", None)


def uid(row: LinkedAccount) -> str:
    return escape(row.uid)


def payg(row: LinkedAccount) -> str:
    """The status in force; for stopped instances how long until they are released for good."""
    found = row.effective_payg_status
    if found != PaygStatus.STOPPED or row.in_force.payg_stopped_at is None:
        return status(found)
    left = (row.in_force.payg_stopped_at + timedelta(days=RELEASE_DAYS) - timezone.now()).days
    n = max(left, 0)
    note = ngettext("%d day to release", "%d days to release", n) % n
    return f'{status(found)} <span class="soft">{escape(note)}</span>'


def credit(row: LinkedAccount) -> str:
    found = _credit(row)
    if found is None:
        return NOTHING
    master = row.in_force
    return status(credit_status(available=found.available, policy=master.shutdown_policy, overdraft=master.overdraft))


def available(row: LinkedAccount) -> str:
    return money(getattr(_own(row), "available", None))


def amount(row: LinkedAccount) -> str:
    return money(getattr(_own(row), "amount", None))


def warning(row: LinkedAccount) -> str:
    found = _own(row)
    if found is None:
        return NOTHING
    mark = icon("bell", label=_("Below the threshold"), css="alarm") if found.in_alarm else ""
    return f"{mark} {found.warning_percent} %"


def purchase(row: LinkedAccount) -> str:
    return status(row.effective_purchase_control)


def policy(row: LinkedAccount) -> str:
    return status(ShutdownPolicy(row.in_force.shutdown_policy))


def manager(row: LinkedAccount) -> str:
    return text(row.business_manager)


def by_credit(name: str) -> Sort:
    return Sort(f"credit__{name}", tie="credit__pk", is_nullable=True, partner_path="credit__partner")


def labels(row: LinkedAccount) -> str:
    return " ".join(f'<span class="tag">{escape(label.name)}</span>' for label in row.labels.all()) or NOTHING


def master(row: LinkedAccount) -> str:
    return f'<span class="mono">{escape(row.trustee.uid)}</span>' if row.trustee else NOTHING


# An agency has no quota, no controls and no business manager (seed 004 §1): who sees quota is who sees a manager.
CONTROL, QUOTA = Permission.CONTROL_VIEW, Permission.QUOTA_VIEW

COLUMNS = (
    Column("uid", _l("UID"), uid, sort=Sort("uid"), css="stay", is_fixed=True, heads_row=True),
    Column("nickname", _l("Nickname"), lambda row: clipped(row.nickname), sort=Sort("nickname"), css="clip"),
    Column("available", _l("Available Quota"), available, sort=by_credit("available"), css="num", permission=QUOTA),
    Column("amount", _l("Quota Amount"), amount, sort=by_credit("amount"), css="num", permission=QUOTA),
    Column("warning", _l("Warning threshold"), warning, css="num", permission=QUOTA),
    Column("login", _l("Login name"), lambda row: clipped(row.login_name), css="clip", is_shown=False),
    Column("type", _l("Account type"), lambda row: text(AccountType(row.account_type).label), is_shown=False),
    Column("status", _l("Account Status"), lambda row: status(Relationship(row.relationship))),
    Column("payg", _l("PAYG status"), payg, permission=CONTROL),
    Column("credit", _l("Credit status"), credit, permission=QUOTA, is_shown=False),
    Column("purchase", _l("Purchase control"), purchase, permission=CONTROL),
    Column("policy", _l("Shutdown policy"), policy, permission=CONTROL, is_shown=False),
    Column("manager", _l("Business manager"), manager, sort=Sort("business_manager"), permission=QUOTA),
    Column("labels", _l("Labels"), labels),
    Column("country", _l("Country"), lambda row: text(row.country), is_shown=False),
    Column("email", _l("E-mail"), lambda row: clipped(row.email), css="clip", is_shown=False),
    Column("environment", _l("Environment"), lambda row: status(Environment(row.environment)), is_shown=False),
    Column("remarks", _l("Remarks"), lambda row: clipped(row.remarks), css="clip", is_shown=False),
    Column("linked", _l("Associated Time"), lambda row: when(row.linked_at), sort=Sort("linked_at")),
    Column("master", _l("Financial trusteeship master"), master, permission=CONTROL, is_shown=False),
    Column("actions", _l("Actions"), lambda _row: "", css="end stay-end", is_fixed=True),
)


class AccountCells:
    """The cells that link somewhere: addresses and words are made once, not once a row."""

    def __init__(self, actor: Actor, query: str) -> None:
        self.origin = f"?from={quote(query)}" if query else ""
        self.detail = _around("uids:account_detail")
        self.freeze, self.unfreeze = _around("uids:account_freeze"), _around("uids:account_unfreeze")
        self.verdict = allows(actor, Permission.CONTROL_CHANGE)
        self.has_switch = bool(allows(actor, Permission.CONTROL_VIEW))
        self.not_allowed, self.not_live = str(self.verdict.reason), _("The account is not linked any more.")
        self.copy_word, self.manage_word, self.shared = _("Copy"), _("Manage"), escape(_("shared with %s"))
        self.shut_word, self.open_word = _("Shutdown"), _("Re-open")
        self.icons = (
            f'<span class="copy-idle">{icon("copy")}</span><span class="copy-done">{icon("check")}</span>'
            f'<span class="visually-hidden">{self.copy_word} '
        )
        self.countries: dict[str, str] = {}

    def uid(self, row: LinkedAccount) -> str:
        uid = escape(row.uid)
        return (
            f'<span class="copy"><a class="mono" href="{self._url(self.detail, uid)}{self.origin}">{uid}</a>'
            f'<button class="needs-js" type="button" data-copy="{uid}" title="{self.copy_word}">'
            f"{self.icons}{uid}</span></button></span>"
        )

    def available(self, row: LinkedAccount) -> str:
        """Its own figure; a sub-account spends its master's (acpn.md §9)."""
        if row.trustee is None:
            return available(row)
        uid = escape(row.trustee.uid)
        shared = self.shared % f'<a class="mono" href="{self._url(self.detail, uid)}">{uid}</a>'
        return f'<span class="soft">{shared}</span>'

    def country(self, row: LinkedAccount) -> str:
        if row.country not in self.countries:
            self.countries[row.country] = text(country_name(row.country) if row.country else "")
        return self.countries[row.country]

    def actions(self, row: LinkedAccount) -> str:
        uid = escape(row.uid)
        url = f"{self._url(self.detail, uid)}{self.origin}"
        manage = f'<a class="btn btn-sm btn-outline-secondary" href="{url}">{self.manage_word}{_of(uid)}</a>'
        return f'<span class="actions">{manage}{self._switch(row, uid) if self.has_switch else ""}</span>'

    def _switch(self, row: LinkedAccount, uid: str) -> str:
        """The seed's Shutdown / Re-open: freeze and unfreeze of the account's own PAYG switch."""
        label = self.open_word if row.payg_frozen else self.shut_word
        reason = self.not_allowed if not self.verdict else "" if row.is_live else self.not_live
        if reason:
            reason = escape(reason)
            return (
                '<span class="btn btn-sm btn-outline-secondary disabled" role="link" aria-disabled="true" tabindex="0" '
                f'title="{reason}">{label}<span class="visually-hidden">: {reason}</span></span>'
            )
        url = self._url(self.unfreeze if row.payg_frozen else self.freeze, uid)
        css = "btn-outline-secondary" if row.payg_frozen else "btn-outline-danger"
        return (
            f'<a class="btn btn-sm {css}" href="{url}" hx-get="{url}" hx-target="#dialog" hx-swap="innerHTML" '
            f'hx-push-url="false">{label}{_of(uid)}</a>'
        )

    @staticmethod
    def _url(around: tuple[str, str], uid: str) -> str:
        return f"{around[0]}{uid}{around[1]}"


def _of(uid: str) -> str:
    """What tells fifty equal buttons apart for somebody who hears them."""
    return f'<span class="visually-hidden"> {uid}</span>'


def _around(url_name: str) -> tuple[str, str]:
    """An address before and after its UID."""
    before, _uid, after = reverse(url_name, args=["0"]).rpartition("0")
    return before, after
