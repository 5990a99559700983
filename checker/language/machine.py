"""Machines: classes whose annotated fields are state and whose methods are atomic actions.

    class TwoPhase(Machine):
        rm: Map[RM, RMState] = each(RMState.WORKING)      # state, with its initial value
        @action                                           # a step; r is chosen by the checker
        def rm_prepare(self, r: RM) -> None:
            require(self.rm[r] is RMState.WORKING)        # the guard
            self.rm[r] = RMState.PREPARED                 # the effect
        @invariant
        def consistent(self) -> bool: ...                 # true in every reachable state

`TwoPhase(RM=3)` is a configured machine in one of its initial states.  It is also an ordinary
object: `machine.rm_prepare(RM(0))` takes the step, or raises `Disabled` and changes nothing.

What a class declares is collected here once, as data (`Declaration`).  Reading the source of
the methods is `lowering`'s business; the meaning of annotations is `annotations`'.

A field whose name begins with `aux_` is a ghost: properties and effects may read it, guards
may not, so that it can never influence what the machine does.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from checker.language.domains import Settings, configured, settings_in_force
from checker.language.marks import Kind, Mark, Promise, mark_of
from checker.language.values import Held, put, thaw

F = TypeVar("F", bound=Callable[..., Any])
P = TypeVar("P", bound="Part")

GHOST_PREFIX = "aux_"


@dataclass(frozen=True)
class Method:
    """A decorated method: its name, function as written, and mark."""

    name: str
    function: Callable[..., Any]
    mark: Mark
    owner: type[Any]

    @property
    def sentence(self) -> str:
        """The first sentence of the docstring, on one line."""
        text = " ".join((inspect.getdoc(self.function) or self.name.replace("_", " ")).split())
        return text.split(". ")[0].rstrip(".") + "."

    @property
    def promise(self) -> Promise:
        """The catalogue's entry, or one made of the method's name and docstring."""
        return self.mark.promise or Promise(self.name, self.sentence)


@dataclass(frozen=True)
class Configuration:
    """A named configuration of a machine, and what is expected of it.

    `hazards` names the properties, by id, that are false here and are known to be: the run is
    green when each is found violated, and red when one is not.
    """

    name: str
    settings: Mapping[str, Any]
    hazards: frozenset[str] = frozenset()
    about: str = ""


def configuration(
    name: str, /, *, hazards: tuple[str, ...] = (), about: str = "", **settings: Any
) -> Configuration:
    """`configuration("two members", Member=2, hazards=("OWN-3",))`."""
    return Configuration(name, MappingProxyType(settings), frozenset(hazards), about)


class Part(Held):
    """A mutable component of a machine: fields with defaults, methods, actions of its own.

    A part lives in one place, a field or a slot of a map; `me = self.members[m]` names that
    place.  Assigning a part copies its content.  A part's actions become actions of the machine
    that has it, under the name of its field: `network.lose`.
    """

    _scope: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        # Classes declared inside a function may name one another in their annotations.
        frame = sys._getframe(1)
        cls._scope = frame.f_locals if frame.f_code.co_name != "<module>" else {}

    def __init__(self) -> None:
        from checker.language.states import fill

        fill(self, settings_in_force())

    @contextmanager
    def _running(self, *, atomic: bool) -> Iterator[None]:  # noqa: ARG002 - the machine's business
        yield

    def _copied(self) -> Part:
        copy = object.__new__(type(self))
        copy.__dict__.update({name: thaw(value) for name, value in self.__dict__.items()})
        return copy

    def _replace(self, other: Any) -> None:
        for name, kind in self.__dict__["_kind"].fields:
            self._put(name, kind, other.__dict__[name])

    def __setattr__(self, name: str, value: object) -> None:
        kind = self.__dict__["_kind"].field(name)
        if kind is None:
            what = "is set by the configuration" if name in self.__dict__ else "is no field"
            raise AttributeError(f"{type(self).__name__}.{name} {what}")
        kind.admit(value)
        self._put(name, kind, value)

    def _put(self, name: str, kind: Any, value: Any) -> None:
        present = self.__dict__[name]
        self.__dict__[name] = held = put(present, value)
        if held is not present:
            kind.claim(held)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = (f"{n}={v!r}" for n, v in self.__dict__.items() if not n.startswith("_"))
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True)
class Snapshot:
    """The content of a part or machine as an immutable value."""

    cls: type[Part]
    content: tuple[tuple[str, Any], ...]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # no field does; pickle and copy ask before there is content
            raise AttributeError(name)
        for own, value in self.content:
            if own == name:
                return value
        raise AttributeError(f"{self.cls.__name__} has no field {name}")

    def __repr__(self) -> str:
        return f"{self.cls.__name__}({', '.join(f'{n}={v!r}' for n, v in self.content)})"


class Machine(Part):
    """A state machine.  See the module's theory and docs/language.md.

    Machine(**settings): sizes of domains, bounds of counters, capacities and variants, each by
    its own name.  ConfigurationError where one is missing, unknown or out of range.

    `configurations` (class attribute) names those that `verdict check` runs by default.
    """

    configurations: ClassVar[tuple[Configuration, ...]] = ()

    def __init__(self, **settings: Any) -> None:
        from checker.language.configuring import settle
        from checker.language.states import fill

        chosen = settle(type(self), settings)
        self.__dict__["_settings"] = chosen
        with configured(chosen):
            fill(self, chosen)

    @contextmanager
    def _running(self, *, atomic: bool) -> Iterator[None]:
        """Put the machine's configuration in force; undo everything where the method fails."""
        before = self._copied() if atomic else None
        with configured(self.__dict__["_settings"]):
            try:
                yield
            except BaseException:
                if before is not None:
                    self._replace(before)
                raise


def settings_of(machine: Machine) -> Settings:
    """The configuration of a machine."""
    settings: Settings = machine.__dict__["_settings"]
    return settings


@dataclass(frozen=True)
class Declaration:
    """What a Part or Machine class declares, base classes first."""

    cls: type[Part]
    methods: tuple[Method, ...] = field(default=())

    def of(self, *kinds: Kind) -> list[Method]:
        """The methods of some kinds, in the order of declaration."""
        return [method for method in self.methods if method.mark.kind in kinds]


def declaration(cls: type[Part]) -> Declaration:
    """Collect the decorated methods of a class; an overriding method replaces the inherited."""
    found: dict[str, Method] = {}
    for base in reversed(cls.__mro__):
        for name, member in vars(base).items():
            mark = mark_of(member)
            if mark is not None:
                found[name] = Method(name, member.__wrapped__, mark, base)
            elif name in found:
                del found[name]
    return Declaration(cls, tuple(found.values()))
