"""What can be done with a request: ask, decide, withdraw, expire, decide alone; and setting the rules."""

from __future__ import annotations

from .asking import ask as ask
from .deciding import break_glass as break_glass
from .deciding import decide as decide
from .ending import ensure_may_withdraw as ensure_may_withdraw
from .ending import expire_due as expire_due
from .ending import withdraw as withdraw
from .ending import withdraw_for as withdraw_for
from .ruling import ensure_concerned as ensure_concerned
from .ruling import set_rule as set_rule
