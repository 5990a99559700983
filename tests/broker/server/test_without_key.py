"""A compacted topic takes no record without a key, and says which of a batch have none."""

from __future__ import annotations

from pathlib import Path

from broker.errors import ErrorCode
from broker.wire.apis import ApiKey
from broker.wire.records import build
from tests.broker.raw import RawClient
from tests.broker.server.running import running


def test_the_records_without_a_key_are_named(tmp_path: Path) -> None:
    with running(tmp_path) as broker:
        compacted = {"cleanup.policy": "compact"}
        broker.call(lambda: broker.server.broker.create_topic("t", 1, compacted))
        batch = bytes(build([(b"k", b"1"), (None, b"2"), (b"k", b"3"), (None, b"4")], 1000))
        part = {"index": 0, "records": batch}
        with RawClient(broker.port) as client:
            answer = client.answer_to(
                ApiKey.PRODUCE,
                8,
                acks=-1,
                timeout=1000,
                topic_data=[{"name": "t", "partition_data": [part]}],
            )
    [found] = answer["responses"][0]["partition_responses"]
    assert found["error_code"] == ErrorCode.INVALID_RECORD
    assert [each["batch_index"] for each in found["record_errors"]] == [1, 3]
