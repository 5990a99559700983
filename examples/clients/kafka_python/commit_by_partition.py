"""A member of a group that commits each partition by itself, and waits only at the end.

Usage: python commit_by_partition.py 127.0.0.1:9092
"""

import sys

from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata


def answered(offsets: dict[TopicPartition, OffsetAndMetadata], answer: object) -> None:
    if isinstance(answer, Exception):
        print(f"not committed: {offsets}: {answer}", file=sys.stderr)


consumer = KafkaConsumer(
    "orders",
    bootstrap_servers=sys.argv[1],
    group_id="billing",
    session_timeout_ms=10_000,
    auto_offset_reset="earliest",
    enable_auto_commit=False,
)
try:
    while True:
        for place, records in consumer.poll(timeout_ms=1000).items():
            for record in records:
                print(record.partition, record.offset, record.value.decode(), flush=True)
            done = {place: OffsetAndMetadata(records[-1].offset + 1, "", -1)}
            consumer.commit_async(done, callback=answered)
except KeyboardInterrupt:
    consumer.commit()
finally:
    consumer.close()
