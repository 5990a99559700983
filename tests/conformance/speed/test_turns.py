"""Brokers measured in turn: what is measured, who lacks what, and the table.  Nothing is timed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.engines.native import build
from conformance import speed
from conformance.peers import Absent, Server
from conformance.speed import (
    CEILING,
    KAFKA,
    OURS,
    Confluent,
    Figure,
    Lack,
    Lacking,
    Measure,
    Outcome,
    Sizes,
    Taken,
    contest,
    latency,
    throughput,
    unbatched,
)
from conformance.speed import turns as turns_module
from tests.conformance.brokers import started
from tests.verdict.running import one_line, verdict
from verdict import bench_broker

TINY = Sizes(
    records={100: 500, 1024: 200}, samples=20, seconds=0.05, connections=(1, 5), members=3, turns=1
)
needs_compiler = pytest.mark.skipif(build.compiler() is None, reason="there is no C compiler")


@needs_compiler
def test_everything_is_measured_on_this_project_s_broker() -> None:
    told: list[str] = []
    outcome = contest([OURS], speed.measures(Confluent(), TINY), TINY, told.append)
    assert outcome.lacks == {}
    assert outcome.servers == {OURS: "verdict"}
    assert [f"{each.name}, {each.unit}" for each in outcome.figures] == [
        "produce 100 B, k/s",
        "consume 100 B, k/s",
        "produce 1 KiB, MB/s",
        "consume 1 KiB, MB/s",
        "end to end p50, ms",
        "end to end p99, ms",
        "end to end p99.9, ms",
        "unbatched ×1, req/s",
        "unbatched ×5, req/s",
        "classic 3 join, ms",
        "classic 1 of 3 leaves, ms",
        "KIP-848 3 join, ms",
        "KIP-848 1 of 3 leaves, ms",
    ]
    assert all(each.value > 0 for each in outcome.taken)
    p50, p99, p999 = (speed.middle(outcome.taken, OURS, each) for each in LATENCIES)
    assert p50 is not None
    assert p50 <= (p99 or 0) <= (p999 or 0)
    ceiling = [each.figure.name for each in outcome.taken if each.peer == CEILING]
    assert ceiling == ["unbatched ×1", "unbatched ×5"]
    assert told[0] == "starting verdict"
    assert "turn 1 of 1: unbatched, verdict" in told


LATENCIES = (latency.P50, latency.P99, latency.P999)
RATE = Figure("rate", "k/s", limit=0.7, ahead=True)
DELAY = Figure("delay", "ms", more=False, limit=2.0)


def numbers(
    taken: dict[str, tuple[list[float], list[float]]], lacks: dict[tuple[str, str], Lack]
) -> Outcome:
    """An outcome of rates and delays by broker, turn by turn."""
    found = [
        Taken(turn, peer, figure, value)
        for figure, which in ((RATE, 0), (DELAY, 1))
        for peer, both in taken.items()
        for turn, value in enumerate(both[which])
    ]
    return Outcome({peer: peer for peer in taken}, found, lacks)


def test_what_a_figure_is_held_to_is_said_of_the_medians() -> None:
    outcome = numbers(
        {
            OURS: ([60.0, 80.0, 200.0], [9.0, 7.0, 8.0]),
            KAFKA: ([100.0, 90.0, 110.0], [3.0, 3.0, 5.0]),
            "kfake": ([70.0, 75.0, 60.0], [1.0, 1.0, 1.0]),
            "mock": ([90.0, 90.0, 90.0], []),
        },
        {},
    )
    rows = {row["figure"]: row for row in bench_broker._rows(outcome) if row["broker"] == OURS}
    assert rows["rate"] == {
        "figure": "rate", "unit": "k/s", "broker": OURS, "turns": [60.0, 80.0, 200.0],
        "median": 80.0, "best": 200.0, "ratio": 0.8, "limit": 0.7, "held": True, "ahead": False,
    }  # fmt: skip
    assert rows["delay"]["best"] == 7.0
    assert rows["delay"]["ratio"] == 8 / 3
    assert rows["delay"]["held"] is False
    assert rows["delay"]["ahead"] is None
    assert bench_broker.BEST.ratio(outcome, RATE) == 200 / 110
    assert bench_broker.BEST.ahead(outcome, RATE) is True
    assert RATE.within(0.69) is False
    assert DELAY.within(2.0) is True
    assert Figure("free", "s").within(0.1) is None


def test_what_was_not_measured_has_no_ratio() -> None:
    outcome = numbers({OURS: ([1.0], [1.0])}, {(KAFKA, ""): Lack("there is no java")})
    rows = list(bench_broker._rows(outcome))
    assert rows[0]["ratio"] is None
    assert rows[0]["held"] is None
    assert rows[-1] == {"broker": KAFKA, "measure": "", "lacks": "there is no java"}


def failing(server: Server, sizes: Sizes) -> Iterator[tuple[Figure, float]]:
    if server.name == "broken":
        raise Lacking("it does not")
    yield RATE, 1.0
    if server.name == "half":
        raise Lacking("it does no more")
    yield DELAY, 2.0


def test_who_can_do_nothing_is_asked_once_and_who_can_do_half_each_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @contextlib.contextmanager
    def absent() -> Iterator[Server]:
        raise Absent("it is not here")
        yield

    monkeypatch.setattr(
        turns_module,
        "PEERS",
        {name: lambda n=name: contextlib.nullcontext(Server(n, "")) for name in ("broken", "half")}
        | {"absent": absent},
    )
    told: list[str] = []
    sizes = Sizes({}, 1, 1.0, (), 1, turns=3, warm=1)
    outcome = contest(["half", "broken", "absent"], [Measure("m", failing)], sizes, told.append)
    assert speed.values(outcome.taken, "half", RATE) == [1.0, 1.0, 1.0]
    assert outcome.lacks == {
        ("absent", ""): Lack("it is not here"),
        ("half", "m"): Lack("it does no more", whole=False),
        ("broken", "m"): Lack("it does not"),
    }
    order = [line.rpartition(" ")[2] for line in told[3:]]
    assert order == ["broken", "half", "half", "broken", "broken", "half", "half", "broken"]


def test_requests_that_are_answered_but_not_stored_are_no_measurement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unbatched, "kept", lambda *_: (0, 1))
    with started(OURS) as server, pytest.raises(Lacking, match=r"answered, and 1 records stored"):
        list(unbatched.take(server, TINY))


def test_a_client_that_does_not_come_to_its_end_is_no_measurement(tmp_path: Path) -> None:
    program = tmp_path / "program"
    lines = (f"echo '% {count} messages ({count} bytes) consumed in 3ms'\n" for count in (5, 12))
    program.write_text(f"#!/bin/sh\n{''.join(lines)}")
    program.chmod(0o755)
    client = throughput.Performance(program)
    assert client.consume("", "t", 12) == 4000
    with pytest.raises(Lacking, match="did not come to its end: % 12 messages"):
        client.consume("", "t", 13)
    with pytest.raises(Lacking, match="did not come to its end"):
        client.produce("", "t", 100, 12)


@needs_compiler
def test_the_command_prints_a_table_or_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "client", Confluent)
    words = ("bench", "broker", "--quick", "-b", "verdict", "--only")
    said = verdict(*words, "end to end")
    assert said.status == 0, said.err
    assert [line.split()[:4] for line in said.out.splitlines()[1:4]] == [
        ["end", "to", "end", "p50,"],
        ["end", "to", "end", "p99,"],
        ["end", "to", "end", "p99.9,"],
    ]
    assert "client: confluent-kafka" in said.out
    said = verdict(*words, "unbatched", "-f", "json")
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert {row["broker"] for row in rows} == {OURS, CEILING}
    assert all(len(row["turns"]) == 1 and row["turns"][0] == row["best"] for row in rows)


def test_what_cannot_be_measured_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "client", Confluent)
    assert "there is no broker 'x'" in one_line(verdict("bench", "broker", "-b", "x"))
    assert "there is no such measure" in one_line(verdict("bench", "broker", "--only", "x"))
    monkeypatch.setattr(bench_broker, "FIVE_GB", 1 << 60)
    assert "MiB alone" in one_line(verdict("bench", "memory"))
