"""`verdict museum`: each broken design breaks, in as many states as pinned, and each fix holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from checker.language.configuring import survey
from model.museum import ENTRIES, Entry
from tests.verdict.museum_lengths import COMPACTION, LENGTHS, PRODUCERS
from tests.verdict.museum_page import PAGE, page
from tests.verdict.running import one_line, verdict
from verdict import museum_command
from verdict.museum_command import visit
from verdict.progress import Nothing
from verdict.run import Order, Outcome, Run
from verdict.workers import run_all

SHOWN = [entry for entry in ENTRIES if entry.exhibit is not None]
QUICK = "power failure"
"""An entry whose searches take no time."""


def entry(name: str) -> Entry:
    return next(one for one in ENTRIES if one.name == name)


def test_every_entry_that_is_shown_is_pinned() -> None:
    assert [one.name for one in SHOWN] == list(LENGTHS)
    assert len({one.name.lower() for one in ENTRIES}) == len(ENTRIES)


def cases() -> Iterator[object]:
    """What is shown; those that `make check` searches anyway, and take long, not in quick runs."""
    for one in SHOWN:
        quick = one.name in {**COMPACTION, **PRODUCERS}
        yield pytest.param(one, id=one.name, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize("shown", list(cases()))
def test_the_broken_design_breaks_and_the_fixed_one_holds(shown: Entry) -> None:
    [room] = visit([shown], Order(), Nothing(), 1)
    assert room.exit_status == 0
    assert room.broken is not None
    assert room.fixed is not None
    broken, fixed = room.broken.finding, room.fixed.finding
    assert broken is not None
    assert broken.trace is not None
    assert fixed is not None
    assert (broken.result, broken.trace.length) == ("violated", LENGTHS[shown.name])
    assert fixed.result == "holds"
    assert room.fixed.outcome.verdict is not None
    assert room.fixed.outcome.verdict.complete


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown.name)
def test_the_designs_differ_in_variants_alone(shown: Entry) -> None:
    """Sizes and bounds are shared; a hazard to stay has one design, and two properties."""
    exhibit = shown.exhibit
    assert exhibit is not None
    kinds = {name: one.kind for name, one in survey(exhibit.machine).items()}
    assert all(kinds[name] == "variant" for name in (*exhibit.broken, *exhibit.fixed))
    different = {**exhibit.settings, **exhibit.broken} != {**exhibit.settings, **exhibit.fixed}
    assert different or exhibit.mended != exhibit.breaks


def test_an_entry_has_its_trace_and_what_mended_it() -> None:
    said = verdict("museum", QUICK.upper(), "--quiet")
    assert said.status == 0
    assert "✓ power failure  what was committed is lost with the only copy" in said.out
    assert "    broken     as Kafka has it: LOG-4 is false, 4 states\n" in said.out
    assert "    fixed      flush_first=True: LOG-4 holds in 969 states\n" in said.out
    assert "mended by  More replicas" in said.out
    assert "the shortest way there, 3 steps:" in said.out
    again = [line.split("reproduce: ")[1] for line in said.out.splitlines() if "reproduce" in line]
    statuses = [verdict(*command.split()[1:], "--quiet").status for command in again]
    assert len(statuses) == 2
    assert statuses == [0, 0]


def test_the_list_counts_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(museum_command, "ENTRIES", (entry(QUICK), entry("KIP-890")))
    said = verdict("museum", "--quiet")
    assert said.status == 0
    assert "– KIP-890  a late record joins the next transaction, or none\n" in said.out
    assert "    not shown: no machine has transactions\n" in said.out
    assert said.out.endswith("2 entries: 1 shown, 1 that no machine expresses\n")
    assert "the shortest way" not in said.out


def test_a_design_that_does_not_break_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that is not mended: status 1 each."""
    found = entry(QUICK)
    assert found.exhibit is not None
    sound = replace(found, exhibit=replace(found.exhibit, broken=found.exhibit.fixed))
    unsound = replace(found, exhibit=replace(found.exhibit, fixed=found.exhibit.broken))
    for wrong, line in (
        (sound, "broken     flush_first=True: LOG-4 holds in 969 states"),
        (unsound, "fixed      as Kafka has it: LOG-4 is false, 4 states"),
    ):
        monkeypatch.setattr(museum_command, "ENTRIES", (wrong,))
        said = verdict("museum", "--quiet")
        assert said.status == 1
        assert "✗ power failure" in said.out
        assert line in said.out
        assert said.out.endswith("1 entry: 0 shown, 1 not as they should be\n")


def test_a_broken_design_is_searched_until_it_breaks_and_a_shared_one_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Run] = []

    def noted(runs: Sequence[Run], *given: object, **named: object) -> list[Outcome]:
        asked.extend(runs)
        return run_all(runs, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(museum_command, "run_all", noted)
    rooms = visit([entry("KIP-534"), entry("KAFKA-8522")], Order(), Nothing(), 1)
    assert [room.exit_status for room in rooms] == [0, 0]
    whole = [run for run in asked if not run.until]
    assert len(whole) == 1
    for room in rooms:
        assert room.fixed is not None
        assert room.fixed.outcome.run is whole[0]
        assert room.broken is not None
        assert room.broken.outcome.run.until == {room.broken.asked}


def test_json_has_both_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(museum_command, "ENTRIES", (entry(QUICK), entry("KIP-890")))
    said = verdict("museum", "--quiet", "--format", "json")
    assert said.status == 0
    shown, told = map(json.loads, said.out.splitlines())
    assert (shown["entry"], shown["machine"], shown["breaks"]) == (QUICK, "log", "LOG-4")
    assert shown["exit_status"] == 0
    broken, fixed = (
        next(one for one in shown[design]["properties"] if one["id"] == "LOG-4")
        for design in ("broken", "fixed")
    )
    assert (broken["result"], fixed["result"]) == ("violated", "holds")
    assert len(broken["trace"]["states"]) == LENGTHS[QUICK]
    assert (told["entry"], told["reason"]) == ("KIP-890", "no machine has transactions")
    assert "broken" not in told


def test_what_is_not_there_is_refused() -> None:
    assert "did you mean KIP-534?" in one_line(verdict("museum", "KIP-543"))
    assert "text or json, not junit" in one_line(verdict("museum", "--format", "junit"))


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.verdict.museum_page"
