"""Requests of every kind with odd values and flipped bits: each is answered, or is no request.

A handler that fails in another way costs its client the connection, and is a fault.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from kio.index import load_request_schema

from broker.server.broker import Broker
from broker.server.caller import Caller
from broker.server.dispatch import Request, respond
from broker.wire import records
from broker.wire.apis import APIS, Api
from broker.wire.codec import Malformed, Shape, compile_encoder, shapes
from broker.wire.frames import Unsupported, read_header
from broker.wire.output import Output
from tests.broker.server.running import running

BATCH = bytes(records.build([(b"k", b"v")], 1000))
NUMBERS: dict[str, list[Any]] = {
    "bool": [True, False],
    "float64": [0.5],
    "int8": [0, 1, 2, -1, 4, 127, -128],
    "int16": [0, 1, -1, 3, 32_767],
    "uint16": [0, 1, 65_535],
    "error_code": [0, 1],
    "int32": [0, 0, 1, 1, -1, 5, 10_000, (1 << 31) - 1, -(1 << 31)],
    "timedelta_i32": [0, 0, 1, -1, 10_000, (1 << 31) - 1],
}
WIDE = [0, 1, -1, -2, -3, 5, 10_000, (1 << 63) - 1, -(1 << 63)]
TEXTS = ["t", "c", "g", "", "range", "consumer", "0", "__consumer_offsets", "x" * 300]


class Draw:
    """Messages from a seed."""

    def __init__(self, seed: int, ids: list[UUID]) -> None:
        self._draw = random.Random(seed)
        self._values: dict[Any, list[Any]] = {
            **NUMBERS,
            "string": TEXTS,
            "bytes": [b"", b"\0\1", bytes(10)],
            "records": [BATCH, BATCH, b"", bytes(100)],
            "uuid": [*ids, UUID(int=3)],
        }

    def frame(self, api: Api, version: int) -> bytearray:
        out = Output()
        schema = load_request_schema(api.key, version)
        compile_encoder(schema)(out, self._message(schema))
        body = bytearray(b"".join(out.parts()))
        if body and self._draw.random() < 0.3:
            body[self._draw.randrange(len(body))] ^= 1 << self._draw.randrange(8)
        head = struct.pack(">hhih", api.key, version, 1, -1)
        return bytearray(head + (b"\0" if version >= api.flexible else b"") + body)

    def api(self, apis: list[Api]) -> tuple[Api, int]:
        api = self._draw.choice(apis)
        return api, self._draw.randint(api.oldest, api.newest)

    def _message(self, schema: Any) -> dict[str, Any]:
        return {shape.name: self._field(shape) for shape in shapes(schema)}

    def _field(self, shape: Shape) -> Any:
        nullable = shape.nullable and shape.tag is None and shape.kind != "uuid"
        if nullable and self._draw.random() < 0.1:
            return None
        if shape.array:
            return [self._item(shape) for _ in range(self._draw.choice([0, 1, 1, 2]))]
        return self._item(shape)

    def _item(self, shape: Shape) -> Any:
        if is_dataclass(shape.kind):
            return self._message(shape.kind)
        return self._draw.choice(self._values.get(shape.kind, WIDE))


def send(broker: Broker, frame: bytearray) -> asyncio.Future[Any] | None:
    view = memoryview(frame)
    answer = respond(Request(broker, Caller("here"), read_header(view), view))
    return answer if isinstance(answer, asyncio.Future) else None


async def storm(broker: Broker, seed: int, count: int) -> None:
    """Send so many requests, and look at what became of those that wait."""
    ids = [broker.create_topic("t", 2, {}).topic_id]
    ids.append(broker.create_topic("c", 1, {"cleanup.policy": "compact"}).topic_id)
    broker.catalog.most_files = 2000
    draw, waiting = Draw(seed, ids), []
    for number in range(count):
        api, version = draw.api([APIS[key] for key in broker.handlers])
        with contextlib.suppress(Malformed, Unsupported):
            answer = send(broker, draw.frame(api, version))
            if answer is not None:
                waiting.append((api.key.name, answer))
        if not number % 50:
            await asyncio.sleep(0)
    for name, answer in waiting:
        if answer.done() and not answer.cancelled():
            assert answer.exception() is None, name
        answer.cancel()


@pytest.mark.parametrize(
    ("seed", "count"),
    [(1, 1500), *(pytest.param(seed, 20_000, marks=pytest.mark.slow) for seed in range(2, 8))],
)
def test_any_request_is_answered_or_is_none(tmp_path: Path, seed: int, count: int) -> None:
    with running(tmp_path) as broker:
        broker.call(lambda: storm(broker.server.broker, seed, count))
    with running(tmp_path) as broker:
        assert broker.server.directory.clean
