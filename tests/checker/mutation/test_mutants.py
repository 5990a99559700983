"""Which mistakes there are, what they are called, and that each is a machine of its own."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from checker import Limits
from checker.engines.python import check_program
from checker.language.ir import Program, Require, Stmt, walk
from checker.language.lowering import lower
from checker.mutation import Mutant, Mutants
from checker.mutation.operators import OPERATORS
from checker.verdict import Silent
from tests.checker.mutation.machines import Gate, Office, Stages
from tests.fuzz.reference import Reference

GATE = """\
drop-guard Gate.pay not self.open
drop-guard Gate.pay self.coins < 1
negate-comparison Gate.pay self.coins < 1
shift-boundary Gate.pay self.coins < 1
drop-effect Gate.pay self.coins += 1
constant-up Gate.pay 1 in self.coins += 1
constant-down Gate.pay 1 in self.coins += 1
drop-effect Gate.pay self.open = True
constant-up Gate.pay True in self.open = True
drop-guard Gate.enter self.open
drop-effect Gate.enter self.coins -= 1
constant-up Gate.enter 1 in self.coins -= 1
constant-down Gate.enter 1 in self.coins -= 1
drop-effect Gate.enter self.open = False
constant-up Gate.enter False in self.open = False
"""


def short(name: str) -> str:
    return name.replace("tests/checker/mutation/machines.py:", "").replace("machines.py:", "")


def test_the_mutants_of_a_machine_are_those_one_would_write_down() -> None:
    mutants = Mutants(lower(Gate()))
    assert [short(name) for name in mutants.found] == GATE.splitlines()
    assert list(mutants.differing()) == list(mutants.found)


IDLE = "self.known <= Set({c for c in Clerk if self.desks[c].idle()})"
WRITTEN = "self.desks[c].put(Letter(Kind.ORDER) if c in self.known else Parcel(1))"
OFFICE = Mutants(lower(Office()))
BY_ID = {short(name): mutant for name, mutant in OFFICE.found.items()}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("drop-guard Desk.put self.mail is None", "require(self.mail is None)", ""),
        ("drop-effect Office.tidy self.known.clear()", "self.known.clear()", ""),
        ("drop-guard Office.read kind is not Kind.NOTE", "require(kind is not Kind.NOTE)", ""),
        (
            "drop-filter Office.tidy for c in Clerk if c in self.known",
            "for c in Clerk if c in self.known",
            "for c in Clerk",
        ),
        (
            "negate-branch Office.tidy if len(self.known) > 1:",
            "if len(self.known) > 1:",
            "if len(self.known) <= 1:",
        ),
        (
            "negate-branch Office.read 2 if kind is Kind.BILL else 1",
            "2 if kind is Kind.BILL else 1",
            "2 if kind is not Kind.BILL else 1",
        ),
        (
            f"negate-comparison Office.tidy {IDLE}",
            "self.known <= Set({c for c in Clerk if self.desks[c].idle()})",
            "not self.known <= Set({c for c in Clerk if self.desks[c].idle()})",
        ),
        ("shift-boundary Office.read self.count < 9", "self.count < 9", "self.count <= 9"),
        ("always-true Desk.idle self.mail is None", "self.mail is None", "True"),
        (
            "constant-up Office.tidy 0 in self.count = 0",
            "self.count = 0",
            "self.count = 1",
        ),
        (
            "constant-down Office.tidy 1 in self.turns = each(1)",
            "self.turns = each(1)",
            "self.turns = each(0)",
        ),
        (
            f"constant-up Office.write Kind.ORDER in {WRITTEN}",
            "self.desks[c].put(Letter(Kind.ORDER) if c in self.known else Parcel(1))",
            "self.desks[c].put(Letter(Kind.BILL) if c in self.known else Parcel(1))",
        ),
    ],
)
def test_the_source_before_and_after(name: str, before: str, after: str) -> None:
    assert (BY_ID[name].before, BY_ID[name].after) == (before, after)


def test_an_operand_of_a_condition_can_go() -> None:
    closed = Mutants(lower(Office(holiday=True)))
    found = {short(name): one for name, one in closed.found.items()}
    assert found["drop-operand Office.tidy self.holiday"].before == "… or self.holiday"
    assert "drop-operand Office.tidy self.count > 3" in found


def test_every_operator_finds_something() -> None:
    closed = Mutants(lower(Office(holiday=True)))
    seen = {one.operator for one in (*OFFICE.found.values(), *closed.found.values())}
    assert seen == {operator.name for operator in OPERATORS}


def test_of_what_a_type_checker_holds_to_its_code_there_is_no_mutant() -> None:
    """The cases of the `match`; the comparison in one of them has its own."""
    about = [name for name in BY_ID if "Office.read" in name]
    assert not any("case" in name or "Letter(" in name or "Parcel(" in name for name in about)


FOLDED = '''\
from typing import Annotated
from checker import Machine, Range, Variant, action, require


class Folded(Machine):
    """Conditions of which a configuration decides a part."""
    n: Annotated[int, Range(0, 3)] = 0
    wide: Variant[bool] = True

    def some(self) -> bool:
        """Whether there is any, or not."""
        return self.n > 0 or self.n == 0

    def fits(self) -> bool:
        """Called, compared, decided."""
        return self.some() and self.n < 3 and (self.wide or self.n < 2)

    def is_open(self) -> bool:
        """Called, and decided, and called: which call is left cannot be told."""
        return self.some() and self.wide and self.some() and self.n < 3

    @action
    def up(self) -> None:
        """One more."""
        if self.fits() and self.is_open():
            self.n += 1
'''


def test_operands_are_told_apart_where_a_configuration_has_decided_some(tmp_path: Path) -> None:
    found = Mutants(lower(loaded(tmp_path, FOLDED).Folded())).found
    dropped = [name.partition(":")[2] for name, one in found.items()
               if one.operator == "drop-operand"]  # fmt: skip
    assert [name for name in dropped if "Folded.fits" in name] == [
        "Folded.fits self.some()",
        "Folded.fits self.n < 3",
    ]
    assert [name for name in dropped if "Folded.is_open" in name] == ["Folded.is_open self.n < 3"]


def test_what_a_configuration_leaves_out_has_no_mutants() -> None:
    closed = Mutants(lower(Office(holiday=True)))
    assert not any("Office.write" in name for name in closed.found)
    assert any("Office.write" in name for name in OFFICE.found)


def test_one_place_in_the_source_is_one_mutant_wherever_it_was_inlined(tmp_path: Path) -> None:
    module = loaded(tmp_path, TWICE)
    mutants = Mutants(lower(module.Twice()))
    wanted = "shift-boundary twice.py:Twice.some self.n > 0"
    mutant = mutants.found[wanted]
    assert mutant.actions == ("down", "gone")
    assert mutant.line == 11
    changed = mutants.program_of(mutant)
    assert all(guards(changed, name) != guards(mutants.program, name) for name in mutant.actions)
    # What is promised has the same helper, and stays as it is.
    assert changed.properties == mutants.program.properties
    assert changed.action("up") is mutants.program.action("up")


TWICE = '''\
from typing import Annotated
from checker import Machine, Range, action, invariant, require


class Twice(Machine):
    """A helper that is used twice."""
    n: Annotated[int, Range(0, 3)] = 0

    def some(self) -> bool:
        """Whether there is any."""
        return self.n > 0

    @action
    def up(self) -> None:
        """One more."""
        require(self.n < 3)
        self.n += 1

    @action
    def down(self) -> None:
        """One less."""
        require(self.some())
        self.n -= 1

    @action
    def gone(self) -> None:
        """None left."""
        if self.some():
            self.n = 0

    @invariant
    def counted(self) -> bool:
        """What there is."""
        return self.n == 0 or self.some()
'''


def loaded(folder: Path, source: str) -> Any:
    """The module of a file that is written for a test."""
    path = folder / "twice.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("twice", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["twice"] = module
    spec.loader.exec_module(module)
    return module


def guards(program: Program, name: str) -> list[object]:
    statements: tuple[Stmt, ...] = program.action(name).body
    return [getattr(node, "test", None) for one in statements for node in walk(one)]


def test_names_outlive_edits_elsewhere_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    before = Mutants(lower(loaded(tmp_path, TWICE).Twice()))
    edited = TWICE.replace("class Twice", "# A comment.\n\n\nclass Twice").replace(
        "        require(self.n < 3)\n", "        # Not too many.\n        require(self.n<3)\n"
    )
    after = Mutants(lower(loaded(tmp_path / "later", edited).Twice()))
    assert list(before.found) == list(after.found)
    lines = [(a.line, b.line) for a, b in zip(before.found.values(), after.found.values(),
                                              strict=True)]  # fmt: skip
    assert all(b >= a + 3 for a, b in lines)


def test_what_reads_the_same_is_numbered_in_its_order(tmp_path: Path) -> None:
    twice = TWICE.replace(
        "            self.n = 0\n",
        "            self.n = 0\n        else:\n            self.n = 0\n",
    )
    found = Mutants(lower(loaded(tmp_path, twice).Twice())).found
    dropped = {name: one.line for name, one in found.items() if "self.n = 0" in name
               and one.operator == "drop-effect"}  # fmt: skip
    assert dropped == {
        "drop-effect twice.py:Twice.gone self.n = 0": 29,
        "drop-effect twice.py:Twice.gone self.n = 0 #2": 31,
    }


def test_mutants_that_are_one_and_the_same_are_judged_once() -> None:
    kept = {short(name) for name in OFFICE.differing()}
    assert "negate-branch Office.tidy if len(self.known) > 1:" in kept
    assert "negate-comparison Office.tidy len(self.known) > 1" not in kept
    assert "drop-guard Office.somebody c == Clerk(0)" in kept
    assert "always-true Office.somebody c == Clerk(0)" not in kept


def test_a_guard_that_always_holds_is_gone() -> None:
    mutant = BY_ID["always-true Office.somebody c == Clerk(0)"]
    start = OFFICE.program_of(mutant).initials[0]
    assert not any(isinstance(statement, Require) for statement in start.body)


def every_mutant() -> list[Any]:
    return [
        pytest.param(mutants, mutant, id=short(mutant.id))
        for mutants in (OFFICE, Mutants(lower(Gate())), Mutants(lower(Stages())))
        for mutant in mutants.found.values()
    ]


@pytest.mark.parametrize(("mutants", "mutant"), every_mutant())
def test_a_mutant_is_a_machine_on_which_the_judges_agree(mutants: Mutants, mutant: Mutant) -> None:
    program = mutants.program_of(mutant)
    assert mutants.differs(program)
    known = Reference(program, 10_000).explore()
    verdict = check_program(program, "", frozenset(), Limits(), Silent())
    assert known.complete
    assert (verdict.distinct, verdict.generated, verdict.depth) == (
        len(known.levels),
        known.generated,
        known.depth,
    )
    fired = {one.action: one.fired for one in verdict.coverage if one.fired}
    assert fired == dict(known.fired)
    assert (verdict.finding("well-defined").result == "violated") == (known.undefined is not None)
