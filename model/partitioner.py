"""Which partition a key belongs to: murmur2, as Kafka's default partitioner has it.

The hash is Austin Appleby's MurmurHash2 for 32 bits with the seed 0x9747b28c, its result taken as
a signed integer, and made positive by dropping the sign bit: not its absolute value, which the
smallest integer does not have.  Clients in other languages agree as long as they do exactly that.

A record without a key goes to any partition; which one is the producer's affair.

The machine of routing knows nothing of this: nothing in the protocol depends on which function
it is, as long as it is one.

Source: org.apache.kafka.common.utils.Utils.murmur2 and toPositive; BuiltInPartitioner.
"""

from __future__ import annotations

SEED = 0x9747B28C
MULTIPLIER = 0x5BD1E995
SHIFT = 24
WORD = 0xFFFFFFFF
SIGN = 0x80000000
POSITIVE = 0x7FFFFFFF


def murmur2(data: bytes) -> int:
    """The hash of some bytes, from -2**31 to 2**31 - 1."""
    value = SEED ^ len(data)
    whole = len(data) - len(data) % 4
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * MULTIPLIER & WORD
        word = (word ^ word >> SHIFT) * MULTIPLIER & WORD
        value = value * MULTIPLIER & WORD ^ word
    if rest := data[whole:]:
        value = (value ^ int.from_bytes(rest, "little")) * MULTIPLIER & WORD
    value = (value ^ value >> 13) * MULTIPLIER & WORD
    value ^= value >> 15
    return value - 2 * (value & SIGN)


def partition_for_key(key: bytes, partitions: int) -> int:
    """The partition of a key, from 0 to `partitions` - 1; `partitions` is at least 1."""
    return (murmur2(key) & POSITIVE) % partitions
