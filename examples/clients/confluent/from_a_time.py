"""Everything since a moment, once, up to where the topic ends now.

Usage: python from_a_time.py 127.0.0.1:9092 2026-01-31T12:00
"""

import sys
from datetime import datetime

from confluent_kafka import Consumer, KafkaException, TopicPartition

since = int(1000 * datetime.fromisoformat(sys.argv[2]).timestamp())
consumer = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "nobody"})
partitions = consumer.list_topics("orders", timeout=30).topics["orders"].partitions
asked = [TopicPartition("orders", number, since) for number in partitions]
left: dict[int, int] = {}
for place in consumer.offsets_for_times(asked, timeout=30):
    _, end = consumer.get_watermark_offsets(place, timeout=30)
    if 0 <= place.offset < end:  # otherwise nothing is that new
        left[place.partition] = end
        consumer.incremental_assign([place])
while left:
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error():
        raise KafkaException(message.error())
    partition, offset = message.partition(), message.offset()
    if partition in left:
        print(partition, offset, message.value().decode(), flush=True)
        if offset + 1 >= left[partition]:
            del left[partition]
consumer.close()
