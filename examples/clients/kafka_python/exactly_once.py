"""Totals in a database, in which each order counts once, whatever crashes.

Usage: python exactly_once.py 127.0.0.1:9092 totals.db

The results and how far they go are written in one transaction; Kafka is asked for neither.
"""

import sqlite3
import sys
from collections.abc import Collection

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition

# The client calls the listener from a thread of its own, while this one waits in poll().
store = sqlite3.connect(sys.argv[2], timeout=30, isolation_level=None, check_same_thread=False)
store.executescript("""
    CREATE TABLE IF NOT EXISTS totals (customer TEXT PRIMARY KEY, amount INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS progress (number INTEGER PRIMARY KEY, next INTEGER NOT NULL);
""")
ADD = """INSERT INTO totals VALUES (?, ?)
         ON CONFLICT (customer) DO UPDATE SET amount = amount + excluded.amount"""

consumer = KafkaConsumer(
    bootstrap_servers=sys.argv[1],
    group_id="billing",
    session_timeout_ms=6_000,
    enable_auto_commit=False,
)


def progress(partition: int) -> int:
    found = store.execute("SELECT next FROM progress WHERE number = ?", (partition,)).fetchone()
    return found[0] if found else 0


class FromTheStore(ConsumerRebalanceListener):
    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        for place in assigned:
            consumer.seek(place, progress(place.partition))

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        pass


consumer.subscribe(["orders"], listener=FromTheStore())
try:
    while True:
        for place, records in consumer.poll(timeout_ms=1000).items():
            store.execute("BEGIN IMMEDIATE")
            first = progress(place.partition)  # whoever had it before may have come further
            for record in records:
                if record.offset >= first:
                    customer, amount = record.value.decode().split()
                    store.execute(ADD, (customer, int(amount)))
            after = max(first, records[-1].offset + 1)
            store.execute("REPLACE INTO progress VALUES (?, ?)", (place.partition, after))
            store.execute("COMMIT")
            print(place.partition, "up to", after, flush=True)
except KeyboardInterrupt:
    pass
finally:
    consumer.close()
    store.close()
