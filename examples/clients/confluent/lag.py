"""How far a group is behind, partition by partition.

Usage: python lag.py 127.0.0.1:9092 billing
"""

import sys

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

admin = AdminClient({"bootstrap.servers": sys.argv[1]})
asker = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "nobody"})
told = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(sys.argv[2])])
for place in sorted(told[sys.argv[2]].result().topic_partitions):
    _, end = asker.get_watermark_offsets(place, timeout=30)
    print(place.topic, place.partition, place.offset, end, end - place.offset)
asker.close()
