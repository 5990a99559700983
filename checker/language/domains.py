"""Domains: the finite sets that state is made of, and the configuration that sizes them.

A machine is written once and sized later.  What can be sized has a name of its own:

    class Member(Index, symmetric=True): ...       how many members there are
    Offset = Annotated[int, Counter("Offset")]      0 … n; reaching n is counted, never silent
    Small  = Annotated[int, Range(0, 3)]            exactly 0 … 3; leaving it is a defect
    Queue  = Annotated[Seq[Message], Capacity("Queue")]    at most n long; a bound like a counter
    fencing: Variant[Fencing] = Fencing.BY_EPOCH    a constant that the configuration chooses

`Group(Member=3, Offset=2, fencing=Fencing.NONE)` gives each its value by that name.  Under mypy
the annotated forms are what they annotate: an `Offset` is an `int`.

The configuration in force is held in a context variable while a machine's method runs, so that
`for m in Member` and `len(Member)` mean the configured domain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, ClassVar, Self, TypeVar

from checker.errors import ConfigurationError, LanguageError

T = TypeVar("T")


class BoundReached(Exception):  # noqa: N818 - an outcome
    """A step that passes a bound, and is not explored."""

    def __init__(self, bound: str) -> None:
        super().__init__(bound)
        self.bound = bound


class OutOfRange(ValueError):  # noqa: N818 - it says what the value is
    """A value that the place it is put in cannot hold."""


@dataclass(frozen=True)
class Settings:
    """A configuration: the size of each domain and bound, the choice of each variant, by name.

    `records` keeps the types of the records that were made in it, once they are known.
    """

    sizes: Mapping[str, int]
    variants: Mapping[str, Any]
    records: dict[type[Any], Any] = field(default_factory=dict, compare=False, repr=False)

    def items(self) -> dict[str, Any]:
        """Everything that was chosen, in the order of declaration."""
        return {**self.sizes, **self.variants}

    def __str__(self) -> str:
        return " ".join(f"{name}={shown(value)}" for name, value in self.items().items())


def shown(value: Any) -> str:
    """A setting as the command line takes it: an Enum member by its name."""
    return value.name if isinstance(value, Enum) else str(value)


_settings: ContextVar[Settings | None] = ContextVar("settings", default=None)


@contextmanager
def configured(settings: Settings) -> Iterator[None]:
    """Put a configuration in force while the block runs."""
    token = _settings.set(settings)
    try:
        yield
    finally:
        _settings.reset(token)


def settings_if_any() -> Settings | None:
    """The configuration in force; None outside a machine's methods."""
    return _settings.get()


def settings_in_force() -> Settings:
    """The configuration in force; ConfigurationError outside a machine's methods."""
    settings = settings_if_any()
    if settings is None:
        raise ConfigurationError(
            "no configuration is in force here",
            hint="use domains inside a machine's methods, or under `configured(settings)`",
        )
    return settings


def size_of(name: str, default: int | None = None) -> int:
    """The configured size of the domain `name`, or its default; ConfigurationError for neither."""
    size = settings_in_force().sizes.get(name, default)
    if size is None:
        raise ConfigurationError(
            f"{name} has no size in this configuration",
            hint=f"mention {name} in a field or a parameter of the machine",
        )
    return size


class IndexMeta(type):
    """What lets an Index class be iterated and measured, as an Enum class is."""

    def __iter__(cls: type[T]) -> Iterator[T]:
        return (cls(position) for position in range(len(cls)))  # type: ignore[call-arg, arg-type]

    def __len__(cls) -> int:
        return size_of(cls.__name__, getattr(cls, "default", None))

    def __bool__(cls) -> bool:
        return True  # a class is there whatever its size, as an Enum class is


class Index(metaclass=IndexMeta):
    """A finite domain of numbered values, sized per configuration by the class's name.

    With `symmetric=True` its values are interchangeable: they may be compared for equality
    only, and an engine may explore one representative of each permutation.  `default=n` sizes
    it where the configuration does not.
    """

    __slots__ = ("position",)
    symmetric: ClassVar[bool] = False
    default: ClassVar[int | None] = None
    position: int

    def __init_subclass__(cls, *, symmetric: bool = False, default: int | None = None) -> None:
        cls.symmetric = symmetric
        cls.default = default

    def __init__(self, position: int) -> None:
        name = type(self).__name__
        if not isinstance(position, int) or isinstance(position, bool) or position < 0:
            raise ValueError(f"{name}({position!r}): a position counts from 0")
        settings = settings_if_any()
        if settings is not None and position >= settings.sizes.get(name, position + 1):
            raise OutOfRange(f"there is no {name}({position})")
        object.__setattr__(self, "position", position)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self!r} cannot be changed")

    def __reduce__(self) -> tuple[type[Self], tuple[int]]:
        return type(self), (self.position,)  # copies and pickles are made anew, never written to

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.position == self.position

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.position))

    def __lt__(self, other: Self) -> bool:
        self._ordered()
        return self.position < other.position

    def __le__(self, other: Self) -> bool:
        self._ordered()
        return self.position <= other.position

    def __gt__(self, other: Self) -> bool:
        self._ordered()
        return self.position > other.position

    def __ge__(self, other: Self) -> bool:
        self._ordered()
        return self.position >= other.position

    def __int__(self) -> int:
        self._ordered()
        return self.position

    def _ordered(self) -> None:
        if type(self).symmetric:
            raise LanguageError(
                f"{type(self).__name__} is symmetric: its values have no order",
                hint="compare with == only, or declare the domain without symmetric=True",
            )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.position})"

    def __str__(self) -> str:
        return f"{type(self).__name__.lower()}-{self.position}"


@dataclass(frozen=True)
class Range:
    """Metadata of an `int`: exactly low … high, both included.  Leaving it is a defect."""

    low: int
    high: int


@dataclass(frozen=True)
class Counter:
    """Metadata of an `int` that counts from 0 without end in the design.

    Exploration stops at the configured bound: a step past it is not taken, and is counted.
    In CPython such a step raises BoundReached.
    """

    name: str
    default: int | None = None


@dataclass(frozen=True)
class Capacity:
    """Metadata of a Set, Seq or Bag: how many elements are explored, by name or as a number.

    A step past it is not taken, and is counted, as for a Counter.
    """

    limit: str | int
    default: int | None = None


@dataclass(frozen=True)
class VariantMark:
    """Metadata of a field that is no state but a constant of the configuration."""


Variant = Annotated[T, VariantMark()]
"""`Variant[Fencing]`, `Variant[bool]` or `Variant[int]`: a design choice, set by its own name."""


def is_index(kind: Any) -> bool:
    """Whether `kind` is an Index class."""
    return isinstance(kind, IndexMeta) and kind is not Index
