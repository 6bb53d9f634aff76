"""Templates: each compiles, and none carries script or style of its own (CSP, style §11)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

ROOT = Path(settings.BASE_DIR) / "templates"
TEMPLATES = sorted(str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.suffix in {".html", ".txt"})
# A downloaded file stands by itself, without the console's style sheet and its policy.
FILES = {"linking/customer/receipt_file.html", "linking/wrong_link/summary.html"}
PAGES = [name for name in TEMPLATES if name.endswith(".html") and not name.startswith("mail/") and name not in FILES]


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_no_inline_script_or_style(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"", text)
    assert not re.search(r"(src|href)=\"https?://", text), "nothing is loaded from elsewhere"
