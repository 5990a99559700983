"""A trace as a pytest file that runs: what the checker found, done again by CPython.

    def test_consistent() -> None:
        machine = TwoPhase(RM=3, quorum=Quorum.MAJORITY)
        machine.rm_prepare(r=RM(0))
        ...
        assert not machine.consistent()

Each step is the machine's own method, called with what was chosen.  The last line says what the
trace is about: of an invariant that it does not hold there, of a step that it does not hold
between the last two states, of a witness that it does.  What a machine cannot say of itself
(that no action is possible, that a specification allows no such step, that a value leaves its
type, that a run for ever is fair and waits in vain) is asked of `verdict.judging`, which asks the
reference evaluator.

The file passes as long as the machine can do this.  Once the machine is mended it fails, and is
then to be thrown away, or turned into a test that the run is no longer possible.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from checker import Finding, Machine, Trace
from checker.language import ir
from checker.language.machine import Method, declaration
from checker.language.types import MapType
from checker.verdict import Step
from verdict.code_text import Code
from verdict.traces_itf import About
from verdict.words import settings_texts, usual_variants

WIDTH = 88
"""Columns that a line of a generated test has at most, where it can be broken."""

HELD = "machine"
BEFORE = "before"


def test_module(
    finding: Finding, about: About, machine: Machine, program: ir.Program, folder: Path
) -> str:
    """The text of a pytest file, to stand in `folder`, that takes the finding's trace."""
    assert finding.trace is not None
    code = Code(loaded=".py" in about.machine)
    body = list(_body(finding, finding.trace, machine, program, code))
    name = re.sub(r"[^a-z0-9]+", "_", finding.id.lower()).strip("_")
    lines = [
        _docstring(finding, about, machine, finding.trace),
        "",
        *_imports(code, folder),
        "",
        "",
        f"def test_{name}() -> None:",
        *(f"    {line}" for line in body),
    ]
    return "\n".join(lines) + "\n"


def _docstring(finding: Finding, about: About, machine: Machine, trace: Trace) -> str:
    where = f"{about.machine}, {about.configuration}" if about.configuration else about.machine
    chosen, _ = settings_texts(type(machine), trace.settings)
    what = "A witness" if finding.result == "holds" else "A run that ends in the violation"
    what = "A fair run for ever" if trace.loop is not None else what
    found = f"{what}, {trace.length} states, in {where}{f': {chosen}' if chosen else ''}."
    lines = [
        *_wrapped(f'"""{finding.id}: {finding.promise.sentence}'),
        "",
        *_wrapped(found),
        "",
        f"    {about.reproduce}",
    ]
    inner = "\n".join(lines)[3:].replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{inner}\n"""'


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _imports(code: Code, folder: Path) -> list[str]:
    """Ordinary modules are imported; those that are a user's files are loaded from their place."""
    needed = dict(code.needed)
    if code.files:
        needed |= {"pathlib": {"Path"}, "verdict.registry": {"load"}}
    lines = [f"from {module} import {', '.join(sorted(needed[module]))}" for module in needed]
    library = sorted(line for line in lines if line.split()[1] in sys.stdlib_module_names)
    others = sorted(line for line in lines if line not in library)
    loads = [
        f"{alias} = load(Path(__file__).parent / {json.dumps(_relative(module, folder))})"
        for module, alias in sorted(code.files.items())
    ]
    groups = [group for group in (library, others, loads) if group]
    return [line for group in groups for line in (*group, "")][:-1]


def _relative(module: str, folder: Path) -> str:
    file = sys.modules[module].__file__
    assert file is not None
    return Path(os.path.relpath(Path(file).resolve(), folder.resolve())).as_posix()


def _body(
    finding: Finding, trace: Trace, machine: Machine, program: ir.Program, code: Code
) -> Iterator[str]:
    yield from _construction(machine, trace, code)
    if trace.start:
        yield f"{HELD}.{trace.start}({code.arguments(trace.start_arguments)})"
    if trace.loop is not None:
        yield from _for_ever(finding, trace, machine, program, code)
        return
    *early, last = trace.steps or (None,)
    for step in early:
        assert step is not None
        yield from _take(step, program, code)
    yield from _ending(finding, last, machine, program, code)


def _for_ever(
    finding: Finding, trace: Trace, machine: Machine, program: ir.Program, code: Code
) -> Iterator[str]:
    """The steps of a run for ever, all states of which are kept, and that it is one."""
    method = _method(machine, finding.id)
    assert method is not None
    code.needed.setdefault("copy", set()).add("deepcopy")
    code.needed.setdefault("verdict.judging", set()).add("never")
    yield f"run = [deepcopy({HELD})]"
    for step in trace.steps:
        yield from _take(step, program, code)
        yield f"run.append(deepcopy({HELD}))"
    yield f'assert never("{method.name}", run, {trace.loop})'


def _construction(machine: Machine, trace: Trace, code: Code) -> Iterator[str]:
    """The machine in its configuration: what was chosen, the variants' defaults left out."""
    usual = usual_variants(type(machine), trace.settings)
    chosen = {n: value for n, value in trace.settings.items().items() if n not in usual}
    whole = f"{HELD} = {code.name(type(machine))}({code.arguments(chosen)})"
    if len(whole) <= WIDTH:
        yield whole
        return
    yield f"{HELD} = {code.name(type(machine))}("
    for name, value in chosen.items():
        yield f"    {name}={code.value(value)},"
    yield ")"


def _take(step: Step, program: ir.Program, code: Code) -> Iterator[str]:
    """The call that takes a step; one of a part needs the configuration put in force."""
    call = _call(step, program, code)
    if "." not in step.action:
        yield call
        return
    code.needed.setdefault("checker.language.domains", set()).add("configured")
    code.needed.setdefault("checker.language.machine", set()).add("settings_of")
    yield f"with configured(settings_of({HELD})):"
    yield f"    {call}"


def _call(step: Step, program: ir.Program, code: Code) -> str:
    *parts, method = step.action.split(".")
    arguments = dict(step.arguments)
    place, kind = HELD, program.state
    for part in parts:
        place += f".{part}"
        inner: Any = kind.field(part)
        if isinstance(inner, MapType):
            place += f"[{code.value(arguments.pop(str(inner.key).lower()))}]"
            inner = inner.value
        kind = inner
    return f"{place}.{method}({code.arguments(arguments)})"


def _ending(
    finding: Finding, last: Step | None, machine: Machine, program: ir.Program, code: Code
) -> Iterator[str]:
    """The last step and what is to be seen after it."""
    method = _method(machine, finding.id)
    take = list(_take(last, program, code)) if last is not None else []
    if finding.kind in ("step", "refines") and last is not None:
        code.needed.setdefault("copy", set()).add("deepcopy")
        yield f"{BEFORE} = deepcopy({HELD})"
    yield from take
    yield from ENDINGS[finding.kind](finding, last, method, code)


def _method(machine: Machine, identifier: str) -> Method | None:
    for method in declaration(type(machine)).methods:
        if method.mark.kind not in ("action", "initial") and method.promise.id == identifier:
            return method
    return None


Ending = Callable[[Finding, Step | None, Any, Code], Iterator[str]]


def _of_state(finding: Finding, _last: Step | None, method: Method, code: Code) -> Iterator[str]:
    if _fails(finding, code):
        yield f'assert not holds("{method.name}", {HELD})'
    else:
        yield f"assert not {HELD}.{method.name}()"


def _of_witness(
    _finding: Finding, _last: Step | None, method: Method, _code: Code
) -> Iterator[str]:
    yield f"assert {HELD}.{method.name}()"


def _of_step(finding: Finding, last: Step | None, method: Method, code: Code) -> Iterator[str]:
    assert last is not None
    wanted = list(inspect.signature(method.function).parameters)[2:]
    more = "".join(f", {name}={code.value(last.arguments[name])}" for name in wanted)
    if _fails(finding, code):
        yield f'assert not holds("{method.name}", {BEFORE}, {HELD}{more})'
    else:
        yield f"assert not {BEFORE}.{method.name}({HELD}{more})"


def _fails(finding: Finding, code: Code) -> bool:
    """Whether the property itself cannot be evaluated, which CPython may tell otherwise."""
    if finding.reason is None or not finding.reason.problem:
        return False
    code.needed.setdefault("verdict.judging", set()).add("holds")
    return True


def _of_end(finding: Finding, last: Step | None, method: Method, code: Code) -> Iterator[str]:
    code.needed.setdefault("verdict.judging", set()).add("stuck")
    yield f"assert stuck({HELD})"
    yield from _of_state(finding, last, method, code)


def _of_refinement(
    _finding: Finding, last: Step | None, method: Method, code: Code
) -> Iterator[str]:
    code.needed.setdefault("verdict.judging", set()).add("implements")
    yield f'assert not implements("{method.name}", {BEFORE if last else None}, {HELD})'


def _of_defect(
    finding: Finding, _last: Step | None, _method: Method | None, code: Code
) -> Iterator[str]:
    code.needed.setdefault("verdict.judging", set()).add("defects")
    problem = finding.reason.problem if finding.reason is not None else ""
    yield f"assert {json.dumps(problem, ensure_ascii=False)} in defects({HELD})"


ENDINGS: Mapping[str, Ending] = MappingProxyType(
    {
        "invariant": _of_state,
        "reachable": _of_witness,
        "step": _of_step,
        "terminal": _of_end,
        "eventually": _of_state,
        "refines": _of_refinement,
        "defect": _of_defect,
    }
)
"""What a test ends with, by the kind of the property."""
