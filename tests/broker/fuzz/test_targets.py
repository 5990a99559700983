"""Whatever bytes come, each way in refuses them in its own words or takes them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.broker.fuzz import batches, recorded
from tests.broker.fuzz.frames import Frames
from tests.broker.fuzz.targets import TARGETS

RANDOM = st.randoms(use_true_random=False)


@given(RANDOM)
@settings(max_examples=150)
def test_requests_that_are_sound_are_taken(draw: random.Random) -> None:
    assert TARGETS["request"](Frames(draw).sound())


@given(RANDOM)
@settings(max_examples=300)
def test_requests_that_are_malformed(draw: random.Random) -> None:
    TARGETS["request"](Frames(draw).malformed())


@given(RANDOM)
@settings(max_examples=400)
def test_batches_that_are_damaged(draw: random.Random) -> None:
    TARGETS["batch"](batches.damaged(draw))


@pytest.mark.parametrize("name", TARGETS)
@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_noise(name: str, data: bytes) -> None:
    TARGETS[name](data)


def test_what_is_sound_is_taken_and_what_is_foul_is_not() -> None:
    assert all(TARGETS["batch"](each) for each in batches.sound())
    assert not any(TARGETS["batch"](each) for each in batches.foul())


def test_most_of_what_is_malformed_gets_past_the_header() -> None:
    """What is refused at once tells little: each way of ending comes up often."""
    frames = Frames(random.Random(1))
    taken = [TARGETS["request"](frames.malformed()) for _ in range(2000)]
    assert 400 < sum(taken) < 1600


def test_what_clients_were_recorded_with_is_taken() -> None:
    found = recorded.requests()
    assert len(found) > 40
    assert all(TARGETS["request"](each) for each in found)
