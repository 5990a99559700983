"""Everything since a moment, once, up to where the topic ends now.

Usage: python from_a_time.py 127.0.0.1:9092 2026-01-31T12:00
"""

import sys
from datetime import datetime

from kafka import KafkaConsumer, TopicPartition

since = int(1000 * datetime.fromisoformat(sys.argv[2]).timestamp())
consumer = KafkaConsumer(bootstrap_servers=sys.argv[1])
places = [TopicPartition("orders", number) for number in consumer.partitions_for_topic("orders")]
consumer.assign(places)
ends = consumer.end_offsets(places)
for place, found in consumer.offsets_for_times(dict.fromkeys(places, since)).items():
    consumer.seek(place, ends[place] if found is None else found.offset)
while any(consumer.position(place) < ends[place] for place in places):
    for records in consumer.poll(timeout_ms=1000).values():
        for record in records:
            print(record.partition, record.offset, record.value.decode(), flush=True)
consumer.close()
