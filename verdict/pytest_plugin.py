"""Machines as tests: one item for each machine and configuration, in anybody's test suite.

    pytest machines/machine_lock.py

Two ways to say which machines are checked, both pytest's own:

- a file whose name matches the ini option `verdict_machines` (`machine_*.py` unless set) is
  collected, and every Machine class defined in it is checked;
- in an ordinary test module, a Machine class under a name that pytest collects as a test class
  is checked: `TestLock = Lock`, or `class TestLock(Lock): configurations = ...`.

A machine is checked in each of its `configurations`, or with its defaults where it names none.
A property that is not as expected is a failure that shows the trace and no Python traceback; so
is a budget that ran out, for what was not decided has not been shown.  Budgets are the options
--verdict-max-states, --verdict-max-memory and --verdict-timeout, or the ini options of the same
names with underscores.  What is run is what `verdict check` runs.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from checker import Configuration, Limits, Machine, Verdict, check, configuration
from checker.errors import VerdictError

# What renders and reads options is imported where it is used: this module is loaded by every
# pytest in an environment, and most of those have no machines.

PATTERNS = "verdict_machines"
BUDGETS = (
    ("max_states", "stop each check after so many states"),
    ("max_memory", "stop each check at so much memory: 512M, 2G"),
    ("timeout", "stop each check after so many seconds"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    parser.addini(
        PATTERNS, "files whose machines are checked", type="args", default=["machine_*.py"]
    )
    group = parser.getgroup("verdict", "checking machines")
    for name, about in BUDGETS:
        group.addoption(f"--verdict-{name.replace('_', '-')}", default=None, help=about)
        parser.addini(f"verdict_{name}", about, default="")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the files that hold machines."""
    patterns: list[str] = parent.config.getini(PATTERNS)
    if any(_matches(file_path, pattern) for pattern in patterns):
        return MachineFile.from_parent(parent, path=file_path)
    return None


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> pytest.Collector | None:
    """Collect a machine that a test module binds to the name of a test class."""
    if isinstance(obj, type) and issubclass(obj, Machine) and collector.classnamefilter(name):
        found: MachineClass = MachineClass.from_parent(collector, name=name, machine=obj)
        return found
    return None


def _matches(path: Path, pattern: str) -> bool:
    """As pytest matches `python_files`: a pattern with a slash against the whole path."""
    against = path.as_posix() if "/" in pattern else path.name
    return fnmatch.fnmatch(against, f"*/{pattern}" if "/" in pattern else pattern)


class MachineFile(pytest.File):
    """A file of machines."""

    def collect(self) -> Iterator[pytest.Collector]:
        """Every machine that the file defines."""
        from verdict import registry

        try:
            machines = registry.machines_of(registry.load(self.path))
        except VerdictError as error:
            raise self.CollectError(str(error)) from error
        for cls in machines:
            yield MachineClass.from_parent(self, name=cls.__name__, machine=cls)


class MachineClass(pytest.Collector):
    """A machine: one item a configuration."""

    def __init__(self, *, machine: type[Machine], **keywords: Any) -> None:
        super().__init__(**keywords)
        self.machine = machine

    def collect(self) -> Iterable[pytest.Item]:
        """One item for each configuration."""
        for each in self.machine.configurations or (configuration("defaults"),):
            yield MachineItem.from_parent(
                self, name=each.name, machine=self.machine, configuration=each
            )


class Unexpected(Exception):  # noqa: N818 - a verdict, told without a traceback
    """A check that did not come out as expected, with all there is to say about it."""


class MachineItem(pytest.Item):
    """A machine in one configuration."""

    def __init__(
        self, *, machine: type[Machine], configuration: Configuration, **keywords: Any
    ) -> None:
        super().__init__(**keywords)
        self.machine = machine
        self.configuration = configuration

    def runtest(self) -> None:
        """Check it; Unexpected where something is not as the configuration says."""
        verdict = check(
            self.machine(**self.configuration.settings),
            configuration=self.configuration.name,
            hazards=self.configuration.hazards,
            limits=self._limits(),
        )
        self.user_properties.append(("distinct states", verdict.distinct))
        if verdict.exit_status:
            raise Unexpected(self._told(verdict))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The verdict, or in one line what is wrong with the machine."""
        if isinstance(excinfo.value, Unexpected | VerdictError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the machine is, and what is checked of it."""
        from verdict import registry

        _, line = registry.place_of(self.machine, "")
        return self.path, line - 1, f"{self.machine.__name__}, {self.configuration.name}"

    def _limits(self) -> Limits:
        from verdict import options

        config = self.config
        given = {
            name: config.getoption(f"verdict_{name}") or config.getini(f"verdict_{name}") or None
            for name, _ in BUDGETS
        }
        return options.limits(
            int(given["max_states"]) if given["max_states"] else None,
            given["max_memory"],
            float(given["timeout"]) if given["timeout"] else None,
        )

    def _told(self, verdict: Verdict) -> str:
        from verdict.render_plain import plain
        from verdict.render_text import TextStyle, Traces, outcome_pieces
        from verdict.run import Order, Outcome, Run

        run = Run(self._target(), self.configuration.name, {}, self.configuration.hazards)
        pieces = outcome_pieces(Outcome(run, verdict), Order(), TextStyle(Traces.NONE), 100)
        return plain(pieces)

    def _target(self) -> str:
        from verdict import registry

        path, folder = Path(registry.place_of(self.machine, "")[0] or self.path), Path.cwd()
        shown = path.relative_to(folder) if path.is_relative_to(folder) else path
        return f"{shown}:{self.machine.__name__}"
