"""Groups of real clients, each member a process: shared, grown, shrunk, killed, restarted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.broker.server.running import PATIENCE, Running, running

MEMBER = Path(__file__).with_name("member.py")
PARTITIONS = 6
EVERYTHING = [*range(PARTITIONS)]

COMBINATIONS = [
    ("confluent", "cooperative-sticky"),
    ("confluent", "range"),
    ("confluent", "roundrobin"),
    ("confluent", "consumer:uniform"),
    ("confluent", "consumer:range"),
    ("kafka-python", "range"),
    ("kafka-python", "roundrobin"),
    ("kafka-python", "sticky"),
    ("aiokafka", "range"),
    ("aiokafka", "roundrobin"),
    ("aiokafka", "sticky"),
]


class Member:
    """A member in a process of its own.

    history  all that it said it has, in order
    """

    def __init__(self, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(MEMBER), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.history: list[list[int]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.history.append(json.loads(line))

    @property
    def has(self) -> list[int]:
        return self.history[-1] if self.history else []

    def leave(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(PATIENCE)

    def crash(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Group:
    """A topic, a group that consumes it, and its members."""

    def __init__(self, broker: Running, stack: ExitStack, client: str, assignor: str) -> None:
        self._broker, self._stack = broker, stack
        self._client, self._assignor = client, assignor
        self.name = f"{client}-{assignor.replace(':', '-')}-{id(self)}"
        broker.call(lambda: broker.server.broker.create_topic(self.name, PARTITIONS, {}))

    def join(self, instance: str = "") -> Member:
        words = (self._client, self._broker.bootstrap, self.name, self.name, self._assignor)
        member = Member(*words, *([instance] if instance else []))
        self._stack.callback(member.crash)
        return member


def shared(*members: Member) -> bool:
    """Whether each partition is with one member, and each member has some."""
    return sorted(each for member in members for each in member.has) == EVERYTHING and all(
        member.has for member in members
    )


def until(holds: Callable[[], bool], members: Iterator[Member] | list[Member]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, [member.history for member in members]
        time.sleep(0.05)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    settings = {
        # With no delay kafka-python may join anew in the middle of its first heartbeat, and then
        # sends no more: seen here, and nothing that a broker could help.
        "group_initial_rebalance_delay_ms": "500",
        "group_min_session_timeout_ms": "1000",
        "group_consumer_session_timeout_ms": "3000",
        "group_consumer_heartbeat_interval_ms": "300",
    }
    with running(tmp_path_factory.mktemp("members"), **settings) as found:
        yield found


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize(("client", "assignor"), COMBINATIONS)
def test_a_group_grows_shrinks_and_survives(
    broker: Running, stack: ExitStack, client: str, assignor: str
) -> None:
    group = Group(broker, stack, client, assignor)
    first = group.join()
    until(lambda: shared(first), [first])
    second = group.join()
    until(lambda: shared(first, second), [first, second])
    third = group.join()
    until(lambda: shared(first, second, third), [first, second, third])
    second.leave()
    until(lambda: shared(first, third), [first, third])
    third.crash()
    until(lambda: shared(first), [first])


@pytest.mark.parametrize(
    "client", ["confluent", pytest.param("kafka-python", marks=pytest.mark.slow)]
)
def test_a_static_member_that_is_back_in_time_has_what_it_had(
    broker: Running, stack: ExitStack, client: str
) -> None:
    """Nobody else notices: what the other members have does not change at all."""
    group = Group(broker, stack, client, "range")
    first, second = group.join("one"), group.join("two")
    until(lambda: shared(first, second), [first, second])
    had, others = second.has, len(first.history)
    second.crash()
    again = group.join("two")
    until(lambda: bool(again.has), [again])
    assert again.has == had
    assert len(first.history) == others
