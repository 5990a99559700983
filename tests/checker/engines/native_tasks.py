"""Statements compiled to C and run on packed states, many in one library.

A task is a list of statements over "self", a state, which they change, or over "spec", which
they fill.  What the evaluator says of it can be compared with what the C function does.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from checker.engines.native import build
from checker.engines.native.expressions import Expressions, Sites
from checker.engines.native.shapes import Shapes
from checker.engines.native.statements import Function
from checker.engines.native.words import Codec, Rooms
from checker.language.evaluator import BoundReached, Defect, execute
from checker.language.ir import Assign, Expr, Get, Stmt, Var
from checker.language.machine import Part, Snapshot
from checker.language.marks import Disabled
from checker.language.types import INTEGER, IntType, PartType, Type

LARGE = IntType(-(1 << 40), 1 << 40)
OVERFLOW = 1 << 31
HARNESS = f"""
struct Worker {{ u32 failed; }};
static inline void fail(Worker *w, u32 site) {{ if (!w->failed) w->failed = site; }}
static void too_large(Worker *w) {{ w->failed = {OVERFLOW}u; }}
"""


class Held(Part):
    """What an expression comes to."""


@dataclass(frozen=True)
class Task:
    """Statements, the state they start in and its type, and the type of what they fill."""

    body: tuple[Stmt, ...]
    state: Snapshot
    kind: PartType
    filled: PartType | None = None

    def expected(self) -> Any:
        """The state after, None for a guard that failed, a bound's name, or Defect."""
        env: dict[str, Any] = {"self": self.state, "spec": Snapshot(Held, (("value", None),))}
        try:
            execute(self.body, env)
        except Disabled:
            return None
        except BoundReached as reached:
            return reached.bound
        except Defect:
            return Defect
        return env["self" if self.filled is None else "spec"]


def valued(expr: Expr, state: Snapshot, kind: PartType) -> Task:
    """An expression, as the statement that puts its value somewhere."""
    own: Type = LARGE if expr.type == INTEGER else expr.type
    part = PartType(Held, (("value", own),))
    place = Get(own, None, Var(part, None, "spec"), "value")
    return Task((Assign(None, place, expr),), state, kind, part)


class Tasks:
    """The functions of some tasks, compiled."""

    def __init__(self, tasks: list[Task]) -> None:
        self.tasks = tasks
        self._rooms, self._sites = Rooms(), Sites()
        self._shapes = Shapes(self._rooms)
        self.functions = [self._function(number, task) for number, task in enumerate(tasks)]
        declared = self._shapes.declarations
        text = "\n".join(['#include "runtime.h"', HARNESS, *declared, *self.functions])
        self._library = build.load(build.build(text))

    def _function(self, number: int, task: Task) -> str:
        before = self._rooms.state(task.kind)
        after = before if task.filled is None else self._rooms.state(task.filled)
        to = Expressions(self._shapes, self._sites, {"self": ("s", before), "spec": ("t", after)})
        root = "self" if task.filled is None else "spec"
        function = Function(to, root, "return w->failed;", str(after.words))
        function.body(task.body)
        lines = [line.replace("return;", "return 0;") for line in function.lines]
        fresh = [] if task.filled is None else [f"  u64 t[{after.words}] = {{1}};"]
        return "\n".join(
            [
                f"static u32 run_{number}(Worker *w, const u64 *s, u64 *out, int *done) {{",
                *fresh,
                *lines,
                "  memcpy(out, t, sizeof t), *done = 1;",
                "  return w->failed;",
                "}",
                f"u32 task_{number}(const u64 *s, u64 *out, int *done) {{",
                f"  Worker w = {{0}};\n  return run_{number}(&w, s, out, done);\n}}",
            ]
        )

    def found(self, number: int) -> Any:
        """What a function says, in the words of `Task.expected`; OVERFLOW past 64 bits."""
        task = self.tasks[number]
        before, after = Codec(self._rooms, task.kind), Codec(self._rooms, task.filled or task.kind)
        given = (ctypes.c_uint64 * before.words)(*before.pack(task.state))
        out, done = (ctypes.c_uint64 * after.words)(), ctypes.c_int(0)
        site = self._library[f"task_{number}"](given, out, ctypes.byref(done)) & 0xFFFFFFFF
        if site == OVERFLOW:
            return OVERFLOW
        if site:
            return self._sites.known[site - 1].bound or Defect
        if not done.value:
            return None
        words = list(out)
        state = after.unpack(words)
        assert after.pack(state) == words, "bits that nothing uses are 0"
        return state


def agree(tasks: list[Task]) -> None:
    """Compile and run them; AssertionError with the C of one that the evaluator disagrees with."""
    run = Tasks(tasks)
    for number, task in enumerate(tasks):
        found = run.found(number)
        if found != OVERFLOW:  # the engine gives up, and says so
            assert found == task.expected(), run.functions[number]
