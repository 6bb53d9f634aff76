"""Time at the simulated cloud passes in the background; the row says how far it is."""

from __future__ import annotations

from celery import shared_task


@shared_task(acks_late=True, soft_time_limit=240, time_limit=300)
def play(play_pk: int) -> None:
    """Play one portion of a stretch of time; over, it is left alone."""
    from partner_console.cloud.simulated import playing

    playing.play(play_pk=play_pk)


@shared_task
def sweep_plays() -> None:
    """Every minute: a stretch whose message or worker was lost."""
    from partner_console.cloud.simulated import playing

    playing.sweep()
