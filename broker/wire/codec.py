"""Messages to bytes and back, from kio's description of them.

kio has a dataclass for each struct of each message and version, made from Kafka's own schemas.
`compile_decoder` and `compile_encoder` walk such a class once and give a plain function.

- Numbers are numbers: error codes, durations (ms) and times (ms since 1970) are ints.
- A uuid is a `UUID`; the one of zeros, `NIL`, stands for none.
- Records and bytes are slices of the buffer that was received.  They are good for as long as that
  is: whoever keeps one longer copies it.
- A decoded struct is a `Struct`.  Its class has a default for each field that the oldest or the
  newest version of the message has, so that a handler reads one shape and need not know which
  version was sent.
- What is encoded is a dict by field name, nested as the message is.  Fields that the version lacks
  are passed over, fields that are not given have Kafka's default.

Every length is held against what is left of the frame, and all arrays of a message together
against `MOST_ITEMS`, so that what a decoder allocates is bounded by what was received, and is not
many times as much.  What is no message is `Malformed`.  A decoder is for one thread.

Source: the protocol guide; KIP-482 (flexible versions), KIP-893 (structs that may be null).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import timedelta
from enum import IntEnum
from functools import partial
from types import NoneType
from typing import Any, get_args, get_origin
from uuid import UUID

from broker.wire import unrolled
from broker.wire.output import Output
from broker.wire.unrolled import Part

NIL = UUID(int=0)
MOST_ITEMS = 100_000
"""Items that the arrays of one message may have together."""

Buffer = memoryview
Read = Callable[[Buffer, int], tuple[Any, int]]
Write = Callable[[Output, Any], None]


class Malformed(ValueError):  # noqa: N818 - what the bytes are
    """Bytes that are not what they should be."""


@dataclass
class Allowance:
    """How many items the message that is being read may still have."""

    items: int = MOST_ITEMS


class Struct:
    """A decoded struct; its attributes are the fields of the message."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({shown})"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no version of {type(self).__name__} has a field {name}")


@dataclass(frozen=True)
class Shape:
    """What kio says of one field.

    kind      kio's name of the type, or the class of a nested struct
    """

    name: str
    kind: Any
    array: bool
    nullable: bool
    tag: int | None
    default: Any


def shapes(cls: type) -> list[Shape]:
    """The fields of a struct, in the order they are written."""
    return [_shape(field) for field in fields(cls)]


def _shape(field: Field[Any]) -> Shape:
    hint, nullable = _without_none(field.type)
    array = get_origin(hint) is tuple
    if array:
        hint, _ = _without_none(get_args(hint)[0])
    kind = hint if is_dataclass(hint) else field.metadata["kafka_type"]
    if field.default is not MISSING:
        default = _plain(field.default)
    else:
        default = () if array else None if nullable and kind != "uuid" else _ZEROS.get(kind)
    return Shape(field.name, kind, array, nullable, field.metadata.get("tag"), default)


def _without_none(hint: Any) -> tuple[Any, bool]:
    args = [arg for arg in get_args(hint) if arg is not NoneType]
    if NoneType in get_args(hint) and get_origin(hint) is not tuple:
        return args[0], True
    return hint, False


def _plain(value: Any) -> Any:
    """A default of kio's as the handlers see it."""
    if isinstance(value, IntEnum):
        return int(value)
    if isinstance(value, timedelta):
        return round(value.total_seconds() * 1000)
    if is_dataclass(value) and not isinstance(value, type):
        return {shape.name: _plain(getattr(value, shape.name)) for shape in shapes(type(value))}
    return value


# Numbers --------------------------------------------------------------------------------------

_FORMS = {
    "int8": ">b",
    "int16": ">h",
    "int32": ">i",
    "int64": ">q",
    "uint16": ">H",
    "float64": ">d",
    "bool": ">?",
    "error_code": ">h",
    "timedelta_i32": ">i",
    "timedelta_i64": ">q",
    "datetime_i64": ">q",
}
_ZEROS: Mapping[Any, Any] = {
    **dict.fromkeys(_FORMS, 0),
    "bool": False,
    "string": "",
    "bytes": b"",
    "uuid": NIL,
}
_INT16 = struct.Struct(">h")
_INT32 = struct.Struct(">i")


def _number_reader(form: str) -> Read:
    unpack, size = struct.Struct(form).unpack_from, struct.calcsize(form)

    def read(data: Buffer, at: int) -> tuple[Any, int]:
        return unpack(data, at)[0], at + size

    return read


def _number_writer(form: str) -> Write:
    pack = struct.Struct(form).pack

    def write(out: Output, value: Any) -> None:
        out.tail += pack(value)

    return write


def read_varint(data: Buffer, at: int) -> tuple[int, int]:
    """An unsigned varint of 32 bits, and where it ends."""
    value = data[at]
    at += 1
    if value < 0x80:  # noqa: PLR2004 - seven bits a byte
        return value, at
    value &= 0x7F
    for shift in range(7, 35, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004
            return value, at
    raise Malformed("a varint does not end")


def write_varint(out: bytearray, value: int) -> None:
    """Append an unsigned varint."""
    while value > 0x7F:  # noqa: PLR2004
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


# Lengths, and what has one --------------------------------------------------------------------


def _length_reader(plain: struct.Struct, *, flexible: bool) -> Read:
    """Reads a length, -1 for null, and refuses one that runs past the end."""

    def compact(data: Buffer, at: int) -> tuple[int, int]:
        length, at = read_varint(data, at)
        if length > len(data) - at + 1:
            raise Malformed(f"{length - 1} are promised where {len(data) - at} bytes are left")
        return length - 1, at

    def fixed(data: Buffer, at: int) -> tuple[int, int]:
        length = plain.unpack_from(data, at)[0]
        at += plain.size
        if not -1 <= length <= len(data) - at:
            raise Malformed(f"{length} are promised where {len(data) - at} bytes are left")
        return length, at

    return compact if flexible else fixed


def _length_writer(plain: struct.Struct, *, flexible: bool) -> Callable[[Output, int], None]:
    def compact(out: Output, length: int) -> None:
        write_varint(out.tail, length + 1)

    def fixed(out: Output, length: int) -> None:
        out.tail += plain.pack(length)

    return compact if flexible else fixed


def _string_reader(length: Read, *, nullable: bool) -> Read:
    def read(data: Buffer, at: int) -> tuple[str | None, int]:
        size, at = length(data, at)
        if size < 0:
            if nullable:
                return None, at
            raise Malformed("null where it is not allowed")
        return str(data[at : at + size], "utf-8"), at + size

    return read


def _bytes_reader(length: Read, *, nullable: bool) -> Read:
    def read(data: Buffer, at: int) -> tuple[Buffer | None, int]:
        size, at = length(data, at)
        if size < 0:
            if nullable:
                return None, at
            raise Malformed("null where it is not allowed")
        return data[at : at + size], at + size

    return read


def _array_reader(length: Read, item: Read, allowance: Allowance, *, nullable: bool) -> Read:
    def read(data: Buffer, at: int) -> tuple[list[Any] | None, int]:
        count, at = length(data, at)
        allowance.items -= count
        if allowance.items < 0:
            raise Malformed(f"more than {MOST_ITEMS} items")
        if count < 0:
            if nullable:
                return None, at
            raise Malformed("null where it is not allowed")
        items = []
        for _ in range(count):
            value, at = item(data, at)
            items.append(value)
        return items, at

    return read


def _array_writer(length: Callable[[Output, int], None], item: Write) -> Write:
    def write(out: Output, values: Any) -> None:
        if values is None:
            length(out, -1)
            return
        length(out, len(values))
        for value in values:
            item(out, value)

    return write


def _string_writer(length: Callable[[Output, int], None]) -> Write:
    def write(out: Output, value: Any) -> None:
        if value is None:
            length(out, -1)
            return
        data = value.encode()
        length(out, len(data))
        out.tail += data

    return write


def _bytes_writer(length: Callable[[Output, int], None]) -> Write:
    def write(out: Output, value: Any) -> None:
        if value is None:
            length(out, -1)
            return
        length(out, len(value))
        out.add(value)

    return write


def _read_uuid(data: Buffer, at: int) -> tuple[UUID, int]:
    return UUID(bytes=bytes(data[at : at + 16])), at + 16


def _write_uuid(out: Output, value: Any) -> None:
    out.tail += (value or NIL).bytes


# Structs --------------------------------------------------------------------------------------


def compile_decoder(cls: type, others: Iterable[type] = ()) -> Callable[[Buffer, int], Struct]:
    """A function from a body, and where it starts, to the struct it holds.

    others  the same message in versions whose fields the struct is to have too
    """
    defaults: dict[str, dict[str, Any]] = {}
    for version in (*others, cls):
        _collect(version, defaults)
    allowance = Allowance()
    read = _struct_reader(cls, defaults, allowance)

    def decode(data: Buffer, at: int) -> Struct:
        allowance.items = MOST_ITEMS
        try:
            value, end = read(data, at)
        except (IndexError, struct.error, ValueError) as error:
            raise Malformed(f"{cls.__name__}: {error}") from error
        if end > len(data):
            raise Malformed(f"{cls.__name__} is cut short")
        found: Struct = value
        return found

    return decode


def _collect(cls: Any, defaults: dict[str, dict[str, Any]]) -> None:
    known = defaults.setdefault(cls.__name__, {})
    for shape in shapes(cls):
        known[shape.name] = shape.default
        if is_dataclass(shape.kind):
            _collect(shape.kind, defaults)


def _struct_reader(cls: type, defaults: Mapping[str, dict[str, Any]], allowance: Allowance) -> Read:
    made: Any = type(cls.__name__, (Struct,), dict(defaults[cls.__name__]))
    flexible: bool = cls.__flexible__  # type: ignore[attr-defined]
    plain, tagged = [], {}
    for shape in shapes(cls):
        item = _item_reader(shape, defaults, allowance, flexible=flexible)
        step = item
        if shape.array:
            length = _length_reader(_INT32, flexible=flexible)
            step = _array_reader(length, item, allowance, nullable=shape.nullable)
        if shape.tag is None:
            plain.append(_part(shape, step, item, flexible=flexible))
        else:
            tagged[shape.tag] = (shape.name, step)

    def read_tagged(data: Buffer, at: int, found: Struct) -> int:
        return _read_tagged(data, at, tagged, found.__dict__)

    new = partial(made.__new__, made)
    return unrolled.reader(plain, new, allowance, read_tagged if flexible else None)


def _part(
    shape: Shape, step: Callable[..., Any], item: Callable[..., Any], *, flexible: bool
) -> Part:
    """How a field is read or written among the others of its struct."""
    kind, form = "", ""
    if shape.array:
        kind, form = ("structs", "i") if is_dataclass(shape.kind) else ("", "")
    elif shape.kind in _FORMS:
        kind, form = "number", _FORMS[shape.kind][1:]
    elif shape.kind == "string":
        kind, form = "string", "h"
    elif shape.kind in {"bytes", "records"}:
        kind, form = "bytes", "i"
    if flexible and kind != "number":
        form = ""
    return Part(shape.name, step, kind, form, item, shape.default)


def _read_tagged(
    data: Buffer, at: int, tagged: Mapping[int, tuple[str, Read]], values: dict[str, Any]
) -> int:
    count, at = read_varint(data, at)
    for _ in range(count):
        tag, at = read_varint(data, at)
        size, at = read_varint(data, at)
        if size > len(data) - at:
            raise Malformed(f"a tagged field of {size} bytes where {len(data) - at} are left")
        if tag in tagged:
            name, read = tagged[tag]
            values[name], _ = read(data[at : at + size], 0)
        at += size
    return at


def _item_reader(
    shape: Shape,
    defaults: Mapping[str, dict[str, Any]],
    allowance: Allowance,
    *,
    flexible: bool,
) -> Read:
    """Reads a field, or of one that is an array an item."""
    nullable = shape.nullable and not shape.array
    length16 = _length_reader(_INT16, flexible=flexible)
    length32 = _length_reader(_INT32, flexible=flexible)
    if is_dataclass(shape.kind):
        item = _struct_reader(shape.kind, defaults, allowance)  # type: ignore[arg-type]
        if nullable:
            item = _optional_reader(item)
    elif shape.kind == "string":
        item = _string_reader(length16, nullable=nullable)
    elif shape.kind in {"bytes", "records"}:
        item = _bytes_reader(length32, nullable=nullable)
    elif shape.kind == "uuid":
        item = _read_uuid
    else:
        item = _number_reader(_FORMS[shape.kind])
    return item


def _optional_reader(item: Read) -> Read:
    def read(data: Buffer, at: int) -> tuple[Any, int]:
        if _INT8.unpack_from(data, at)[0] < 0:
            return None, at + 1
        return item(data, at + 1)

    return read


_INT8 = struct.Struct(">b")


def compile_encoder(cls: type) -> Callable[[Output, Mapping[str, Any]], None]:
    """A function that writes a dict of the message's fields."""
    return _struct_writer(cls)


def _struct_writer(cls: type) -> Write:
    flexible: bool = cls.__flexible__  # type: ignore[attr-defined]
    plain, optional = [], []
    for shape in shapes(cls):
        item = _item_writer(shape, flexible=flexible)
        step = item
        if shape.array:
            step = _array_writer(_length_writer(_INT32, flexible=flexible), item)
        if shape.tag is None:
            plain.append(_part(shape, step, item, flexible=flexible))
        else:
            optional.append((shape.tag, shape, step))
    tagged = sorted(optional, key=lambda entry: entry[0])

    def write_tagged(out: Output, value: Any) -> None:
        given = [
            (tag, write, value[shape.name])
            for tag, shape, write in tagged
            if value.get(shape.name, shape.default) != shape.default
        ]
        write_varint(out.tail, len(given))
        for tag, write, item in given:
            data = Output()
            write(data, item)
            write_varint(out.tail, tag)
            write_varint(out.tail, data.size)
            out.tail += b"".join(data.parts())

    if flexible and not tagged:
        return unrolled.writer(plain, _write_no_tags)
    return unrolled.writer(plain, write_tagged if flexible else None)


def _write_no_tags(out: Output, value: Any) -> None:
    del value
    out.tail.append(0)


def _item_writer(shape: Shape, *, flexible: bool) -> Write:
    """Writes a field, or of one that is an array an item."""
    length16 = _length_writer(_INT16, flexible=flexible)
    length32 = _length_writer(_INT32, flexible=flexible)
    if is_dataclass(shape.kind):
        item = _struct_writer(shape.kind)  # type: ignore[arg-type]
        # A tagged field is there or not: it is never null.
        if shape.nullable and not shape.array and shape.tag is None:
            item = _optional_writer(item)
    elif shape.kind == "string":
        item = _string_writer(length16)
    elif shape.kind in {"bytes", "records"}:
        item = _bytes_writer(length32)
    elif shape.kind == "uuid":
        item = _write_uuid
    else:
        item = _number_writer(_FORMS[shape.kind])
    return item


def _optional_writer(item: Write) -> Write:
    def write(out: Output, value: Any) -> None:
        out.tail += _INT8.pack(-1 if value is None else 1)
        if value is not None:
            item(out, value)

    return write
