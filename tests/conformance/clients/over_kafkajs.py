"""kafkajs as a driver: a process of Node for each consumer, told what to do in lines of JSON.

Its modules are fetched once, in the versions below, into the user's cache; nothing of them is
compiled.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from conformance.peers.server import cache, completed, leashed, made, tool
from tests.conformance.clients.drivers import PATIENCE, Record, To, Wish

VERSION = "2.2.4"
MODULES = (f"kafkajs@{VERSION}", "kafkajs-snappy@1.1.0", "snappyjs@0.6.1")
COMPILED = "the packages that kafkajs takes lz4 and zstd from are compiled, zstd's not any more"
SCRIPT = Path(__file__).with_name("kafkajs.cjs")


def modules() -> Path:
    """The folder of modules; Absent where npm or the network is not."""
    home = cache("clients", f"kafkajs-{VERSION}-snappy")
    if not home.is_dir():
        name = f"kafkajs {VERSION}"
        npm, _ = tool(name, "npm", "node")
        options = ("--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", ".")
        with completed(home) as passing:
            made(name, [npm, "install", *options, *MODULES], passing, 300)
    return home / "node_modules"


class Node:
    """A process of Node with kafkajs in it."""

    def __init__(self, bootstrap: str) -> None:
        (node,) = tool("kafkajs", "node")
        self._process = subprocess.Popen(
            leashed([node, str(SCRIPT), bootstrap]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "NODE_PATH": str(modules()), "KAFKAJS_NO_PARTITIONER_WARNING": "1"},
        )

    def __call__(self, name: str, /, **named: Any) -> Any:
        """What it answers; AssertionError with what it says where it cannot."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"do": name, **named}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        answer = json.loads(line) if line else {"error": "it has ended"}
        assert "error" not in answer, f"kafkajs, {name}: {answer['error']}"
        return answer["ok"]

    def end(self) -> None:
        self._process.communicate(timeout=PATIENCE)


@contextlib.contextmanager
def node(bootstrap: str) -> Iterator[Node]:
    """One that does what is done without a consumer."""
    found = Node(bootstrap)
    try:
        yield found
    finally:
        found.end()


class Kafkajs:
    name = "kafkajs"
    codecs = ("none", "gzip", "snappy")
    assignors = ("roundrobin",)
    lacks: Mapping[str, str] = MappingProxyType(
        {
            "lz4": COMPILED,
            "zstd": COMPILED,
            "test_a_static_member_comes_back_to_its_partitions": "kafkajs has no static members",
        }
    )

    def prepare(self) -> None:
        tool("kafkajs", "node")
        modules()

    def create(self, bootstrap: str, topic: str, partitions: int) -> None:
        with node(bootstrap) as do:
            do("create", topic=topic, partitions=partitions)

    def produce(
        self, bootstrap: str, topic: str, records: Sequence[To], *, codec: str = "none",
        idempotent: bool = False,
    ) -> list[tuple[int, int]]:  # fmt: skip
        with node(bootstrap) as do:
            found = do("produce", topic=topic, records=records, codec=codec, idempotent=idempotent)
        first = dict(found)
        places = []
        for record in records:
            if record.partition is not None:
                places.append((record.partition, first[record.partition]))
                first[record.partition] += 1
        return places

    def transactions(
        self, bootstrap: str, name: str, topic: str, parts: Sequence[tuple[str, bool]]
    ) -> None:
        with node(bootstrap) as do:
            do("transactions", name=name, topic=topic, parts=parts)

    def reader(self, bootstrap: str, wish: Wish) -> KafkajsReader:
        return KafkajsReader(bootstrap, wish)

    def lag(self, bootstrap: str, group: str, topic: str) -> dict[int, int]:
        with node(bootstrap) as do:
            return dict(do("lag", group=group, topic=topic))


class KafkajsReader:
    """A consumer is always of a group here: who assigns by hand gets one that nobody knows."""

    def __init__(self, bootstrap: str, wish: Wish) -> None:
        self._do = Node(bootstrap)
        self._topic = ""
        group = wish.group or uuid.uuid4().hex
        self._do(
            "open", group=group, reset=wish.reset, auto=wish.auto,
            committed=wish.committed, session=wish.session,
        )  # fmt: skip

    def subscribe(self, topic: str) -> None:
        self._topic = topic
        self._do("subscribe", topic=topic)

    def assign(self, topic: str, partition: int, offset: int) -> None:
        self.subscribe(topic)
        self.seek(topic, partition, offset)

    def poll(self, seconds: float) -> list[Record]:
        return [Record(*each) for each in self._do("poll", seconds=seconds)]

    def assignment(self) -> set[int]:
        return set(self._do("assignment"))

    def commit(self) -> None:
        self._do("commit", topic=self._topic)

    def seek(self, topic: str, partition: int, offset: int) -> None:
        self._do("seek", topic=topic, partition=partition, offset=offset)

    def committed(self, topic: str, partition: int) -> int:
        return int(self._do("committed", topic=topic, partition=partition))

    def at_time(self, topic: str, partition: int, time: int) -> int:
        return int(self._do("at_time", topic=topic, partition=partition, time=time))

    def close(self) -> None:
        self._do("close")
        self._do.end()


DRIVER = Kafkajs()
