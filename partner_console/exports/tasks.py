"""Background work of exports."""

from __future__ import annotations

from celery import shared_task


@shared_task
def run_export(job_pk: int) -> None:
    """Write one export's file."""
    from partner_console.exports import running

    running.run_export(job_pk=job_pk)


@shared_task
def sweep_jobs() -> None:
    """Find what a lost message or a killed worker left behind, and remove files that are no longer kept."""
    from partner_console.exports import sweeping

    sweeping.sweep_jobs()
