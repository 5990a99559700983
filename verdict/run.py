"""From what was asked for to runs, and from runs to outcomes.

A run is one machine in one configuration.  Without settings, a machine is run in each of its
named configurations; with a configuration's name, in that one; with settings, in a
configuration of their own, on top of the named one where there is one.  A machine that names
no configuration is run with its defaults.

A run carries its settings as text, as the command line writes them, so that it can be sent to
another process, which loads the machine for itself, and written into the command that
reproduces it.
"""

from __future__ import annotations

import difflib
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import checker
from checker import Limits, Machine, Reporter, Verdict
from checker.check import Engine
from checker.engines.findings import WELL_DEFINED
from checker.errors import RequestError, VerdictError
from checker.language.configuring import parse
from checker.language.domains import shown
from checker.language.machine import declaration, settings_of
from verdict import registry
from verdict.registry import Target


@dataclass(frozen=True)
class Order:
    """What is wanted of each run.

    only         the ids of the properties to look at; None for all
    simulate     how many random walks; None for an exhaustive search
    engine       what explores exhaustively, with so many threads, and in which ways
    checkpoints  the folder where searches are put down and taken up
    """

    limits: Limits = field(default_factory=Limits)
    only: frozenset[str] | None = None
    simulate: int | None = None
    depth: int = 100
    seed: int = 0
    engine: Engine = "auto"
    threads: int = 1
    symmetry: bool | Literal["auto"] = False
    fingerprints: bool = False
    checkpoints: Path | None = None


@dataclass(frozen=True)
class Run:
    """One machine in one configuration: `settings` are those beyond the named configuration.

    Where it has `only` these properties to look at, that is instead of those of the order.  It
    ends once those of `until` were seen, where there are any.
    """

    target: str
    configuration: str
    settings: Mapping[str, str]
    hazards: frozenset[str]
    only: frozenset[str] | None = None
    until: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """`group/zombie`, `group Member=2`: what the user would type after the command."""
        return shlex.join(self.words)

    @property
    def words(self) -> tuple[str, ...]:
        """The same, one word each."""
        named = f"{self.target}/{self.configuration}" if self.configuration else self.target
        return (named, *(f"{key}={value}" for key, value in self.settings.items()))

    @property
    def title(self) -> str:
        """The same for reading, without a shell's quotes."""
        return " ".join(self.words)

    @property
    def cls(self) -> type[Machine]:
        """The machine's class."""
        return registry.find(self.target).cls

    @property
    def extent(self) -> int:
        """The product of its sizes and bounds: a guess which of several runs is the largest."""
        return math.prod(settings_of(self.machine()).sizes.values())

    def machine(self) -> Machine:
        """The configured machine; ConfigurationError where the settings do not fit it."""
        cls = self.cls
        named = registry.configurations(cls).get(self.configuration)
        inherited = dict(named.settings) if named else {}
        return cls(**inherited | parse(cls, self.settings))


@dataclass(frozen=True)
class Outcome:
    """What became of a run: a verdict, or why there is none.

    error  the request or the machine is wrong
    lost   the search never began, or its process was lost
    """

    run: Run
    verdict: Verdict | None = None
    error: VerdictError | None = None
    lost: str = ""

    @property
    def exit_status(self) -> int:
        """0 as expected; 1 violated; 2 the request or the machine is wrong; 3 not decided."""
        if self.error is not None:
            return 2
        return self.verdict.exit_status if self.verdict is not None else 3


SEVERITY = (2, 1, 3, 0)
"""Exit statuses, the most telling first."""


def exit_status(outcomes: Sequence[Outcome]) -> int:
    """The status of the whole: that of the outcome that tells most."""
    return min((outcome.exit_status for outcome in outcomes), key=SEVERITY.index, default=0)


def split(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Machines and settings, told apart by the equals sign."""
    machines = [word for word in words if not _is_setting(word)]
    settings: dict[str, str] = {}
    for word in filter(_is_setting, words):
        key, _, value = word.partition("=")
        if settings.setdefault(key, value) != value:
            raise RequestError(f"{key} is given twice", hint=f"keep one of {key}=…")
        if not value:
            raise RequestError(f"{key}= has no value", hint=f"write {key}=2, or leave it out")
    return machines, settings


def plan(
    words: Sequence[str],
    *,
    configuration: str = "",
    hazards: frozenset[str] = frozenset(),
    only: frozenset[str] | None = None,
) -> list[Run]:
    """The runs that some words ask for; all default ones of all machines where there are none.

    Of several machines, those that have none of the properties in `only` are left out.
    """
    machines, settings = split(words)
    if not machines and (settings or configuration):
        raise RequestError(
            f"{next(iter(settings), '--config')} is given without a machine",
            hint="name the machine first; `verdict list` shows them",
        )
    targets = [registry.find(word) for word in machines] or registry.everything()
    if not targets:
        raise RequestError("there is no machine", hint="name one: path/to/file.py:Class")
    _known(targets, hazards | (only or frozenset()))
    if only is not None:
        targets = [target for target in targets if only.intersection(property_ids(target.cls))]
    return [run for target in targets for run in _runs(target, configuration, settings, hazards)]


def property_ids(cls: type[Machine]) -> list[str]:
    """The ids of a machine's properties in the order of a verdict, what all machines have last."""
    declared = declaration(cls)
    first = declared.of("invariant", "step", "reachable", "terminal", "eventually")
    return [m.promise.id for m in (*first, *declared.of("refines"))] + [WELL_DEFINED.id]


def _known(targets: Sequence[Target], ids: frozenset[str]) -> None:
    """Each id must be that of a property of one of the machines."""
    known = [identifier for target in targets for identifier in property_ids(target.cls)]
    for wanted in sorted(ids.difference(known)):
        close = difflib.get_close_matches(wanted, known, 1)
        names = ", ".join(target.name for target in targets)
        raise RequestError(
            f"{names} has no property {wanted}",
            hint=f"did you mean {close[0]}?" if close else "`verdict list MACHINE` shows them",
        )


def _is_setting(word: str) -> bool:
    key, equals, _ = word.partition("=")
    return bool(equals) and key.isidentifier()


def _runs(
    target: Target, configuration: str, settings: Mapping[str, str], hazards: frozenset[str]
) -> list[Run]:
    known = registry.configurations(target.cls)
    name = target.configuration or configuration
    if name and name not in known:
        close = difflib.get_close_matches(name, known, 1)
        listed = ", ".join(known) or "none"
        raise RequestError(
            f"{target.name} has no configuration called {name!r}",
            hint=f"did you mean {close[0]}?" if close else f"it has {listed}",
        )
    chosen = [name] if name or settings or not known else list(known)
    runs = []
    for one in chosen:
        declared = known[one].hazards if one else frozenset()
        runs.append(Run(target.name, one, dict(settings), declared | hazards))
    for run in runs:
        run.machine()  # says now what does not fit
    return runs


def settings_text(machine: Machine) -> dict[str, str]:
    """A machine's settings as the command line writes them."""
    chosen = settings_of(machine)
    return {name: shown(value) for name, value in chosen.items().items()}


def execute(run: Run, order: Order, reporter: Reporter) -> Outcome:
    """Carry out one run in this process."""
    try:
        return Outcome(run, _verdict(run, order, reporter))
    except VerdictError as error:
        return Outcome(run, error=error)


def _verdict(run: Run, order: Order, reporter: Reporter) -> Verdict:
    machine = run.machine()
    only = order.only if run.only is None else run.only
    if order.simulate is None:
        return checker.check(
            machine,
            configuration=run.configuration,
            hazards=run.hazards,
            limits=replace(order.limits, until=run.until),
            reporter=reporter,
            only=only,
            engine=order.engine,
            workers=order.threads,
            symmetry=order.symmetry,
            fingerprints=order.fingerprints,
            checkpoint=order.checkpoints / checkpoint_name(run) if order.checkpoints else None,
        )
    return checker.simulate(
        machine,
        runs=order.simulate,
        depth=order.depth,
        seed=order.seed,
        configuration=run.configuration,
        hazards=run.hazards,
        limits=order.limits,
        reporter=reporter,
        only=only,
        engine=order.engine,
    )


def checkpoint_name(run: Run) -> str:
    """The file that a run's search is put down in."""
    return re.sub(r"[^\w.=-]+", "-", run.title).strip("-") + ".checkpoint"


def reproduces(run: Run, order: Order, identifier: str = "") -> str:
    """The command that comes to the same result, about one property where it is named."""
    words = ["verdict", "check" if order.simulate is None else "simulate", *run.words]
    if order.simulate is not None:
        words += ["--runs", str(order.simulate), "--depth", str(order.depth)]
        words += ["--seed", str(order.seed)]
    words += ["--engine", order.engine] if order.engine != "auto" else []
    if order.simulate is None:
        words += ["--threads", str(order.threads)] if order.threads > 1 else []
        words += ["--symmetry"] if order.symmetry is True else []
        words += ["--fingerprints"] if order.fingerprints else []
    named = registry.configurations(run.cls).get(run.configuration)
    declared = named.hazards if named else frozenset()
    for hazard in sorted(run.hazards - declared):
        words += ["--hazard", hazard]
    if identifier:
        words += ["--property", identifier]
    return shlex.join(words)
