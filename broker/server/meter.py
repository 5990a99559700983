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
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from broker.errors import ErrorCode
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
    produced, fetched bytes of batches appended, and given to consumers, by topic
    flushes           of logs; compactions, likewise
    """

    received: int = 0
    sent: int = 0
    opened: int = 0
    refused: Counter[Event] = field(default_factory=Counter)
    requests: dict[ApiKey, Requests] = field(default_factory=dict)
    produced: Counter[str] = field(default_factory=Counter)
    fetched: Counter[TopicKey] = field(default_factory=Counter)
    flushes: Times = field(default_factory=Times)
    compactions: Times = field(default_factory=Times)
    disk_failures: int = 0

    def forget(self, topic: str, topic_id: UUID) -> None:
        """A topic is no more; another of its name begins anew."""
        del self.produced[topic], self.fetched[topic], self.fetched[topic_id]

    def watched(self, handlers: Mapping[ApiKey, Handler]) -> dict[ApiKey, Handler]:
        """The handlers, which are counted from now on."""
        return {key: self._watched(key, handler) for key, handler in handlers.items()}

    def _watched(self, key: ApiKey, handler: Handler) -> Handler:
        counted = self.requests.setdefault(key, Requests())
        looks = {ApiKey.FETCH: self._fetched, ApiKey.PRODUCE: _appended}
        times, look = counted.times, looks.get(key, _look)

        def handle(request: Request) -> Answer | asyncio.Future[Answer]:
            began = perf_counter()
            answer = handler(request)
            busy = perf_counter() - began
            counted.busy += busy
            if busy > SLOW:
                _told(request, busy)
            if not isinstance(answer, asyncio.Future):
                times.add(busy)
                look(counted, answer)
                return answer

            def done(found: asyncio.Future[Answer]) -> None:
                if not found.cancelled() and found.exception() is None:
                    times.add(perf_counter() - began)
                    look(counted, found.result())

            answer.add_done_callback(done)
            return answer

        return handle

    def _fetched(self, counted: Requests, answer: Answer) -> None:
        """Count what is given to a consumer, and find the errors, in one go."""
        if not isinstance(answer, dict):
            return
        errors = {answer["error_code"]}
        for topic in answer["responses"]:
            size = 0
            for part in topic["partitions"]:
                size += len(part["records"])
                errors.add(part["error_code"])
            if size:
                self.fetched[topic["topic"] or topic["topic_id"]] += size
        errors.discard(ErrorCode.NONE)
        if errors:
            counted.errors.update(errors)


def _appended(counted: Requests, answer: Answer) -> None:
    """Find the errors of an answer to a producer, which has none as a rule."""
    if isinstance(answer, dict):
        errors: set[int] = set()
        for topic in answer["responses"]:
            for part in topic["partition_responses"]:
                if part["error_code"]:
                    errors.add(part["error_code"])
        if errors:
            counted.errors.update(errors)


def _look(counted: Requests, answer: Answer) -> None:
    if isinstance(answer, dict):
        errors: set[int] = set()
        _codes(answer, errors)
        if errors:
            counted.errors.update(errors)


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
