"""How far a group is behind, partition by partition.

Usage: python lag.py 127.0.0.1:9092 billing
"""

import sys

from kafka import KafkaAdminClient, KafkaConsumer

admin = KafkaAdminClient(bootstrap_servers=sys.argv[1])
asker = KafkaConsumer(bootstrap_servers=sys.argv[1])
committed = admin.list_group_offsets(sys.argv[2])[sys.argv[2]]
ends = asker.end_offsets(list(committed))
for place, told in sorted(committed.items()):
    print(place.topic, place.partition, told.offset, ends[place], ends[place] - told.offset)
asker.close()
admin.close()
