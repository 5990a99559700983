"""A member of a group that has a name of its own, and may restart without anybody noticing.

Usage: python static_membership.py 127.0.0.1:9092 billing-1
"""

import sys
from collections.abc import Collection

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition

consumer = KafkaConsumer(
    bootstrap_servers=sys.argv[1],
    group_id="billing",
    group_instance_id=sys.argv[2],
    session_timeout_ms=30_000,
    auto_offset_reset="earliest",
    enable_auto_commit=False,
)


class Told(ConsumerRebalanceListener):
    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        print("assigned", *sorted(place.partition for place in assigned), flush=True)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        print("revoked", *sorted(place.partition for place in revoked), flush=True)


consumer.subscribe(["orders"], listener=Told())
try:
    for message in consumer:
        print(message.partition, message.offset, message.value.decode(), flush=True)
        consumer.commit()
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
