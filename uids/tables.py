"""Columns of the Linked User ID list, and the cells beneath them.

Fifty rows times twenty columns: what does not depend on the row is made once a page, in `AccountCells`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.policy import Permission, allows
from partner_console.cloud.clock import now as cloud_now
from partner_console.web.badges import badge
from partner_console.web.countries import country_name
from partner_console.web.formats import NOTHING, absolute, relative
from partner_console.web.icons import icon
from partner_console.web.keyset import Sort
from partner_console.web.tables import Badges, Clock, Column, clipped, money, text
from quota.states import credit_status
from uids.states import AccountType, Environment, Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from datetime import datetime

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

SOON = timedelta(days=3)
_l = gettext_lazy


def _by_credit(name: str) -> Sort:
    return Sort(f"credit__{name}", tie="credit__account_id", is_nullable=True, partner_path="credit__partner")


# An agency has no quota, no controls and no business manager (seed 004 §1): who sees quota is who sees a manager.
CONTROL, QUOTA = Permission.CONTROL_VIEW, Permission.QUOTA_VIEW

COLUMNS = (
    Column("uid", _l("UID"), sort=Sort("uid"), css="stay", is_fixed=True, heads_row=True),
    Column("nickname", _l("Nickname"), sort=Sort("nickname"), css="clip"),
    Column("available", _l("Available Quota"), sort=_by_credit("available"), css="num", permission=QUOTA),
    Column("amount", _l("Quota Amount"), sort=_by_credit("amount"), css="num", permission=QUOTA),
    Column("warning", _l("Warning threshold"), css="num", permission=QUOTA),
    Column("login", _l("Login name"), css="clip", is_shown=False),
    Column("type", _l("Account type"), is_shown=False),
    Column("status", _l("Account Status")),
    Column("payg", _l("PAYG status"), permission=CONTROL),
    Column("release", _l("Release"), sort=Sort("payg_stopped_at", is_nullable=True), permission=CONTROL),
    Column("credit", _l("Credit status"), permission=QUOTA, is_shown=False),
    Column("purchase", _l("Purchase control"), permission=CONTROL),
    Column("policy", _l("Shutdown policy"), permission=CONTROL, is_shown=False),
    Column("manager", _l("Business manager"), sort=Sort("business_manager"), permission=QUOTA),
    Column("labels", _l("Labels")),
    Column("country", _l("Country"), is_shown=False),
    Column("email", _l("E-mail"), css="clip", is_shown=False),
    Column("environment", _l("Environment"), is_shown=False),
    Column("remarks", _l("Remarks"), css="clip", is_shown=False),
    Column("linked", _l("Associated Time"), sort=Sort("linked_at")),
    Column("master", _l("Financial trusteeship master"), permission=CONTROL, is_shown=False),
    Column("actions", _l("Actions"), css="end stay-end", is_fixed=True),
)
# What the cells read of each row, its master and their quota; long texts only where their column is shown.
SWITCHES = (
    "uid", "payg_frozen", "payg_stopped_at", "payg_released_at", "purchase_control", "shutdown_policy", "overdraft",
)  # fmt: skip
FIELDS = (
    *SWITCHES, "partner", "account_type", "nickname", "business_manager", "country", "environment", "relationship",
    "linked_at",
)  # fmt: skip
OWN_FIELDS = {"login": "login_name", "email": "email", "remarks": "remarks"}
CREDIT_FIELDS = ("amount", "available", "warning_percent", "in_alarm")


def fields_to_read(keys: set[str]) -> list[str]:
    """The model fields behind these columns, as `only()` takes them."""
    own = [field for key, field in OWN_FIELDS.items() if key in keys]
    master = [f"trustee__{field}" for field in SWITCHES]
    return [*FIELDS, *own, *master, *(f"{path}__{f}" for path in ("credit", "trustee__credit") for f in CREDIT_FIELDS)]


class AccountCells:
    """A method per column, named by its key. Addresses, words and badges are made once."""

    def __init__(self, actor: Actor, query: str) -> None:
        self.origin = f"?from={quote(query)}" if query else ""
        self.detail = _around("uids:account_detail")
        self.freeze, self.unfreeze = _around("uids:account_freeze"), _around("uids:account_unfreeze")
        self.verdict = allows(actor, Permission.CONTROL_CHANGE)
        self.has_switch = bool(allows(actor, Permission.CONTROL_VIEW))
        self.not_allowed, self.not_live = str(self.verdict.reason), _("The account is not linked any more.")
        self.copy_word, self.manage_word, self.shared = _("Copy"), _("Manage"), escape(_("shared with %s"))
        self.shut_word, self.open_word = _("Shutdown"), _("Re-open")
        self.copy_end = (
            f'<span class="copy-idle">{icon("copy")}</span><span class="copy-done">{icon("check")}</span>'
            f'<span class="visually-hidden">{self.copy_word} '
        )
        self.alarm = icon("bell", label=_("Below the threshold"), css="alarm")
        self.due = _("due now")
        self.countries: dict[str, str] = {}
        self.badges, self.clock = Badges(), Clock()

    @cached_property
    def cloud_now(self) -> datetime:
        """Countdowns go by the cloud's clock; asked for when there is one."""
        return cloud_now()

    def uid(self, row: LinkedAccount) -> str:
        uid = escape(row.uid)
        return (
            f'<span class="copy"><a class="mono" href="{self._url(self.detail, uid)}{self.origin}">{uid}</a>'
            f'<button class="needs-js" type="button" data-copy="{uid}" title="{self.copy_word}">'
            f"{self.copy_end}{uid}</span></button></span>"
        )

    def nickname(self, row: LinkedAccount) -> str:
        return clipped(row.nickname)

    def available(self, row: LinkedAccount) -> str:
        """Its own figure; a sub-account spends its master's (acpn.md §9)."""
        if row.trustee is None:
            return money(getattr(_own(row), "available", None))
        uid = escape(row.trustee.uid)
        shared = self.shared % f'<a class="mono" href="{self._url(self.detail, uid)}">{uid}</a>'
        return f'<span class="soft">{shared}</span>'

    def amount(self, row: LinkedAccount) -> str:
        return money(getattr(_own(row), "amount", None))

    def warning(self, row: LinkedAccount) -> str:
        found = _own(row)
        return NOTHING if found is None else f"{self.alarm if found.in_alarm else ''} {found.warning_percent} %"

    def login(self, row: LinkedAccount) -> str:
        return clipped(row.login_name)

    def type(self, row: LinkedAccount) -> str:
        return text(AccountType(row.account_type).label)

    def status(self, row: LinkedAccount) -> str:
        return self.badges[Relationship(row.relationship)]

    def payg(self, row: LinkedAccount) -> str:
        """The status in force."""
        return self.badges[row.effective_payg_status]

    def release(self, row: LinkedAccount) -> str:
        """How long until what arrears stopped is gone for good; when it went."""
        at = row.release_at
        if at is not None:
            left = relative(at, self.cloud_now) if at > self.cloud_now else self.due
            shown = badge("bad" if at - self.cloud_now <= SOON else "warn", left, "hourglass")
            return f'<time datetime="{at.isoformat()}" title="{escape(absolute(at))}">{shown}</time>'
        gone = row.in_force.payg_released_at
        return NOTHING if gone is None else self.clock.when(gone)

    def credit(self, row: LinkedAccount) -> str:
        master = row.in_force
        found = getattr(master, "credit", None)
        if found is None:
            return NOTHING
        return self.badges[
            credit_status(
                available=found.available,
                policy=master.shutdown_policy,
                overdraft=master.overdraft,
                is_stopped=master.payg_stopped_at is not None,
            )
        ]

    def purchase(self, row: LinkedAccount) -> str:
        return self.badges[row.effective_purchase_control]

    def policy(self, row: LinkedAccount) -> str:
        return self.badges[ShutdownPolicy(row.in_force.shutdown_policy)]

    def manager(self, row: LinkedAccount) -> str:
        return text(row.business_manager)

    def labels(self, row: LinkedAccount) -> str:
        return " ".join([f'<span class="tag">{escape(label.name)}</span>' for label in row.labels.all()]) or NOTHING

    def country(self, row: LinkedAccount) -> str:
        if row.country not in self.countries:
            self.countries[row.country] = text(country_name(row.country) if row.country else "")
        return self.countries[row.country]

    def email(self, row: LinkedAccount) -> str:
        return clipped(row.email)

    def environment(self, row: LinkedAccount) -> str:
        return self.badges[Environment(row.environment)]

    def remarks(self, row: LinkedAccount) -> str:
        return clipped(row.remarks)

    def linked(self, row: LinkedAccount) -> str:
        return self.clock.when(row.linked_at)

    def master(self, row: LinkedAccount) -> str:
        return f'<span class="mono">{escape(row.trustee.uid)}</span>' if row.trustee else NOTHING

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


def _own(row: LinkedAccount) -> Any:
    """The credit account of one's own; None for a sub-account under trusteeship and where no quota was opened."""
    return None if row.trustee_id else getattr(row, "credit", None)
