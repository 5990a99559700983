"""Checking a machine: the doors to the engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from checker.certificate import Certificate
from checker.engines import native, random
from checker.engines.python import check_program, simulate_program
from checker.engines.random import Asked
from checker.engines.tracing import replayed
from checker.engines.vacuity import with_probes, without_probes
from checker.errors import EngineError, RequestError
from checker.language.evaluator import Evaluator
from checker.language.ir import Const, Program, Property
from checker.language.lowering import lower
from checker.language.machine import Machine
from checker.proofs import Proofs
from checker.verdict import Limits, Reporter, Silent, Trace, Verdict

Engine = Literal["auto", "native", "python"]


def check(  # noqa: PLR0913 - keywords, each with a default
    machine: Machine,
    *,
    configuration: str = "",
    hazards: frozenset[str] = frozenset(),
    limits: Limits = Limits(),  # noqa: B008 - immutable
    reporter: Reporter = Silent(),  # noqa: B008 - it has no state
    only: frozenset[str] | None = None,
    engine: Engine = "python",
    workers: int = 1,
    symmetry: bool | Literal["auto"] = False,
    fingerprints: bool = False,
    checkpoint: Path | None = None,
) -> Verdict:
    """Visit every reachable state, breadth first, and decide every property.

    configuration  the name under which the result is reported
    hazards        ids of properties that are expected to be violated
    limits         a budget; where it runs out, what was not decided is `unknown`
    only           ids of the properties to decide; all, where None
    engine         "python"; "native", the machine compiled to C; "auto", native where that can
                   be, else python, and the verdict's notes say why
    workers        threads of the native engine; the other has one

    Of the native engine alone:
    symmetry       visit one state of those that differ only in the names of symmetric values;
                   "auto", where that is sound and the engine can
    fingerprints   keep 64 bits of each state; the verdict says how likely two were taken for one
    checkpoint     a file: the search is put down in it every minute, and taken up from it

    LanguageError where the machine is outside the language; RequestError for an unknown id or
    engine, for what an engine cannot do, or where symmetry would not be sound; EngineError where
    the native engine finds no C compiler.
    """
    options = native.Options(workers, symmetry is True, fingerprints, checkpoint)
    if engine not in ("auto", "python", "native"):
        raise RequestError(f"there is no engine {engine!r}", hint="auto, native or python")
    if workers < 1:
        raise RequestError(f"{workers} threads", hint="at least one")
    if engine == "python" and options != native.Options():
        raise RequestError(
            f"the python engine has no {_beyond(options)}", hint="the native engine has"
        )
    program, probes = with_probes(chosen(lower(machine), hazards, only))
    asked = (program, configuration, hazards, limits, reporter)
    if engine == "python":
        return without_probes(check_program(*asked), probes)
    wanted = options
    if symmetry == "auto" and native.is_symmetric(program):
        wanted = replace(options, symmetry=True)
    try:
        return without_probes(native.check_program(*asked, wanted), probes)
    except EngineError as error:
        if engine == "native" or options != native.Options(workers):
            raise
        verdict = without_probes(check_program(*asked), probes)
        return replace(verdict, notes=(f"by the python engine: {error.message}", *verdict.notes))


def _beyond(options: native.Options) -> str:
    """What of the options is not for every engine, in words."""
    words = {
        "threads": options.workers > 1,
        "symmetry": options.symmetry,
        "fingerprints": options.fingerprints,
        "checkpoints": options.checkpoint is not None,
    }
    return ", ".join(word for word, asked in words.items() if asked)


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
    engine: Engine = "python",
    swarm: bool = True,
) -> Verdict:
    """Take random walks: `runs` of at most `depth` states, reproducible by `seed`.

    engine   "native" walks in C, and leaves out of what it finds whatever is not needed; "auto"
             does where that can be; "python" picks among all successors of each state
    swarm    of the native engine: every second walk prefers some actions to others

    What is not violated is `unknown`: walks prove nothing.  The distinct states that were seen
    are counted; traces are those of the walks, not the shortest.
    """
    if runs < 1 or depth < 1:
        raise RequestError(f"{runs} walks of {depth} states", hint="at least one of each")
    if engine not in ("auto", "python", "native"):
        raise RequestError(f"there is no engine {engine!r}", hint="auto, native or python")
    program = chosen(lower(machine), hazards, only)
    if all(action.impossible for action in program.actions):
        raise RequestError(f"{program.name} has no action to take", hint="give it an @action")
    asked = (configuration, hazards, limits, reporter)
    if engine == "python":
        return simulate_program(program, runs, depth, seed, *asked)
    walks = Asked(runs, depth, seed, swarm=swarm)
    try:
        return random.simulate_program(program, walks, *asked)
    except EngineError as error:
        if engine == "native":
            raise
        verdict = simulate_program(program, runs, depth, seed, *asked)
        return replace(verdict, notes=(f"by the python engine: {error.message}", *verdict.notes))


def certify(
    machine: Machine,
    *,
    configuration: str = "",
    steps: int | None = None,
    seconds: float | None = 60,
) -> Certificate:
    """Compare what the engines find, up to a depth: states, and the shortest violations.

    steps    how deep, at most; None for as deep as a thousand states and the time allow
    seconds  for z3, which is the slowest; None is no limit

    RequestError where z3 is not installed; AssertionError, with both sides, where they differ.
    """
    from checker.engines.symbolic import compared

    if steps is not None and steps < 0:
        raise RequestError(f"{steps} steps cannot be taken", hint="ask for 0 or more")
    return compared(lower(machine), configuration, steps=steps, seconds=seconds)


def prove(
    machine: Machine,
    *,
    configuration: str = "",
    only: Sequence[str] | None = None,
    steps: int = 8,
    induction: int = 1,
    pdr: bool = False,
    bounded: frozenset[str] | None = frozenset(),
    limits: Limits = Limits(),  # noqa: B008 - immutable
) -> Proofs:
    """Prove properties of every reachable state, with the lemmas of the machine, by z3.

    only       ids of the properties; all that can be proved, where None
    steps      how long the runs are among which a violation of what is not proved is looked for
    induction  the greatest k of k-induction; 1 is induction
    pdr        whether Spacer may look for an invariant
    bounded    the counters that keep their bounds; None for all.  The others become integers
               without end, and what is proved is so for any bound
    limits     time and memory; where they run out, what was not decided is `unknown`

    RequestError where z3 is not installed, the machine has no actions, an id is unknown, or a
    property is not for proofs: what happens eventually, what refines.
    """
    from checker.engines.symbolic import proofs_of

    return proofs_of(
        machine, configuration, only, bounded,
        steps=steps, induction=induction, pdr=pdr, limits=limits,
    )  # fmt: skip


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
