"""Of several failures the first counts: the language's order of evaluation, in C.

A step that passes a bound is counted and not explored; one that meets a defect is reported.  So
where an operand passes a bound and another has a defect, it matters which is evaluated first.
Each statement below has two operands, `{a}` evaluated before `{b}`.  It is written twice: with
a bound (`early`) before a defect, and with a defect before a bound (`late`), which must never be
counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from checker import Machine, Verdict, check
from checker.language.lowering import lower
from tests.fuzz import compiled
from tests.fuzz.agreement import disagreements, limits
from tests.fuzz.bodies import INDENT
from tests.fuzz.machines import loaded
from tests.fuzz.reference import explored

pytestmark = pytest.mark.skipif(not compiled.compiles, reason=compiled.NO_COMPILER)


@pytest.fixture(autouse=True)
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with compiled.quickly(tmp_path_factory.getbasetemp()):
        yield


HEADER = '''\
"""A machine whose operands fail."""

from __future__ import annotations

from typing import Annotated

from checker import *

Small = Annotated[int, Range(0, 3)]
Large = Annotated[int, Range(0, 100)]
First = Annotated[int, Counter("First", default=2)]
Second = Annotated[int, Counter("Second", default=2)]


def early(n: First) -> int:
    return n


def late(n: Second) -> int:
    return n


def both(a: int, b: int) -> bool:
    return a == b


class Pair(Record):
    a: Small
    b: Small


class Long(Record):
    a: Large
    b: Large
    c: Annotated[Seq[Large], Capacity(2)]


class Row(Part):
    cells: Map[Small, Small] = each(0)


class Box(Record):
    items: Annotated[Set[Large], Capacity(2)]


'''

FIELDS = """\
n: Small = 0
none: Small | None
out: Large = 0
flag: bool = False
long: Long = Long(0, 0, Seq())
table: Map[Small, Small] = each(0)
nested: Map[Small, Row]
queue: Annotated[Seq[Large], Capacity(2)] = Seq([1, 2])
bag: Annotated[Bag[Large], Capacity(2)]
few: Set[Small]
many: Annotated[Set[Large], Capacity(2)]
fews: Map[Small, Set[Small]]
manys: Map[Small, Annotated[Set[Large], Capacity(2)]]
queues: Map[Small, Annotated[Seq[Large], Capacity(4)]]
bags: Map[Small, Annotated[Bag[Large], Capacity(2)]]
"""

STATEMENTS = """\
self.out = {a} + {b}
self.out = {a} * {b} - 1
self.flag = {a} < {b}
self.flag = {a} + 0 == {b}
self.flag = {a} + 0 != {b}
self.out = min({a}, {b})
self.flag = both({a}, {b})
self.flag = Pair({a}, {b}) == Pair(0, 0)
self.flag = Long({a}, {b}, Seq([1])) == self.long
self.long = Long({a}, {b}, Seq())
self.table[{b}] = {a}
self.queue[{b}] = {a}
self.nested[{a}].cells[{b}] = 0
self.out = self.nested[{a}].cells[{b}]
self.out = self.queue[{a}] + self.queue[{b}]
self.flag = self.queues[{a}][{b}] == 0
self.few = Set({{{a}, {b}}})
self.many = Set({{{a}, {b}}})
self.queue = Seq([{a}, {b}])
self.bag = Bag([{a}, {b}])
self.flag = {b} in self.fews[{a}]
self.flag = {b} in self.manys[{a}]
self.flag = {b} in self.queues[{a}]
self.out = self.bags[{a}].count({b})
self.fews[{a}].add({b})
self.fews[{a}].discard({b})
self.fews[{a}].remove({b})
self.manys[{a}].add({b})
self.manys[{a}].discard({b})
self.bags[{a}].add({b})
self.bags[{a}].remove({b})
self.queues[{a}].append({b})
self.queues[{a}].truncate({b})
self.flag = self.fews[{a}] <= self.fews[{b}]
self.flag = self.manys[{a}] <= self.manys[{b}]
self.few = self.fews[{a}] | self.fews[{b}]
self.many = self.manys[{a}] - self.manys[{b}]
self.queues[0] = self.queues[{a}] + self.queues[{b}]
self.flag = any(i == 0 for i in range({a}, {b}))
self.flag = {a} + 1 < {b} or {b} == 0
for i in range({a}, {b}): self.out = i
""".splitlines()

EARLY, LATE, DEFECT = "early(self.n + 3)", "late(self.n + 3)", "self.none"


def written(fields: str, statements: list[str], more: str = "") -> str:
    """A module with a machine that has an action for each statement."""
    lines = [HEADER + more, "class Random(Machine):"]
    lines += [INDENT + line for line in fields.splitlines()]
    for number, statement in enumerate(statements):
        lines += ["", f"{INDENT}@action", f"{INDENT}def act{number}(self) -> None:"]
        lines += [2 * INDENT + line for line in statement.splitlines()]
    return "\n".join(lines) + "\n"


def reached(verdict: Verdict) -> dict[str, int]:
    """The bounds that were passed."""
    return {name: count for name, count in verdict.bounds.items() if count}


def held(machine: Machine) -> Verdict:
    """The native verdict, which says what the reference evaluator does."""
    program = lower(machine)
    known = explored(program, 50)
    verdict = check(machine, engine="native", limits=limits(known))
    assert list(disagreements(program, known, verdict)) == []
    return verdict


def one_order(statements: list[str], folder: Path) -> Iterator[Verdict]:
    """The verdict with the bound first in each statement, then that with the defect first."""
    for a, b in ((EARLY, DEFECT), (DEFECT, LATE)):
        text = written(FIELDS, [statement.format(a=a, b=b) for statement in statements])
        with loaded(text, folder) as machine:
            yield held(machine)


def test_the_operand_that_is_written_first_fails_first(tmp_path: Path) -> None:
    bound, defect = one_order(STATEMENTS, tmp_path)
    assert reached(bound) == {"First": len(STATEMENTS)}
    assert [one.result for one in bound.findings] == ["holds"]
    assert reached(defect) == {}
    assert [one.result for one in defect.findings] == ["violated"]


# ---------------------------------------------------------------- collections

ALL = "for x in range(4)"
FULL = """\
self.two = Set({x for x in range(4)})
self.two = Set({early(x) + 10 if x == 0 else x for x in range(4)})
self.row = Seq([x + y for x, y in self.pairs.items()])
self.row = Seq([x for x in range(4) if early(0) == 0])
self.heap = Bag([x for x in range(4)])
self.two = Set({x + y for x in range(4) for y in range(early(x + 1) * 0 + 1) if x < 2})
self.two = Set({1, 2, early(0)})
self.row = Seq([1, 2, 3])
self.two = self.two | Set({1, 2, 3})
""".splitlines()
BROKEN = """\
self.two = Set({x if x < 3 else self.none for x in range(4)})
self.two = Set({x for x in range(4) if x < 3 or self.none < 1})
self.row = Seq([x if x < 3 else self.none for x in range(4)])
self.heap = Bag([x if x < 3 else self.none for x in range(4)])
self.two = Set({x + y if x < 3 else self.none for x in range(4) for y in range(2)})
self.two = Set({1, 2, 3, self.none})
self.row = Seq([1, 2, 3, self.none])
self.heap = Bag([1, 2, 3, self.none])
""".splitlines()
ROOMS = """\
none: Small | None
pairs: Map[Small, Small] = each(0)
two: Annotated[Set[Large], Capacity("Room", default=2)]
row: Annotated[Seq[Large], Capacity("Room", default=2)]
heap: Annotated[Bag[Large], Capacity("Room", default=2)]
"""


def test_a_collection_is_too_large_when_all_of_it_is_known(tmp_path: Path) -> None:
    with loaded(written(ROOMS, FULL), tmp_path) as machine:
        full = held(machine)
    assert reached(full) == {"First": 1, "Room": len(FULL) - 1}
    with loaded(written(ROOMS, BROKEN), tmp_path) as machine:
        broken = held(machine)
    assert reached(broken) == {}


# ---------------------------------------------------------------- loops and choices

LOOPS = """\
for i in range(self.none): self.n = 1
for i in range(self.none, 0): self.n = 1
for i in range(early(self.n + 3), 0): self.n = 1
for x in self.boxes[self.n + 1].items: self.n = x
for x in self.fews[early(self.n + 3)]: self.n = x
self.n = sum(x for x in self.boxes[1].items)
self.n = len([x for x in self.fews[early(self.n + 3)]])
""".splitlines()


def test_what_a_loop_goes_over_fails_though_there_is_nothing(tmp_path: Path) -> None:
    fields = FIELDS + "boxes: Annotated[Seq[Box], Capacity(2)]\n"
    with loaded(written(fields, LOOPS), tmp_path) as machine:
        verdict = held(machine)
    assert reached(verdict) == {"First": 3}
    assert verdict.distinct == 1


CHOICES = """
    boxes: Annotated[Seq[Box], Capacity(3)] = Seq([Box(Set({1})), Box(Set())])
    manys: Map[Small, Annotated[Set[Large], Capacity(2)]] = each(Set({5, 6}))

    @action
    def out_of_a_box(self, n: Small, x: Large) -> None:
        require(x in self.boxes[n].items)
        self.boxes[n] = Box(Set())

    @action
    def out_of_a_set(self, n: Small, x: Large) -> None:
        require(x in self.manys[early(n)])
        self.boxes[0] = Box(Set())
"""


def test_each_choice_that_cannot_be_made_is_one_failure(tmp_path: Path) -> None:
    with loaded(HEADER + "class Random(Machine):" + CHOICES, tmp_path) as machine:
        verdict = held(machine)
    assert verdict.bounds["First"] == verdict.distinct
    assert [one.result for one in verdict.findings] == ["violated"]


REFINED = """
class Spec(Machine):
    boxes: Annotated[Seq[Box], Capacity(3)]
    n: Small = 0

    @action
    def take(self, x: Large) -> None:
        require(x in self.boxes[self.n].items)
        self.n = 0

    @action
    def grow(self) -> None:
        self.n = late(self.n + 1)


class Random(Machine):
    n: Small = 0

    @action
    def up(self) -> None:
        require(self.n < 3)
        self.n += 1

    @refines(Spec)
    def as_spec(self, spec: Spec) -> None:
        spec.n = self.n
        spec.boxes = Seq()
"""


def test_what_a_specification_cannot_do_is_no_defect_of_the_machine(tmp_path: Path) -> None:
    with loaded(HEADER + REFINED, tmp_path) as machine:
        verdict = held(machine)
    assert {one.id: one.result for one in verdict.findings} == {
        "as_spec": "violated", "well-defined": "holds"
    }  # fmt: skip
    assert reached(verdict) == {}
