"""The judges agree: what the search engines and z3 find of one machine, compared up to a depth.

Two questions are asked of each, which they answer in wholly different ways:

    which states are first reached at 0, 1, 2 … steps     the very sets are compared
    how long a shortest run to a violation is              for each property, or that there is none

The generated Python lists its states; z3 finds them one model after the other; generated C says how
many there are, and finds the violations for itself.  Any difference is a fault of the checker, and
is raised as one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from checker.certificate import Certificate
from checker.engines import native
from checker.engines.python import check_program
from checker.engines.python.search import Search
from checker.engines.symbolic.budget import Budget, Undecided
from checker.engines.symbolic.encoding import encode
from checker.engines.symbolic.induction import Goal
from checker.engines.symbolic.proving import key_of
from checker.engines.symbolic.questions import ASKED, asked
from checker.engines.symbolic.replay import Replay
from checker.engines.symbolic.runs import Levels
from checker.engines.symbolic.unrolling import Unrolling
from checker.engines.tracing import Disagreement
from checker.errors import EngineError
from checker.language.ir import Program
from checker.language.machine import Snapshot
from checker.verdict import Limits, Silent, Verdict

MOST_STATES = 1000
"""So many states are compared one by one; z3 is asked for each."""


def compared(
    program: Program, configuration: str, *, steps: int | None, seconds: float | None
) -> Certificate:
    """What the engines agree on within so many steps and seconds.

    Disagreement where they do not.
    """
    began = time.perf_counter()
    explicit, complete = _explicit(program, steps)
    took = {"python": time.perf_counter() - began}
    budget = Budget(seconds)
    began = time.perf_counter()
    half = budget if seconds is None else budget.part(seconds / 2)
    levels, stopped = _levels(program, explicit, half)
    lengths, asked = _lengths(program, len(levels) - 1, budget)
    took["z3"] = time.perf_counter() - began
    done = complete and len(levels) == len(explicit)
    if not done and not stopped:
        stopped = "" if steps is not None else "more states are not compared one by one"
    if asked < len(levels) - 1:
        stopped = "the time is up"
    verdicts = [_verdict(program, configuration, asked)]
    began = time.perf_counter()
    if compiled := _compiled(program, configuration, asked, levels):
        verdicts.append(compiled)
        took["native"] = time.perf_counter() - began
    for verdict in verdicts:
        _same_lengths(program, verdict, lengths, asked)
    return Certificate(
        program.name, configuration, program.settings, tuple(took), tuple(levels), done,
        lengths, asked, took, stopped,
    )  # fmt: skip


def _explicit(program: Program, steps: int | None) -> tuple[list[set[Snapshot]], bool]:
    """The whole levels that the search by Python finds, and whether these are all."""
    bare = replace(program, properties=(), refinements=())
    limits = Limits(states=MOST_STATES, depth=None if steps is None else steps + 1)
    search = Search(bare, limits, Silent())
    found = search.run()
    unpack = search.compiled.layout.unpack
    depths: dict[int, int] = {}
    levels: list[set[Snapshot]] = []
    for state, parent in found.parents.items():  # parents come before their children
        depths[state] = 0 if parent == state else depths[parent] + 1
        if depths[state] == len(levels):
            levels.append(set())
        levels[depths[state]].add(unpack(state))
    if found.stopped and len(found.parents) >= MOST_STATES:
        levels.pop()  # which may go on
    if steps is not None and len(levels) > steps + 1:
        return levels[: steps + 1], False
    return levels, not found.stopped


def _levels(
    program: Program, explicit: Sequence[set[Snapshot]], budget: Budget
) -> tuple[list[int], str]:
    """How many states each level has that both find, and what ended it."""
    levels: list[int] = []
    found = Levels(program, budget)
    try:
        for number, expected in enumerate(explicit):
            level = found.next()
            if level != expected:
                some = next(iter(level ^ expected))
                raise Disagreement(
                    f"states first reached at {number} steps: {len(level)} for z3, "
                    f"{len(expected)} for the search; one has and the other has not\n  {some}"
                )
            levels.append(len(level))
    except Undecided as why:
        return levels, str(why)
    return levels, ""


def _lengths(program: Program, steps: int, budget: Budget) -> tuple[dict[str, int | None], int]:
    """The shortest violations by z3, and how far that is known."""
    unrolling = Unrolling(encode(program), budget)
    replay = Replay(program)
    goals: list[Goal] = [p for p in program.properties if p.kind in ASKED]
    questions = {key_of(goal): asked(unrolling, goal) for goal in (*goals, None)}
    questions |= {r.promise.id: asked(unrolling, r) for r in program.refinements}
    lengths: dict[str, int | None] = dict.fromkeys(questions)
    for last in range(steps + 1):
        try:
            pairs = [(key, one) for key, several in questions.items() for one in several]
            for key, question in pairs:
                at = question.place(last)
                if lengths[key] is not None or at is None:
                    continue
                with unrolling.asking():
                    unrolling.add(question.formula, at)
                    if unrolling.found():
                        run = unrolling.run()
                        replay.run(run)
                        question.confirm(replay, run)
                        lengths[key] = last + 1
        except Undecided:
            short = {key: n if n is not None and n <= last else None for key, n in lengths.items()}
            return short, last - 1
        unrolling.extend()
    return lengths, steps


def _verdict(program: Program, configuration: str, asked: int) -> Verdict:
    limits = Limits(depth=asked + 2)
    return check_program(program, configuration, frozenset(), limits, Silent())


def _compiled(
    program: Program, configuration: str, asked: int, levels: Sequence[int]
) -> Verdict | None:
    """What the engine in C finds; None where there is no compiler."""
    given = (configuration, frozenset[str]())
    bare = replace(program, properties=(), refinements=())
    # A search to a depth finds the states that follow those there, too.
    whole, far = Limits(depth=max(1, len(levels) - 1)), Limits(depth=asked + 2)
    try:
        found = native.check_program(bare, *given, whole, Silent(), native.Options())
        verdict = native.check_program(program, *given, far, Silent(), native.Options())
    except EngineError:
        return None
    if len(levels) > 1 and found.distinct != sum(levels):
        raise Disagreement(f"{found.distinct} states for generated C, {sum(levels)} for z3")
    return verdict


def _same_lengths(
    program: Program, verdict: Verdict, lengths: dict[str, int | None], asked: int
) -> None:
    for key, length in lengths.items():
        finding = verdict.finding(key)
        trace = finding.trace
        other = trace.length if trace is not None and trace.length <= asked + 1 else None
        if asked >= 0 and other != length:
            raise Disagreement(
                f"{program.name}, {key}: a shortest run of {length} states for z3, "
                f"of {other} for the {verdict.engine} engine"
            )
