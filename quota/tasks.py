"""Background work of quota: usage, warnings, imports."""

from __future__ import annotations

from celery import shared_task


@shared_task
def sync_usage() -> None:
    """Every minute: asks for every partner's feed to be read."""
    from quota.services import usage

    usage.wake_feeds()


@shared_task
def sync_partner_usage(partner_pk: int) -> None:
    """What the cloud reports about one partner's accounts; again finds nothing new."""
    from partner_console.access.actor import system_actor
    from partner_console.access.models import Partner
    from quota.services import usage

    partner = Partner.objects.filter(pk=partner_pk, is_active=True).first()
    if partner is not None:
        usage.sync_partner(actor=system_actor("usage-sync", partner=partner), partner_pk=partner.pk)


@shared_task
def sweep_warnings() -> None:
    """Every minute: crossings nobody evaluated, snoozes that are over, and mails not in the queue yet."""
    from quota.services import alarms

    alarms.sweep()


@shared_task
def enforce(account_pk: int) -> None:
    """Stop PAYG of one account for its arrears, or let it run again; again changes nothing."""
    from partner_console.access.actor import system_actor
    from quota.services import enforcing

    enforcing.enforce(actor=system_actor("payg-stops"), account_pk=account_pk)


@shared_task
def sweep_stops() -> None:
    """Every minute: stops and recoveries nobody carried out, and mails about them not in the queue yet."""
    from quota.services import enforcing, stop_news

    enforcing.sweep()
    stop_news.sweep()


@shared_task
def sweep_releases() -> None:
    """Every five minutes: what has been stopped for 15 days is released, what will be soon is reminded of."""
    from quota.services import releasing

    releasing.sweep()


@shared_task
def send_stop_news(partner_pk: int) -> None:
    """Queue the mails about stops of one partner's accounts that are not in the queue yet; again finds nothing."""
    from partner_console.access.actor import system_actor
    from quota.services import stop_news

    stop_news.send(actor=system_actor("payg-stops"), partner_pk=partner_pk)


@shared_task
def refresh_warning_lines(partner_pk: int) -> None:
    """Bring a partner's accounts to its newest warning rules; finished or in other hands, it is left alone."""
    from partner_console.access.actor import system_actor
    from quota.services import lines

    lines.run_refresh(actor=system_actor("warning-rules"), partner_pk=partner_pk)


@shared_task
def sweep_warning_lines() -> None:
    """Every minute: refreshes of warning lines whose message or worker was lost, and the daily round."""
    from quota.services import lines

    lines.sweep_refreshes()


@shared_task
def send_warning(warning_pk: int) -> None:
    """Queue the mail of one warning; again changes nothing."""
    from partner_console.access.actor import system_actor
    from quota.services import notices

    notices.send_warning(actor=system_actor("quota-warnings"), warning_pk=warning_pk)


@shared_task
def send_recovery(warning_pk: int) -> None:
    """Queue the notice that a warning is over; again changes nothing."""
    from partner_console.access.actor import system_actor
    from quota.services import notices

    notices.send_recovery(actor=system_actor("quota-warnings"), warning_pk=warning_pk)


@shared_task
def wake_digests() -> None:
    """Every five minutes: partners whose hour for the daily mail has come."""
    from partner_console.access.actor import system_actor
    from quota.services import digests

    digests.wake_digests(actor=system_actor("quota-digests"))


@shared_task
def send_digest(partner_pk: int) -> None:
    """Queue today's mail of one partner; again today changes nothing."""
    from partner_console.access.actor import system_actor
    from quota.services import digests

    digests.send_digest(actor=system_actor("quota-digests"), partner_pk=partner_pk)


@shared_task
def watch_feeds() -> None:
    """Every minute: feeds that fell silent, and those that are back."""
    from partner_console.access.actor import system_actor
    from quota.services import silence

    silence.watch_feeds(actor=system_actor("quota-feeds"))


@shared_task
def send_feed_mail(feed_pk: int) -> None:
    """Queue the mail about one silent feed; again changes nothing."""
    from partner_console.access.actor import system_actor
    from quota.services import silence

    silence.send_feed_mail(actor=system_actor("quota-feeds"), feed_pk=feed_pk)


@shared_task
def sweep_boosts() -> None:
    """Every minute: boosts whose time is over fall back, those that end within a day are reminded of."""
    from quota.services import boosts

    boosts.sweep()


@shared_task
def sweep_planned_changes() -> None:
    """Every half minute: planned changes that are due, and notices to customers before them."""
    from quota.services import planned

    planned.sweep()


@shared_task
def take_step(plan_pk: int) -> None:
    """Begin or end one planned change that is due; again changes nothing."""
    from partner_console.access.actor import system_actor
    from quota.services import planned

    planned.take_step(actor=system_actor("planned-changes"), plan_pk=plan_pk)


@shared_task
def send_control_notice(plan_pk: int) -> None:
    """Queue the mail that tells a customer what is planned; again changes nothing."""
    from partner_console.access.actor import system_actor
    from quota.services import plan_mails

    plan_mails.send_notice(actor=system_actor("planned-changes"), plan_pk=plan_pk)


@shared_task
def run_import(job_pk: int) -> None:
    """The check or the import one job waits for; again finds nothing to do."""
    from quota.services.imports import running

    running.run_import(job_pk=job_pk)


@shared_task
def sweep_imports() -> None:
    """Every minute: imports a lost message or a killed worker left behind, and files no longer kept."""
    from quota.services.imports import sweeping

    sweeping.sweep_imports()


@shared_task
def run_quota_batch(batch_pk: int) -> None:
    """Change the quotas one batch waits to change; again finds nothing to do."""
    from quota.services import batches

    batches.run_batch(batch_pk=batch_pk)


@shared_task
def sweep_quota_batches() -> None:
    """Every half minute: batches of quotas a lost message or a killed worker left behind."""
    from quota.services import batches

    batches.sweep_batches()


@shared_task
def run_bulk_edit(edit_pk: int) -> None:
    """Go on with one bulk edit of the list; finished or in other hands, it is left alone."""
    from quota.services import bulk

    bulk.run_bulk_edit(edit_pk=edit_pk)


@shared_task
def sweep_bulk_edits() -> None:
    """Every minute: bulk edits whose message or worker was lost."""
    from quota.services import bulk

    bulk.sweep_bulk_edits()


@shared_task
def roll_up() -> None:
    """Every 10 minutes: the ledger's days summed up to its end, and each account's daily use; again changes nothing."""
    from quota.services import rollup

    rollup.roll_up()
