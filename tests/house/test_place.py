"""VAR_DIR: addresses that can be computed, secrets that are made once and stay private."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from partner_console import embedded
from partner_console.embedded.place import socket_dir
from tests.house.running import HOME, clean_environment, folder

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_sockets_lie_in_the_folder_itself(tmp_path: Path) -> None:
    var = Path("/srv/console/var")

    database, redis = embedded.server_urls(var)

    assert database == "postgres://postgres@/console?host=/srv/console/var/run"
    assert redis == "redis+socket:///srv/console/var/run/valkey.sock"


@pytest.mark.parametrize("var", [Path("/srv/a b/var"), Path("/srv/账户/var"), Path("/" + "deep/" * 30 + "var")])
def test_an_unusual_folder_has_its_sockets_in_a_short_one(var: Path) -> None:
    sockets = socket_dir(var)

    assert len(str(sockets)) < 90
    assert str(sockets).isascii()
    assert " " not in str(sockets)
    assert sockets != socket_dir(var / "another")


def test_computing_the_addresses_makes_nothing(tmp_path: Path) -> None:
    embedded.server_urls(tmp_path / "var")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "name"), [(embedded.secret_key, "secret_key"), (embedded.demo_password, "demo_password")]
)
def test_a_secret_is_made_once_and_private(tmp_path: Path, make: object, name: str) -> None:
    assert callable(make)
    var = tmp_path / "var"

    first, second = make(var), make(var)

    assert first == second
    assert len(first) >= 16
    assert stat.S_IMODE((var / name).stat().st_mode) == 0o600
    assert make(tmp_path / "another") != first


@pytest.fixture
def fresh() -> Iterator[Path]:
    with folder() as path:
        yield path


def test_the_last_user_of_the_servers_is_waited_for(fresh: Path) -> None:
    """A command that started the servers stops them only after one that joined it has left."""
    join = (
        "import sys; from pathlib import Path; from partner_console import embedded\n"
        "with embedded.servers(Path(sys.argv[1])):\n"
        "    print('joined', flush=True); sys.stdin.readline()\n"
        "    print(embedded.postgres.answers(embedded.socket_dir(Path(sys.argv[1]))), flush=True)\n"
    )
    own = join.replace("'joined', flush=True); sys.stdin.readline()", "'owner', flush=True); sys.stdin.readline()")
    arguments = {
        "cwd": HOME,
        "env": clean_environment(),
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "text": True,
    }
    owner = subprocess.Popen([sys.executable, "-c", own, str(fresh)], **arguments)  # type: ignore[call-overload]
    assert owner.stdout.readline() == "owner\n"
    joined = subprocess.Popen([sys.executable, "-c", join, str(fresh)], **arguments)  # type: ignore[call-overload]
    assert joined.stdout.readline() == "joined\n"

    owner.stdin.write("go\n")
    owner.stdin.flush()
    assert owner.stdout.readline() == "True\n"

    assert joined.communicate("go\n", timeout=60)[0] == "True\n"
    owner.communicate(timeout=60)
    assert (owner.returncode, joined.returncode) == (0, 0)
