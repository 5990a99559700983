"""Loads over real clients: complete histories, and none with an anomaly."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from conformance.history import (
    Commit,
    Committed,
    Crash,
    End,
    Open,
    Operation,
    Poll,
    Send,
    check,
    read,
)
from conformance.history.recorder import recording
from conformance.load import Plan, Unrest, crash_test, run_unquiet
from conformance.load.transactions import PROMPT, run_transactions, taken_over
from conformance.load.unrest import QUICK as QUICK_GROUPS
from conformance.load.workload import Stuck
from conformance.peers import NAMES, Absent, Process, Server, verdict_broker
from tests.conformance.brokers import started
from tests.verdict.running import another, one_line, verdict

QUICK = Plan(1, records=150, partitions=2, transactions=True)


def sends(history: list[Operation]) -> list[Send]:
    return [operation for operation in history if isinstance(operation, Send)]


@pytest.fixture(
    scope="module", params=["confluent", pytest.param("kafka_python", marks=pytest.mark.slow)]
)
def loaded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[Operation]:
    """The history of a load that the command put on a broker."""
    folder = tmp_path_factory.mktemp("load")
    with started("verdict") as server:
        said = another("conform", "load", "-b", server.bootstrap, "--records", "150",
                       "--transactions", "--client", request.param, "--keep", folder)  # fmt: skip
    assert said.status == 0, said
    assert said.out.splitlines()[-1] == "no anomaly"
    return read(folder / "history.jsonl")


def test_a_load_is_recorded_whole(loaded: list[Operation]) -> None:
    assert check(loaded).broken == ()
    assert {s.value for s in sends(loaded)} == {
        f"producer-{p}/{n}" for p in (0, 1) for n in range(150)
    }
    assert any(isinstance(o, End) and o.outcome == "commit" for o in loaded)
    assert any(isinstance(o, Commit) and o.result == "ok" for o in loaded)
    polls = [o for o in loaded if isinstance(o, Poll) and o.process == "reader"]
    everything = {record.value for poll in polls for record in poll.records}
    assert everything >= {f"producer-1/{n}" for n in range(150)}
    progress = [o for o in loaded if isinstance(o, Committed)][-1]
    assert sum(offset.offset for offset in progress.offsets) >= len(everything)


def test_what_a_broker_loses_is_found(loaded: list[Operation]) -> None:
    """The same load with a broker that forgets one record."""
    victim = next(s.value for s in sends(loaded) if s.value == "producer-1/149")
    forgotten = [
        replace(o, records=tuple(r for r in o.records if r.value != victim))
        if isinstance(o, Poll)
        else o
        for o in loaded
    ]
    assert {anomaly.kind for anomaly in check(forgotten).broken} & {"lost-write", "unseen"}


@pytest.mark.parametrize(
    ("raised", "why"),
    [
        (Stuck("waited for the group\n to commit"), "waited for the group to commit"),
        (TimeoutError(), "an answer"),
        (OSError("a client's own error"), "OSError: a client's own error"),
    ],
)
def test_a_load_that_cannot_end_says_why(
    raised: Exception, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def starter(folder: Path) -> Iterator[Server]:
        del folder
        yield Server("none", "127.0.0.1:1")

    def stuck(*_: object) -> None:
        raise raised

    monkeypatch.setattr("conformance.load.crashes.run", stuck)
    (one,) = crash_test(starter, tmp_path, [3], QUICK)
    assert not one.passed
    assert one.stuck == why
    assert read(one.history) == []


def test_what_cannot_be_done_is_told_in_a_line() -> None:
    assert "kfake cannot be killed" in one_line(verdict("conform", "crash", "-b", "kfake"))
    assert "nobody serves" in one_line(verdict("conform", "load", "-b", "127.0.0.1:1"))
    killed = verdict("conform", "transactions", "-b", "kfake", "--crashes", "1")
    assert "kfake cannot be killed" in one_line(killed)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["verdict", "kafka"])
def test_nothing_acknowledged_is_lost_when_the_broker_is_killed(name: str, tmp_path: Path) -> None:
    with started(name):  # it is here, or skipped
        pass
    found = list(crash_test(NAMES[name], tmp_path, [1], Plan(0, crashes=2, transactions=True)))
    found += crash_test(NAMES[name], tmp_path, [2], Plan(0, crashes=1))
    for one in found:
        assert one.passed, (one.seed, one.stuck, one.report.broken[:3])
        history = read(one.history)
        assert sum(isinstance(operation, Crash) for operation in history) in {1, 2}
        assert sum(send.result == "ok" for send in sends(history)) > 2_000


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "assignor"),
    [("verdict", "range"), ("verdict", "cooperative-sticky"), ("kafka", "range")],
)
def test_a_group_goes_to_the_other_protocol_and_back(name: str, assignor: str) -> None:
    """Four consumers, one by one, while producers send: nothing is lost, nobody shares.

    Kafka lets those with librdkafka's cooperative-sticky change over only as long as they have not
    rebalanced.
    """
    found = unquiet(name, Unrest(assignor=assignor, migrates=True), consumers=4)
    lives = {o.process for o in found if isinstance(o, Open) and o.process.startswith("member")}
    assert len(lives) == 4 + 8
    assert check(found).broken == ()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["verdict", "kafka"])
@pytest.mark.parametrize(
    "unrest",
    [
        Unrest("consumer", kills=1, zombies=2),
        Unrest("consumer", kills=1, zombies=1, restarts=2),
        Unrest("classic", "cooperative-sticky", kills=1, zombies=2),
        Unrest("classic", kills=1, zombies=1, restarts=2),
    ],
    ids=lambda each: f"{each.protocol}-{'static' if each.restarts else 'dynamic'}",
)
def test_a_group_that_is_not_left_alone(name: str, unrest: Unrest) -> None:
    found = unquiet(name, unrest, consumers=3)
    assert sum(isinstance(o, Crash) for o in found) >= unrest.kills
    assert check(found).broken == ()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "crashes"), [("verdict", 0), ("verdict", 2), ("kafka", 0)])
def test_transactions_that_are_not_all_allowed_to_end(name: str, crashes: int) -> None:
    """Zombies, transactions whose time is up, a coordinator that starts again: all or nothing."""
    plan = Plan(3, producers=4, consumers=1, records=300, crashes=crashes)
    try:
        with recording() as recorder, NAMES[name](settings=PROMPT) as server:
            run_transactions(plan, server, recorder)
    except Absent as absent:
        pytest.skip(str(absent))
    assert taken_over(recorder.history) > 5
    assert check(recorder.history).broken == ()


@pytest.mark.slow
def test_a_zombie_that_commits_is_found_out() -> None:
    """The same history, in which one that was refused was told that it committed."""
    with recording() as recorder, NAMES["verdict"](settings=PROMPT) as server:
        run_transactions(Plan(5, producers=2, consumers=1, records=150), server, recorder)
    refused = next(o for o in recorder.history if isinstance(o, End) and o.result == "failed")
    told = [replace(o, result="ok") if o is refused else o for o in recorder.history]
    assert {anomaly.kind for anomaly in check(told).broken} & {"lost-write", "unseen"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_broker_that_is_killed_knows_how_far_a_group_has_come() -> None:
    """It is killed after each member that went to the other protocol, static ones among them."""
    unrest = Unrest(assignor="cooperative-sticky", migrates=True, restarts=1, crashes=True)
    found = unquiet("verdict", unrest, consumers=3)
    assert sum(o == Crash("broker") for o in found) == 7
    assert check(found).broken == ()


def unquiet(name: str, unrest: Unrest, consumers: int) -> list[Operation]:
    """The history of a load whose group suffers."""
    plan = Plan(1, records=300, partitions=6, consumers=consumers, pause=0.1)
    try:
        with recording() as recorder, NAMES[name](settings=QUICK_GROUPS) as server:
            run_unquiet(plan, unrest, server, recorder)
    except Absent as absent:
        pytest.skip(str(absent))
    return recorder.history


class Forgetful(Process):
    """A broker whose disk loses the later half of every partition when it is killed."""

    def start(self) -> None:
        for log in (self.folder / "data").glob("load-*/*.log"):
            os.truncate(log, log.stat().st_size // 2)
        super().start()


@contextlib.contextmanager
def forgetful(folder: Path) -> Iterator[Server]:
    with verdict_broker(folder) as server:
        yield Forgetful(**{field.name: getattr(server, field.name) for field in fields(server)})


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_broker_that_forgets_is_found_out(tmp_path: Path) -> None:
    (one,) = crash_test(forgetful, tmp_path, [4], Plan(0, crashes=1, records=1000))
    assert not one.passed
    kinds = {anomaly.kind for anomaly in one.report.broken}
    assert kinds & {"lost-write", "unseen", "inconsistent-offsets"}, (one.stuck, kinds)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_command_kills_a_broker() -> None:
    said = verdict("conform", "crash", "--seeds", "2", "--records", "500", "-q")
    assert said.status == 0, said
    assert said.out.splitlines() == ["2 loads on verdict, 2 crashes: none with anomalies"]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "words",
    [
        ("load", "--protocol", "consumer", "--restarts", "1", "--records", "200"),
        ("transactions", "--crashes", "1", "--records", "200"),
    ],
    ids=lambda words: words[0],
)
def test_the_command_lets_a_group_or_transactions_suffer(words: tuple[str, ...]) -> None:
    said = verdict("conform", *words)
    assert said.status == 0, said
    assert said.out.splitlines()[-1] == "no anomaly"
