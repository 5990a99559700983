"""A start loads what a broker needs, and no more."""

from __future__ import annotations

import subprocess
import sys

LOADED = """
import sys
import verdict.cli
import verdict.broker_command
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_a_broker_needs_no_checker_and_no_metrics() -> None:
    """The machines' language, kio's schemas, the library of metrics come when they are needed."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {"broker", "verdict", "typer"} <= loaded
    slow = {"checker", "model", "spec", "numpy", "scipy", "rich", "kio", "hypothesis", "z3"}
    assert not loaded & (slow | {"prometheus_client"})
