"""The demo's accounts in arrears, one for each thing that can become of them, as the console would have recorded it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from partner_console.access.actor import Channel
from quota.services.enforcing import REASON_STOPPED
from uids.models import ControlChange
from uids.states import RELEASE_AFTER, Control, PaygStatus, ShutdownPolicy

if TYPE_CHECKING:
    from uids.models import LinkedAccount

LEAST_OVERDRAFT = Decimal(600)


@dataclass(frozen=True, slots=True)
class Fate:
    """What the policy made of an account that used 8 % more than it may; `amount` where the figures must fit."""

    policy: ShutdownPolicy = ShutdownPolicy.IMMEDIATELY_STOP
    stopped: timedelta | None = None
    amount: Decimal | None = None

    def fields(self) -> dict[str, Any]:
        """Of the new account."""
        stopped_at = timezone.now() - self.stopped if self.stopped else None
        is_released = self.stopped is not None and self.stopped >= RELEASE_AFTER
        return {
            "payg_stopped_at": stopped_at,
            "payg_released_at": stopped_at + RELEASE_AFTER if stopped_at and is_released else None,
        }


YESTERDAY = Fate(stopped=timedelta(hours=29))
# In turn: stopped just now, runs on, released, within its overdraft, beyond it (12 days left), 3 days left.
FATES = (
    YESTERDAY,
    Fate(ShutdownPolicy.NO_STOP),
    Fate(ShutdownPolicy.DELAY_STOP, amount=Decimal(5000)),
    Fate(stopped=timedelta(days=17)),
    Fate(ShutdownPolicy.DELAY_STOP, stopped=timedelta(days=3), amount=Decimal(20_000)),
    Fate(stopped=timedelta(days=12)),
)


def fate(turn: int) -> Fate:
    """What becomes of the `turn`-th account in arrears."""
    return FATES[turn] if turn < len(FATES) else YESTERDAY


def record(account: LinkedAccount) -> None:
    """The records of its stop and release, at their time: nobody can wait that long for a demo."""
    moves = [
        (PaygStatus.NORMAL, PaygStatus.STOPPED, account.payg_stopped_at),
        (PaygStatus.STOPPED, PaygStatus.RELEASED, account.payg_released_at),
    ]
    ControlChange.objects.bulk_create(
        ControlChange(
            account=account,
            what=Control.PAYG_SHUTDOWN,
            before=before,
            after=after,
            reason=REASON_STOPPED,
            method=Channel.SYSTEM,
            operator="payg-stops",
            operation_id=uuid.uuid4(),
            at=at,
        )
        for before, after, at in moves
        if at is not None
    )
