"""Values in the Informal Trace Format (ITF): JSON that Apalache and Quint write and viewers read.

    bool                 true
    int                  {"#bigint": "3"}
    an enum member       "WORKING"
    an index             "rm-0"
    T | None             {"tag": "None", "value": {"#tup": []}}, {"tag": "Some", "value": …}
    a record or part     {"rm": …}, its fields
    one of a union       {"tag": "Prepared", "value": {…}}
    Map                  {"#map": [[key, value], …]}
    Set                  {"#set": […]}
    Seq                  […]
    Bag                  {"#map": [[element, {"#bigint": "2"}], …]}, how often each is in it

Reading is directed by the type of the place, so that nothing is lost: a string is an index here
and an enum member there.  What does not belong to the type is refused, with its place.

Format: Apalache's ADR 15 (https://apalache-mc.org/docs/adr/015adr-trace.html); the variants
`tag` and `value` are Quint's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from checker import Bag, Map, Seq, Set, Snapshot
from checker.errors import TraceError
from checker.language.text import value_text
from checker.language.types import (
    BagType,
    BoolType,
    CollectionType,
    EnumType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    PartType,
    RecordType,
    SeqType,
    SetType,
    StructType,
    Type,
    UnionType,
    contains,
)
from checker.language.values import freeze

NONE: Mapping[str, Any] = MappingProxyType({"tag": "None", "value": {"#tup": []}})
PAIR = 2
NUMBER = re.compile(r"-?[0-9]+")


def encode(kind: Type, value: Any) -> Any:
    """A value of a place of type `kind`, as JSON data."""
    match kind:
        case BoolType():
            return bool(value)
        case IntType():
            return _number(value)
        case EnumType():
            return value.name
        case IndexType():
            return str(value)
        case OptionType(item):
            return dict(NONE) if value is None else _tagged("Some", encode(item, value))
        case StructType(_, named):
            return {name: encode(own, getattr(value, name)) for name, own in named}
        case UnionType(options):
            option = next(option for option in options if option.cls is type(value))
            return _tagged(option.cls.__name__, encode(option, value))
        case MapType(key, item):
            return {"#map": [[encode(key, k), encode(item, v)] for k, v in value.items()]}
        case SetType(item):
            return {"#set": [encode(item, element) for element in value]}
        case BagType(item):
            counted = [[encode(item, one), _number(value.count(one))] for one in value]
            return {"#map": counted}
        case CollectionType(item):
            return [encode(item, element) for element in value]
        case _:
            raise TypeError(f"{kind} is not a type of the language")


def decode(kind: Type, data: Any, where: str) -> Any:
    """The value that `encode` made; TraceError where `data` is no value of `kind`."""
    reader = READERS[type(kind)]
    value = freeze(reader(kind, data, where))
    if isinstance(kind, IntType | CollectionType) and not contains(kind, value):
        raise _refused(where, f"{value_text(value)} is outside {kind}")
    return value


def _number(value: int) -> dict[str, str]:
    return {"#bigint": str(value)}


def _tagged(tag: str, value: Any) -> dict[str, Any]:
    return {"tag": tag, "value": value}


def _refused(where: str, problem: str) -> TraceError:
    return TraceError(
        f"{where}: {problem}", hint="the trace is damaged, or of another machine or configuration"
    )


def _shape(data: Any, key: str, where: str) -> Any:
    """What `{key: [...]}` holds."""
    if not isinstance(data, dict) or set(data) != {key}:
        raise _refused(where, f'an object with "{key}" alone is wanted')
    return data[key]


def _items(data: Any, where: str) -> list[Any]:
    if not isinstance(data, list):
        raise _refused(where, "a list is wanted")
    return data


def _pairs(data: Any, where: str) -> list[Any]:
    pairs = _items(_shape(data, "#map", where), where)
    if not all(isinstance(pair, list) and len(pair) == PAIR for pair in pairs):
        raise _refused(where, "a list of pairs is wanted")
    return pairs


def _bool(_kind: BoolType, data: Any, where: str) -> bool:
    if not isinstance(data, bool):
        raise _refused(where, "true or false is wanted")
    return data


def _int(_kind: IntType, data: Any, where: str) -> int:
    if isinstance(data, int) and not isinstance(data, bool):
        return data  # other writers do not wrap small numbers
    text = _shape(data, "#bigint", where)
    if not isinstance(text, str) or not NUMBER.fullmatch(text):
        raise _refused(where, "a whole number is wanted")
    return int(text)


def _named(kind: EnumType | IndexType, data: Any, where: str) -> Any:
    known = {value_text(value): value for value in kind.universe()}
    if not isinstance(data, str) or data not in known:
        raise _refused(where, f"{data!r} is no {kind}")
    return known[data]


def _option(kind: OptionType, data: Any, where: str) -> Any:
    tag, value = _variant(data, where)
    if tag == "None":
        return None
    if tag != "Some":
        raise _refused(where, f"{tag!r} is neither None nor Some")
    return decode(kind.item, value, where)


def _variant(data: Any, where: str) -> tuple[Any, Any]:
    if not isinstance(data, dict) or set(data) != {"tag", "value"}:
        raise _refused(where, 'an object with "tag" and "value" is wanted')
    return data["tag"], data["value"]


def _union(kind: UnionType, data: Any, where: str) -> Any:
    tag, value = _variant(data, where)
    for option in kind.options:
        if option.cls.__name__ == tag:
            return decode(option, value, where)
    raise _refused(where, f"{tag!r} is not one of {kind}")


def fields_of(kind: StructType, data: Any, where: str) -> dict[str, Any]:
    """The values of a struct's fields, each of which must be there and no other."""
    names = [name for name, _ in kind.fields]
    if not isinstance(data, dict) or set(data) != set(names):
        found = ", ".join(data) if isinstance(data, dict) else type(data).__name__
        raise _refused(where, f"{kind} has the fields {', '.join(names) or 'none'}, not {found}")
    return {name: decode(own, data[name], f"{where}.{name}") for name, own in kind.fields}


def _record(kind: RecordType, data: Any, where: str) -> Any:
    return kind.cls(**fields_of(kind, data, where))


def _part(kind: PartType, data: Any, where: str) -> Snapshot:
    return Snapshot(kind.cls, tuple(fields_of(kind, data, where).items()))


def _map(kind: MapType, data: Any, where: str) -> Map[Any, Any]:
    found: dict[Any, Any] = {}
    for key, value in _pairs(data, where):
        own = decode(kind.key, key, where)
        found[own] = decode(kind.value, value, f"{where}[{value_text(own)}]")
    keys = list(kind.key.universe())
    if len(found) != len(keys):
        raise _refused(where, f"{len(keys)} keys are wanted, not {len(found)}")
    return Map({key: found[key] for key in keys})


def _elements(kind: CollectionType, data: Any, where: str) -> list[Any]:
    return [decode(kind.item, item, f"{where}[{n}]") for n, item in enumerate(_items(data, where))]


def _set(kind: SetType, data: Any, where: str) -> Set[Any]:
    return Set(_elements(kind, _shape(data, "#set", where), where))


def _seq(kind: SeqType, data: Any, where: str) -> Seq[Any]:
    return Seq(_elements(kind, data, where))


def _bag(kind: BagType, data: Any, where: str) -> Bag[Any]:
    found: list[Any] = []
    for item, number in _pairs(data, where):
        times = decode(IntType(1, 1 << 32), number, where)
        if times > kind.capacity:
            raise _refused(
                where, f"{times} elements are more than the {kind.capacity} there can be"
            )
        found += [decode(kind.item, item, where)] * times
    return Bag(found)


READERS: Mapping[type[Type], Callable[[Any, Any, str], Any]] = MappingProxyType(
    {
        BoolType: _bool,
        IntType: _int,
        EnumType: _named,
        IndexType: _named,
        OptionType: _option,
        RecordType: _record,
        PartType: _part,
        UnionType: _union,
        MapType: _map,
        SetType: _set,
        SeqType: _seq,
        BagType: _bag,
    }
)
