"""Each client library against each broker: what people do with Kafka, one scenario at a time.

This project's broker is the one that is tested; Apache Kafka says whether a scenario is right.  The
scenarios are written once: `drivers` has the vocabulary.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import subprocess
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.brokers import started
from tests.conformance.clients.drivers import NAMES, PATIENCE, Driver, Reader, Record, To, Wish
from tests.conformance.clients.drivers import driver as named

ROOT = Path(__file__).resolve().parents[3]
slow = pytest.mark.slow
logging.getLogger("kafka").setLevel(logging.CRITICAL)
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@pytest.fixture(scope="module", params=["verdict", pytest.param("kafka", marks=slow)])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    with started(request.param) as server:
        yield server.bootstrap


@pytest.fixture(params=NAMES)
def driver(request: pytest.FixtureRequest) -> Driver:
    return named(request.param)


@pytest.fixture
def topic() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture(autouse=True)
def _sockets_that_clients_leave_open() -> Iterator[None]:
    """Collect them here, where the warning about them is not the next test's."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@contextlib.contextmanager
def reading(driver: Driver, broker: str, wish: Wish) -> Iterator[Reader]:
    reader = driver.reader(broker, wish)
    try:
        yield reader
    finally:
        reader.close()


def take(reader: Reader, count: int) -> list[Record]:
    """So many records, and none too many in what comes with them."""
    found: list[Record] = []
    due = time.monotonic() + PATIENCE
    while len(found) < count:
        assert time.monotonic() < due, f"{len(found)} of {count} records came"
        found += reader.poll(0.2)
    assert len(found) == count, found[count:]
    return found


def until(true: Callable[[], bool], *polled: Reader) -> None:
    """Poll until something is so."""
    due = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < due, [reader.assignment() for reader in polled]
        for reader in polled:
            reader.poll(0.05)


def values(records: list[Record]) -> list[str]:
    return [record.value for record in records]


def fill(driver: Driver, broker: str, topic: str, count: int = 12, partitions: int = 4) -> None:
    """A topic with records in turn in its partitions."""
    driver.create(broker, topic, partitions)
    driver.produce(broker, topic, [To(f"v{n}", partition=n % partitions) for n in range(count)])


def test_a_first_session(driver: Driver, broker: str, topic: str) -> None:
    """Create, produce, read from the beginning in a group, commit, go on where it was."""
    fill(driver, broker, topic)
    wish = Wish(group=topic)
    with reading(driver, broker, wish) as reader:
        reader.subscribe(topic)
        assert sorted(values(take(reader, 12))) == sorted(f"v{n}" for n in range(12))
        reader.commit()
    driver.produce(broker, topic, [To("more", partition=2)])
    with reading(driver, broker, wish) as reader:
        reader.subscribe(topic)
        assert take(reader, 1) == [Record(2, 3, None, "more")]
        assert [reader.committed(topic, n) for n in range(4)] == [3, 3, 3, 3]
    assert driver.lag(broker, topic, topic) == {0: 0, 1: 0, 2: 1, 3: 0}


@slow
@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_codec(driver: Driver, broker: str, topic: str, codec: str) -> None:
    assert codec in driver.codecs
    driver.create(broker, topic, 1)
    records = [To(f"{n} " * 50, f"k{n}", 0) for n in range(200)]
    places = driver.produce(broker, topic, records, codec=codec)
    assert places == [(0, n) for n in range(200)]
    with reading(driver, broker, Wish()) as reader:
        reader.assign(topic, 0, 0)
        found = take(reader, 200)
    assert found == [Record(0, n, f"k{n}", f"{n} " * 50) for n in range(200)]


@slow
def test_keys_keep_their_partition_and_order(driver: Driver, broker: str, topic: str) -> None:
    driver.create(broker, topic, 3)
    records = [To(str(n), f"k{n % 10}") for n in range(200)]
    places = driver.produce(broker, topic, records, idempotent=True)
    homes: dict[str, set[int]] = {}
    for record, (partition, _) in zip(records, places, strict=True):
        homes.setdefault(str(record.key), set()).add(partition)
    assert {len(home) for home in homes.values()} == {1}
    with reading(driver, broker, Wish(group=topic)) as reader:
        reader.subscribe(topic)
        found = take(reader, 200)
    seen: dict[str, list[int]] = {}
    for each in found:
        seen.setdefault(str(each.key), []).append(int(each.value))
    assert seen == {f"k{k}": list(range(k, 200, 10)) for k in range(10)}


@slow
def test_where_a_consumer_begins(driver: Driver, broker: str, topic: str) -> None:
    driver.create(broker, topic, 1)
    base = 1_700_000_000_000
    driver.produce(broker, topic, [To(f"v{n}", None, 0, base + 10 * n) for n in range(20)])
    with reading(driver, broker, Wish(group=f"{topic}-latest", reset="latest")) as reader:
        reader.subscribe(topic)
        until(lambda: reader.assignment() == {0}, reader)
        assert reader.poll(0.5) == []  # by then it knows where the end is
        driver.produce(broker, topic, [To("new", None, 0)])
        assert values(take(reader, 1)) == ["new"]
    with reading(driver, broker, Wish()) as reader:
        assert reader.at_time(topic, 0, base + 65) == 7
        reader.assign(topic, 0, 7)
        assert values(take(reader, 14)) == [*(f"v{n}" for n in range(7, 20)), "new"]
        reader.seek(topic, 0, 19)
        assert values(take(reader, 2)) == ["v19", "new"]


@slow
@pytest.mark.parametrize("assignor", ["range", "roundrobin", "sticky", "cooperative-sticky"])
def test_a_group_scales_out_and_in(driver: Driver, broker: str, topic: str, assignor: str) -> None:
    if assignor not in driver.assignors:
        pytest.skip(f"this client has no {assignor} assignor")
    fill(driver, broker, topic)
    wish = Wish(group=topic, assignor=assignor)
    with reading(driver, broker, wish) as one:
        one.subscribe(topic)
        take(one, 12)
        one.commit()
        with reading(driver, broker, wish) as two:
            two.subscribe(topic)
            until(lambda: len(one.assignment()) == len(two.assignment()) == 2, one, two)
            assert one.assignment() | two.assignment() == {0, 1, 2, 3}
        until(lambda: one.assignment() == {0, 1, 2, 3}, one)
        driver.produce(broker, topic, [To("last", partition=1)])
        assert values(take(one, 1)) == ["last"]


@slow
def test_a_member_that_crashes_is_replaced(
    request: pytest.FixtureRequest, driver: Driver, broker: str, topic: str
) -> None:
    fill(driver, broker, topic)
    name = request.node.callspec.params["driver"]
    command = [sys.executable, "-m", "tests.conformance.clients.member", name, broker, topic,
               topic, "range", "2000"]  # fmt: skip
    with reading(driver, broker, Wish(group=topic, session=2000)) as one:
        one.subscribe(topic)
        until(lambda: one.assignment() == {0, 1, 2, 3}, one)
        member = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            until(lambda: len(one.assignment()) == 2, one)
        finally:
            member.kill()
            member.wait(PATIENCE)
        until(lambda: one.assignment() == {0, 1, 2, 3}, one)


@slow
def test_a_static_member_comes_back_to_its_partitions(
    driver: Driver, broker: str, topic: str
) -> None:
    fill(driver, broker, topic)
    wishes = [Wish(group=topic, instance=f"{topic}-{n}", session=20_000) for n in range(2)]
    one, two = (driver.reader(broker, wish) for wish in wishes)
    try:
        one.subscribe(topic)
        two.subscribe(topic)
        until(lambda: len(one.assignment()) == len(two.assignment()) == 2, one, two)
        mine, others = one.assignment(), two.assignment()
        two.close()
        two = driver.reader(broker, wishes[1])
        two.subscribe(topic)
        until(lambda: two.assignment() == others, one, two)
        assert one.assignment() == mine
    finally:
        one.close()
        two.close()


@slow
def test_automatic_commits(driver: Driver, broker: str, topic: str) -> None:
    fill(driver, broker, topic, count=8)
    wish = Wish(group=topic, auto=True)
    with reading(driver, broker, wish) as reader:
        reader.subscribe(topic)
        take(reader, 8)
        until(lambda: all(reader.committed(topic, n) == 2 for n in range(4)), reader)
    driver.produce(broker, topic, [To("more", partition=0)])
    with reading(driver, broker, wish) as reader:
        reader.subscribe(topic)
        assert values(take(reader, 1)) == ["more"]


@slow
def test_transactions(driver: Driver, broker: str, topic: str) -> None:
    driver.create(broker, topic, 1)
    parts = [("a", True), ("b", False), ("c", True), ("d", False)]
    driver.transactions(broker, topic, topic, parts)
    with reading(driver, broker, Wish(committed=True)) as reader:
        reader.assign(topic, 0, 0)
        assert values(take(reader, 2)) == ["a", "c"]
        assert reader.poll(0.3) == []
    with reading(driver, broker, Wish()) as reader:
        reader.assign(topic, 0, 0)
        assert values(take(reader, 4)) == ["a", "b", "c", "d"]


@slow
def test_lag_as_the_admin_client_sees_it(driver: Driver, broker: str, topic: str) -> None:
    fill(driver, broker, topic, count=8)
    with reading(driver, broker, Wish(group=topic)) as reader:
        reader.subscribe(topic)
        take(reader, 8)
        reader.commit()
    driver.produce(broker, topic, [To("x", partition=1), To("y", partition=1)])
    assert driver.lag(broker, topic, topic) == {0: 0, 1: 2, 2: 0, 3: 0}
