"""Each client against each broker: what people do with Kafka, one scenario at a time.

This project's broker is the one that is tested; Apache Kafka says whether a scenario is right.  The
scenarios are written once: `drivers` has the vocabulary, `matrix` what each is called in the table
of docs/clients.md.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import logging
import re
import struct
import subprocess
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.peers import Absent, Process
from tests.conformance.brokers import started
from tests.conformance.clients import matrix
from tests.conformance.clients.drivers import NAMES, PATIENCE, Driver, Reader, Record, To, Wish
from tests.conformance.clients.drivers import driver as named

ROOT = Path(__file__).resolve().parents[3]
slow = pytest.mark.slow
logging.getLogger("kafka").setLevel(logging.CRITICAL)
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


@pytest.fixture(scope="module", params=["verdict", pytest.param("kafka", marks=slow)])
def server(request: pytest.FixtureRequest) -> Iterator[Process]:
    with started(request.param) as found:
        assert isinstance(found, Process)
        yield found


@pytest.fixture
def broker(server: Process) -> str:
    return server.bootstrap


@pytest.fixture
def driver(request: pytest.FixtureRequest) -> Driver:
    found = named(request.param)
    try:
        found.prepare()
    except Absent as absent:
        pytest.skip(str(absent))
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test with the clients that can do what it wants, by codec or assignor where it does."""
    if "driver" not in metafunc.fixturenames:
        return
    test = metafunc.function.__name__
    names = matrix.clients(test)
    if test not in matrix.LISTED:
        metafunc.parametrize("driver", names, indirect=True)
        return
    pairs = [(name, each) for name in names for each in getattr(named(name), matrix.LISTED[test])]
    metafunc.parametrize(("driver", "choice"), pairs, indirect=["driver"])


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
    """Send, read from the beginning in a group, commit at the end, go on where it was."""
    fill(driver, broker, topic)
    wish = Wish(group=topic, auto=True)
    with reading(driver, broker, wish) as reader:
        reader.subscribe(topic)
        assert sorted(values(take(reader, 12))) == sorted(f"v{n}" for n in range(12))
    driver.produce(broker, topic, [To("more", partition=2)])
    with reading(driver, broker, wish) as reader:
        reader.subscribe(topic)
        assert take(reader, 1) == [Record(2, 3, None, "more")]


@slow
def test_a_topic_of_so_many_partitions(driver: Driver, broker: str, topic: str) -> None:
    driver.create(broker, topic, 7)
    places = driver.produce(broker, topic, [To("last", None, 6)])
    assert places == [(6, 0)]
    with reading(driver, broker, Wish(group=topic)) as reader:
        reader.subscribe(topic)
        until(lambda: reader.assignment() == set(range(7)), reader)


@slow
def test_a_topic_comes_by_being_used(driver: Driver, broker: str, topic: str) -> None:
    driver.produce(broker, topic, [To("first", "k")])
    with reading(driver, broker, Wish(group=topic)) as reader:
        reader.subscribe(topic)
        assert values(take(reader, 1)) == ["first"]
        assert reader.assignment() == {0, 1, 2, 3}


@slow
def test_every_codec(driver: Driver, broker: str, topic: str, choice: str) -> None:
    driver.create(broker, topic, 1)
    records = [To(f"{n} " * 50, f"k{n}", 0) for n in range(200)]
    places = driver.produce(broker, topic, records, codec=choice)
    assert places == [(0, n) for n in range(200)]
    with reading(driver, broker, Wish()) as reader:
        reader.assign(topic, 0, 0)
        found = take(reader, 200)
    assert found == [Record(0, n, f"k{n}", f"{n} " * 50) for n in range(200)]


@slow
def test_keys_keep_their_partition_and_order(driver: Driver, broker: str, topic: str) -> None:
    driver.create(broker, topic, 3)
    driver.produce(broker, topic, [To(str(n), f"k{n % 10}") for n in range(200)])
    with reading(driver, broker, Wish(group=topic)) as reader:
        reader.subscribe(topic)
        found = take(reader, 200)
    homes: dict[str, set[int]] = {}
    seen: dict[str, list[int]] = {}
    for each in found:
        homes.setdefault(str(each.key), set()).add(each.partition)
        seen.setdefault(str(each.key), []).append(int(each.value))
    assert {len(home) for home in homes.values()} == {1}
    assert len(set.union(*homes.values())) > 1
    assert seen == {f"k{k}": list(range(k, 200, 10)) for k in range(10)}


@slow
def test_from_the_earliest(driver: Driver, broker: str, topic: str) -> None:
    fill(driver, broker, topic, count=6, partitions=1)
    with reading(driver, broker, Wish(group=topic, reset="earliest")) as reader:
        reader.subscribe(topic)
        assert values(take(reader, 6)) == [f"v{n}" for n in range(6)]


@slow
def test_from_the_latest(driver: Driver, broker: str, topic: str) -> None:
    fill(driver, broker, topic, count=6, partitions=1)
    with reading(driver, broker, Wish(group=topic, reset="latest")) as reader:
        reader.subscribe(topic)
        until(lambda: reader.assignment() == {0}, reader)
        found: list[Record] = []
        sent = 0
        while not found:  # what is sent before it has asked where the end is, is not for it
            assert sent < PATIENCE
            driver.produce(broker, topic, [To(f"new {sent}", None, 0)])
            sent += 1
            found = reader.poll(0.5)
        assert values(found)[-1] == f"new {sent - 1}"
        assert all(record.offset >= 6 for record in found)


@slow
def test_from_a_time(driver: Driver, broker: str, topic: str) -> None:
    driver.create(broker, topic, 1)
    driver.produce(broker, topic, [To(f"old {n}", None, 0) for n in range(5)])
    time.sleep(0.05)
    between = int(time.time() * 1000)
    time.sleep(0.05)
    driver.produce(broker, topic, [To(f"new {n}", None, 0) for n in range(3)])
    with reading(driver, broker, Wish(group=topic)) as asker:
        asker.subscribe(topic)
        offset = asker.at_time(topic, 0, between)
    assert offset == 5
    with reading(driver, broker, Wish()) as reader:
        reader.assign(topic, 0, offset)
        assert values(take(reader, 3)) == ["new 0", "new 1", "new 2"]


@slow
def test_seeking(driver: Driver, broker: str, topic: str) -> None:
    fill(driver, broker, topic, count=10, partitions=1)
    with reading(driver, broker, Wish()) as reader:
        reader.assign(topic, 0, 3)
        assert values(take(reader, 7)) == [f"v{n}" for n in range(3, 10)]
        reader.seek(topic, 0, 8)
        assert values(take(reader, 2)) == ["v8", "v9"]
        reader.seek(topic, 0, 0)
        assert len(take(reader, 10)) == 10


@slow
def test_a_group_scales_out_and_in(driver: Driver, broker: str, topic: str, choice: str) -> None:
    fill(driver, broker, topic)
    wish = Wish(group=topic, assignor=choice, auto=True)
    with reading(driver, broker, wish) as one:
        one.subscribe(topic)
        take(one, 12)
        until(lambda: all(one.committed(topic, n) == 3 for n in range(4)), one)
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
               topic, "", "2000"]  # fmt: skip
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
def test_commits_by_hand(driver: Driver, broker: str, topic: str) -> None:
    """What was committed is where the next one goes on, whatever was read behind it."""
    fill(driver, broker, topic, count=4, partitions=1)
    wish = Wish(group=topic)
    with reading(driver, broker, wish) as reader:
        reader.subscribe(topic)
        take(reader, 4)
        reader.commit()
        driver.produce(broker, topic, [To("not committed", partition=0)])
        assert values(take(reader, 1)) == ["not committed"]
        assert reader.committed(topic, 0) == 4
    with reading(driver, broker, wish) as reader:
        reader.subscribe(topic)
        assert take(reader, 1) == [Record(0, 4, None, "not committed")]


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


def producers(log: Path) -> set[int]:
    """The producer ids in the batches of a segment; -1 is none."""
    data, at = log.read_bytes(), 0
    found: set[int] = set()
    while at < len(data):
        (size,) = struct.unpack_from(">i", data, at + 8)
        found.update(struct.unpack_from(">q", data, at + 43))
        at += 12 + size
    return found


@slow
def test_an_idempotent_producer(driver: Driver, server: Process, topic: str) -> None:
    """Each record is there once, in order, in batches that name their producer."""
    driver.create(server.bootstrap, topic, 1)
    records = [To(f"v{n}", partition=0) for n in range(100)]
    driver.produce(server.bootstrap, topic, records, idempotent=True)
    with reading(driver, server.bootstrap, Wish()) as reader:
        reader.assign(topic, 0, 0)
        assert values(take(reader, 100)) == [f"v{n}" for n in range(100)]
    assert -1 not in producers(server.folder / "data" / f"{topic}-0" / f"{0:020}.log")


@slow
def test_what_is_committed(driver: Driver, broker: str, topic: str) -> None:
    driver.create(broker, topic, 1)
    driver.transactions(broker, topic, topic, [("a", True), ("b", True)])
    with reading(driver, broker, Wish(committed=True)) as reader:
        reader.assign(topic, 0, 0)
        assert [(each.value, each.offset) for each in take(reader, 2)] == [("a", 0), ("b", 2)]


@slow
def test_what_is_aborted(driver: Driver, broker: str, topic: str) -> None:
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


# The table -------------------------------------------------------------------------------------


def test_the_table_is_what_is_tested() -> None:
    tests = [each for each in map(str, globals()) if each.startswith("test_")]
    of_clients = [
        each for each in tests if "driver" in inspect.signature(globals()[each]).parameters
    ]
    assert set(of_clients) == set(matrix.ABILITIES)
    for client in map(named, NAMES):
        missing = {codec for codec in matrix.CODECS if codec not in client.codecs}
        assert missing <= client.lacks.keys() <= missing | set(of_clients)
        assert client.assignors
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- matrix -->\n(.*)\n<!-- /matrix -->", page, re.DOTALL)
    assert shown is not None
    assert shown[1] == matrix.table()
