"""The programs of examples/clients, as they stand, and what docs/consuming.md says of them.

Each is started as a process of its own, as its reader would start it, and told to end by Ctrl-C or
killed.  A few run by default; the others, and all of them on Apache Kafka, are slow.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conformance.peers.server import leashed
from tests.conformance.brokers import started
from tests.conformance.clients.drivers import PATIENCE, To, driver

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / "examples" / "clients"
PAGE = ROOT / "docs" / "consuming.md"
GROUP, TOPIC = "billing", "orders"
slow = pytest.mark.slow

# A process that was started while SIGINT was ignored would never hear of Ctrl-C.
START = """import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Program:
    """A program that runs, and the lines that it has printed."""

    def __init__(self, name: str, *words: str) -> None:
        command = [sys.executable, "-W", "ignore", "-c", START, str(PROGRAMS / name), *words]
        self._process = subprocess.Popen(leashed(command), stdout=subprocess.PIPE, text=True)
        self._coming: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.lines: list[str] = []

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.endswith("\n"):  # who is killed may have printed half of one
                self._coming.put(line.rstrip("\n"))

    def until(self, true: Callable[[list[str]], bool]) -> list[str]:
        """The lines so far, once something is true of them."""
        due = time.monotonic() + PATIENCE
        while not true(self.lines):
            try:
                self.lines.append(self._coming.get(timeout=due - time.monotonic()))
            except (queue.Empty, ValueError):
                pytest.fail(f"it printed {self.lines}, and no more")
        return self.lines

    def count(self, lines: int) -> list[str]:
        """So many lines, once they are there."""
        return self.until(lambda found: len(found) >= lines)[:lines]

    def runs(self) -> bool:
        return self._process.poll() is None

    def _ended(self) -> list[str]:
        status = self._process.wait(PATIENCE)
        self._thread.join(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()
        while not self._coming.empty():
            self.lines.append(self._coming.get())
        assert status in {0, -signal.SIGKILL}
        return self.lines

    def end(self) -> list[str]:
        """All that it printed, when it has ended by itself."""
        return self._ended()

    def stop(self) -> list[str]:
        """Ctrl-C: it ends in order."""
        self._process.send_signal(signal.SIGINT)
        return self._ended()

    def kill(self) -> list[str]:
        """It has no time for anything."""
        self._process.kill()
        return self._ended()


Start = Callable[..., Program]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a program by its name, with its words; none outlives the test."""
    started: list[Program] = []

    def one(name: str, *words: str) -> Program:
        started.append(Program(name, *words))
        return started[-1]

    yield one
    for program in started:
        if program.runs():
            program.kill()


@contextlib.contextmanager
def shop(peer: str, tmp_path: Path, orders: int = 12) -> Iterator[str]:
    """A broker of one's own with a topic of orders in it, of one customer after the other."""
    with started(peer, tmp_path / "broker") as server:
        driver("over_confluent").create(server.bootstrap, TOPIC, 4)
        order(server.bootstrap, range(orders))
        yield server.bootstrap


def order(broker: str, numbers: Sequence[int]) -> None:
    records = [To(f"customer-{n % 3} {n}", partition=n % 4) for n in numbers]
    driver("over_confluent").produce(broker, TOPIC, records)


def values(lines: Sequence[str]) -> list[int]:
    """The numbers of the orders in lines of partition, offset, customer, number."""
    return sorted(int(line.split()[3]) for line in lines if line[0].isdigit())


def each(*quick: str, others: Sequence[str] = ()) -> pytest.MarkDecorator:
    """Programs on both brokers; by default only the quick ones, on this project's."""
    names = [*quick, *others]
    runs = [
        pytest.param(peer, name, marks=() if peer == "verdict" and name in quick else slow)
        for peer in ("verdict", "kafka")
        for name in names
    ]
    return pytest.mark.parametrize(("peer", "name"), runs)


@each(
    "kafka_python/automatic_commit.py",
    "confluent/commit_asynchronously.py",
    others=(
        "kafka_python/commit_each_batch.py",
        "kafka_python/commit_by_partition.py",
        "kafka_python/cooperative.py",
        "confluent/automatic_commit.py",
        "confluent/store_then_commit.py",
        "confluent/commit_each_message.py",
        "confluent/commit_on_revoke.py",
        "confluent/commit_first.py",
        "confluent/cooperative.py",
    ),
)
def test_who_ends_in_order_is_told_nothing_twice(
    start: Start, peer: str, name: str, tmp_path: Path
) -> None:
    with shop(peer, tmp_path) as broker:
        first = start(name, broker)
        first.until(lambda lines: len(values(lines)) == 12)
        assert values(first.stop()) == list(range(12))
        order(broker, [12])
        second = start(name, broker)
        second.until(lambda lines: values(lines) != [])
        assert values(second.stop()) == [12]


MANY = 2000
LATER = range(MANY, MANY + 4)


@each(
    others=(
        "kafka_python/commit_each_batch.py",
        "kafka_python/automatic_commit.py",
        "kafka_python/commit_by_partition.py",
        "confluent/store_then_commit.py",
        "confluent/commit_each_message.py",
        "confluent/commit_on_revoke.py",
        "confluent/commit_asynchronously.py",
    ),
)
def test_who_commits_afterwards_loses_nothing(
    start: Start, peer: str, name: str, tmp_path: Path
) -> None:
    """DLV-1: killed in the middle, it may be told something twice, and is told everything."""
    with shop(peer, tmp_path, MANY) as broker:
        first = start(name, broker)
        first.count(3)
        begun = values(first.kill())
        order(broker, LATER)
        second = start(name, broker)
        second.until(lambda lines: set(LATER) <= set(values(lines)))
        assert {*begun, *values(second.stop())} == {*range(MANY), *LATER}


@each(others=("confluent/commit_first.py",))
def test_who_commits_before_is_told_nothing_twice(
    start: Start, peer: str, name: str, tmp_path: Path
) -> None:
    """DLV-5: killed in the middle, it may have lost what it was about to work on."""
    with shop(peer, tmp_path, MANY) as broker:
        first = start(name, broker)
        first.count(3)
        begun = values(first.kill())
        order(broker, LATER)
        second = start(name, broker)
        second.until(lambda lines: set(LATER) <= set(values(lines)))
        assert not set(begun) & set(values(second.stop()))


LOST = {
    "kafka_python/automatic_commit.py": 0,
    "kafka_python/commit_each_batch.py": 0,
    "kafka_python/commit_by_partition.py": 0,
    "confluent/automatic_commit.py": 1,
    "confluent/store_then_commit.py": 0,
    "confluent/commit_each_message.py": 0,
    "confluent/commit_asynchronously.py": 0,
    "confluent/commit_on_revoke.py": 0,
    "confluent/commit_first.py": 1,
}
"""How many records are lost where a crash comes in the middle of the work on one."""

CRASH = "import os, time; time.sleep(3); os.kill(os.getpid(), 9)"


@each(others=tuple(LOST))
def test_what_a_crash_in_the_middle_of_the_work_loses(
    start: Start, peer: str, name: str, tmp_path: Path
) -> None:
    """It comes at the first record, and later than any interval of commits."""
    text = (PROGRAMS / name).read_text(encoding="utf-8")
    crashing = tmp_path / "crashing.py"
    crashing.write_text(re.sub(r"print\(\w+\.partition.*", CRASH, text), encoding="utf-8")
    assert CRASH in crashing.read_text(encoding="utf-8")
    with shop(peer, tmp_path) as broker:
        assert start(str(crashing), broker).end() == []
        order(broker, [12, 13, 14, 15])
        second = start(name, broker)
        second.until(lambda lines: set(values(lines)) >= {12, 13, 14, 15})
        told = values(second.stop())
    assert len(set(range(16)) - set(told)) == LOST[name]


def owned(lines: Sequence[str]) -> set[str]:
    """The partitions that somebody has been told are its, less those that were taken."""
    found: set[str] = set()
    for line in lines:
        word, *partitions = line.split()
        if word == "assigned":
            found |= set(partitions)
        elif word == "revoked":
            found -= set(partitions)
    return found


@each("confluent/cooperative.py", others=("kafka_python/cooperative.py",))
def test_a_cooperative_member_gives_up_no_more_than_it_must(
    start: Start, peer: str, name: str, tmp_path: Path
) -> None:
    with shop(peer, tmp_path) as broker:
        one = start(name, broker)
        one.until(lambda lines: len(values(lines)) == 12)
        two = start(name, broker)
        two.until(lambda lines: len(owned(lines)) == 2)
        one.until(lambda lines: len(owned(lines)) == 2)
        assert owned(one.lines) | owned(two.lines) == set("0123")
        [gone] = [line for line in one.lines if line.startswith("revoked") and line != "revoked"]
        assert set(gone.split()[1:]) == owned(two.lines)
        two.stop()
        one.until(lambda lines: len(owned(lines)) == 4)
        assert values(one.stop()) == list(range(12))


@each("kafka_python/static_membership.py", others=("confluent/static_membership.py",))
def test_a_static_member_s_restart_moves_nothing(
    start: Start, peer: str, name: str, tmp_path: Path
) -> None:
    with shop(peer, tmp_path) as broker:
        one = start(name, broker, "billing-1")
        one.until(lambda lines: len(owned(lines)) == 4)
        two = start(name, broker, "billing-2")
        two.until(lambda lines: len(owned(lines)) == 2)
        one.until(lambda lines: len(owned(lines)) == 2)
        one.until(lambda lines: len(values(lines)) > 0)
        mine, before = owned(two.lines), list(one.lines)
        two.kill()
        two = start(name, broker, "billing-2")
        two.until(lambda lines: owned(lines) == mine)
        order(broker, [12, 13, 14, 15])
        two.until(lambda lines: len({12, 13, 14, 15} & set(values(lines))) == 2)
        one.until(lambda lines: len({12, 13, 14, 15} & set(values(lines))) == 2)
        told = [line for line in one.lines[len(before) :] if not line[0].isdigit()]
        assert told == []
        two.stop()
        one.stop()


@each(others=("kafka_python/from_a_time.py", "confluent/from_a_time.py"))
def test_what_is_newer_than_a_moment_is_read(
    start: Start, peer: str, name: str, tmp_path: Path
) -> None:
    with shop(peer, tmp_path) as broker:
        time.sleep(0.05)
        moment = datetime.now(UTC)
        time.sleep(0.05)
        order(broker, [12, 13, 14])
        recent = start(name, broker, moment.isoformat())
        assert values(recent.end()) == [12, 13, 14]
        everything = start(name, broker, (moment - timedelta(hours=1)).isoformat())
        assert values(everything.end()) == list(range(15))


@each(others=("kafka_python/lag.py", "confluent/lag.py"))
def test_lag_is_what_is_left(start: Start, peer: str, name: str, tmp_path: Path) -> None:
    with shop(peer, tmp_path) as broker:
        reader = start("confluent/commit_each_message.py", broker)
        reader.count(12)
        reader.stop()
        order(broker, [12, 16, 13])
        assert start(name, broker, GROUP).end() == [
            f"{TOPIC} 0 3 5 2",
            f"{TOPIC} 1 3 4 1",
            f"{TOPIC} 2 3 3 0",
            f"{TOPIC} 3 3 3 0",
        ]


@each("kafka_python/exactly_once.py")
def test_each_order_counts_once_whatever_is_killed(
    start: Start, peer: str, name: str, tmp_path: Path
) -> None:
    store = tmp_path / "totals.db"
    with shop(peer, tmp_path) as broker:
        first = start(name, broker, str(store))
        first.count(1)
        order(broker, range(12, 30))
        first.kill()
        second = start(name, broker, str(store))
        expected = [(f"customer-{n}", sum(range(n, 30, 3))) for n in range(3)]
        second.until(lambda _: totals(store) == expected)
        order(broker, [30])
        second.until(lambda lines: lines[-1:] == ["2 up to 8"])
        second.stop()
        expected[0] = (expected[0][0], expected[0][1] + 30)
        assert totals(store) == expected


def totals(store: Path) -> list[tuple[str, int]]:
    with contextlib.closing(sqlite3.connect(store, timeout=PATIENCE)) as opened:
        return opened.execute("SELECT * FROM totals ORDER BY customer").fetchall()


# The page --------------------------------------------------------------------------------------


def shown(program: Path) -> str:
    """A program as the page shows it: without its first sentence, which the page has its own of."""
    text = program.read_text(encoding="utf-8")
    return re.sub(r'\A""".*?"""\n\n', "", text, flags=re.DOTALL)


def test_the_page_shows_the_programs_as_they_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    block = re.compile(r"<!-- (\S+\.py) -->\n```python\n(.*?)```\n", re.DOTALL)
    if "VERDICT_REWRITE" in os.environ:
        page = block.sub(
            lambda found: f"<!-- {found[1]} -->\n```python\n{shown(PROGRAMS / found[1])}```\n", page
        )
        PAGE.write_text(page, encoding="utf-8")
    found = dict(block.findall(page))
    assert found
    for name, code in found.items():
        assert code == shown(PROGRAMS / name), name
    for program in PROGRAMS.glob("*/*.py"):
        assert f"{program.parent.name}/{program.name}" in page
