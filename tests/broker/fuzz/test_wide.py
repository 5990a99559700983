"""What a request costs grows as the request does, and no faster; so does its answer.

A few bytes an item are a client's; a handler that looked at all items for each of them, or told the
same a hundred thousand times, would keep everybody waiting.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from broker.server.broker import Broker
from broker.server.caller import Caller
from broker.server.dispatch import Request, respond
from broker.server.handlers.table import HANDLERS
from broker.wire.apis import APIS, ApiKey
from broker.wire.codec import NIL
from broker.wire.frames import read_header
from tests.broker.fuzz.wide import Wide, arrays
from tests.broker.server.running import Running, running

FEW, MANY = 250, 2000
STEEP = 4.0
"""How much steeper than its size a request's cost may grow; a cost of its square has 8."""

TELLING = (
    ApiKey.METADATA,
    ApiKey.DESCRIBE_CONFIGS,
    ApiKey.DESCRIBE_GROUPS,
    ApiKey.CONSUMER_GROUP_DESCRIBE,
    ApiKey.DESCRIBE_TRANSACTIONS,
    ApiKey.DESCRIBE_PRODUCERS,
    ApiKey.OFFSET_FETCH,
    ApiKey.FIND_COORDINATOR,
)
"""Requests that name things in a few bytes, and are told all about them."""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running(tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture
def broker(started: Running) -> Running:
    """One with a topic, that makes no others: that takes as long as the disk does."""
    held = started.server.broker
    held.catalog.most_files = 1000
    if "t" not in held.catalog.topics:
        started.call(lambda: held.create_topic("t", 2, {}))
    held.catalog.most_files = 0
    return started


def answered(broker: Broker, frame: bytes) -> tuple[float, int]:
    """The processor's seconds that a request took, and the bytes of its answer."""
    view = memoryview(bytearray(frame))
    began = time.thread_time()
    answer = respond(Request(broker, Caller("here"), read_header(view), view))
    took = time.thread_time() - began
    return took, sum(map(len, answer)) if isinstance(answer, list) else 0


def cost(broker: Running, key: ApiKey, path: tuple[str, ...], count: int, distinct: bool) -> float:
    """The least that was measured, of three times."""
    held, version = broker.server.broker, APIS[key].newest
    topic = held.catalog.topics["t"].topic_id if "t" in held.catalog.topics else NIL
    frame = Wide(path, count, topic, distinct).frame(APIS[key], version)
    measured: list[tuple[float, int]] = [
        broker.call(lambda: answered(held, frame)) for _ in range(3)
    ]
    return min(took for took, _ in measured)


QUICKLY = (ApiKey.METADATA, ApiKey.OFFSET_FETCH, ApiKey.DELETE_GROUPS)
"""Those that are looked at every time: they did not hold."""


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=() if key in QUICKLY else pytest.mark.slow)
        for key in HANDLERS
        if arrays(APIS[key], APIS[key].newest)
    ],
)
def test_a_request_of_many_items(broker: Running, key: ApiKey) -> None:
    for path in arrays(APIS[key], APIS[key].newest):
        for distinct in (False, True):
            few, many = (cost(broker, key, path, count, distinct) for count in (FEW, MANY))
            assert many < STEEP * (MANY / FEW) * max(few, 0.001), (path, distinct, few, many)


@pytest.mark.parametrize("key", TELLING)
def test_what_is_named_again_is_told_once(broker: Running, key: ApiKey) -> None:
    held, api = broker.server.broker, APIS[key]
    topic = held.catalog.topics["t"].topic_id
    path = arrays(api, api.newest)[0]

    def told(count: int) -> int:
        """The bytes of an answer to so many of the same name."""
        frame = Wide(path, count, topic, distinct=False).frame(api, api.newest)
        found: tuple[float, int] = broker.call(lambda: answered(held, frame))
        return found[1]

    assert told(100) == told(1) > 0
