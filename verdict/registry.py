"""Which machine a word on the command line means.

    group                       a machine of this project, from the table below
    group/zombie                one of its named configurations
    path/to/file.py:Class       a machine of one's own
    path/to/file.py             the only one in that file
    path/to/file.py:Class/name  one of its configurations

A file inside a package is imported as part of it, so that its relative imports work and its
classes are those that others import; any other file is loaded under its own name, with its
folder on the module path, as `python path/to/file.py` would.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType

from checker import Configuration, Machine
from checker.errors import RequestError, VerdictError
from checker.language.machine import declaration

MACHINES: Mapping[str, str] = MappingProxyType(
    {
        "group": "model.group:Group",
        "log": "model.log:Log",
        "compaction": "model.compaction:Compaction",
        "routing": "model.routing:Routing",
        "replication": "model.replication:Replication",
        "readers": "model.replication:Readers",
        "controller": "model.controller:Controller",
        "ownership": "spec.ownership:Ownership",
        "membership": "spec.membership:Membership",
        "delivery": "spec.delivery:Delivery",
        "partition-log": "spec.partition_log:PartitionLog",
        "changelog": "spec.changelog:ChangelogTable",
        "acknowledged": "spec.acknowledged:AcknowledgedWrites",
    }
)
"""The machines of this project: name, and where the class is."""

NAMED: Mapping[str, str] = MappingProxyType({"proved-group": "model.proofs:ProvedGroup"})
"""Those that are looked at only where they are named: others with lemmas for proofs."""

FILE = re.compile(r"(?P<path>.+?\.py)(?::(?P<cls>\w+))?(?:/(?P<config>.+))?")


@dataclass(frozen=True)
class Target:
    """A machine that was asked for.

    name           as the user names it, without a configuration: `group`, `file.py:Class`
    configuration  the one named after a slash; empty where none was
    """

    name: str
    cls: type[Machine]
    configuration: str = ""


def find(word: str) -> Target:
    """The machine that `word` means; RequestError where there is none."""
    if match := FILE.fullmatch(word):
        cls = machine_in(Path(match["path"]), match["cls"] or "")
        return Target(f"{match['path']}:{cls.__name__}", cls, match["config"] or "")
    name, _, configuration = word.partition("/")
    return Target(name, registered(name), configuration)


def registered(name: str) -> type[Machine]:
    """The registered machine of that name; RequestError where there is none."""
    place = MACHINES.get(name) or NAMED.get(name)
    if place is None:
        close = difflib.get_close_matches(name.lower(), MACHINES, 1)
        known = ", ".join(MACHINES)
        raise RequestError(
            f"there is no machine called {name!r}",
            hint=f"did you mean {close[0]}?"
            if close
            else f"known are {known}; a machine of your own is path/to/file.py:Class",
        )
    module, _, cls = place.partition(":")
    found: type[Machine] = getattr(importlib.import_module(module), cls)
    return found


def name_of(cls: type[Machine]) -> str:
    """The name under which a machine is registered; RequestError where it is not."""
    for name in MACHINES:
        if registered(name) is cls:
            return name
    raise RequestError(f"{cls.__name__} is no machine of the table", hint="add it to MACHINES")


def everything() -> list[Target]:
    """Every registered machine, in the order of the table."""
    return [Target(name, registered(name)) for name in MACHINES]


def machine_in(path: Path, name: str = "") -> type[Machine]:
    """The machine `name` of a file, or its only one; RequestError where that is not to be had."""
    machines = {cls.__name__: cls for cls in machines_of(load(path))}
    if name in machines:
        return machines[name]
    listed = ", ".join(machines)
    if name:
        raise RequestError(
            f"{path} has no machine called {name}",
            hint=f"it has {listed}" if machines else "a machine is a class derived from Machine",
        )
    if len(machines) != 1:
        raise RequestError(
            f"{path} has {len(machines) or 'no'} machines",
            hint=f"name one: {path}:{next(iter(machines))}; it has {listed}"
            if machines
            else "a machine is a class derived from Machine",
        )
    return next(iter(machines.values()))


def machines_of(module: ModuleType) -> list[type[Machine]]:
    """The Machine classes that a module defines itself, in the order of their definition."""
    return [
        member
        for member in vars(module).values()
        if isinstance(member, type)
        and issubclass(member, Machine)
        and member.__module__ == module.__name__
    ]


def load(path: Path) -> ModuleType:
    """The module in a file; RequestError where it cannot be read or fails to load."""
    if not path.is_file():
        raise RequestError(f"there is no file {path}", hint="give the path of a Python file")
    folder, name = _package(path.resolve())
    if folder not in sys.path:
        sys.path.append(folder)  # behind the library, which a file there may be called like
    try:
        return _imported(path.resolve(), name)
    except VerdictError:
        raise
    except Exception as error:
        raise RequestError(
            f"{path} cannot be loaded: {_place(error)}{type(error).__name__}: {error}",
            hint="it must import without errors",
        ) from error


def configurations(cls: type[Machine]) -> dict[str, Configuration]:
    """The named configurations of a machine."""
    return {configuration.name: configuration for configuration in cls.configurations}


def place_of(cls: type[Machine], identifier: str) -> tuple[str, int]:
    """The file and line where a property is declared; those of the class for any other id."""
    where: object = cls
    for method in declaration(cls).methods:
        if method.mark.kind not in ("action", "initial") and method.promise.id == identifier:
            where = method.function
    try:
        file = inspect.getsourcefile(where) or ""  # type: ignore[arg-type]
        return file, inspect.getsourcelines(where)[1]  # type: ignore[arg-type]
    except (OSError, TypeError):
        return "", 1


def _package(path: Path) -> tuple[str, str]:
    """The folder to import a file from, and its name there."""
    parts = [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return str(folder), ".".join(parts)


def _imported(path: Path, name: str) -> ModuleType:
    # A file called queue.py must not stand for the library's, nor for another folder's.
    for own in (name, f"machines_in_{name}"):
        present = sys.modules.get(own)
        if present is None and own not in sys.stdlib_module_names:
            return importlib.import_module(own) if "." in own else _executed(path, own)
        if present is not None and _file(present) == path:
            return present
    return _executed(path, f"machines_in_{name}")


def _file(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file else None


def _executed(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _place(error: Exception) -> str:
    """Where an exception of a user's file came from, for one line."""
    if isinstance(error, SyntaxError):
        return ""  # says so itself
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: " if frames else ""
