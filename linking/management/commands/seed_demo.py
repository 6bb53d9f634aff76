"""Fill an empty database with the demo. `make run` calls it; it refuses anywhere else."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from linking.demo.build import build
from partner_console.access.models import Partner


class Command(BaseCommand):
    help = "Fill an empty embedded database with made-up partners, people and customers."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo exists only in the embedded console, and not with DEMO=0.")
        if not settings.DEMO_PASSWORD:
            raise CommandError("The demo has no password yet: `make run` makes one.")
        if Partner.objects.exists():
            raise CommandError("This database has partners already; the demo goes into an empty one only.")
        build(password=settings.DEMO_PASSWORD, say=self.stdout.write)
