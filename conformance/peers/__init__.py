"""Brokers to test with and to measure: each is a context manager that gives a `Server`.

    with peers.apache_kafka() as server:
        talk_to(server.bootstrap)

A peer whose tools are not here raises `Absent`, whose one line says what is missing; tests skip
with that line.  All listen on loopback alone, on ports that the system chose.  What they write is
below a folder that goes away with them, unless one is named; what is downloaded or compiled for
them is kept in the user's cache.

The oracle is Apache Kafka itself.  librdkafka's mock cluster and franz-go's kfake keep everything
in memory and serve less: they say how fast a broker could be, not what is right.
"""

from conformance.peers.address import at_address, reachable
from conformance.peers.apache import apache_kafka
from conformance.peers.franz import kfake
from conformance.peers.mock import librdkafka_mock
from conformance.peers.named import NAMES, named
from conformance.peers.ours import verdict_broker
from conformance.peers.server import Absent, Process, Server

__all__ = [
    "NAMES",
    "Absent",
    "Process",
    "Server",
    "apache_kafka",
    "at_address",
    "kfake",
    "librdkafka_mock",
    "named",
    "reachable",
    "verdict_broker",
]
