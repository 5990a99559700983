"""Machines whose generated Python nests deep: it is read, or it is said what nests too deep.

They are written into files, as nobody would write them by hand.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from checker import Machine, check
from checker.errors import LanguageError
from verdict import registry

HEAD = """
from typing import Annotated
from checker import Machine, Range, action, invariant, refines, require

N = Annotated[int, Range(0, 999)]
"""


def machine(folder: Path, text: str) -> Machine:
    """The machine M of a file with that text."""
    file = folder / "nested.py"
    file.write_text(HEAD + text, encoding="utf-8")
    found: Machine = registry.load(file).M()
    return found


def chain(length: int) -> str:
    """A chain of conditions, each with its own effect."""
    links = "".join(
        f"        {'el' if n else ''}if self.n == {n}:\n            self.n = {n + 1}\n"
        for n in range(length)
    )
    return (
        "class M(Machine):\n    n: N = 0\n    @action\n    def go(self) -> None:\n"
        f"{links}        else:\n            self.n = 0\n"
    )


@pytest.mark.parametrize("length", [1, 2, 120])
def test_a_chain_of_conditions_may_be_long(tmp_path: Path, length: int) -> None:
    """Python indents a hundred times at most; `elif` does not indent."""
    verdict = check(machine(tmp_path, chain(length)), engine="python")
    assert (verdict.distinct, verdict.generated) == (length + 1, length + 2)


def test_a_link_that_is_known_does_not_break_the_chain(tmp_path: Path) -> None:
    text = (
        "class M(Machine):\n    n: N = 0\n    @action\n    def go(self) -> None:\n"
        "        if self.n == 0:\n            self.n = 7\n"
        "        elif 1 > 2:\n            self.n = 8\n"
        "        elif self.n == 7:\n            self.n = 9\n"
        "        elif 2 > 1:\n            self.n = 3\n"
        "        else:\n            self.n = 4\n"
    )
    verdict = check(machine(tmp_path, text), engine="python")
    assert (verdict.distinct, verdict.depth) == (4, 4)  # 0 7 9 3


def helpers(count: int) -> str:
    """Helpers each of which calls the one before inside of six conditions."""
    text = "def h0(n: N) -> bool:\n    return n > 1\n\n"
    for i in range(1, count + 1):
        inner = f"h{i - 1}(n)"
        for depth in range(6):
            inner = f"({inner} if n > {i + depth} else n > {depth})"
        text += f"def h{i}(n: N) -> bool:\n    return {inner}\n\n"
    return text


MACHINE = "class M(Machine):\n    n: N = 0\n"
ACTION = "    @action\n    def go(self) -> None:\n        {}\n        self.n = (self.n + 1) % 9\n"
INVARIANT = "    @invariant\n    def good(self) -> bool:\n        return {}\n"
SPEC = (
    "class Spec(Machine):\n    on: bool = False\n"
    "    @action\n    def turn(self) -> None:\n        self.on = not self.on\n\n"
)
MAPPING = "    @refines(Spec)\n    def as_spec(self, spec: Spec) -> None:\n        spec.on = {}\n"


def test_what_nests_less_deep_is_read(tmp_path: Path) -> None:
    text = helpers(5) + MACHINE + ACTION.format("require(h5(self.n) or self.n < 9)")
    assert check(machine(tmp_path, text), engine="python").distinct == 9


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (MACHINE + ACTION.format("require(h35(self.n))"), "go"),
        (MACHINE + ACTION.format("pass") + INVARIANT.format("h35(self.n)"), "good"),
        (SPEC + MACHINE + ACTION.format("pass") + MAPPING.format("h35(self.n)"), "as_spec"),
    ],
    ids=["an action", "a property", "a mapping"],
)
def test_what_nests_too_deep_is_named(tmp_path: Path, text: str, part: str) -> None:
    nested = machine(tmp_path, helpers(35) + text)
    with pytest.raises(LanguageError, match=f"M: {part} nests deeper than Python can read"):
        check(nested, engine="python")
