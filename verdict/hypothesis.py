"""Any machine as a state machine of Hypothesis's, at any size, without a line of glue.

    GroupRules = state_machine(Group(Member=50, Partition=100, …))
    TestGroup = GroupRules.TestCase

It is an ordinary `RuleBasedStateMachine`: a rule for each action, possible where the action is,
its arguments drawn among those with which it fires, one after the other, so that no step is
refused and a smaller choice is a simpler one.  After each step the machine's invariants and step
properties are looked at.  Settings, profiles, the database of examples and `@reproduce_failure`
are Hypothesis's own, and so is the swarm: it leaves out some rules in each run.  Runs are guided
(`hypothesis.target`) towards taking many different actions and towards the machine's witnesses.

What a run violates is shown as Hypothesis shows it, in lines of Python that can be run; and the
trace is saved, as a file for `verdict trace replay` and as a test of pytest's.

The steps are taken by generated C where there is a compiler; the trace, by the reference
evaluator.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from checker import Disabled, Finding, Machine
from checker.check import chosen
from checker.engines.findings import WELL_DEFINED, Findings, Observed
from checker.engines.random.choices import Choice, Walk
from checker.engines.random.stepping import Stepper, stepper
from checker.errors import RequestError
from checker.language.ir import Program
from checker.language.lowering import lower

try:
    from hypothesis import strategies as st
    from hypothesis import target
    from hypothesis.configuration import storage_directory
    from hypothesis.control import current_build_context
    from hypothesis.errors import InvalidArgument
    from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
except ImportError as error:
    raise RequestError(
        f"Hypothesis is not here ({error})", hint="pip install 'verdict-kafka[hypothesis]'"
    ) from None


class Violated(AssertionError):  # noqa: N818 - it is what a test fails with
    """A property that does not hold."""


class MachineRules(RuleBasedStateMachine):
    """What the state machines of all machines have in common.

    machine   as it was configured
    stepper   takes the steps; shared, for only one run is on at a time
    folder    where traces are saved
    """

    machine: ClassVar[Machine]
    program: ClassVar[Program]
    stepper: ClassVar[Stepper]
    folder: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.stepper.go_to(0)
        self._took: set[int] = set()
        self._violated = False
        self._new()
        self._judge()

    def _new(self) -> None:
        self._fires: dict[int, list[Choice]] = {}
        self._picked: list[Choice] = []
        self._drawing, self._drawn = -1, set[int]()

    def _begin(self, number: int) -> None:
        self.stepper.go_to(number)
        self._new()
        self._judge()

    def _choices(self, action: int) -> list[Choice]:
        """The choices of an action that fire in the present state."""
        if action not in self._fires:
            self._fires[action] = self.stepper.choices(action)
        return self._fires[action]

    def _pick(self, action: int, position: int, draw: Callable[[list[Any]], Any]) -> Any:
        """Draw an argument, among those with which the action fires after what was drawn of it.

        Hypothesis draws the arguments of a rule in an order of its own.
        """
        if self._drawing != action or position in self._drawn:
            self._drawing, self._drawn = action, set()
            self._picked = self._choices(action)
        state, teller = self._state(action), self.stepper.teller
        name = self.stepper.actions[action].parameters[position].name
        said = [teller.arguments(state, choice)[name] for choice in self._picked]
        value = draw(list(dict.fromkeys(said)))
        pairs = zip(self._picked, said, strict=True)
        self._picked = [choice for choice, own in pairs if own == value]
        self._drawn.add(position)
        return value

    def _take(self, action: int, arguments: Mapping[str, Any]) -> None:
        teller = self.stepper.teller
        try:
            choice = teller.choice(self._state(action), action, arguments)
        except ValueError:
            raise Disabled(f"{arguments} cannot be chosen here") from None
        if not self.stepper.go_on(choice):
            self._judge()  # it may be a defect
            raise Disabled(f"{self.stepper.actions[action].name} is not possible here")
        self._took.add(action)
        self._new()
        self._judge()

    def _state(self, action: int) -> Any:
        """The present state, where it says what an argument can be; it is long in the making."""
        return self.stepper.state() if _depends(self.stepper, action) else None

    def _judge(self) -> None:
        for number, walk in self.stepper.seen().items():
            properties = self.program.properties
            if number < len(properties) and properties[number].kind == "reachable":
                continue
            self._violated = True
            raise Violated(self._told(number, walk))

    def _told(self, number: int, walk: Walk) -> str:
        """What is violated; for what is shown in the end, with the trace, which is saved."""
        if not _shown():
            return "a property does not hold"
        finding = self._finding(number, walk)
        saved = _saved(finding, self.machine, self.program, self.folder)
        return f"{finding.id}: {finding.promise.sentence}\n{saved}"

    def _finding(self, number: int, walk: Walk) -> Finding:
        properties, teller = self.program.properties, self.stepper.teller
        refined, last = number - len(properties), len(properties) + len(self.program.refinements)
        sight = teller.defect(walk) if number == last else teller.sight(walk)
        found = Observed(
            engine="hypothesis", distinct=0, generated=0, depth=0, seconds=0.0, stopped="",
            coverage=(), bounds={}, walks=1,
            seen={number: sight} if refined < 0 else {},
            refined={refined: sight} if refined >= 0 and number < last else {},
            defect=sight if number == last else None,
        )  # fmt: skip
        verdict = Findings(teller.evaluator, found, "", frozenset()).verdict()
        if number == last:
            return verdict.finding(WELL_DEFINED.id)
        return verdict.findings[number]

    def _at_an_end(self) -> bool:
        return not any(self._choices(action) for action in range(len(self.stepper.actions)))

    @precondition(_at_an_end)
    @rule()
    def stand_still(self) -> None:
        """No action is possible any more."""

    def teardown(self) -> None:
        """Where nothing is possible, look at the end; and say how far the run has come."""
        if self._violated:
            return
        if self._at_an_end():
            self.stepper.end()
            self._judge()
        try:
            target(float(len(self._took)), label="different actions")
            for number in self.stepper.seen():  # witnesses: violations have ended the run
                target(1.0, label=self.program.properties[number].promise.id)
        except InvalidArgument:  # the lines of a failure, run by themselves, are no test
            pass


def state_machine(
    machine: Machine,
    *,
    only: frozenset[str] | None = None,
    traces: Path | None = None,
) -> type[MachineRules]:
    """The state machine of a configured machine: a class of its own, named `<Machine>Rules`.

    only    ids of the properties to look at; all, where None
    traces  the folder where the traces of failures are saved; `.hypothesis/traces` unless given

    RequestError where the machine has no actions, or Hypothesis is not installed; LanguageError
    where the machine is outside the language.
    """
    program = chosen(lower(machine), frozenset(), only)
    if all(action.impossible for action in program.actions):
        raise RequestError(f"{program.name} has no action to take", hint="give it an @action")
    takes = stepper(program)
    body: dict[str, Any] = {
        "__doc__": inspect.getdoc(type(machine)),
        "__module__": type(machine).__module__,
        "machine": machine,
        "program": program,
        "stepper": takes,
        "folder": traces or storage_directory("traces"),
    }
    if len(takes.teller.begins) > 1:
        numbers = st.integers(0, len(takes.teller.begins) - 1)
        body["begin"] = initialize(number=numbers)(_beginning())
    for number in range(len(takes.actions)):
        name = takes.actions[number].name.replace(".", "_")
        body[name] = _rule(takes, number, name)
    return type(f"{program.name}Rules", (MachineRules,), body)


def _beginning() -> Callable[..., None]:
    def begin(self: MachineRules, number: int) -> None:
        self._begin(number)

    return begin


def _rule(takes: Stepper, number: int, name: str) -> Any:
    """An action as a rule: possible where it fires, with arguments with which it does."""

    def step(self: MachineRules, **arguments: Any) -> None:
        self._take(number, arguments)

    step.__name__ = step.__qualname__ = name
    step.__doc__ = takes.actions[number].sentence
    drawn: dict[str, Any] = {
        parameter.name: _argument(number, position)
        for position, parameter in enumerate(takes.actions[number].parameters)
    }
    made: Callable[[Callable[..., None]], Any] = rule(**drawn)
    return precondition(lambda self: bool(self._choices(number)))(made(step))


def _argument(action: int, position: int) -> st.SearchStrategy[Any]:
    """One argument, among those with which the action fires after what was drawn before it."""

    @st.composite
    def argument(draw: st.DrawFn) -> Any:
        runner: MachineRules = draw(st.runner())
        return runner._pick(action, position, lambda values: draw(st.sampled_from(values)))

    return argument()


def _depends(takes: Stepper, action: int) -> bool:
    """Whether what an argument can be depends on the state."""
    return any(p.source.__class__.__name__ != "Domain" for p in takes.actions[action].parameters)


def _shown() -> bool:
    """Whether what happens now is what a user sees: the last of many runs, or a run by itself."""
    try:
        return bool(current_build_context().is_final)
    except InvalidArgument:
        return True


def _saved(finding: Finding, machine: Machine, program: Program, folder: Path) -> str:
    """Save a trace as a file to replay and as a test to run; what to do with them."""
    from verdict.output import write
    from verdict.run import settings_text
    from verdict.traces_itf import About, document, document_text
    from verdict.traces_python import test_module

    assert finding.trace is not None
    about = About(
        machine=_named(type(machine)),
        settings=settings_text(machine),
        property=finding.id,
        kind=finding.kind,
        sentence=finding.promise.sentence,
        result=finding.result,
    )
    name = f"{program.name}-{finding.id}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.itf.json"
    write(file, document_text(document(finding.trace, program, about)))
    test = folder / f"test_{name.lower().replace('-', '_')}.py"
    write(test, test_module(finding, about, machine, program, folder))
    return f"saved: verdict trace replay {file}\n       pytest {test}"


def _named(cls: type[Machine]) -> str:
    """A machine as the command line names it."""
    from verdict import registry

    try:
        return registry.name_of(cls)
    except RequestError:
        file = inspect.getsourcefile(cls) or ""
        return f"{Path(file).resolve()}:{cls.__qualname__}"


__all__ = ["MachineRules", "Violated", "state_machine"]
