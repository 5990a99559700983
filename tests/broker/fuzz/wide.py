"""Requests with as many items as are wanted, in one of their arrays.

All items name the same, or each another thing.  Elsewhere the request has one item an array.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, is_dataclass
from typing import Any
from uuid import UUID

from kio.index import load_request_schema

from broker.wire.apis import Api
from broker.wire.codec import Shape, compile_encoder, shapes
from broker.wire.output import Output

Path = tuple[str, ...]
TOPIC_RESOURCE = 2


def arrays(api: Api, version: int) -> list[Path]:
    """Where a request has arrays: the fields that lead there."""
    return list(_arrays(load_request_schema(api.key, version), ()))


def _arrays(cls: Any, path: Path) -> Iterator[Path]:
    for shape in shapes(cls):
        here = (*path, shape.name)
        if shape.array:
            yield here
        if is_dataclass(shape.kind):
            yield from _arrays(shape.kind, here)


@dataclass
class Wide:
    """One request with `count` items at `path`.

    topic     what they name, where they all name the same
    distinct  each names another thing
    """

    path: Path
    count: int
    topic: UUID
    distinct: bool
    _number: int = field(default=0)

    def frame(self, api: Api, version: int) -> bytes:
        """The request, without its length."""
        schema, out = load_request_schema(api.key, version), Output()
        compile_encoder(schema)(out, self._message(schema, ()))
        head = struct.pack(">hhih", api.key, version, 1, -1)
        tags = b"\0" if version >= api.flexible else b""
        return head + tags + b"".join(bytes(part) for part in out.parts())

    def _message(self, cls: Any, path: Path) -> dict[str, Any]:
        return {shape.name: self._field(shape, (*path, shape.name)) for shape in shapes(cls)}

    def _field(self, shape: Shape, path: Path) -> Any:
        if shape.array:
            count = self.count if path == self.path else 1
            return [self._item(shape, path) for _ in range(count)]
        return self._item(shape, path)

    def _item(self, shape: Shape, path: Path) -> Any:
        if is_dataclass(shape.kind):
            return self._message(shape.kind, path)
        self._number += 1
        match shape.kind:
            case "string":
                return f"n_{self._number}" if self.distinct else "t"
            case "uuid":
                return UUID(int=self._number) if self.distinct else self.topic
            case "bytes" | "records":
                return b""
            case "bool":
                return True
            case "float64":
                return 0.0
            case "int8" | "int16":
                return TOPIC_RESOURCE if shape.name == "resource_type" else 1
            case _:
                return self._number % 30_000 if self.distinct else self._number % 2
