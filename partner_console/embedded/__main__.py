"""`python -m partner_console.embedded …`: `run` is the console (`make run`), `with COMMAND` lends a command throw-away
servers, and `psql`, `pg_dump`, `pg_restore` are PostgreSQL's own programs on the embedded database.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys

from partner_console.embedded import EmbeddedError, postgres, servers, throw_away_servers, var_dir
from partner_console.embedded.place import DATABASE, socket_dir
from partner_console.embedded.supervisor import run

USAGE = "usage: python -m partner_console.embedded run | with COMMAND … | psql … | pg_dump … | pg_restore …"


def main(arguments: list[str]) -> int | str:
    try:
        match arguments:
            case ["run"]:
                return run(var_dir())
            case ["with", *command] if command:
                with throw_away_servers() as (database, redis):
                    named = {"DATABASE_URL": database, "REDIS_URL": redis}
                    return subprocess.run(command, check=False, env=named | os.environ).returncode
            case ["psql" | "pg_dump" | "pg_restore" as name, *options]:
                return on_database(name, options)
            case _:
                return USAGE
    except EmbeddedError as error:
        return f"The console can't start. {error}"


def on_database(name: str, options: list[str]) -> int:
    """Run one of PostgreSQL's programs on the embedded database; its servers are started for it where none run."""
    var = var_dir()
    os.environ.pop("DATABASE_URL", None)
    with servers(var):
        address = {"PGHOST": str(socket_dir(var)), "PGUSER": "postgres", "PGDATABASE": DATABASE}
        command = [str(postgres.program(name)), *options]
        return subprocess.run(command, check=False, env=os.environ | address).returncode


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that can't show a sign is no reason to stop
    sys.exit(main(sys.argv[1:]))
