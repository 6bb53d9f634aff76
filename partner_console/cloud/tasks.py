"""Wakes the outbox. The database is the truth: what a lost message left the sweep finds; a repeat finds nothing."""

from __future__ import annotations

from celery import shared_task


@shared_task(acks_late=True, soft_time_limit=240, time_limit=300)
def send_commands(uid: str) -> None:
    """Send what is due for one UID."""
    from partner_console.cloud import services

    services.send_due(uid=uid)


@shared_task
def sweep_commands() -> None:
    """Every half minute: what a lost message or a killed worker left behind."""
    from partner_console.cloud import services

    services.sweep()
