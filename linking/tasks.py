"""Links in the background. The broker only wakes the worker; every state here is found again by a sweep."""

from __future__ import annotations

from celery import shared_task

from partner_console.access.actor import system_actor


@shared_task(acks_late=True)
def push_link(invitation_pk: int) -> None:
    """Take one approved invitation to the cloud. Safe to run twice and at once: the row is claimed first."""
    from linking import services

    services.execute_link(actor=system_actor("link worker"), invitation_pk=invitation_pk)


@shared_task
def expire_invitations() -> None:
    """Close the invitations whose time is over."""
    from linking import services

    services.expire_due(actor=system_actor("expiry"))


@shared_task
def sweep_invitations() -> None:
    """Wake a worker for approved invitations nobody works on: lost message, killed worker, cloud that was away."""
    from linking import services

    for pk in services.due_links(actor=system_actor("link sweep")):
        push_link.delay(pk)


@shared_task
def remind_customers() -> None:
    """Remind the customers whose day has come, as far as the mail limits allow."""
    from linking import services

    services.remind_due(actor=system_actor("reminders"))
