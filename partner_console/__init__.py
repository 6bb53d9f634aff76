"""The partner console: composition root and shared kernel."""

from .celery import app as celery_app

__all__ = ["celery_app"]
