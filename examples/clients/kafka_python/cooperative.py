"""A member of a group that keeps its partitions while the group changes.

Usage: python cooperative.py 127.0.0.1:9092
"""

import sys
from collections.abc import Collection

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

consumer = KafkaConsumer(
    bootstrap_servers=sys.argv[1],
    group_id="billing",
    heartbeat_interval_ms=1000,
    auto_offset_reset="earliest",
    enable_auto_commit=False,
    partition_assignment_strategy=[CooperativeStickyAssignor],
)


class Told(ConsumerRebalanceListener):
    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        print("assigned", *sorted(place.partition for place in assigned), flush=True)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        print("revoked", *sorted(place.partition for place in revoked), flush=True)


consumer.subscribe(["orders"], listener=Told())
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
