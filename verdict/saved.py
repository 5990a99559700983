"""Trace files: which are written by `--save-traces`, and how one is read again.

Each property with a trace gets two files in the folder, named after machine, configuration and
property: `group-zombie-OWN-3.itf.json` and `test_group_zombie_own_3.py`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker import Finding, Machine, Trace
from checker.errors import ConfigurationError, TraceError
from checker.language.configuring import parse
from checker.language.lowering import lower
from verdict import registry
from verdict.output import write
from verdict.run import Order, Outcome, Run, reproduces, settings_text
from verdict.traces_itf import About, about, document, document_text, trace
from verdict.traces_python import test_module

LARGEST = 1 << 28
"""A file of more bytes than this is no trace that anybody would follow."""


@dataclass(frozen=True)
class Loaded:
    """A trace from a file, with the machine in the configuration that it is of."""

    trace: Trace
    about: About
    machine: Machine


def about_finding(finding: Finding, run: Run, order: Order) -> About:
    """What a trace file says of the trace of a finding."""
    return About(
        machine=run.target,
        configuration=run.configuration,
        settings=settings_text(run.machine()),
        property=finding.id,
        kind=finding.kind,
        sentence=finding.promise.sentence,
        result=finding.result,
        reproduce=reproduces(run, order, finding.id),
    )


def save(outcome: Outcome, order: Order, folder: Path) -> list[Path]:
    """Write every trace of a run into `folder`; the files' paths.  OutputError."""
    if outcome.verdict is None:
        return []
    program = lower(outcome.run.machine())
    written = []
    for finding in outcome.verdict.findings:
        if finding.trace is None:
            continue
        said = about_finding(finding, outcome.run, order)
        name = file_name(outcome.run, finding)
        path = folder / f"{name}.itf.json"
        data = document(finding.trace, program, said)
        write(path, document_text(data))
        written.append(path)
        module = folder / f"test_{re.sub(r'[^a-z0-9]+', '_', name.lower())}.py"
        write(module, test_module(finding, said, outcome.run.machine(), program, folder))
        written.append(module)
    return written


def file_name(run: Run, finding: Finding) -> str:
    """`group-zombie-OWN-3`, made of what file systems and shells take without a murmur."""
    target = run.target.rpartition(":")[2] if ".py" in run.target else run.target
    settings = [f"{key}{value}" for key, value in run.settings.items()]
    parts = [target, run.configuration, *settings, finding.id]
    return "-".join(re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") for part in parts if part)


def load(path: Path) -> Loaded:
    """The trace in a file; TraceError where it is damaged, RequestError without its machine."""
    data = _data(path)
    try:
        said = about(data)
        cls = registry.find(said.machine).cls
        machine = _machine(cls, said)
        return Loaded(trace(data, lower(machine)), said, machine)
    except TraceError as error:
        raise TraceError(f"{path}: {error.message}", hint=error.hint) from error


def _machine(cls: type[Machine], said: About) -> Machine:
    try:
        return cls(**parse(cls, said.settings))
    except ConfigurationError as error:
        raise TraceError(
            f"the trace is of a configuration that {cls.__name__} cannot have: {error.message}",
            hint="the machine has changed since, or the trace is of another one",
        ) from error


def _data(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST:
            raise TraceError(f"{path} is too large to be a trace", hint="give another file")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise TraceError(
            f"{path} cannot be read: {error.strerror}", hint="give the path of a saved trace"
        ) from error
    except (ValueError, RecursionError) as error:
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise TraceError(
            f"{path} is no JSON{where}; it may be cut short",
            hint="save the trace anew with `verdict check --save-traces DIR`",
        ) from error
