"""The partitioner gives what Kafka's gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.partitioner import murmur2, partition_for_key

# Those of Kafka's own UtilsTest.testMurmur2.
VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("data", VECTORS)
def test_the_hash_is_kafkas(data: bytes) -> None:
    assert murmur2(data) == VECTORS[data]


def test_a_negative_hash_loses_its_sign_bit() -> None:
    """And is not negated, nor taken modulo as it is."""
    assert partition_for_key(b"21", 10) == (-973932308 & 0x7FFFFFFF) % 10 == 0
    assert partition_for_key(b"21", 10) != abs(-973932308) % 10
    assert partition_for_key(b"foobar", 7) == (-790332482 + 2**31) % 7 != -790332482 % 7


@given(st.binary(max_size=70), st.integers(1, 200))
def test_every_key_has_a_partition(key: bytes, partitions: int) -> None:
    assert -(2**31) <= murmur2(key) < 2**31
    assert 0 <= partition_for_key(key, partitions) < partitions
