"""`python -m partner_console.embedded run` is the console; `… with COMMAND` runs a command on throw-away servers."""

from __future__ import annotations

import io
import os
import subprocess
import sys

from partner_console.embedded import EmbeddedError, throw_away_servers, var_dir
from partner_console.embedded.supervisor import run

USAGE = "usage: python -m partner_console.embedded run | with COMMAND [ARGUMENT …]"


def main(arguments: list[str]) -> int | str:
    try:
        match arguments:
            case ["run"]:
                return run(var_dir())
            case ["with", *command] if command:
                with throw_away_servers() as (database, redis):
                    servers = {"DATABASE_URL": database, "REDIS_URL": redis}
                    return subprocess.run(command, check=False, env=servers | os.environ).returncode
            case _:
                return USAGE
    except EmbeddedError as error:
        return f"The console can't start. {error}"


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that can't show a sign is no reason to stop
    sys.exit(main(sys.argv[1:]))
