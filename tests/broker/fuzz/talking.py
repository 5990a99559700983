"""What tests of a broker that is troubled do again and again."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from broker.wire.apis import ApiKey
from tests.broker.raw import RawClient
from tests.broker.server.running import PATIENCE, Running


@contextmanager
def connected(broker: Running) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", broker.port), timeout=PATIENCE) as found:
        yield found


def served(broker: Running) -> bool:
    """Whether somebody else is."""
    with RawClient(broker.port) as client:
        return bool(client.answer_to(ApiKey.METADATA, 4, topics=[])["brokers"])


def closed(found: socket.socket) -> bool:
    """Whether the broker closed, once all that was on its way has been read."""
    try:
        while found.recv(1 << 20):
            pass
    except ConnectionError:
        return True
    return True


def until(true: Callable[[], Any]) -> None:
    due = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < due
        time.sleep(0.01)


def joining(client: RawClient, group: str, size: int, member: str = "") -> None:
    """Ask to join a group that waits for others, with so much to say."""
    client.send(
        ApiKey.JOIN_GROUP,
        2,
        group_id=group,
        session_timeout=60_000,
        rebalance_timeout=60_000,
        member_id=member,
        protocol_type="consumer",
        protocols=[{"name": "range", "metadata": bytes(size)}],
    )
