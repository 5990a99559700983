"""librdkafka's mock cluster: inside the confluent-kafka library, on sockets of loopback.

It serves a few requests at high speed and keeps everything in memory.  It lives as long as the
producer that carries it.  kafka-python needs `api_version=(2, 0)` to talk to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from conformance.peers.server import PATIENCE, Absent, Server


@contextlib.contextmanager
def librdkafka_mock(brokers: int = 1) -> Iterator[Server]:
    """The cluster; Absent where confluent-kafka is not installed."""
    try:
        from confluent_kafka import Producer
    except ImportError:
        raise Absent("librdkafka's mock cluster: confluent-kafka is not installed") from None
    carrier = Producer(
        {
            "bootstrap.servers": "replaced",
            "test.mock.num.brokers": brokers,
            "logger": lambda *_: None,  # it says that this is not for production
        }
    )
    found = carrier.list_topics(timeout=PATIENCE).brokers.values()
    bootstrap = ",".join(sorted(f"{broker.host}:{broker.port}" for broker in found))
    yield Server("librdkafka's mock cluster", bootstrap)
    del carrier
