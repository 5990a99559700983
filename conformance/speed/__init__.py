"""How fast a broker is, beside others on the same machine in the same minutes.

    sizes = QUICK
    outcome = contest(PEERS, measures(client(), sizes), sizes, print)

`figures` says what a measurement is; `throughput`, `latency`, `unbatched` and `rebalance` are the
measurements; `turns` has the brokers take turns.  `memory` looks at one broker from outside
while its log grows.
"""

from conformance.speed.figures import Figure, Lacking, Measure, Sizes, Taken, middle, values
from conformance.speed.memory import Growth, grow
from conformance.speed.throughput import Client, Confluent, client
from conformance.speed.turns import (
    CEILING,
    FULL,
    IN_MEMORY,
    KAFKA,
    OURS,
    PEERS,
    QUICK,
    Lack,
    Outcome,
    contest,
    measures,
)

__all__ = [
    "CEILING",
    "FULL",
    "IN_MEMORY",
    "KAFKA",
    "OURS",
    "PEERS",
    "QUICK",
    "Client",
    "Confluent",
    "Figure",
    "Growth",
    "Lack",
    "Lacking",
    "Measure",
    "Outcome",
    "Sizes",
    "Taken",
    "client",
    "contest",
    "grow",
    "measures",
    "middle",
    "values",
]
