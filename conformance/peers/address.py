"""A broker that somebody else started, by its address."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from conformance.peers.server import Absent, Server, serves


def reachable(bootstrap: str) -> bool:
    """Whether a broker serves at `host:port`; False for what is no address, too."""
    return bootstrap.rpartition(":")[2].isdecimal() and serves(bootstrap)


@contextlib.contextmanager
def at_address(bootstrap: str) -> Iterator[Server]:
    """It; Absent where nobody serves there."""
    if not reachable(bootstrap):
        raise Absent(f"nobody serves Kafka's protocol at {bootstrap}")
    yield Server(bootstrap, bootstrap)
