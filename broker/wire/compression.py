"""How records are compressed, so that every client can read them; `broker.wire.records` does.

gzip, zstd  one stream
lz4         one frame, of blocks that do not depend on each other: Java's reader wants that
snappy      blocks of 32 KiB under the header of Java's library: its reader knows no other
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import cramjam

from broker.wire.batches import Codec

LEVELS: Mapping[Codec, int] = MappingProxyType({Codec.GZIP: 6, Codec.LZ4: 9, Codec.ZSTD: 3})
"""How hard each tries where nobody says; gzip's own name for that is -1."""

XERIAL = b"\x82SNAPPY\x00"
_BLOCK = 32 << 10


def compress(codec: Codec, data: bytes, level: int | None = None) -> bytes:
    """A batch's records, compressed as hard as a level says, where the codec has levels."""
    if codec is Codec.NONE:
        return data
    if codec is Codec.SNAPPY:
        return b"".join(_snapped(data))
    chosen = LEVELS[codec] if level is None or (codec is Codec.GZIP and level < 0) else level
    if codec is Codec.LZ4:
        frame = cramjam.lz4.Compressor(chosen, content_checksum=False, block_linked=False)
        frame.compress(data)
        return bytes(frame.finish())
    library = cramjam.gzip if codec is Codec.GZIP else cramjam.zstd
    return bytes(library.compress(data, chosen))


def _snapped(data: bytes) -> Iterator[bytes]:
    yield XERIAL + struct.pack(">ii", 1, 1)
    for at in range(0, len(data), _BLOCK):
        block = bytes(cramjam.snappy.compress_raw(data[at : at + _BLOCK]))
        yield struct.pack(">i", len(block)) + block
