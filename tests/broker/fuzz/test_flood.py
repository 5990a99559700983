"""A flood of malformed frames costs those who send it, and nobody else.

A broker is flooded twice by several processes, as many frames as `VERDICT_FLOOD` says, while a
client that behaves writes and reads.  Then the broker is what it was before: the same process, as
many sockets, no more memory after the second flood than after the first, nothing in its log; its
files are sound, and a start finds them so.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from broker.log.files import RealDisk
from broker.wire import batches
from tests.broker.fuzz.steady import PARTITIONS, Steady
from tests.broker.server.running import PATIENCE, QUICK

FRAMES = int(os.environ.get("VERDICT_FLOOD", "2000"))
PROCESSES = 1 if FRAMES < 100_000 else 2
FILES = 3000
"""How many files the broker may have open: what topics the flood makes is bounded by that."""

GROWTH = 24 << 20
"""Bytes that the broker may have more after the second flood than after the first."""


class Broker:
    """`verdict broker` as a process whose log is a file."""

    def __init__(self, data: Path) -> None:
        self.log = data.with_suffix(".log")
        sets = [word for name, value in QUICK.items() for word in ("--set", f"{name}={value}")]
        command = [sys.executable, "-m", "verdict", "broker", "--data-dir", str(data)]
        limited = ["sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh", *command]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*limited, "--listen", "127.0.0.1:0", *sets],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        until(lambda: "listening on" in self.said() or self.process.poll() is not None)
        found = re.search(r"listening on .*:(\d+)", self.said())
        assert found, self.said()
        self.port = int(found[1])

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def said(self) -> str:
        return self.log.read_text()

    def memory(self) -> int:
        """Its resident bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def files(self) -> Counter[str]:
        """What it has open: sockets, and files by their path."""
        found: Counter[str] = Counter()
        for path in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it was closed the moment it was seen
                target = str(path.readlink())
                found["socket" if target.startswith("socket:") else target] += 1
        return found

    def sockets(self) -> int:
        return self.files()["socket"]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def started(data: Path) -> Iterator[Broker]:
    found = Broker(data)
    try:
        yield found
    finally:
        if found.process.poll() is None:
            found.process.kill()
            found.process.wait(PATIENCE)


def until(true: Callable[[], bool]) -> None:
    due = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < due
        time.sleep(0.05)


def flooded(port: int, seed: int, frames: int) -> Counter[str]:
    """What became of the frames of several processes."""
    share = frames // PROCESSES
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.broker.fuzz.flood", str(port), str(number), str(share)],
            stdout=subprocess.PIPE,
        )
        for number in range(seed, seed + PROCESSES)
    ]
    seen: Counter[str] = Counter()
    for process in running:
        told, _ = process.communicate()
        assert process.returncode == 0
        seen.update(json.loads(told))
    return seen


def test_a_flood_of_malformed_frames(tmp_path: Path) -> None:
    with started(tmp_path / "data") as broker:
        alone = broker.sockets()
        steady, memory, seen = Steady(broker.bootstrap), [broker.memory()], Counter[str]()
        steady.start()
        began = time.monotonic()
        for seed in (1, 101):
            seen += flooded(broker.port, seed, FRAMES // 2)
            memory.append(broker.memory())
        took = time.monotonic() - began
        steady.stop()
        until(lambda: broker.sockets() == alone)
        assert broker.process.poll() is None
        told = f"{dict(seen)} in {took:.0f} s; resident {[size >> 20 for size in memory]} MiB; "
        print(f"{told}{steady.sent} records beside them, at most {steady.slowest:.3f} s")  # noqa: T201
        check_ends(seen)
        steady.check()
        assert memory[2] - memory[1] < GROWTH
        data = [path for path in broker.files() if path.startswith(str(tmp_path / "data"))]
        assert [path for path in data if path.endswith("(deleted)")] == []
        assert broker.stop() == 0
        assert not re.search("ERROR|Traceback", broker.said()), broker.said()
    check_logs(tmp_path / "data")
    with started(tmp_path / "data") as broker:
        again = Steady(broker.bootstrap)
        assert sum(again.committed()) == steady.sent
        assert len(again.committed()) == PARTITIONS
        assert broker.stop() == 0
        assert not re.search("ERROR|Traceback", broker.said()), broker.said()


def check_ends(seen: Counter[str]) -> None:
    """Every frame came to an end, and to each end came many."""
    assert seen["stuck"] == 0
    assert seen["answered"] + seen["closed"] + seen["waiting"] >= FRAMES - 2 * PROCESSES
    assert min(seen["answered"], seen["closed"]) > FRAMES // 10
    assert min(seen["waiting"], seen["halves"], seen["unread"]) > 0


def check_logs(data: Path) -> None:
    """Every batch of every log is whole and where it says."""
    disk, found = RealDisk(), 0
    for path in data.glob("*-*/*.log"):
        content, at = path.read_bytes(), 0
        offset = int(path.stem)
        while at < len(content):
            header = batches.checked(content, at)
            assert header.base_offset == offset, path
            offset, at = header.next_offset, at + header.size
            found += 1
    assert found
    assert disk.exists(data / ".kafka_cleanshutdown")
