"""Compaction leaves what Apache Kafka's cleaner leaves, batch by batch.

The same batches are produced to both: plain ones, idempotent ones, transactions of both ends, of
several codecs, with tombstones.  They are rolled at once, so that each cleans them in one go; then
more follow, and again, until tombstones and the ends of transactions had their time.  What remains
is compared as it is fetched: batches with their offsets, producers, sequences, kinds, and records.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from broker.wire import batches, records
from broker.wire.apis import ApiKey
from broker.wire.batches import DELETE_HORIZON, Codec
from conformance.peers import Absent
from conformance.peers.apache import apache_kafka
from conformance.peers.ours import verdict_broker
from tests.broker.raw import RawClient

SETTINGS = {"log.cleaner.backoff.ms": "200", "offsets.topic.num.partitions": "1"}
CONFIGS = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "0",
    "segment.ms": "300000",
}
PATIENCE = 60.0
TOPIC = "compacted"


def until(true: Callable[[], Any]) -> Any:
    due = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < due
        time.sleep(0.05)
    return found


class Writer(RawClient):
    """Writes the same to any broker."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(int(bootstrap.rpartition(":")[2]))
        self.at = self.begun = int(time.time() * 1000)
        self.sequences: dict[int, int] = {}

    def make(self) -> None:
        configs = [{"name": name, "value": value} for name, value in CONFIGS.items()]
        topic = {"name": TOPIC, "num_partitions": 1, "replication_factor": 1, "configs": configs}
        answer = self.answer_to(ApiKey.CREATE_TOPICS, 7, topics=[topic], timeout_ms=9000)
        assert answer["topics"][0]["error_code"] == 0
        until(lambda: self.end() == 0)

    def end(self) -> int:
        part = {"partition_index": 0, "timestamp": -1}
        topics = [{"name": TOPIC, "partitions": [part]}]
        answer = self.answer_to(ApiKey.LIST_OFFSETS, 4, topics=topics)
        [found] = answer["topics"][0]["partitions"]
        return -1 if found["error_code"] else int(found["offset"])

    def producer(self, name: str | None) -> int:
        def ask() -> dict[str, Any] | None:
            answer = self.answer_to(
                ApiKey.INIT_PRODUCER_ID, 4, transactional_id=name, transaction_timeout=60_000
            )
            return None if answer["error_code"] else answer

        if name is not None:
            until(lambda: self._coordinator(name))
        found = int(until(ask)["producer_id"])
        self.sequences[found] = 0
        return found

    def _coordinator(self, name: str) -> bool:
        answer = self.answer_to(ApiKey.FIND_COORDINATOR, 3, key=name, key_type=1)
        return not answer["error_code"]

    def write(
        self,
        *pairs: tuple[bytes, bytes | None],
        codec: Codec = Codec.NONE,
        producer: int = -1,
        transaction: str | None = None,
    ) -> None:
        self.at += 1
        more = {}
        if producer >= 0:
            sequence = self.sequences[producer]
            more = {"producer_id": producer, "producer_epoch": 0, "base_sequence": sequence}
            self.sequences[producer] += len(pairs)
        if transaction is not None:
            more["attributes"] = batches.TRANSACTIONAL
            until(lambda: self._added(transaction, producer))
        batch = records.recompress(records.build(pairs, self.at, **more), codec)
        data = [{"name": TOPIC, "partition_data": [{"index": 0, "records": bytes(batch)}]}]

        def sent() -> bool:
            answer = self.answer_to(
                ApiKey.PRODUCE,
                8,
                acks=-1,
                timeout=9000,
                topic_data=data,
                transactional_id=transaction,
            )
            return not answer["responses"][0]["partition_responses"][0]["error_code"]

        until(sent)

    def _added(self, name: str, producer: int) -> bool:
        answer = self.answer_to(
            ApiKey.ADD_PARTITIONS_TO_TXN,
            3,
            v3_and_below_transactional_id=name,
            v3_and_below_producer_id=producer,
            v3_and_below_producer_epoch=0,
            v3_and_below_topics=[{"name": TOPIC, "partitions": [0]}],
        )
        [found] = answer["results_by_topic_v3_and_below"][0]["results_by_partition"]
        return not found["partition_error_code"]

    def finish(self, name: str, producer: int, *, commit: bool) -> None:
        end = self.end()
        self.answer_to(
            ApiKey.END_TXN, 3, transactional_id=name, producer_id=producer, producer_epoch=0,
            committed=commit,
        )  # fmt: skip
        until(lambda: self.end() == end + 1)

    def roll(self, number: int) -> None:
        self.at += 500_000
        self.write((b"roll", b"%d" % number))

    def batches(self) -> list[tuple[Any, ...]]:
        """All that is there."""
        found, offset, end = [], 0, self.end()
        while offset < end:
            part = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": 1 << 20}
            answer = self.answer_to(
                ApiKey.FETCH, 4, max_wait=0, max_bytes=1 << 20,
                topics=[{"topic": TOPIC, "partitions": [part]}],
            )  # fmt: skip
            data = answer["responses"][0]["partitions"][0]["records"]
            for at, header in batches.walk(data):
                if header.last_offset >= offset:
                    found.append(described(header, data[at : at + header.size], self.begun))
                    offset = header.next_offset
        return found


def described(header: batches.BatchHeader, data: bytes, begun: int) -> tuple[Any, ...]:
    """A batch, less what has to do with when and by whom it was written and cleaned."""
    batches.checked(data)
    return (
        header.base_offset,
        header.last_offset,
        Codec(header.codec).name,
        header.transactional,
        header.control,
        bool(header.attributes & DELETE_HORIZON),
        header.producer_id >= 0,
        header.producer_epoch,
        header.base_sequence,
        [
            (
                record.offset,
                None if header.control else record.timestamp - begun,
                record.key,
                b"" if header.control else record.value,
            )
            for record in records.read_records(data)
        ],
    )


def history(bootstrap: str) -> Iterator[list[tuple[Any, ...]]]:
    """What is left after each cleaning."""
    with Writer(bootstrap) as writer:
        writer.make()
        idempotent, abandoned = writer.producer(None), writer.producer(None)
        names = {name: writer.producer(name) for name in ("kept", "lost", "ends")}
        for number in range(6):
            writer.write((b"a", b"%d" % number), (b"b%d" % number, b"x"), codec=Codec(number % 5))
            writer.write((b"i", b"%d" % number), producer=idempotent)
        writer.write((b"only", b"1"), (b"a", None), producer=abandoned)
        writer.write((b"gone", b"1"), codec=Codec.ZSTD)
        for number in range(3):
            for name in ("kept", "lost"):
                for _ in range(2):
                    pairs = [(b"t", b"%s %d" % (name.encode(), number)), (b"u%d" % number, b"1")]
                    writer.write(*pairs, codec=Codec.LZ4, producer=names[name], transaction=name)
                writer.finish(name, names[name], commit=name == "kept")
        writer.write((b"e", b"1"), producer=names["ends"], transaction="ends")
        writer.finish("ends", names["ends"], commit=False)
        writer.write((b"gone", None), (b"stays", b"1"), codec=Codec.GZIP)
        for number in range(4):
            before = writer.batches()
            writer.roll(number)
            whole = writer.end()
            yield until(lambda: changed(writer, before))  # noqa: B023 - at once
            assert writer.end() == whole
            writer.write((b"t", b"later %d" % number), (b"a", b"later %d" % number))
            writer.write((b"u0", b"later"), (b"stays", None if number == 1 else b"%d" % number))


def changed(writer: Writer, before: list[tuple[Any, ...]]) -> list[tuple[Any, ...]] | None:
    """What is there once it has changed, and no longer changes."""
    now = writer.batches()
    if now[:-1] == before:
        return None
    time.sleep(1.5)
    return now if writer.batches() == now else None


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_remains_is_what_kafka_leaves(tmp_path: Path) -> None:
    with ExitStack() as stack:
        try:
            kafka = stack.enter_context(apache_kafka(tmp_path / "kafka", settings=SETTINGS))
        except Absent as absent:
            pytest.skip(str(absent))
        ours = stack.enter_context(verdict_broker(tmp_path / "ours", settings=SETTINGS))
        found = list(zip(history(kafka.bootstrap), history(ours.bootstrap), strict=True))
    assert len(found) == 4
    for number, (theirs, mine) in enumerate(found):
        assert mine == theirs, f"after cleaning {number}"
    kinds = [{(each[4], each[5]) for each in theirs} for theirs, _ in found]
    assert (True, True) in kinds[1], "ends of transactions wait for their time"
    assert len([each for each in found[0][0] if each[4]]) > len(
        [each for each in found[-1][0] if each[4]]
    ), "and go"
