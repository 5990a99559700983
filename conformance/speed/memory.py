"""A broker's memory while its log grows, as the operating system sees it.

Records of 1 KiB are produced to one partition, part by part, and after each part the resident
memory is read from outside (`/proc`); at the end all of it is consumed from the first record on.
The most that the process ever had is the kernel's own count (VmHWM), so that nothing between two
looks is missed.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.peers import Process, verdict_broker
from conformance.speed.figures import Lacking
from conformance.speed.throughput import Client
from conformance.speed.topics import removed_after

SIZE = 1024
SPARE = 2 << 30
"""Bytes of the disk that are left alone."""


@dataclass(frozen=True)
class Growth:
    """How it stood once the log had so many bytes.

    resident  bytes of memory; `most` is the most so far
    """

    done: str
    log: int
    resident: int
    most: int


def grow(
    client: Client, total: int, part: int, tell: Callable[[str], None] = lambda _: None
) -> Iterator[Growth]:
    """Let a log of this project's broker grow to so many bytes, in parts of so many.

    Lacking where the disk has no room for it, or where the system does not tell a process's memory.
    """
    with tempfile.TemporaryDirectory(prefix="verdict-memory-") as folder:
        free = shutil.disk_usage(folder).free
        if free < total + SPARE:
            raise Lacking(f"{folder} has room for {free >> 20:,} MiB alone")
        with verdict_broker(Path(folder)) as broker, removed_after(broker.bootstrap) as topic:
            yield _now("started", broker)
            records = 0
            while (size := log_size(broker.folder)) < total:
                tell(f"the log has {size / 1e9:.1f} GB")
                client.produce(broker.bootstrap, topic, SIZE, part // SIZE)
                records += part // SIZE
                yield _now("produced", broker)
            tell("reading it")
            client.consume(broker.bootstrap, topic, records)
            yield _now("consumed", broker)


def log_size(folder: Path) -> int:
    """Bytes of all segments below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*.log"))


def _now(done: str, broker: Process) -> Growth:
    try:
        told = Path(f"/proc/{broker.pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        raise Lacking("this system does not tell how much memory a process has") from None
    found = {name: int(size) << 10 for name, size in re.findall(r"(Vm\w+):\s+(\d+) kB", told)}
    return Growth(done, log_size(broker.folder), found["VmRSS"], found["VmHWM"])
