"""How the commands ask for a password: never as an argument, which other users of the machine could read."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from django.core.management.base import CommandError


def read_password(source: str | None, prompt: str) -> str:
    """From standard input (`-`), a file, or typed twice at the terminal."""
    if source == "-":
        return sys.stdin.readline().strip()
    if source:
        return Path(source).read_text(encoding="utf-8").strip()
    if not sys.stdin.isatty():
        raise CommandError(
            "There is no terminal to type the password at. Give it with --password-file FILE, or - for standard input."
        )
    password = getpass.getpass(prompt)
    if password != getpass.getpass("Again: "):
        raise CommandError("The two passwords differ.")
    return password
