"""The embedded servers."""

from __future__ import annotations

from pathlib import Path


def server_urls(var_dir: Path) -> tuple[str, str]:
    return f"postgres://postgres@/console?host={var_dir}", f"unix://{var_dir}/valkey.sock"


def secret_key(var_dir: Path) -> str:
    return (var_dir / "secret_key").read_text(encoding="utf-8").strip()
