"""The cloud, in our words: what the console asks of it and what it answers (design §9).

Implementations: `simulated` (default) and, later, Alibaba Cloud's Agency API. One contract test suite runs against
every one. Amounts are Decimal in the partner's currency; times are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal


class CloudUnavailable(Exception):
    """No answer, and nothing was done: the same call may be repeated."""


class OutcomeUnknown(Exception):
    """No answer after the request left: it may or may not have been done. Read before repeating."""


class CloudRefused(Exception):
    """The cloud said no, with its code (agency-api.md §16.6). Terminal for this request."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class NotOffered(Exception):
    """This cloud has no such operation; staff do it by hand and record it."""


class LinkProgress(Enum):
    PENDING = "pending"
    LINKED = "linked"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """What `start_link` is told. `reference` is ours, stable across repeats: the cloud links it once.

    Without a `uid` the customer has no account yet: the cloud makes one, and `link_status` tells its UID.
    """

    reference: str
    partner_uid: str
    uid: str
    email: str
    company: str
    account_type: int
    quota: Decimal | None
    shutdown_policy: str
    purchase_control: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """The cloud's handle on a started link; `url` is where the customer must go on, if anywhere."""

    reference: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class LinkStatus:
    progress: LinkProgress
    uid: str = ""
    at: datetime | None = None
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class CloudAccount:
    uid: str
    login_name: str
    account_type: int
    email: str
    mobile: str
    country: str
    is_enterprise: bool
    is_certified: bool
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Credit:
    """Figures as the cloud sees them at `as_of`. `usage_cursor` orders readings: higher is newer."""

    uid: str
    amount: Decimal
    deducted: Decimal
    undeducted: Decimal
    warning_percent: int
    payg_frozen: bool
    purchase_control: str
    shutdown_policy: str
    as_of: datetime
    # Stopped by arrears at the partner's order, beside the freeze; and who holds its money there ("" = nobody).
    payg_stopped: bool = False
    trustee_uid: str = ""


@dataclass(frozen=True, slots=True)
class BillingReference:
    """On whose bill an account's charges appear. `first_billed_at` is None until the cloud reported any charge."""

    uid: str
    payer: str  # "partner" or "customer"
    first_billed_at: datetime | None


class Cloud(Protocol):
    """Every call may raise CloudUnavailable, OutcomeUnknown, CloudRefused or NotOffered; nothing else."""

    def now(self) -> datetime:
        """The time there, by which stops and releases count. Asks nobody: raises nothing. Read it by `clock.now`."""
        ...

    def start_link(self, request: LinkRequest) -> Ticket: ...

    def link_status(self, ticket: Ticket) -> LinkStatus: ...

    def unlink(self, *, uid: str, partner_uid: str) -> None:
        """End this partner's link; whoever else the account is linked to by now keeps theirs. Absolute."""
        ...

    def account(self, *, uid: str) -> CloudAccount: ...

    def credits(self, *, partner_uid: str, changed_since: datetime | None = None) -> list[Credit]: ...

    def credit(self, *, uid: str) -> Credit: ...

    def set_quota(self, *, uid: str, amount: Decimal) -> None: ...

    def write_off(self, *, uid: str, amount: Decimal) -> None: ...

    def refund(self, *, uid: str, amount: Decimal) -> None:
        """Give money back: what is deducted falls by `amount`, below zero too. Not absolute."""
        ...

    def set_warning(self, *, uid: str, percent: int) -> None: ...

    def freeze(self, *, uid: str) -> None: ...

    def thaw(self, *, uid: str) -> None: ...

    def stop_payg(self, *, uid: str) -> None:
        """Arrears stop PAYG of the account and of those whose money it holds. Apart from `freeze`; absolute."""
        ...

    def resume_payg(self, *, uid: str) -> None:
        """The arrears stop ends; what is frozen stays so, what was released stays gone. Absolute."""
        ...

    def set_trustee(self, *, uid: str, trustee_uid: str) -> None:
        """`trustee_uid` holds the account's money from now on; "" = nobody. Absolute.

        A cloud whose customers arrange that themselves confirms it.
        """
        ...

    def set_purchase_control(self, *, uid: str, control: str) -> None: ...

    def set_policy(self, *, uid: str, policy: str) -> None: ...

    def check_access(self, *, uid: str) -> bool: ...

    def permissions(self, *, uid: str) -> list[str]: ...

    def set_permissions(self, *, uid: str, scopes: Sequence[str]) -> None: ...

    def billing(self, *, uid: str) -> BillingReference: ...


def get_cloud() -> Cloud:
    """The configured implementation (`settings.CLOUD_PORT`)."""
    cloud: Cloud = import_string(settings.CLOUD_PORT)()
    return cloud
