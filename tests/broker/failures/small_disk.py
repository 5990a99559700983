"""A disk of a few megabytes, of which a broker sees no end coming.

It is in memory, in a mount namespace of its own: nobody else sees it, and it goes with the process
that holds it.  Only who may mount can have one; a test that needs it is skipped otherwise.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.broker.server.running import QUICK, Program

_MOUNT = 'mount -t tmpfs -o "$1" none "$0" && echo ready && exec sleep 600'
_ENTER = 'cd "$0" && exec "$@"'


class Prefixed(Program):
    """A broker whose command follows one that becomes it."""

    def __init__(self, prefix: Sequence[str], data: Path, *words: str) -> None:
        sets = [word for name, value in QUICK.items() for word in ("--set", f"{name}={value}")]
        listen = () if "--listen" in words else ("--listen", "127.0.0.1:0")
        command = [sys.executable, "-m", "verdict", "broker", "--data-dir", str(data)]
        self._process = subprocess.Popen(
            [*prefix, *command, *listen, *sets, *words], stderr=subprocess.PIPE, text=True
        )
        self.said = ""
        self.port = self._listening()


@dataclass(frozen=True)
class SmallDisk:
    """The disk.

    path    where who enters sees it
    beside  where everybody does
    prefix  a command that makes the one that follows it enter
    """

    path: Path
    beside: Path
    prefix: Sequence[str]

    @property
    def free(self) -> int:
        """Bytes that are left."""
        found = os.statvfs(self.beside)
        return found.f_bavail * found.f_bsize

    def fill(self, leave: int = 0) -> None:
        """Take all room but for so many bytes."""
        with (self.beside / "ballast").open("ab") as file:
            file.write(bytes(max(0, self.free - leave)))

    def empty(self) -> None:
        """Give it back."""
        (self.beside / "ballast").unlink()


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[SmallDisk]:
    """A disk, mounted on a folder with these options: `size=8m`, `ro`."""
    command = ["unshare", "--mount", "sh", "-c", _MOUNT, str(folder), options]
    try:
        holder = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    except OSError as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    assert holder.stdout is not None
    if holder.stdout.readline() != "ready\n":
        _, said = holder.communicate()
        pytest.skip(f"no disk can be mounted here: {said.strip()}")
    enter = ("nsenter", "-t", str(holder.pid), "-m", "sh", "-c", _ENTER, str(Path.cwd()))
    try:
        yield SmallDisk(folder, Path(f"/proc/{holder.pid}/root{folder}"), enter)
    finally:
        holder.kill()
        holder.communicate()
