"""What becomes of a mutant: each way to be noticed, and each way not to be."""

from __future__ import annotations

import pytest

from checker import Limits
from checker.engines import native
from checker.errors import RequestError
from checker.language.lowering import lower
from checker.mutation import Judgement, Mutants, Original, Subject
from checker.mutation import trial as trials
from checker.mutation.trial import judge, original
from tests.checker.mutation.loading import Named
from tests.checker.mutation.machines import Gate, Office, Stages


def beside(subject: Subject) -> Original:
    found = original(subject, Limits())
    assert found is not None
    return found


def fate(subject: Subject, name: str, seconds: float | None = None) -> Judgement:
    mutants = Mutants(subject.program)
    (mutant,) = [one for known, one in mutants.found.items() if known.endswith(name)]
    return judge(mutants.program_of(mutant), beside(subject), seconds)


@pytest.mark.parametrize(
    ("promise", "name"),
    [
        ("within", "constant-up machines.py:Stages.second 2 in self.stage = 2"),
        ("never_done", "constant-down machines.py:Stages.second 2 in self.stage = 2"),
        ("done", "constant-down machines.py:Stages.second 2 in self.stage = 2"),
        ("up", "constant-down machines.py:Stages.second 2 in self.stage = 2"),
        ("ends_done", "negate-comparison machines.py:Stages.first self.stage == 0"),
        ("will_be_done", "constant-down machines.py:Stages.second 2 in self.stage = 2"),
        ("as_stairs", "constant-up machines.py:Stages.first 1 in self.stage = 1"),
    ],
)
def test_each_kind_of_property_notices_something(promise: str, name: str) -> None:
    """By itself: without it, and what every machine has, the same mutant survives."""
    (subject,) = Named("Stages", frozenset({promise}))()
    found = fate(subject, name)
    assert (found.fate, found.by, found.configuration) == ("killed", promise, "three")
    (blind,) = Named("Stages", frozenset())()
    assert fate(blind, name).fate == "survived"


def test_a_defect_is_noticed_without_any_property() -> None:
    (subject,) = Named("Gate", frozenset())()
    found = fate(subject, "drop-guard machines.py:Gate.enter self.open")
    assert (found.fate, found.by) == ("killed", "well-defined")


def test_an_action_that_no_longer_fires_is_told_and_kills_nothing() -> None:
    subject = Subject("open", lower(Office()))
    found = fate(subject, "negate-comparison machines.py:Desk.put self.mail is None")
    assert found == Judgement("", "survived", silent=("read", "write"))


def test_of_a_search_that_runs_out_of_time_nothing_is_said() -> None:
    subject = Subject("open", lower(Office()))
    found = fate(subject, "drop-guard machines.py:Office.read False", 1e-9)
    assert (found.fate, found.why, found.configuration) == ("unknown", "1e-09 seconds", "open")


def test_a_mutant_may_have_so_many_times_the_states(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = Subject("open", lower(Office()))
    name = "constant-up machines.py:Office.tidy 1 in self.turns = each(1)"
    assert fate(subject, name).fate == "survived"
    monkeypatch.setattr(trials, "SPARE", 0)
    monkeypatch.setattr(trials, "GROWTH", 1)
    more = "drop-effect machines.py:Desk.put self.mail = mail"
    assert fate(subject, more).fate == "survived"  # it has fewer
    grown = "drop-guard machines.py:Desk.put self.mail is None"
    assert fate(subject, grown).fate == "survived"
    monkeypatch.setattr(trials, "GROWTH", 0.1)
    found = fate(subject, grown)
    assert (found.fate, found.why) == ("unknown", "21.6 states")


def test_what_is_wrong_itself_has_no_mutants_to_judge() -> None:
    program = lower(Stages())
    with pytest.raises(RequestError, match="never_done is not as expected in three"):
        original(Subject("three", program), Limits())


def test_an_original_that_takes_too_long_is_not_judged() -> None:
    assert original(Subject("open", lower(Office())), Limits(time=1e-9)) is None


@pytest.mark.skipif(native.compiler() is None, reason="there is no C compiler")
@pytest.mark.parametrize(
    "name",
    [
        "drop-guard machines.py:Gate.pay not self.open",
        "drop-effect machines.py:Gate.pay self.open = True",
    ],
)
def test_large_machines_are_compiled_and_judged_alike(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = Subject("one", lower(Gate()))
    by_python = fate(subject, name)
    known = beside(subject)
    mutants = Mutants(subject.program)
    (mutant,) = [one for text, one in mutants.found.items() if text.endswith(name)]
    monkeypatch.setattr(trials, "WORTH_COMPILING", 1)
    monkeypatch.setattr(trials, "Search", None)  # the python engine is not asked
    assert judge(mutants.program_of(mutant), known, None) == by_python
