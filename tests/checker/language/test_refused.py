"""What is outside the language is refused when the machine is loaded.

Each row is a line or two of Python that looks innocent, the place that must be pointed at, and
words of the message or of what to write instead.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
import textwrap
from pathlib import Path

import pytest

from checker import Machine
from checker.errors import LanguageError
from checker.language.ir import Program
from checker.language.lowering import lower

HEAD = """
from __future__ import annotations
import dataclasses
from dataclasses import replace
from enum import Enum, auto
from typing import Annotated, Self
from verdict import *

class Node(Index): "A node."
class Peer(Index, symmetric=True): "A peer."
class Color(Enum):
    RED = auto()
    BLUE = auto()
class Ping(Record):
    n: Node
class Pong(Record):
    n: Node
    c: Color = Color.RED
class Left(Record):
    here: bool
Message = Ping | Pong
TABLE = {Color.RED: 1, Color.BLUE: 2}
WORDS = ("a", "b")
NOTHING: dict[Color, int] = {}
Small = Annotated[int, Range(0, 3)]
class Box(Part):
    inside: Set[Node]
    level: Small = 0
    def put(self, n: Node) -> None:
        self.inside.add(n)
def loose(n): return n
def forever(n: Node) -> bool:
    return forever(n)
def many(*ns: Node) -> bool:
    return True
def twice(n: int) -> int:
    return n + n
def nothing(n: Node) -> None:
    pass
def looping(n: Node) -> int:
    for m in Node:
        pass
    return 1

class M(Machine):
    fast: Variant[bool] = False
    count: Small = 0
    color: Color = Color.RED
    node: Node = Node(0)
    peer: Peer | None
    maybe: Node | None
    flags: Map[Node, bool] = each(False)
    seen: Set[Node]
    seen2: Set[Node]
    peers: Set[Peer]
    queue: Annotated[Seq[Node], Capacity(2)]
    bag: Annotated[Bag[Message], Capacity(2)]
    last: Ping = Ping(Node(0))
    said: Message | None
    box: Box
    boxes: Map[Node, Box]
    aux_count: Small = 0
"""

ROWS = [
    # statements
    ("while self.count < 2:\n    pass", "while", "finite"),
    ("try:\n    pass\nexcept ValueError:\n    pass", "try", "require"),
    ("with open('x'):\n    pass", "with", ""),
    ("raise ValueError", "raise", "require"),
    ("del self.count", "del", ""),
    ("import os", "import", "top of the module"),
    ("def f() -> None: ...", "function inside", "helper"),
    ("global x", "global", "field"),
    ("for m in Node:\n    break", "break", "any"),
    ("for m in Node:\n    continue", "continue", "if around"),
    ("for m in Node:\n    return", "no return", "any"),
    ("for m in Node:\n    pass\nelse:\n    pass", "else", "any"),
    ("self.count = self.count = 1", "one target", ""),
    ("return 1", "returns nothing", "assign"),
    ("'a' 'b'.upper()", "", ""),
    ("1", "does nothing", ""),
    ("pass\n1", "does nothing", ""),
    ("self.count", "does nothing", ""),
    ("self.count ^= 1", "operator", "+="),
    ("self.seen |= self.seen2", "augmented", "self.s"),
    ("self.queue += self.queue", "augmented", "append"),
    ("require(n == n, n == n)", "one condition", ""),
    ("x = require(n == n)", "line of its own", ""),
    ("x: Small", "needs a value", ""),
    ("x: Nowhere = 1", "not a type", ""),
    # names, fields, calls
    ("self.count = x", "not known", ""),
    ("self.nobody = 1", "no field nobody", "one of"),
    ("self.count = self.nobody", "no field", "one of"),
    ("self.fast = True", "the configuration sets it", ""),
    ("self.last.n = n", "never changes", "replace"),
    ("n = Node(0)", "already means", "name of its own"),
    ("Node.x = 1", "cannot be assigned", ""),
    ("print(n)", "not in the language", "helper"),
    ("Color.PURPLE", "does nothing", ""),
    ("self.color = Color.PURPLE", "no PURPLE", ""),
    ("self.color = 'red'", "not a value", "Enum"),
    ("self.count = 1.5", "not a value", ""),
    ("self.count = loose(n)", "needs an annotation", ""),
    ("require(forever(n))", "calls itself", "bounded"),
    ("require(many(n))", "* arguments", ""),
    ("require(many(*self.seen))", "* is not", "one by one"),
    ("self.count = twice(1, 2)", "does not take", ""),
    ("self.count = twice()", "needs a value", ""),
    ("self.count = nothing(n)", "", ""),
    ("require(looping(n) == 1)", "locals, if, match and return", "comprehension"),
    ("self.count = twice(n)", "where", ""),
    ("self.box.nowhere()", "no method", ""),
    ("self.seen.append(n)", "no method append", "one of"),
    ("self.seen.add(n, n)", "takes 1", ""),
    ("Set({n}).add(n)", "", "assign"),
    ("self.boxes[n] = 1", "", ""),
    ("self.box = Box(1)", "new Box", ""),
    ("self.box = self.boxes", "part of type Box", ""),
    # expressions
    ("require(self.count)", "a condition is a bool", "!= 0"),
    ("require(self.seen)", "a condition is a bool", "len("),
    ("require(self.maybe)", "a condition is a bool", "is not None"),
    ("require(lambda: True)", "lambda", "helper"),
    ("self.count = [1][0]", "list", "Seq"),
    ("x = {1: 2}", "dict", "Map"),
    ("x = [m for m in Node]", "list", "Seq"),
    ("x = {m: 1 for m in Node}", "dict", "Map"),
    ("x = (1, 2)", "tuple", "Record"),
    ("x = f'{n}'", "string", "Enum"),
    ("require((y := True))", ":=", "before"),
    ("x = (m for m in Node)", "generator", "any"),
    ("self.count = self.count ** 2", "operator", "integers"),
    ("self.count = ~self.count", "operator", ""),
    ("self.count = self.count // self.count", "positive constant", ""),
    ("self.count = self.count % 0", "positive constant", ""),
    ("self.count = self.color + 1", "integer is wanted", ""),
    ("require(self.color < Color.BLUE)", "no order", ""),
    ("require(self.seen < self.seen2)", "<=", ""),
    ("require(self.color == n)", "never equal", "one type"),
    ("require(n in self.flags)", "total", "None"),
    ("require(n in self.count)", "no elements", ""),
    ("require(n in Color.RED)", "not a collection", ""),
    ("require(n in WORDS)", "values of the language", ""),
    ("self.count = TABLE[n]", "never equal", ""),
    ("self.count = NOTHING[self.color]", "empty", ""),
    ("self.node = self.queue[-1]", "negative", "len(q) - 1"),
    ("self.queue = self.queue[0:1]", "slices", "truncate"),
    ("self.node = self.count[0]", "cannot be indexed", ""),
    ("self.count = len(self.count)", "no length", ""),
    ("self.count = len(n, n)", "takes 1", ""),
    ("self.count = int(self.color)", "no number", ""),
    ("self.count = sum(1 for a, b in self.queue)", "target", ""),
    ("self.count = min(a for a in range(3) for b in range(3))", "one `for`", ""),
    ("for i in range(1, 2, 3):\n    pass", "one or two", ""),
    ("x = 0\nx = x + 1\nfor i in range(x):\n    pass", "how often", "counter"),
    ("for i in self.count:\n    pass", "cannot be iterated", ""),
    ("for i in WORDS:\n    pass", "cannot be iterated", ""),
    ("require(isinstance(self.said, Left))", "never a Left", ""),
    ("self.last = replace(self.last, x=n)", "no field x", ""),
    ("self.last = replace(self.count, x=n)", "takes a record", ""),
    ("self.last = Ping()", "needs a value", ""),
    ("self.last = Ping(n, n)", "fields", ""),
    ("self.last = Ping(m=n)", "no field m", ""),
    ("self.maybe = self.said.here", "", ""),
    ("self.flags = Map({m: True for m in Node if m == n})", "total", ""),
    ("self.flags = Map({n: True for m in Node})", "whole domain", ""),
    ("x = Set()", "not known here", "annotate"),
    ("x = None", "type of x", "None"),
    ("require(self.said.d == n)", "", ""),
    ("self.bag.discard(self.last)", "no method discard", "remove"),
    ("self.seen = Set(self.count)", "no elements", ""),
    ("self.seen.x = 1", "cannot be assigned", ""),
    ("self.queue[0].x = 1", "", ""),
    # symmetric domains
    ("require(any(a < b for a in Peer for b in Peer))", "symmetric", "=="),
    ("self.count = sum(int(a) for a in Peer)", "symmetric", ""),
    ("self.peer = Peer(0)", "symmetric", "parameter"),
    ("require(len(Seq([a for a in Peer])) > 0)", "symmetric", "Set or Bag"),
    # ghosts
    ("require(self.aux_count == 0)", "guard depends on the ghost", "ordinary field"),
    ("self.count = self.aux_count", "effect depends on the ghost", ""),
    ("x = self.aux_count\nself.count = x", "effect depends on the ghost", ""),
    ("if self.aux_count == 1:\n    self.count = 1", "effect depends on the ghost", ""),
    ("for i in range(self.aux_count):\n    self.count = i", "effect depends", ""),
    ("if self.aux_count == 1:\n    require(self.count == 0)", "guard depends", ""),
    # branches and matches
    ("if n == n:\n    x = 1\nself.count = x", "may have no value", ""),
    ("match self.said:\n    case Left():\n        pass", "never a Left", ""),
    ("match self.said:\n    case Ping(n=a, m=b):\n        pass", "no field m", ""),
    ("match self.said:\n    case Ping(a, b):\n        pass", "has 1 fields", ""),
    ("match self.said:\n    case Ping(a) | Pong(a):\n        pass", "bind no names", ""),
    ("match self.queue:\n    case [a]:\n        pass", "pattern", ""),
]  # fmt: skip

numbers = itertools.count()


def loaded(folder: Path, text: str, **settings: object) -> Program:
    """The machine M of a module with this text, lowered."""
    name = f"refused_{next(numbers)}"
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        machine = module.M(**settings)
        assert isinstance(machine, Machine)
        return lower(machine)
    finally:
        del sys.modules[name]


def action(body: str) -> str:
    """A module whose machine has one action with that body."""
    inside = textwrap.indent(body, " " * 8)
    return f"{HEAD}    @action\n    def act(self, n: Node) -> None:\n{inside}\n"


@pytest.mark.parametrize(("body", "message", "hint"), ROWS, ids=[row[0] for row in ROWS])
def test_a_body_is_refused(tmp_path: Path, body: str, message: str, hint: str) -> None:
    with pytest.raises(LanguageError) as caught:
        loaded(tmp_path, action(body), Node=2, Peer=2)
    error = caught.value
    assert message in error.message
    assert hint in error.hint
    assert error.span is not None
    assert Path(error.span.file).parent == tmp_path
    lines = str(error).splitlines()
    assert lines[0].startswith(f"{error.span.file}:{error.span.line}:{error.span.column + 1}: V100")
    assert lines[1].strip() == error.span.text.strip()
    assert set(lines[2].strip()) == {"^"}


def test_helpers_can_be_within_helpers_but_not_without_end(tmp_path: Path) -> None:
    helpers = ["def h0(n: Node) -> bool:\n    return n == n\n"]
    helpers += [f"def h{i + 1}(n: Node) -> bool:\n    return h{i}(n)\n" for i in range(41)]
    text = action("require(h{}(n))").replace("class M(", "".join(helpers) + "class M(")
    assert loaded(tmp_path, text.replace("{}", "39"), Node=2, Peer=2).actions
    with pytest.raises(LanguageError, match="more than 40 deep"):
        loaded(tmp_path, text.replace("{}", "41"), Node=2, Peer=2)


def test_who_acts_in_a_part_of_many_is_the_part(tmp_path: Path) -> None:
    act = "    @action\n    def take(self, n: Node) -> None:\n        self.inside.add(n)\n"
    text = action("pass").replace("    def put(", f"{act}    def put(")
    actions = {one.name: one for one in loaded(tmp_path, text, Node=2, Peer=2).actions}
    many, one = actions["boxes.take"], actions["box.take"]
    assert many.actor == many.parameters[0].name != "n"
    assert one.actor == "n"


def test_what_is_not_refused_is_lowered(tmp_path: Path) -> None:
    program = loaded(tmp_path, action("self.count = twice(1)"), Node=2, Peer=2)
    assert [one.name for one in program.actions] == ["act"]


REFINES = "@refines(Spec)\n    def r(self, spec: Spec) -> None:\n        "
DECLARED = [
    ("x: int = 0", "int without bounds", "Range"),
    ("x: Set[int]", "int without bounds", "Range"),
    ("x: Set[Annotated[int, Range(0, 99)]]", "needs a capacity", "Capacity"),
    ("x: Seq[Node]", "needs a capacity", "Capacity"),
    ("x: str = ''", "not a type of the language", "Index"),
    ("x: Node | Color | None", "not a union of records", "Record"),
    ("x: Map[Annotated[Seq[Node], Capacity(99)], bool]", "key of a map", "small record"),
    ("x: Annotated[int, Range(3, 1)] = 2", "empty", ""),
    ("x: Box | None", "always there", ""),
    ("x: Set[Box]", "mutable", "Map"),
    ("_x: bool = False", "begins with a letter", "rename"),
    ("x: Color", "no initial value", "default"),
    ("x: Peer = Peer(0)", "starts with one value of Peer", "@initial"),
    ("x: Variant[Node] = Node(0)", "a variant is", ""),
    ("x: Annotated[int, Counter('Node')] = 0", "both a", "another name"),
    (
        "@invariant\n    def p(self, n: Node) -> bool:\n        return True",
        "takes self alone",
        "any",
    ),
    ("@step\n    def p(self) -> bool:\n        return True", "two states", "after"),
    (
        "@step\n    def p(self, after: Self, n: Node) -> bool:\n        return True",
        "which action",
        "on=",
    ),
    ("@action\n    def a(self, q) -> None:\n        pass", "needs a type", "Member"),
    ("@action\n    def a(self, *q: Node) -> None:\n        pass", "not in the language", "plain"),
    ("@action\n    def a() -> None:\n        pass", "needs self", ""),
    (
        "@action\n    def a(self, q: Annotated[Seq[Node], Capacity(30)]) -> None:\n        pass",
        "too many values",
        "require(q in",
    ),
    ("@refines(Spec)\n    def r(self) -> None:\n        pass", "one specification", "spec"),
    (
        "@refines(Spec)\n    def r(self, spec: Spec) -> None:\n        pass",
        "does not say what",
        "spec.",
    ),
    (REFINES + "self.count = 1\n        spec.x = 1", "specification only", ""),
    (REFINES + "require(self.count == 1)\n        spec.x = 1", "no guards", ""),
]


@pytest.mark.parametrize(("line", "message", "hint"), DECLARED, ids=[row[0] for row in DECLARED])
def test_a_declaration_is_refused(tmp_path: Path, line: str, message: str, hint: str) -> None:
    spec = "class Spec(Machine):\n    x: Small = 0\n\n"
    head, machine = HEAD.split("class M(Machine):")
    text = f"{head}{spec}class M(Machine):{machine}    {line}\n"
    with pytest.raises(LanguageError) as caught:
        loaded(tmp_path, text, Node=2, Peer=2)
    assert message in caught.value.message
    assert hint in caught.value.hint
