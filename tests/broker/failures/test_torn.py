"""The end of a log is torn when its broker is killed: recovery cuts it, and loses nothing else.

What was on its way to the disk then may be there in part, or as zeros: it was not acknowledged.
The load, the kill and the judge are those of `conformance`; in between, the ends of all logs are
damaged.  Where what was acknowledged is damaged too, as by a power failure, the judge says so.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from confluent_kafka import KafkaException

from broker.wire import batches, records
from conformance.history import check
from conformance.history.recorder import recording
from conformance.load import Plan
from conformance.load.workload import Stuck, run
from conformance.peers import Process, verdict_broker

PLAN = Plan(0, records=600, crashes=2, partitions=2)
Tear = Callable[[Path, random.Random], None]


@dataclass(frozen=True)
class Torn(Process):
    """A broker whose logs are damaged at their ends whenever it is killed."""

    tear: Tear = lambda path, draw: None
    draw: random.Random = random.Random()  # noqa: RUF009 - and its own

    def kill(self) -> None:
        """Kill it, and tear."""
        super().kill()
        for folder in sorted((self.folder / "data").glob("*-[0-9]*")):
            self.tear(max(folder.glob("*.log")), self.draw)


def garbage(path: Path, draw: random.Random) -> None:
    with path.open("ab") as file:
        file.write(draw.randbytes(draw.randrange(1, 5000)))


def zeros(path: Path, draw: random.Random) -> None:
    with path.open("ab") as file:
        file.write(bytes(draw.randrange(1, 5000)))


def half(path: Path, draw: random.Random) -> None:
    """The beginning of a batch that would have been the next."""
    data = path.read_bytes()
    end = max((header.next_offset for _, header in batches.walk(data)), default=int(path.stem))
    batch = records.build([(b"k", draw.randbytes(2000))], 1)
    batches.assign(batch, end, 0)
    with path.open("ab") as file:
        file.write(batch[: draw.randrange(1, len(batch))])


def page(path: Path, draw: random.Random) -> None:
    """A batch that is whole, but for one page that did not come."""
    data = path.read_bytes()
    end = max((header.next_offset for _, header in batches.walk(data)), default=int(path.stem))
    batch = records.build([(b"k", draw.randbytes(20_000))], 1)
    batches.assign(batch, end, 0)
    at = draw.randrange(4) * 4096
    batch[at : at + 4096] = bytes(4096)
    with path.open("ab") as file:
        file.write(batch)


def lost(path: Path, draw: random.Random) -> None:
    """Not only what was on its way: half of what had come."""
    del draw
    ends = [at + header.size for at, header in batches.walk(path.read_bytes())]
    if ends and path.parent.name.startswith("load-"):
        with path.open("r+b") as file:
            file.truncate(ends[len(ends) // 2] - 10)


@contextmanager
def torn(folder: Path, tear: Tear, seed: int) -> Iterator[Torn]:
    with verdict_broker(folder) as whole:
        known = {name: getattr(whole, name) for name in Process.__dataclass_fields__}
        yield Torn(**known, tear=tear, draw=random.Random(seed))


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("tear", [garbage, zeros, half, page])
def test_what_was_acknowledged_outlives_a_torn_end(tmp_path: Path, tear: Tear, seed: int) -> None:
    plan = replace(PLAN, seed=seed, transactions=seed == 1)
    with recording(tmp_path / "history") as recorder, torn(tmp_path, tear, seed) as server:
        run(plan, server, recorder)
        said = (server.folder / "output.txt").read_text(encoding="utf-8")
    assert check(recorder.history).broken == ()
    assert "are cut" in said, "recovery says what it cut"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_loss_of_what_was_acknowledged_is_found(tmp_path: Path) -> None:
    plan = replace(PLAN, crashes=1)
    with recording(tmp_path / "history") as recorder, torn(tmp_path, lost, 0) as server:
        # Producers find that their numbers are not the broker's any more, and give up.
        with suppress(Stuck, SystemError, KafkaException):
            run(plan, server, recorder)
        assert "are cut" in (server.folder / "output.txt").read_text(encoding="utf-8")
    found = {anomaly.kind for anomaly in check(recorder.history).broken}
    assert found & {"inconsistent-offsets", "lost-write", "unseen", "vanished"}
