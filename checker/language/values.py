"""Values: what a field of a machine can hold, as CPython runs it.

The containers are ordinary mutable Python objects with the meaning of values:

- a field, a map's slot and a record hold their own copy of what is assigned to them, so two
  fields never share a container;
- a container inside a record, or an element of a set, sequence or bag, is frozen: it can be
  compared and hashed, and changing it is an error.

A local name bound to a container that lives in the state is that container, not a copy of it:
`q = self.queue[m]; q.append(x)` changes the state, in CPython and in every engine alike.

Copies are made at assignment rather than at reading, because that is where a reader of Python
would otherwise be surprised.

A container that is a place of the state knows the type of the place (`_kind`), and so refuses
what the place cannot hold: BoundReached past a bound, else OutOfRange.  So does a record that is
made while a configuration is in force.  Containers that are locals of a method are not places,
and hold whatever is put in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from itertools import count
from typing import Any, ClassVar, Generic, TypeVar, cast, dataclass_transform

from checker.language.domains import Index, settings_if_any

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class Frozen(TypeError):  # noqa: N818 - it says what the container is
    """A change to a container that is part of a value."""


class Held:
    """What a place of the state can hold and change in place: containers and parts."""

    __slots__ = ()

    def _copied(self) -> Held:
        raise NotImplementedError

    def _replace(self, other: Any) -> None:
        raise NotImplementedError


class Value(Held):
    """What containers share: freezing, copying, and equality by content.

    `_kind` is the `types.Type` of the place of the state that the container is, if it is one.
    """

    __slots__ = ("_data", "_frozen", "_kind")
    _data: Any
    _frozen: bool
    _kind: Any

    def _start(self, data: Any) -> None:
        self._data = data
        self._frozen = False
        self._kind = None

    def _key(self) -> Hashable:
        raise NotImplementedError

    def _admit(self, item: Any) -> Any:
        """An element as it is kept: frozen, and of the type of the place's elements."""
        item = freeze(item)
        if self._kind is not None:
            self._kind.item.admit(item)
        return item

    def _grow(self, size: int) -> None:
        """Check that the place has room for so many elements."""
        if self._kind is not None:
            self._kind.admit_size(size)

    def _change(self) -> None:
        if self._frozen:
            raise Frozen(f"this {type(self).__name__} is part of a value; assign a new one")

    def _copied(self) -> Value:
        return _copy(self, thaw)

    def _replace(self, other: Value) -> None:
        """Take over the content of `other`, keeping this container's identity."""
        self._change()
        self._data = _copy(other, thaw)._data

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._key() == other._key()

    def __hash__(self) -> int:
        if not self._frozen:
            raise TypeError(f"this {type(self).__name__} can still change; hash a frozen copy")
        return hash((type(self).__name__, self._key()))


def freeze(value: T) -> T:
    """`value` as a part of another value: containers copied and closed to change."""
    if isinstance(value, Value) and not value._frozen:
        copy = _copy(value, freeze)
        copy._frozen = True
        return cast("T", copy)
    return value


def thaw(value: T) -> T:
    """A copy of `value` that may change."""
    return cast("T", value._copied()) if isinstance(value, Held) else value


def put(present: Any, value: Any) -> Any:
    """What a place that holds `present` holds once `value` is assigned to it.

    A container or part stays the object that it is and takes over the content, so that a local
    name for it goes on naming the place.
    """
    if isinstance(present, Held) and isinstance(value, Held):
        present._replace(value)
        return present
    return thaw(value)


def _copy(value: Value, element: Callable[[Any], Any]) -> Value:
    copy = type(value)()
    if isinstance(value, Map):
        copy._data = {key: element(item) for key, item in value._data.items()}
    elif isinstance(value, Set):
        copy._data = set(value._data)
    else:
        copy._data = list(value._data)
    return copy


class Map(Value, Generic[K, V]):
    """A total map: every key of its domain has a value.  Written `each(...)` or `{...}`."""

    __slots__ = ()

    def __init__(self, items: Mapping[K, V] | None = None) -> None:
        self._start({key: thaw(value) for key, value in (items or {}).items()})

    def __getitem__(self, key: K) -> V:
        return cast("V", self._data[self._known(key)])

    def __setitem__(self, key: K, value: V) -> None:
        self._change()
        if self._kind is not None:
            self._kind.value.admit(value)
        self._put(self._known(key), value)

    def _known(self, key: K) -> K:
        if key not in self._data:
            if self._kind is not None:
                self._kind.key.admit(key)
            raise KeyError(key)
        return key

    def _replace(self, other: Value) -> None:
        """Take over the values of `other`, slot by slot: what a slot holds stays where it is."""
        self._change()
        for key in self._data:
            self._put(key, other.value if isinstance(other, Each) else other._data[key])

    def _put(self, key: K, value: V) -> None:
        present = self._data[key]
        self._data[key] = held = put(present, value)
        if self._kind is not None and held is not present:
            self._kind.value.claim(held)

    def __iter__(self) -> Iterator[K]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def keys(self) -> list[K]:
        """The whole domain, in its order."""
        return list(self._data)

    def values(self) -> list[V]:
        """One value a key, in the domain's order."""
        return list(self._data.values())

    def items(self) -> list[tuple[K, V]]:
        """Pairs of key and value, in the domain's order."""
        return list(self._data.items())

    def _key(self) -> Hashable:
        return tuple((key, freeze(value)) for key, value in self._data.items())

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{k!r}: {v!r}" for k, v in self._data.items()) + "}"


class Each(Map[Any, V]):
    """`each(value)`: a map whose keys are those of the place it is assigned to."""

    __slots__ = ("value",)
    value: V


def each(value: V) -> Map[Any, V]:
    """One `value` for every key: the default of a Map, or a new value of one in the state.

    Elsewhere there is no place that knows the keys: write `Map({k: value for k in K})`.
    """
    whole: Each[V] = Each()
    whole.value = value
    return whole


class Set(Value, Generic[T]):
    """A finite set; elements are values."""

    __slots__ = ()

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._start({freeze(item) for item in items})

    def add(self, item: T) -> None:
        """Put `item` in; nothing happens where it is already in."""
        self._change()
        item = self._admit(item)
        if item not in self._data:
            self._grow(len(self._data) + 1)
            self._data.add(item)

    def discard(self, item: T) -> None:
        """Take `item` out; nothing happens where it is not in."""
        self._change()
        self._data.discard(freeze(item))

    def remove(self, item: T) -> None:
        """Take `item` out; a defect where it is not in."""
        self._change()
        self._data.remove(freeze(item))

    def clear(self) -> None:
        """Take everything out."""
        self._change()
        self._data.clear()

    def __contains__(self, item: object) -> bool:
        return freeze(item) in self._data

    def __iter__(self) -> Iterator[T]:
        return iter(sorted(self._data, key=order))

    def __len__(self) -> int:
        return len(self._data)

    def __or__(self, other: Set[T]) -> Set[T]:
        return Set(self._data | other._data)

    def __and__(self, other: Set[T]) -> Set[T]:
        return Set(self._data & other._data)

    def __sub__(self, other: Set[T]) -> Set[T]:
        return Set(self._data - other._data)

    def __le__(self, other: Set[T]) -> bool:
        return bool(self._data <= other._data)

    def _key(self) -> Hashable:
        return frozenset(self._data)

    def __repr__(self) -> str:
        return "{" + ", ".join(map(repr, self)) + "}" if self._data else "Set()"


class Seq(Value, Generic[T]):
    """A finite sequence, first element first."""

    __slots__ = ()

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._start([freeze(item) for item in items])

    def append(self, item: T) -> None:
        """Add `item` at the end."""
        self._change()
        item = self._admit(item)
        self._grow(len(self._data) + 1)
        self._data.append(item)

    def pop_first(self) -> None:
        """Drop the first element; a defect where there is none."""
        self._change()
        del self._data[self._index(0)]

    def pop_last(self) -> None:
        """Drop the last element; a defect where there is none."""
        self._change()
        del self._data[self._index(len(self._data) - 1)]

    def truncate(self, length: int) -> None:
        """Keep the first `length` elements."""
        self._change()
        if length < 0:
            raise IndexError(length)
        del self._data[length:]

    def clear(self) -> None:
        """Drop everything."""
        self._change()
        self._data.clear()

    def _index(self, index: int) -> int:
        if not 0 <= index < len(self._data):
            raise IndexError(f"{index} is outside a sequence of {len(self._data)}")
        return index

    def __getitem__(self, index: int) -> T:
        return cast("T", self._data[self._index(index)])

    def __setitem__(self, index: int, item: T) -> None:
        self._change()
        item = self._admit(item)
        self._data[self._index(index)] = item

    def __contains__(self, item: object) -> bool:
        return item in self._data

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._data))

    def __len__(self) -> int:
        return len(self._data)

    def __add__(self, other: Seq[T]) -> Seq[T]:
        return Seq([*self._data, *other._data])

    def _key(self) -> Hashable:
        return tuple(self._data)

    def __repr__(self) -> str:
        return f"Seq({self._data!r})" if self._data else "Seq()"


class Bag(Value, Generic[T]):
    """A finite multiset: how often an element is in it matters, its order does not."""

    __slots__ = ()

    def __init__(self, items: Iterable[T] = ()) -> None:
        elements = items._data if isinstance(items, Bag) else items
        self._start(sorted((freeze(item) for item in elements), key=order))

    def add(self, item: T) -> None:
        """Put one more `item` in."""
        self._change()
        item = self._admit(item)
        self._grow(len(self._data) + 1)
        self._data.append(item)
        self._data.sort(key=order)

    def remove(self, item: T) -> None:
        """Take one `item` out; a defect where there is none."""
        self._change()
        self._data.remove(item)

    def clear(self) -> None:
        """Take everything out."""
        self._change()
        self._data.clear()

    def count(self, item: T) -> int:
        """How often `item` is in."""
        return cast("int", self._data.count(item))

    def __contains__(self, item: object) -> bool:
        return item in self._data

    def __iter__(self) -> Iterator[T]:
        """Each distinct element once."""
        return iter(sorted(set(self._data), key=order))

    def __len__(self) -> int:
        return len(self._data)

    def _key(self) -> Hashable:
        return tuple(self._data)

    def __repr__(self) -> str:
        return f"Bag({self._data!r})" if self._data else "Bag()"


_numbers = count()


@dataclass_transform(frozen_default=True)
class Record:
    """An immutable value with named fields, declared as a dataclass is; it may have methods.

    `class Prepared(Record): rm: RM` makes `Prepared(r)`.  A union of records, written
    `Message = Prepared | Commit | Abort`, is taken apart by `match` or `isinstance`.
    """

    _declared: ClassVar[int]
    _scope: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        cls._declared = next(_numbers)
        # Classes declared inside a function may name one another in their annotations.
        frame = sys._getframe(1)
        cls._scope = frame.f_locals if frame.f_code.co_name != "<module>" else {}
        dataclass(frozen=True, repr=False)(cls)

    def __post_init__(self) -> None:
        for field in fields(cast("Any", self)):
            object.__setattr__(self, field.name, freeze(getattr(self, field.name)))
        if (settings := settings_if_any()) is not None:
            from checker.language.resolving import record_type

            for name, own in record_type(type(self), settings).fields:
                own.admit(getattr(self, name))

    def __repr__(self) -> str:
        names = [field.name for field in fields(cast("Any", self))]
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"


def order(value: Any) -> tuple[Any, ...]:
    """A key that orders the values of one type: the order in which sets are iterated.

    None comes first, enums and indices by position, records by their fields in turn (those of a
    union by the order in which their classes were declared), sequences and maps item by item,
    sets and bags by their largest elements first.
    """
    match value:
        case None:
            return ()
        case int():
            return (int(value),)
        case Enum():
            return (list(type(value)).index(value),)
        case Index():
            return (value.position,)
        case Record():
            own = cast("Any", value)
            return (type(value)._declared, *(order(getattr(own, f.name)) for f in fields(own)))
        # A container that holds nothing is not None: it begins with a mark.
        case Map():
            return (0, *(order(item) for item in value.values()))
        case Seq():
            return (0, *(order(item) for item in value))
        case Set() | Bag():
            return (0, *sorted((order(item) for item in value._data), reverse=True))
        case _:
            raise TypeError(f"{value!r} is not a value of the language")
