"""Running the command line in tests: in this process, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from verdict import cli

ROOT = Path(__file__).resolve().parents[2]
MACHINES = Path(__file__).with_name("machines.py")
TWO_PHASE = ROOT / "examples" / "two_phase.py"
ZOO = f"{MACHINES}:Zoo"
LIGHT = f"{MACHINES}:Light"
PLAIN = f"{MACHINES}:Plain"
TWO = f"{TWO_PHASE}:TwoPhase"
EXECUTABLE = Path(sys.executable).with_name("verdict")


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    status: int
    out: str
    err: str


def verdict(*words: str | Path, width: int = 100) -> Said:
    """The command line in this process, writing to no terminal."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n") for _ in range(2))
    status: object = None
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", ["verdict", *map(str, words)]),
        mock.patch.dict(os.environ, {"COLUMNS": str(width), "NO_COLOR": "1"}),
    ):
        try:
            cli.main()
        except SystemExit as left:
            status = left.code
    assert isinstance(status, int)
    return Said(status, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def command(*words: str | Path) -> list[str]:
    """The command line as another process is started with it."""
    return [str(EXECUTABLE), *map(str, words)]


def another(*words: str | Path, **environment: str) -> Said:
    """The command line in a process of its own."""
    done = subprocess.run(
        command(*words),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=100,
        env={**os.environ, "COLUMNS": "100", **environment},
    )
    return Said(done.returncode, done.stdout, done.stderr)


def one_line(said: Said) -> str:
    """The one line in which a command says what is wrong; the test fails where it says more."""
    assert said.status == 2, said
    assert said.out == ""
    assert "Traceback" not in said.err
    lines = said.err.splitlines()
    assert len(lines) == 1, said.err
    assert lines[0].startswith("verdict: V")
    return lines[0]
