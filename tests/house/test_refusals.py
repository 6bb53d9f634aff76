"""What hinders a start is one clear line and a non-zero exit, before anything is started."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from partner_console.embedded.process import explain
from tests.house.running import HOME, clean_environment, free_port, refusal


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        line = refusal(tmp_path / "var", port)

    assert f"Port {port} of 127.0.0.1 is taken" in line
    assert f"PORT={port + 1}" in line


@pytest.mark.parametrize("port", ["eight", "0", "70000", "-1"])
def test_a_port_that_is_none(tmp_path: Path, port: str) -> None:
    assert "choose a number from 1 to 65535" in refusal(tmp_path / "var", port)


def test_a_host_that_is_none(tmp_path: Path) -> None:
    assert "HOST=127.0.0.1" in refusal(tmp_path / "var", free_port(), HOST="no such host")


def test_a_demo_that_is_neither_on_nor_off(tmp_path: Path) -> None:
    assert "DEMO=perhaps is neither 1 nor 0" in refusal(tmp_path / "var", free_port(), DEMO="perhaps")


def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    line = refusal(tmp_path, free_port())

    assert f"{tmp_path} holds files that are not the console's" in line
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_for_a_folder(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")

    assert "is a file: choose a folder with VAR_DIR=…" in refusal(tmp_path / "var", free_port())


def test_a_folder_that_can_not_be_written(tmp_path: Path) -> None:
    line = refusal(Path("/proc/partner-console"), free_port())

    assert "/proc/partner-console can't be written" in line
    assert "VAR_DIR=…" in line


def test_data_of_another_postgresql(tmp_path: Path) -> None:
    (tmp_path / ".partner-console").write_text("")
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")

    line = refusal(tmp_path, free_port())

    assert "was made by PostgreSQL 15" in line
    assert "docs/operations.md" in line


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    log = tmp_path / "initdb.log"
    log.write_text("creating subdirectories ... initdb: error: could not create: No space left on device\n")

    assert explain(log, "It stops").endswith("is full. Free about 200 MB and start again.")


def test_another_reason_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_text("LOG:  starting\nFATAL:  out of colours\nLOG:  shut down\n")

    assert explain(log, "It stops") == "It stops: FATAL:  out of colours"


def make_setup(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    python = folder / "python-for-the-test"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return subprocess.run(
        ["make", "run", f"PYTHON={python}", f"VENV={folder / 'venv'}"],
        cwd=HOME,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_an_old_python(tmp_path: Path) -> None:
    result = make_setup(tmp_path, 'test "$1" = -V && echo Python 3.9.2 && exit 0; exit 1')

    assert result.returncode != 0
    assert "Python 3.11 or newer is needed" in result.stderr
    assert "Python 3.9.2" in result.stderr


def test_a_python_without_venv(tmp_path: Path) -> None:
    result = make_setup(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac')

    assert result.returncode != 0
    assert "comes without venv: install python3-venv" in result.stderr


def test_no_python_at_all(tmp_path: Path) -> None:
    result = subprocess.run(
        ["make", "run", "PYTHON=no-such-python", f"VENV={tmp_path / 'venv'}"],
        cwd=HOME,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert result.returncode != 0
    assert "no-such-python is not there" in result.stderr
