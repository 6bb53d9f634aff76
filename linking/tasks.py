"""Links in the background. The broker only wakes the worker; every state here is found again by a sweep."""

from __future__ import annotations

from celery import shared_task

from partner_console.access.actor import system_actor


@shared_task(acks_late=True)
def push_link(invitation_pk: int) -> None:
    """Take one approved invitation to the cloud. Safe to run twice and at once: the row is claimed first."""
    from linking import services

    services.execute_link(actor=system_actor("link worker"), invitation_pk=invitation_pk)


@shared_task(acks_late=True)
def settle_termination(termination_pk: int) -> None:
    """Take one termination a step on; what is left to do is found out from its rows."""
    from linking.services import settling

    settling.settle(actor=system_actor("termination"), termination_pk=termination_pk)


@shared_task
def settle_terminations() -> None:
    """Wake a worker for every termination that may go a step on."""
    from linking.services import settling

    for pk in settling.due_terminations(actor=system_actor("termination sweep")):
        settle_termination.delay(pk)


@shared_task
def answer_terminations() -> None:
    """Go on with requests nobody answered within 10 days."""
    from linking.services import terminating

    terminating.proceed_due(actor=system_actor("termination"))


@shared_task
def remind_terminations() -> None:
    """Write once more to who has not answered a request to end the relationship."""
    from linking.services import terminating

    terminating.remind_due(actor=system_actor("termination"))


@shared_task
def forget_contacts() -> None:
    """Forget the contact data of relationships and of unanswered invitations that ended 90 days ago."""
    from linking.services import forgetting, settling

    settling.delete_due(actor=system_actor("termination"))
    forgetting.forget_due(actor=system_actor("invitations' contacts"))


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


@shared_task(acks_late=True)
def check_link(account_pk: int) -> None:
    """Run what is due of one account's four checks. Safe to run twice and at once: the rows are claimed first."""
    from linking import services

    services.run_checks(actor=system_actor("link checks"), account_pk=account_pk)


@shared_task
def sweep_checks() -> None:
    """Wake a worker for every account with a check that is due: a lost message, a killed worker, or the schedule."""
    from linking import services

    for pk in services.due_checks(actor=system_actor("check sweep")):
        check_link.delay(pk)


@shared_task
def run_batch(batch_pk: int) -> None:
    """The check or the run one batch waits for; again finds nothing to do."""
    from linking.services import batches

    batches.run_batch(batch_pk=batch_pk)


@shared_task
def sweep_batches() -> None:
    """Batches that wait for their turn, a lost message, a killed worker; rows whose cells are no longer kept."""
    from linking.services import batches

    batches.sweep_batches()


@shared_task(acks_late=True)
def send_customer_code(code_pk: int) -> None:
    """Mail a code somebody asked for at /my/, when the address is somebody's. Safe to run twice."""
    from linking import services

    services.send_customer_code(actor=system_actor("customers' codes"), code_pk=code_pk)


@shared_task
def sweep_customers() -> None:
    """Send the codes a lost message left behind; forget old codes and sessions, and counts whose window is over."""
    from linking import limits, services

    actor = system_actor("customers' sweep")
    for pk in services.due_codes(actor=actor):
        send_customer_code.delay(pk)
    services.forget_old(actor=actor)
    limits.forget_old(actor=actor)


@shared_task(acks_late=True)
def take_away(version_pk: int) -> None:
    """Take from customers what a newer version of their template no longer has. Twice takes nothing twice."""
    from linking.services import ending

    ending.take_away(actor=system_actor("permission templates"), version_pk=version_pk)


@shared_task
def sweep_grants() -> None:
    """End permissions whose time is over, and go on with what templates take away."""
    from linking.services import ending

    ending.end_due(actor=system_actor("permissions"))
    for pk in ending.due_take_aways(actor=system_actor("permissions")):
        take_away.delay(pk)


@shared_task
def remind_grants() -> None:
    """Tell partners which permissions end soon."""
    from linking.services import ending

    ending.remind_due(actor=system_actor("permissions"))
