"""franz-go's kfake: a Kafka in memory, written in Go to test clients with.

The program beside this module is compiled once with the versions below (about a minute) and kept
in the user's cache.  It forgets everything when it ends.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from conformance.peers.server import (
    LOOPBACK,
    Process,
    cache,
    completed,
    free_ports,
    made,
    place,
    serving,
    tool,
)

FRANZ = "github.com/twmb/franz-go@v1.22.2"
KFAKE_VERSION = "v0.0.0-20260918054303-01f206a7e32c"
KFAKE = f"github.com/twmb/franz-go/pkg/kfake@{KFAKE_VERSION}"
COMPILING = 600.0
"""Seconds that fetching and compiling may take."""


@contextlib.contextmanager
def kfake(folder: Path | None = None) -> Iterator[Process]:
    """One broker; Absent where it is not compiled and Go or the network is not here."""
    program = _program()
    with place(folder, "kfake") as here:
        (port,) = free_ports(1)
        command = (str(program), str(port))
        with serving(Process("kfake", f"{LOOPBACK}:{port}", command, here)) as server:
            yield server


def _program() -> Path:
    home = cache("kfake", KFAKE_VERSION)
    if not home.is_dir():
        (go,) = tool("kfake", "go")
        with completed(home) as passing:
            work = passing.parent / "work"
            work.mkdir()
            shutil.copy(Path(__file__).with_name("kfake.go"), work / "main.go")
            made("kfake", [go, "mod", "init", "verdict/kfake"], work, 60)
            made("kfake", [go, "get", FRANZ, KFAKE], work, COMPILING)
            made("kfake", [go, "build", "-o", str(passing / "kfake"), "."], work, COMPILING)
    return home / "kfake"
