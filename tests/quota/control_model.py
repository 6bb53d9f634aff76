"""What the rules say of one account, in the words of the test of random months."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from uids.states import Control

if TYPE_CHECKING:
    from datetime import datetime

OVERDRAFT = Decimal(600)


@dataclass(slots=True)
class Model:
    """Kept beside the console's own figures. `master` is the position of whoever holds its money."""

    pk: int
    uid: str
    policy: str
    frozen: bool = False
    banned: bool = False
    master: int | None = None
    stopped_at: datetime | None = None

    @property
    def line(self) -> Decimal | None:
        """Below it PAYG stops."""
        if self.master is not None or self.policy == "noStop":
            return None
        return Decimal(0) if self.policy == "immediatelyStop" else -OVERDRAFT

    def own(self, what: Control) -> str:
        """Where its own switch stands."""
        if what is Control.PAYG_FREEZE:
            return "frozen" if self.frozen else "normal"
        return self.policy if what is Control.SHUTDOWN_POLICY else "ban" if self.banned else "normal"

    def switches(self) -> dict[str, Any]:
        return {
            "payg_frozen": self.frozen,
            "purchase_control": "ban" if self.banned else "normal",
            "shutdown_policy": self.policy,
        }
