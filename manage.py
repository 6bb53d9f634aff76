#!/usr/bin/env python
"""Run a management command; embedded servers that no other process runs are started for as long as it takes."""

from __future__ import annotations

import contextlib
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from partner_console import embedded

WITHOUT_SERVERS = {
    "",
    "--help",
    "--version",
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "help",
    "makemessages",
    "version",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partner_console.settings")
    command = [*sys.argv, ""][1]
    try:
        with contextlib.nullcontext() if command in WITHOUT_SERVERS else embedded.servers(embedded.var_dir()):
            execute_from_command_line(sys.argv)
    except (embedded.EmbeddedError, ImproperlyConfigured) as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
