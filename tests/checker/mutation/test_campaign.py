"""A run over many mutants: the whole, a sample, side by side, cut short, and taken up again."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from checker.errors import OutputError, RequestError
from checker.mutation import Campaign, Plan, Report
from checker.mutation import campaign as campaigns
from checker.mutation.trial import judge
from tests.checker.mutation.loading import Named

GATE = Named("Gate")

SURVIVORS = {
    # One who has paid may pay again: only that no second coin fits in keeps it from happening.
    "drop-guard machines.py:Gate.pay not self.open",
    # And the other way round.
    "drop-guard machines.py:Gate.pay self.coins < 1",
    "shift-boundary machines.py:Gate.pay self.coins < 1",
    # The coin stays inside: the gate never opens again, and nobody is promised that it does.
    "drop-effect machines.py:Gate.enter self.coins -= 1",
    "constant-down machines.py:Gate.enter 1 in self.coins -= 1",
}


def run(loader: Named = GATE, plan: Plan = Plan()) -> Report:  # noqa: B008 - immutable
    return Campaign(loader, plan).run()


def short(name: str) -> str:
    return name.replace("tests/checker/mutation/", "")


def test_a_machine_of_which_it_is_known_by_hand_which_mutants_survive() -> None:
    report = run()
    assert {short(one.mutant) for one in report.of("survived")} == SURVIVORS
    assert len(report.of("killed")) == 10
    assert report.of("unknown") == []
    assert report.score() == 10 / 15
    assert report.score("negate-comparison") == 1
    assert report.score("drop-filter") is None
    assert report.complete
    (original,) = report.originals
    assert (original.configuration, original.distinct) == ("one", 2)


def test_processes_side_by_side_come_to_the_same() -> None:
    alone, together = run(), run(plan=Plan(workers=2))
    assert together.judgements == alone.judgements
    assert together.originals == alone.originals
    assert list(together.mutants) == list(alone.mutants)


def test_all_configurations_are_tried_from_the_smallest_on() -> None:
    report = run(Named("Office"))
    assert [one.configuration for one in report.originals] == ["closed", "open"]
    killed = {one.configuration for one in report.of("killed")}
    assert killed == {"open"}
    only_closed = "drop-operand machines.py:Office.tidy self.holiday"
    assert only_closed in {short(name) for name in report.mutants}


def test_a_sample_is_the_seed_s_and_part_of_the_whole() -> None:
    first, again = run(plan=Plan(most=4)), run(plan=Plan(most=4))
    other = run(plan=Plan(most=4, seed=1))
    assert len(first.chosen) == 4 == len(first.judgements)
    assert first.chosen == again.chosen != other.chosen
    assert first.complete
    whole = run()
    assert all(whole.judgements[name] == one for name, one in first.judgements.items())
    larger = run(plan=Plan(most=9))
    assert first.chosen < larger.chosen


def test_a_budget_for_the_whole_ends_it_early() -> None:
    report = run(plan=Plan(seconds=1e-6))
    assert not report.complete
    assert report.judgements == {}
    assert report.score() is None


def test_a_budget_for_the_whole_that_ends_amid_mutants(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is under way then is not judged: its own budget has not run out."""
    clock = iter(range(10_000))
    monkeypatch.setattr("time.time", lambda: next(clock))
    campaign = Campaign(GATE, Plan(seconds=12.5), _began=0.0)
    report = campaign.run()
    assert 0 < len(report.judgements) < 15
    assert report.of("unknown") == []
    assert not report.complete


def test_a_budget_for_each_mutant_leaves_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr("time.time", lambda: next(clock))
    report = run(plan=Plan(apiece=1, most=3))
    assert [(one.fate, one.why) for one in report.judgements.values()] == [
        ("unknown", "1 seconds")
    ] * 3
    assert not report.complete


# ------------------------------------------------------------ the journal


def test_a_journal_is_taken_up_where_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "gate.jsonl"
    whole = run(plan=Plan(journal=journal))
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) == 1 + 1 + 15
    # The process was killed while it wrote the ninth line.
    journal.write_bytes(b"".join(lines[:8]) + lines[8][:20])
    judged = []

    def counted(*given: object) -> object:
        judged.append(given)
        return judge(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(campaigns, "judge", counted)
    monkeypatch.setattr(campaigns, "original", None)  # it is known
    resumed = run(plan=Plan(journal=journal))
    assert len(judged) == 15 - 6
    assert resumed == whole
    assert sorted(journal.read_bytes().splitlines()) == sorted(b"".join(lines).splitlines())


def test_what_had_too_little_budget_is_judged_again(tmp_path: Path) -> None:
    journal = tmp_path / "gate.jsonl"
    run(plan=Plan(journal=journal))
    told = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    told[-1] |= {"fate": "unknown", "by": "", "why": "1 second"}
    journal.write_text("".join(json.dumps(line) + "\n" for line in told), encoding="utf-8")
    assert run(plan=Plan(journal=journal)).judgements == run().judgements


def test_a_journal_of_another_machine_is_named_and_left_alone(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    run(plan=Plan(journal=journal, most=1))
    before = journal.read_bytes()
    with pytest.raises(RequestError, match="journal is of another version of Gate"):
        run(Named("Stages"), Plan(journal=journal, most=1))
    with pytest.raises(RequestError, match="journal is of another version of Gate"):
        run(Named("Gate", frozenset({"paid"})), Plan(journal=journal, most=1))
    assert journal.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"something else\n", "line 1 of .* is no line of a journal"),
        (b"[]\n", "line 1 of .* is no line of a journal"),
        (b"{HEAD}{}\n", "line 2 of .* is no line of a journal"),
        (b'{HEAD}{"original": {}}\n', "line 2 of .* is no line of a journal"),
        (b"{HEAD}{HEAD}", "line 2 of .* is no line of a journal"),
        (b"{HEAD}\xff\n", "line 2 of .* is no line of a journal"),
    ],
)
def test_a_file_that_is_no_journal_is_named(tmp_path: Path, content: bytes, wanted: str) -> None:
    journal = tmp_path / "journal"
    run(plan=Plan(journal=journal, seconds=1e-6))
    head = journal.read_bytes()
    assert head.count(b"\n") == 1
    written = content.replace(b"{HEAD}", head)
    journal.write_bytes(written)
    with pytest.raises(RequestError, match=wanted):
        run(plan=Plan(journal=journal))
    assert journal.read_bytes() == written


def test_a_journal_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere/journal cannot be written"):
        run(plan=Plan(journal=tmp_path / "nowhere" / "journal"))


def test_the_interruption_leaves_what_was_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = iter([True] * 5)

    def interrupted(*given: object) -> object:
        if next(left, False):
            return judge(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(campaigns, "judge", interrupted)
    journal = tmp_path / "journal"
    report = run(plan=Plan(journal=journal))
    assert report.interrupted
    assert not report.complete
    assert len(report.judgements) == 5
    monkeypatch.undo()
    assert replace(run(plan=Plan(journal=journal)), judgements={}) == replace(run(), judgements={})


def test_the_cache_of_compiled_machines_is_left_alone() -> None:
    before = os.environ.get("VERDICT_CACHE")
    run(plan=Plan(most=1))
    assert os.environ.get("VERDICT_CACHE") == before
