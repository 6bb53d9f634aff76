"""`make bench`: run the groups of tests/bench/bench_*.py, print a table, write bench.json into VAR_DIR.

ONLY=list,export picks groups, SIZE=10000 caps their rows. A group is a module with
`run(size_cap: int | None) -> list[Figure]`; the database is fresh, migrated and thrown away at the end.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

from partner_console import embedded

if TYPE_CHECKING:
    from tests.bench.figures import Figure


def groups() -> list[str]:
    """The groups asked for, in the order asked for; refuses an unknown one."""
    known = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    wanted = [name.strip() for name in os.environ.get("ONLY", "").split(",") if name.strip()]
    if unknown := sorted(set(wanted) - set(known)):
        sys.exit(f"ONLY={','.join(unknown)} is no group: there are {', '.join(known) or 'none yet'}.")
    return wanted or known


def size_cap() -> int | None:
    size = os.environ.get("SIZE", "").replace("_", "").replace(",", "")
    if size and (not size.isdigit() or int(size) < 1):
        sys.exit(f"SIZE={size} is no number of rows.")
    return int(size) if size else None


def measure(names: list[str], cap: int | None) -> list[Figure]:
    """Run the groups on a database of their own."""
    figures = []
    with embedded.throw_away_servers() as (database, redis), tempfile.TemporaryDirectory() as files:
        os.environ |= {"DATABASE_URL": database, "REDIS_URL": redis, "VAR_DIR": files}
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        django.setup()
        call_command("migrate", verbosity=0)
        for name in names:
            print(f"{name} …", flush=True)
            figures += importlib.import_module(f"tests.bench.bench_{name}").run(cap)
        django.db.connections.close_all()
    return figures


def table(figures: list[Figure]) -> str:
    rows = [("figure", "value", "unit", "target", "holds")]
    rows += [(one.name, f"{one.value:,.3f}", one.unit, one.target, "yes" if one.holds else "NO") for one in figures]
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def main() -> int:
    """0 when every figure holds."""
    kept = embedded.var_dir()
    names, cap = groups(), size_cap()
    embedded.claim(kept)
    for variable in ("DATABASE_URL", "REDIS_URL"):  # a benchmark never fills somebody's database
        os.environ.pop(variable, None)
    figures = measure(names, cap)
    (kept / "bench.json").write_text(json.dumps([asdict(one) for one in figures], indent=1) + "\n", encoding="utf-8")
    print(table(figures))
    print(f"Written to {kept / 'bench.json'}")
    return 0 if all(one.holds for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
