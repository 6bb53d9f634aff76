"""Approvals in the background."""

from __future__ import annotations

from celery import shared_task

from partner_console.access.actor import system_actor


@shared_task
def expire_approvals() -> None:
    """Close the requests nobody decided in time."""
    from partner_console.approvals import services

    services.expire_due(actor=system_actor("approval expiry"))
