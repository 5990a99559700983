"""A member of a group that commits what it has worked off, and waits for the answer.

Usage: python commit_each_batch.py 127.0.0.1:9092
"""

import sys

from kafka import KafkaConsumer

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
        batches = consumer.poll(timeout_ms=1000)
        for records in batches.values():
            for record in records:
                print(record.partition, record.offset, record.value.decode(), flush=True)
        if batches:
            consumer.commit()
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
