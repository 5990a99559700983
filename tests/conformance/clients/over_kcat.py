"""kcat as a driver: a process for each thing that is done, told by its options.

kcat makes no topics but by asking for them, and is told nothing of committed offsets: where a
scenario needs either, librdkafka's clients do that part.  It commits by itself every five seconds
and when it ends; it cannot be told otherwise.
"""

from __future__ import annotations

import contextlib
import queue
import re
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import IO

from conformance.peers.server import leashed, tool
from tests.conformance.clients.drivers import PATIENCE, Record, To, Wish
from tests.conformance.clients.over_confluent import DRIVER as LIBRDKAFKA

FORMAT = r"%p\t%o\t%K\t%k\t%s\n"
CHANGE = re.compile(r"rebalanced.*?(assign|revoke)\w*(?: of \d+.*?\))?: (.*)")
"""`% Group g rebalanced (memberid m): assigned: t [0], t [1]`, and for cooperative assignors
`% Group g rebalanced: incremental assignment of 2 partition(s) (memberid m, …): t [0], t [1]`."""


def kcat(bootstrap: str, *words: str) -> list[str]:
    (program,) = tool("kcat", "kcat")
    return leashed([program, "-b", bootstrap, *words])


def options(**named: object) -> list[str]:
    return [
        word
        for name, value in named.items()
        if value is not None
        for word in ("-X", f"{name.replace('_', '.')}={value}")
    ]


def said(bootstrap: str, *words: str, given: str = "") -> tuple[str, str]:
    """What it writes and what it says, when it has done what was asked for."""
    done = subprocess.run(
        kcat(bootstrap, *words), input=given, capture_output=True, text=True, timeout=PATIENCE,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


class Kcat:
    name = "kcat"
    codecs = ("none", "gzip", "snappy", "lz4", "zstd")
    assignors = ("range", "roundrobin", "cooperative-sticky")
    lacks: Mapping[str, str] = MappingProxyType(
        {
            "test_a_topic_of_so_many_partitions": "kcat makes topics only by asking for them",
            "test_commits_by_hand": "kcat commits by itself, and when it ends",
            "test_seeking": "kcat stays where it was told to begin",
            "test_what_is_aborted": "kcat, when it is stopped, aborts what it has not sent yet",
            "test_lag_as_the_admin_client_sees_it": "kcat has no admin client",
        }
    )

    def prepare(self) -> None:
        tool("kcat", "kcat")

    def create(self, bootstrap: str, topic: str, partitions: int) -> None:
        LIBRDKAFKA.create(bootstrap, topic, partitions)

    def produce(
        self, bootstrap: str, topic: str, records: Sequence[To], *, codec: str = "none",
        idempotent: bool = False,
    ) -> list[tuple[int, int]]:  # fmt: skip
        places = []
        for partition, mine in groupby(records, lambda record: record.partition):
            lines = [f"{record.key or ''}|{record.value}\n" for record in mine]
            where = () if partition is None else ("-p", str(partition))
            settings = options(enable_idempotence=str(idempotent).lower(), linger_ms=20)
            _, told = said(
                bootstrap, "-P", "-t", topic, *where, "-K|", "-Z", "-z", codec, "-vvv", *settings,
                given="".join(lines),
            )  # fmt: skip
            found = re.findall(r"delivered to partition (\d+) \(offset (\d+)\)", told)
            places += [(int(home), int(offset)) for home, offset in found]
        return places

    def transactions(
        self, bootstrap: str, name: str, topic: str, parts: Sequence[tuple[str, bool]]
    ) -> None:
        for value, commit in parts:
            assert commit
            said(bootstrap, "-P", "-t", topic, "-p", "0", *options(transactional_id=name),
                 given=f"{value}\n")  # fmt: skip

    def reader(self, bootstrap: str, wish: Wish) -> KcatReader:
        return KcatReader(bootstrap, wish)

    def lag(self, bootstrap: str, group: str, topic: str) -> dict[int, int]:
        return LIBRDKAFKA.lag(bootstrap, group, topic)


class KcatReader:
    """A process that has what it is to read among its options, so that it begins with those."""

    def __init__(self, bootstrap: str, wish: Wish) -> None:
        self._bootstrap, self._wish = bootstrap, wish
        self._found: queue.Queue[Record] = queue.Queue()
        self._mine: set[int] = set()
        self._threads: list[threading.Thread] = []
        self._process: subprocess.Popen[str]

    def _start(self, *words: str) -> None:
        wish = self._wish
        settings = options(
            isolation_level="read_committed" if wish.committed else "read_uncommitted",
            auto_offset_reset=wish.reset,
            session_timeout_ms=wish.session,
            heartbeat_interval_ms=200,
            topic_metadata_refresh_interval_ms=500,
            **self._of_a_group(),
        )
        self._process = subprocess.Popen(
            kcat(self._bootstrap, "-u", "-f", FORMAT, *settings, *words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        streams = ((self._process.stdout, self._record), (self._process.stderr, self._change))
        for stream, take in streams:
            thread = threading.Thread(target=_lines, args=(stream, take), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _of_a_group(self) -> dict[str, object]:
        wish = self._wish
        if wish.group is None:
            return {}
        return {
            "group_instance_id": wish.instance,
            "partition_assignment_strategy": wish.assignor or Kcat.assignors[0],
        }

    def _record(self, line: str) -> None:
        partition, offset, size, key, value = line.rstrip("\n").split("\t")
        known = None if size == "-1" else key
        self._found.put(Record(int(partition), int(offset), known, value))

    def _change(self, line: str) -> None:
        if change := CHANGE.search(line):
            numbers = {int(number) for number in re.findall(r"\[(\d+)\]", change[2])}
            kept = self._mine - numbers
            self._mine = kept | numbers if change[1] == "assign" else kept

    def subscribe(self, topic: str) -> None:
        assert self._wish.group is not None
        self._start("-G", self._wish.group, topic)

    def assign(self, topic: str, partition: int, offset: int) -> None:
        self._start("-q", "-C", "-t", topic, "-p", str(partition), "-o", str(offset))

    def poll(self, seconds: float) -> list[Record]:
        found: list[Record] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._found.get(timeout=seconds))
            while True:
                found.append(self._found.get_nowait())
        return found

    def assignment(self) -> set[int]:
        return set(self._mine)

    def commit(self) -> None:
        raise NotImplementedError

    def seek(self, topic: str, partition: int, offset: int) -> None:
        raise NotImplementedError

    def committed(self, topic: str, partition: int) -> int:
        asker = LIBRDKAFKA.reader(self._bootstrap, Wish(group=self._wish.group))
        try:
            return asker.committed(topic, partition)
        finally:
            asker.close()

    def at_time(self, topic: str, partition: int, time: int) -> int:
        text, _ = said(self._bootstrap, "-Q", "-t", f"{topic}:{partition}:{time}")
        return int(text.rsplit(maxsplit=1)[1])

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()


def _lines(stream: IO[str], take: Callable[[str], None]) -> None:
    for line in stream:
        take(line)


DRIVER = Kcat()
