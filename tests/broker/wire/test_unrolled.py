"""Functions made for a struct, beside one function for each of its fields."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest
from kio.index import load_request_schema, load_response_schema

from broker.wire import codec
from broker.wire.apis import APIS, Api
from broker.wire.codec import Malformed, compile_decoder, compile_encoder
from broker.wire.output import Output
from broker.wire.unrolled import Part
from tests.broker.wire.test_codec import bytes_of, name, sample

TELLING = (0, 1, 2, 0x7E, 0x7F, 0x80, 0x81, 0xFE, 0xFF)
"""Bytes at which a length is null, the longest of one byte, of two bytes, or no length at all."""


def both(monkeypatch: pytest.MonkeyPatch, compiled: Any, cls: type) -> tuple[Any, Any]:
    """A function that was made, and the same field by field."""
    whole = codec._part

    def stepwise(*given: Any, **more: Any) -> Part:
        part = whole(*given, **more)
        return Part(part.name, part.step, default=part.default)

    made = compiled(cls)
    with monkeypatch.context() as patched:
        patched.setattr(codec, "_part", stepwise)
        return made, compiled(cls)


def outcome(decode: Any, body: bytes) -> Any:
    """What was read; or that nothing can be, whose words may be others."""
    try:
        return bytes_of(decode(memoryview(body), 0))
    except Malformed:
        return Malformed


def written(encode: Any, message: Any) -> Any:
    """What was written, or why that cannot be: fields that have no default were left out."""
    out = Output()
    try:
        encode(out, message)
    except (AttributeError, TypeError, struct.error) as error:
        return type(error)
    return b"".join(out.parts())


def spoilt(chance: random.Random, body: bytes) -> bytes:
    """With one or two of its bytes others, and perhaps cut short."""
    found = bytearray(body)
    for _ in range(chance.randint(1, 2)):
        found[chance.randrange(len(found))] = chance.choice(TELLING)
    return bytes(found[: chance.choice((len(found), chance.randrange(len(found)) + 1))])


@pytest.mark.parametrize("api", APIS.values(), ids=name)
def test_bytes_are_read_alike(monkeypatch: pytest.MonkeyPatch, api: Api) -> None:
    chance = random.Random(api.key)
    for version in range(api.oldest, api.newest + 1):
        schema: Any = load_request_schema(api.key, version)
        decode, stepwise = both(monkeypatch, compile_decoder, schema)
        body = written(compile_encoder(schema), sample(schema))
        assert outcome(decode, body) == outcome(stepwise, body)
        for _ in range(40 if body else 0):
            wrong = spoilt(chance, body)
            assert outcome(decode, wrong) == outcome(stepwise, wrong), (version, wrong)


def lessened(chance: random.Random, message: Any) -> Any:
    """With fields left out, null, empty or long, as it comes."""
    if isinstance(message, list):
        return [lessened(chance, item) for item in message] * chance.choice((0, 1, 1, 64))
    if isinstance(message, str):
        return chance.choice((message, "", "x" * 125, "x" * 126, "x" * 127, "ä" * 100))
    if not isinstance(message, dict):
        return message
    kept = {key: lessened(chance, item) for key, item in message.items() if chance.random() < 0.8}
    empty = {key: None for key, item in kept.items() if isinstance(item, list | str | bytes)}
    return {**kept, **{key: None for key in empty if chance.random() < 0.2}}


@pytest.mark.parametrize("api", APIS.values(), ids=name)
def test_messages_are_written_alike(monkeypatch: pytest.MonkeyPatch, api: Api) -> None:
    chance = random.Random(api.key)
    for version in range(api.oldest, api.newest + 1):
        schema: Any = load_response_schema(api.key, version)
        encode, stepwise = both(monkeypatch, compile_encoder, schema)
        message = sample(schema)
        assert isinstance(written(encode, message), bytes)
        assert written(encode, message) == written(stepwise, message)
        for _ in range(4):
            other = lessened(chance, message)
            assert written(encode, other) == written(stepwise, other), version
