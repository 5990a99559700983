"""Checking a machine: the doors to the engines."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from checker.engines import native
from checker.engines.python import check_program, simulate_program
from checker.engines.tracing import replayed
from checker.errors import RequestError
from checker.language.evaluator import Evaluator
from checker.language.ir import Const, Program, Property
from checker.language.lowering import lower
from checker.language.machine import Machine
from checker.verdict import Limits, Reporter, Silent, Trace, Verdict


def check(
    machine: Machine,
    *,
    configuration: str = "",
    hazards: frozenset[str] = frozenset(),
    limits: Limits = Limits(),  # noqa: B008 - immutable
    reporter: Reporter = Silent(),  # noqa: B008 - it has no state
    only: frozenset[str] | None = None,
    engine: Literal["python", "native"] = "python",
    workers: int = 1,
) -> Verdict:
    """Visit every reachable state, breadth first, and decide every property.

    configuration  the name under which the result is reported
    hazards        ids of properties that are expected to be violated
    limits         a budget; where it runs out, what was not decided is `unknown`
    only           ids of the properties to decide; all, where None
    engine         "python", or "native": the machine compiled to C
    workers        threads of the native engine; the other has one
    LanguageError where the machine is outside the language; RequestError for an unknown id or
    engine; EngineError where the native engine finds no C compiler.
    """
    if engine not in ("python", "native"):
        raise RequestError(f"there is no engine {engine!r}", hint="python or native")
    if workers < 1 or (engine == "python" and workers > 1):
        raise RequestError(
            f"the {engine} engine with {workers} threads",
            hint="at least one; only the native engine has more",
        )
    program = chosen(lower(machine), hazards, only)
    if engine == "native":
        options = native.Options(workers=workers)
        return native.check_program(program, configuration, hazards, limits, reporter, options)
    return check_program(program, configuration, hazards, limits, reporter)


def simulate(  # noqa: PLR0913 - keywords, each with a default
    machine: Machine,
    *,
    runs: int = 100,
    depth: int = 100,
    seed: int = 0,
    configuration: str = "",
    hazards: frozenset[str] = frozenset(),
    limits: Limits = Limits(),  # noqa: B008 - immutable
    reporter: Reporter = Silent(),  # noqa: B008 - it has no state
    only: frozenset[str] | None = None,
) -> Verdict:
    """Take random walks: `runs` of at most `depth` states, reproducible by `seed`.

    What is not violated is `unknown`: walks prove nothing.  The distinct states that were seen
    are counted; traces are those of the walks, not the shortest.
    """
    if runs < 1 or depth < 1:
        raise RequestError(f"{runs} walks of {depth} states", hint="at least one of each")
    program = chosen(lower(machine), hazards, only)
    return simulate_program(program, runs, depth, seed, configuration, hazards, limits, reporter)


def replay(machine: Machine, trace: Trace) -> None:
    """Take the steps of a trace again; TraceError where it is not a run of the machine."""
    replayed(Evaluator(lower(machine)), trace)


def chosen(program: Program, hazards: frozenset[str], only: frozenset[str] | None) -> Program:
    """The program with those of its properties that are asked; RequestError for an unknown id.

    What the settings alone make true is not asked, unless it is named: that it holds would say
    nothing of the machine.
    """
    ids = [p.promise.id for p in program.properties] + [r.promise.id for r in program.refinements]
    for wanted in sorted((only or frozenset()) | hazards):
        if wanted not in ids and wanted != "well-defined":
            raise RequestError(
                f"{program.name} has no property {wanted}", hint=f"it has {', '.join(ids)}"
            )
    if only is None:
        asked = tuple(p for p in program.properties if p.promise.id in hazards or not settled(p))
        return replace(program, properties=asked)
    return replace(
        program,
        properties=tuple(p for p in program.properties if p.promise.id in only),
        refinements=tuple(r for r in program.refinements if r.promise.id in only),
    )


def settled(prop: Property) -> bool:
    """Whether a property is true whatever the state is: a variant, or a size, makes it so."""
    return isinstance(prop.test, Const) and prop.test.value is True
