"""What is counted while the broker serves: plain numbers, which who does the work adds to.

Nothing is read, named or formatted here: `metrics` does that when somebody asks.  Each handler is
wrapped once; a request costs two looks at the clock and a few additions.

    seconds  from when the request was handled until its answer was known: what waits (a fetch for
             data, a join for others) has its wait in it
    busy     of that, what the one thread spent on it; who takes too long holds up everybody, and
             is told
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from broker.events import Event, tell
from broker.server.dispatch import Answer, Handler, Request
from broker.wire.apis import ApiKey

SLOW = 1.0
"""Seconds that a request may keep the thread without being told."""

BOUNDS: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
"""Upper bounds of the buckets of times, in seconds; there is one more for what is above."""

TopicKey = str | UUID
"""A topic, by its name or its id."""


@dataclass
class Times:
    """How long something took, in seconds: how often within each bound, and all together."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """It took so long once more."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


@dataclass
class Requests:
    """Requests of one kind.

    errors  answers that hold an error, by its code
    """

    times: Times = field(default_factory=Times)
    busy: float = 0.0
    errors: Counter[int] = field(default_factory=Counter)


@dataclass
class Meter:
    """All that is counted.

    received, sent    bytes
    refused           connections that were closed or not let in, by the event that says why
    produced, fetched bytes of batches, by topic
    flushes           of logs; compactions, likewise
    """

    received: int = 0
    sent: int = 0
    opened: int = 0
    refused: Counter[Event] = field(default_factory=Counter)
    requests: dict[ApiKey, Requests] = field(default_factory=dict)
    produced: Counter[TopicKey] = field(default_factory=Counter)
    fetched: Counter[TopicKey] = field(default_factory=Counter)
    flushes: Times = field(default_factory=Times)
    compactions: Times = field(default_factory=Times)
    disk_failures: int = 0

    def watched(self, handlers: Mapping[ApiKey, Handler]) -> dict[ApiKey, Handler]:
        """The handlers, which are counted from now on."""
        return {key: self._watched(key, handler) for key, handler in handlers.items()}

    def _watched(self, key: ApiKey, handler: Handler) -> Handler:
        counted = self.requests.setdefault(key, Requests())
        produces, fetches = key is ApiKey.PRODUCE, key is ApiKey.FETCH

        def note(began: float, body: Any, answer: Answer) -> None:
            counted.times.add(perf_counter() - began)
            found: set[int] = set()
            if produces:
                self._produce(body, answer, found)
            elif isinstance(answer, dict):
                _codes(answer, found)
                if fetches:
                    self._fetch(answer)
            if found:
                counted.errors.update(found)

        def handle(request: Request) -> Answer | asyncio.Future[Answer]:
            began = perf_counter()
            answer = handler(request)
            busy = perf_counter() - began
            counted.busy += busy
            if busy > SLOW:
                _told(request, busy)
            # A body is slices of a buffer that others will use: none is kept without need.
            body = request.body if produces else None
            if not isinstance(answer, asyncio.Future):
                note(began, body, answer)
            else:
                answer.add_done_callback(
                    lambda done: (
                        None
                        if done.cancelled() or done.exception()
                        else note(began, body, done.result())
                    )
                )
            return answer

        return handle

    def _produce(self, body: Any, answer: Answer, found: set[int]) -> None:
        """Count what was appended, and find the errors; without an answer there are none."""
        answered = answer["responses"] if isinstance(answer, dict) else None
        for number, topic in enumerate(body.topic_data):
            results = () if answered is None else answered[number]["partition_responses"]
            size = 0
            for part, result in zip_longest(topic.partition_data, results):
                if result is not None and result["error_code"]:
                    found.add(result["error_code"])
                else:
                    size += len(part.records)
            if size:
                self.produced[topic.name or topic.topic_id] += size

    def _fetch(self, answer: Mapping[str, Any]) -> None:
        for topic in answer["responses"]:
            size = sum(len(part["records"]) for part in topic["partitions"])
            if size:
                self.fetched[topic["topic"] or topic["topic_id"]] += size


def _codes(answer: Mapping[str, Any], found: set[int]) -> None:
    """The errors in an answer, wherever in it they are."""
    for name, value in answer.items():
        if name == "error_code":
            if value:
                found.add(value)
        elif isinstance(value, list | tuple):
            for each in value:
                if isinstance(each, dict):
                    _codes(each, found)


def _told(request: Request, seconds: float) -> None:
    tell(
        Event.REQUEST_SLOW,
        api=request.key.name,
        client=request.host,
        client_id=request.client_id,
        seconds=round(seconds, 3),
    )
