"""Each step of what a broker writes may be its last, or fail; what was acknowledged stays.

A script of changes (topics made, grown, configured, deleted; records appended over several
segments; checkpoints; a cleaning) is run once for each step that it takes on the disk.  There the
process ends, or the disk refuses.  Then all is opened anew from what is on the disk: it is as it
was after the last change that was acknowledged, or as the one under way would have left it.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from broker.log.cleaner import clean
from broker.log.directory import DataDirectory, Identity
from broker.log.files import RealDisk
from broker.log.log import Log
from broker.server.catalog import Catalog
from broker.server.configuration import Configuration
from broker.wire import batches, records
from tests.broker.failures.faults import FaultyDisk, Killed, Steps
from tests.broker.log.shelf import put_batch

SETTINGS = {"log.segment.bytes": "1048576", "log.index.interval.bytes": "100"}
COMPACTED = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0"}


@dataclass
class Topic:
    """What a topic is to be: its partitions' records by key, its settings."""

    partitions: list[dict[bytes, bytes]]
    configs: dict[str, str] = field(default_factory=dict)


State = dict[str, Topic]


class Store:
    """A data directory that is open, and what was acknowledged of it.

    wanted  what it is to be once the change that is under way is done
    """

    def __init__(self, disk: RealDisk, path: Path) -> None:
        self.directory = DataDirectory(disk, path)
        self.acknowledged: State = {}
        self.wanted: State = {}
        self._topics = self._sequence = 0

    def open(self) -> None:
        self.directory.lock()
        self.directory.identify(Identity("cluster", 0, "directory"))
        self.directory.start()
        self.catalog = Catalog(self.directory, Configuration(SETTINGS))
        self.catalog.load()

    def change(self, wanted: Callable[[State], object], make: Callable[[], object]) -> None:
        """Make a change; where the disk refuses it, it is not to have happened."""
        self.wanted = deepcopy(self.acknowledged)
        wanted(self.wanted)
        try:
            make()
        except OSError:
            return
        self.acknowledged = self.wanted

    def log(self, name: str, index: int) -> Log:
        return self.catalog.partition(name, index).log

    # Changes ----------------------------------------------------------------------------------

    def create(self, name: str, count: int, configs: dict[str, str]) -> None:
        if name in self.acknowledged:
            return
        self._topics += 1
        topic_id = UUID(int=self._topics)
        self.change(
            lambda state: state.update({name: Topic([{} for _ in range(count)], configs)}),
            lambda: self.catalog.create(name, topic_id, count, configs),
        )

    def grow(self, name: str, count: int) -> None:
        if name in self.acknowledged:
            self.change(
                lambda state: state[name].partitions.extend(
                    {} for _ in range(count - len(state[name].partitions))
                ),
                lambda: self.catalog.add_partitions(name, count),
            )

    def configure(self, name: str, configs: dict[str, str]) -> None:
        if name in self.acknowledged:
            self.change(
                lambda state: setattr(state[name], "configs", configs),
                lambda: self.catalog.configure(name, configs),
            )

    def delete(self, name: str) -> None:
        if name in self.acknowledged:
            self.change(lambda state: state.pop(name), lambda: self.catalog.delete(name))

    def append(self, name: str, index: int, key: bytes, size: int = 300_000) -> None:
        if index < len(self.acknowledged.get(name, Topic([])).partitions):
            self._sequence += 1
            value = b"%d" % self._sequence + bytes(size)
            batch = records.build([(key, value)], 1000)
            self.change(
                lambda state: state[name].partitions[index].update({key: value[:4]}),
                lambda: put_batch(self.log(name, index), batch),
            )

    def upkeep(self, what: Callable[[], object]) -> None:
        """Do something that nobody waits for."""
        self.change(lambda state: None, what)

    def script(self) -> None:
        """All changes; each is tried, whatever became of those before."""
        self.create("a", 2, COMPACTED)
        self.create("b", 1, {})
        for number in range(5):
            self.append("a", 0, b"k%d" % (number % 2))
            self.append("b", 0, b"%d" % number)
        self.upkeep(lambda: self.directory.checkpoint(self.catalog.logs()))
        self.grow("a", 3)
        self.append("a", 2, b"x", 10)
        self.configure("b", {"retention.ms": "5000"})
        if "a" in self.acknowledged:
            self.upkeep(lambda: asyncio.run(clean(self.log("a", 0), lambda: 5000)))
        self.append("a", 0, b"k1", 10)
        self.delete("b")
        self.create("b", 1, {"segment.ms": "1"})
        self.append("b", 0, b"again", 10)
        self.append("a", 1, b"z", 10)

    def close(self) -> None:
        self.directory.close(self.catalog.logs(), 5000)


def found(path: Path) -> State:
    """What is there, as a broker that starts on it finds it."""
    store = Store(RealDisk(), path)
    store.open()
    try:
        return {
            name: Topic(
                [dict(_content(partition.log)) for partition in topic.partitions],
                dict(topic.configs),
            )
            for name, topic in store.catalog.topics.items()
        }
    finally:
        for log in store.catalog.logs().values():
            log.abandon()
        store.directory.unlock()


def _content(log: Log) -> Iterator[tuple[bytes, bytes]]:
    expected = log.start_offset
    for _, batch in log.batches():
        batches.checked(batch)
        for record in records.read_records(batch):
            assert record.offset >= expected
            expected = record.offset + 1
            assert record.key is not None
            assert record.value is not None
            yield record.key, record.value[:4]


def steps_of_the_script(path: Path) -> list[str]:
    steps = Steps()
    store = Store(FaultyDisk(steps), path)
    store.open()
    store.script()
    store.close()
    assert found(path) == store.acknowledged
    assert len(store.acknowledged["a"].partitions) == 3
    return steps.taken


@pytest.mark.slow
def test_killed_at_each_step(tmp_path: Path) -> None:
    """The first start is among them, and the stop."""
    killed(tmp_path, 1)


def test_killed_at_some_steps(tmp_path: Path) -> None:
    killed(tmp_path, 3)


def killed(tmp_path: Path, stride: int) -> None:
    taken = steps_of_the_script(tmp_path / "whole")
    assert len(taken) > 100
    assert {"append", "flush", "make", "rename", "replace", "write"} <= {
        each.partition(" ")[0] for each in taken
    }
    for number in range(0, len(taken), stride):
        path = tmp_path / str(number)
        store = Store(FaultyDisk(Steps(range(number, number + 1), None)), path)
        with pytest.raises(Killed):
            _whole(store)
        if hasattr(store, "catalog"):
            for log in store.catalog.logs().values():
                log.abandon()
        store.directory.unlock()
        assert found(path) in (store.acknowledged, store.wanted), taken[number]


def _whole(store: Store) -> None:
    store.open()
    store.script()
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("length", [1, 7])
def test_refused_at_each_step(tmp_path: Path, error: int, length: int) -> None:
    """The disk refuses some writes in a row, and works again; the broker goes on meanwhile."""
    refused(tmp_path, error, length, 1)


def test_refused_at_some_steps(tmp_path: Path) -> None:
    refused(tmp_path, errno.ENOSPC, 1, 4)


def refused(tmp_path: Path, error: int, length: int, stride: int) -> None:
    taken = steps_of_the_script(tmp_path / "whole")
    opened = next(at for at, each in enumerate(taken) if each.endswith("topics.json"))
    for number in range(opened, len(taken), stride):
        path = tmp_path / str(number)
        steps = Steps(range(number, number + length), error)
        store = Store(FaultyDisk(steps), path)
        store.open()
        store.script()
        _same(store.acknowledged, _now(store.catalog), taken[number])
        steps.failing = range(0)
        # What could not be undone then is with the next change.
        store.create("last", 1, {})
        try:
            store.close()
        except OSError:
            assert taken[number].startswith("flush"), "a failed flush is not forgotten"
            for log in store.catalog.logs().values():
                log.abandon()
        store.directory.unlock()
        _same(store.acknowledged, found(path), taken[number])


def _now(catalog: Catalog) -> State:
    return {
        name: Topic(
            [dict(_content(partition.log)) for partition in topic.partitions], dict(topic.configs)
        )
        for name, topic in catalog.topics.items()
    }


def _same(wanted: Mapping[str, Topic], there: Mapping[str, Topic], step: str) -> None:
    """Whether all that was acknowledged is there, and nothing else.

    A topic may have more partitions where they could not be made, and not be unmade either.
    """
    assert wanted.keys() == there.keys(), step
    for name, topic in wanted.items():
        count = len(topic.partitions)
        assert topic.configs == there[name].configs, step
        assert topic.partitions == there[name].partitions[:count], step
        assert not any(there[name].partitions[count:]), step
