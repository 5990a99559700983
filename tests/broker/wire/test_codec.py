"""The codec beside kio's own reader and writer, message by message and version by version."""

from __future__ import annotations

import contextlib
import io
import struct
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kio.index import load_request_schema, load_response_schema
from kio.serial import entity_reader, entity_writer

from broker.wire.apis import APIS, Api, ApiKey, message_decoder, request_decoder, response_encoder
from broker.wire.codec import MOST_ITEMS, Malformed, Struct, compile_encoder, shapes
from broker.wire.output import WHOLE, Output


def name(case: Any) -> str:
    return case.key.name if isinstance(case, Api) else str(case)


SAMPLES: dict[Any, Any] = {
    "bool": True,
    "string": "ä topic",
    "bytes": b"\x00\x01",
    "records": b"r" * (WHOLE + 1),
    "uuid": UUID(int=7),
    "error_code": 3,
    "float64": 0.5,
}


def sample(cls: Any) -> dict[str, Any]:
    """A message in which every field differs from its default."""
    found: dict[str, Any] = {}
    for shape in shapes(cls):
        item = sample(shape.kind) if is_dataclass(shape.kind) else SAMPLES.get(shape.kind, 5)
        found[shape.name] = [item, item] if shape.array else item
    return found


def plain(value: Any) -> Any:
    """What kio read, as the handlers would see it."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, timedelta):
        return round(value.total_seconds() * 1000)
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    return int(value) if isinstance(value, IntEnum) else value


def bytes_of(value: Any) -> Any:
    """What our decoder read, comparably."""
    if hasattr(value, "__dict__"):
        return {key: bytes_of(item) for key, item in value.__dict__.items()}
    if isinstance(value, list):
        return [bytes_of(item) for item in value]
    return bytes(value) if isinstance(value, memoryview) else value


@pytest.mark.parametrize("api", APIS.values(), ids=name)
def test_what_is_written_is_what_kio_reads(api: Api) -> None:
    for version in range(api.oldest, api.newest + 1):
        schema: Any = load_response_schema(api.key, version)
        message = sample(schema)
        out = Output()
        response_encoder(api.key, version)(out, message)
        written = b"".join(out.parts())
        read, size = entity_reader(schema)(written, 0)
        assert size == len(written)
        assert plain(read) == message, version


@pytest.mark.parametrize("api", APIS.values(), ids=name)
def test_what_kio_writes_is_read(api: Api) -> None:
    for version in range(api.oldest, api.newest + 1):
        schema: Any = load_request_schema(api.key, version)
        message = sample(schema)
        out = Output()
        # Through our writer and kio's reader, for kio's objects are made of kio's own types.
        compile_encoder(schema)(out, message)
        entity, _ = entity_reader(schema)(b"".join(out.parts()), 0)
        stream = io.BytesIO()
        entity_writer(schema)(stream, entity)
        decoded = message_decoder(api.key, version)(memoryview(stream.getvalue()), 0)
        assert bytes_of(decoded) == message, version
        for cut in range(len(stream.getvalue())) if version == api.newest else ():
            with pytest.raises(Malformed):
                request_decoder(api.key, version)(memoryview(stream.getvalue())[:cut], 0)


def test_fields_of_other_versions_have_their_default() -> None:
    old = request_decoder(ApiKey.METADATA, 0)(memoryview(b"\0\0\0\0"), 0)
    assert old.topics == []
    assert old.allow_auto_topic_creation is True
    with pytest.raises(AttributeError, match="no version of MetadataRequest has a field topic"):
        _ = old.topic


def test_a_promise_of_more_than_there_is_is_refused() -> None:
    with pytest.raises(Malformed, match="2147483647 are promised where 0 bytes are left"):
        request_decoder(ApiKey.METADATA, 0)(memoryview(b"\x7f\xff\xff\xff"), 0)


def test_a_message_of_very_many_items_is_refused() -> None:
    decode = message_decoder(ApiKey.METADATA, 1)
    for count, fits in ((MOST_ITEMS, True), (MOST_ITEMS + 1, False)):
        body = memoryview(struct.pack(">i", count) + b"\0\0" * count)
        if fits:
            assert len(decode(body, 0).topics) == count
        else:
            with pytest.raises(Malformed, match=f"more than {MOST_ITEMS} items"):
                decode(body, 0)


@given(st.sampled_from(list(APIS.values())), st.data())
@settings(max_examples=150)
def test_any_bytes_are_a_message_or_malformed(api: Api, data: st.DataObject) -> None:
    version = data.draw(st.integers(api.oldest, api.newest))
    body = data.draw(st.binary(max_size=200))
    found: Struct | None = None
    with contextlib.suppress(Malformed):
        found = request_decoder(api.key, version)(memoryview(body), 0)
    assert found is None or type(found).__name__.endswith("Request")
