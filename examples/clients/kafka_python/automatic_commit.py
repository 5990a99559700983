"""A member of a group that leaves committing to the client.

Usage: python automatic_commit.py 127.0.0.1:9092
"""

import sys

from kafka import KafkaConsumer

consumer = KafkaConsumer(
    "orders",
    bootstrap_servers=sys.argv[1],
    group_id="billing",
    session_timeout_ms=10_000,
    auto_offset_reset="earliest",
    enable_auto_commit=True,
    auto_commit_interval_ms=1000,
)
try:
    for message in consumer:
        print(message.partition, message.offset, message.value.decode(), flush=True)
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
