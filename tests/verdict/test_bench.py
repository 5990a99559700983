"""`verdict bench`: all programs find the same, and say what they lack.  Nothing here is timed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from checker.engines.native import build
from checker.errors import RequestError
from tests.verdict.running import verdict
from verdict import bench_command, peers
from verdict.bench_command import Row
from verdict.peers import Measured, Peer

needs_compiler = pytest.mark.skipif(build.compiler() is None, reason="there is no C compiler")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither Spin nor Cargo is here."""
    which = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name: None if name in ("spin", "cargo") else which(name)
    )


@needs_compiler
@pytest.mark.usefixtures("alone")
def test_all_programs_find_the_same_and_say_what_they_lack() -> None:
    said = verdict("bench", "--quick", "-f", "json")
    assert said.status == 0, said.err
    found = [json.loads(line) for line in said.out.splitlines()]
    logs = {row["program"]: row["distinct"] for row in found if row["model"].startswith("quorum")}
    assert logs == dict.fromkeys(
        ("C by hand, masked", "native, 1 thread", "native, 2 threads"), 42_478
    )
    rows = {row["program"]: row for row in found if row["model"].startswith("two-phase")}
    assert list(rows)[:2] == ["C by hand, masked", "C by hand, plain"]
    for name in (*list(rows)[:2], "native, 1 thread", "native, 2 threads", "python"):
        assert rows[name]["distinct"] == 8832
        assert rows[name]["absent"] == ""
        assert 0 <= rows[name]["seconds"] <= rows[name]["total"]
    assert rows["native, 1 thread"]["depth"] == 17
    assert rows["native, 1 thread"]["bytes_per_state"] > 8
    assert rows["C by hand, masked"]["ratio"] == 1
    assert rows["Spin"]["absent"] == "not here: install spin, and a C compiler"
    assert rows["Stateright"]["absent"] == "not here: install cargo, and the crate stateright"
    assert rows["Stateright"]["distinct"] is None


@needs_compiler
@pytest.mark.usefixtures("alone")
def test_a_table_for_people() -> None:
    said = verdict("bench", "--quick", "--only", "masked", "--only", "Spin")
    assert said.status == 0
    assert "two-phase RM=5: 8,832 states" in said.out
    assert "C by hand, masked" in said.out
    assert "not here: install spin" in said.out
    assert "native" not in said.out


@needs_compiler
@pytest.mark.skipif(shutil.which("spin") is None, reason="there is no spin")
def test_spin_finds_the_same() -> None:
    said = verdict("bench", "--quick", "-f", "json", "--only", "Spin")
    assert json.loads(said.out)["distinct"] == 8832


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cargo") is None, reason="there is no cargo")
def test_stateright_finds_the_same() -> None:
    said = verdict("bench", "--quick", "-f", "json", "--only", "Stateright")
    row = json.loads(said.out)
    if row["absent"]:
        pytest.skip(row["absent"])
    assert row["distinct"] == 8832


def test_programs_that_disagree_are_no_measurement() -> None:
    def row(name: str, distinct: int) -> Row:
        peer = Peer(name, "m", lambda _: [], peers._key_values)
        return Row(peer, Measured(distinct, 1.0, 1.0, 3))

    bench_command._agree([row("a", 5), row("b", 5)])
    with pytest.raises(RequestError, match="the programs disagree on distinct: a 5, b 6"):
        bench_command._agree([row("a", 5), row("b", 6)])


def test_what_others_print_is_read() -> None:
    spin = "  8832 states, stored\npan: elapsed time 0.25 seconds\ntotal 0.5"
    assert peers._spin_said(spin) == Measured(8832, 0.25, 0.5)
    tlc = (
        "58146 states generated, 8832 distinct states found, 0 states left on queue.\n"
        "The depth of the complete state graph search is 17.\ntotal 2.5"
    )
    assert peers._tlc_said(tlc) == Measured(8832, 2.5, 2.5, 17)
    for read in (peers._spin_said, peers._tlc_said):
        with pytest.raises(RequestError, match="did not say how many states"):
            read("nothing\ntotal 1.0")


def test_bad_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = verdict("bench", "--tlc", tmp_path / "no.jar")
    assert said.status == 2
    assert "there is no file" in said.err
    monkeypatch.setattr(bench_command, "SOURCES", tmp_path / "no")
    said = verdict("bench")
    assert said.status == 2
    assert "run it from a clone of the project" in said.err
    with pytest.raises(RequestError, match="false fails"):
        peers._output(["false"], tmp_path)
    with pytest.raises(RequestError, match="no-such-program"):
        peers._output(["no-such-program"], tmp_path)


def test_tlc_is_told_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    command = peers._tlc(3, tmp_path / "it.jar", tmp_path)
    assert command[command.index("-workers") + 1] == "1"
    config = (tmp_path / "tlc3" / "TwoPhase.cfg").read_text(encoding="utf-8")
    assert config.startswith("CONSTANT RM = {r0, r1, r2}\n")
    assert (tmp_path / "tlc3" / "TwoPhase.tla").is_file()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(peers.Absent, match="java"):
        peers._tlc(3, tmp_path / "it.jar", tmp_path)


@needs_compiler
def test_walks_are_measured_at_growing_sizes() -> None:
    said = verdict("bench", "--simulate", "--quick", "-f", "json")
    assert said.status == 0, said.err
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert [(row["members"], row["partitions"]) for row in rows] == [(5, 10), (20, 50), (50, 100)]
    assert all(row["steps"] > 0 and row["rate"] > 0 for row in rows)
    assert rows[-1]["bits"] > 400_000
