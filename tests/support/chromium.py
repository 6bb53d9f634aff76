"""Find the system's Chromium: the browser journeys use no browser of their own."""

from __future__ import annotations

import shutil

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
HOW_TO_INSTALL = "install it with `apt-get install chromium` (Debian) or `brew install chromium`"
# No sandbox: CI runs as root. The rest keeps the browser from calling home.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The program's path, or None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)
