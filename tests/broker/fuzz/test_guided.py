"""Fuzzing that is led by coverage runs, and what escapes a target ends it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.broker.fuzz.targets import TARGETS

pytest.importorskip("atheris", reason="atheris has wheels for Linux on x86-64 only")

pytestmark = pytest.mark.slow
MISTAKEN = """
import sys
from tests.broker.fuzz import guided, targets

guided.TARGETS = {"batch": targets.Target(lambda data: 1 // (len(data) != 61), ())}
sys.argv[1:] = ["batch", "-runs=20000"]
guided.main()
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words, f"-artifact_prefix={folder}/"],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("way", TARGETS)
def test_every_way_in(tmp_path: Path, way: str) -> None:
    done = run(tmp_path, "-m", "tests.broker.fuzz.guided", way, "-runs=500", "-print_final_stats=1")
    assert done.returncode == 0, done.stderr
    assert re.search(r"number_of_executed_units: 500\b", done.stderr)


def test_what_escapes_is_found(tmp_path: Path) -> None:
    mistaken = MISTAKEN.replace('"-runs=20000"', f'"-runs=20000", "-artifact_prefix={tmp_path}/"')
    done = run(tmp_path, "-c", mistaken)
    assert done.returncode != 0
    assert "ZeroDivisionError" in done.stdout + done.stderr
    [crash] = tmp_path.glob("crash-*")
    assert len(crash.read_bytes()) == 61
