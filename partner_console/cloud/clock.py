"""The cloud's clock. Stops, releases, their reminders and countdowns count by it; nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_console.cloud.port import get_cloud

if TYPE_CHECKING:
    from datetime import datetime


def now() -> datetime:
    """The time at the cloud, aware UTC: the real one, or ahead of it where an operator advanced the simulated cloud."""
    return get_cloud().now()
