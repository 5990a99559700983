"""Field paths: what they name, and what is said where they name nothing."""

from __future__ import annotations

import pytest

from checker.errors import RequestError
from checker.language.machine import settings_of
from checker.language.resolving import state_type
from checker.language.states import snapshot
from checker.language.types import BOOL, EnumType, OptionType, PartType
from diagrams.paths import available, bind, universe
from examples.two_phase import TwoPhase
from tests.diagrams.machines import House, Lamp, Plan, Room

HOUSE = House(Room=2)
STATE = state_type(House, settings_of(HOUSE))


@pytest.mark.parametrize(
    ("path", "spelled", "values"),
    [
        ("porch.lamp", "porch.lamp", (Lamp.OFF,)),
        ("fixtures[room-1].lamp", "fixtures[room-1].lamp", (Lamp.ON,)),
        ("fixtures[ROOM-1].lamp", "fixtures[room-1].lamp", (Lamp.ON,)),
        ("fixtures[*].lamp", "fixtures[*].lamp", (Lamp.OFF, Lamp.ON)),
        ("fixtures[*].used", "fixtures[*].used", (0, 0)),
        ("sky[true]", "sky[True]", (Lamp.ON,)),
        ("sky[*]", "sky[*]", (Lamp.ON, Lamp.ON)),
        ("plan", "plan", (None,)),
        ("plan.lit", "plan.lit", (None,)),
        ("mood", "mood", (None,)),
    ],
)
def test_a_path_names_places(path: str, spelled: str, values: tuple[object, ...]) -> None:
    house = House(Room=2)
    house.switch_on(Room(1))
    view = bind(path, STATE)
    assert (view.path, view.values(snapshot(house, STATE))) == (spelled, values)
    assert view.overlay == (len(values) > 1)


def test_a_field_of_an_optional_record_is_optional() -> None:
    house = House(Room=2)
    house.make_plan(Room(1))
    assert bind("plan", STATE).values(snapshot(house, STATE)) == (Plan(Room(1), True),)
    view = bind("plan.room", STATE)
    assert view.values(snapshot(house, STATE)) == (Room(1),)
    assert isinstance(view.type, OptionType)


def test_every_available_path_can_be_bound_and_read() -> None:
    paths = list(available(STATE))
    assert paths == [
        "fixtures[*].lamp", "fixtures[*].used", "porch.lamp", "porch.used", "sky[*]", "plan",
        "plan.room", "plan.lit", "mood", "queue",
    ]  # fmt: skip
    for path in paths:
        assert bind(path, STATE).values(snapshot(HOUSE, STATE))


@pytest.mark.parametrize(
    "path",
    [
        "", "lamps", "porch.", ".porch", "porch..lamp", "porch lamp", "porch[room-0]",
        "fixtures.lamp", "fixtures[room-2]", "fixtures[]", "fixtures[room-0", "fixtures[*].lamp.x",
        "plan[*]", "queue[0]", "porch.lamp\n",
    ],
)  # fmt: skip
def test_what_names_nothing_is_answered_with_what_there_is(path: str) -> None:
    with pytest.raises(RequestError) as failure:
        bind(path, STATE)
    assert str(failure.value).startswith(f"V300: House has nothing at {path!r} to draw; ")
    assert "fixtures[*].lamp, fixtures[*].used, porch.lamp" in failure.value.hint
    assert "(fixtures[room-0] for one slot)" in failure.value.hint


def test_a_near_miss_is_guessed() -> None:
    kind = state_type(TwoPhase, settings_of(TwoPhase(RM=2)))
    with pytest.raises(RequestError, match=r"did you mean prepared\? there is rm\[\*\], tm, prep"):
        bind("prepard", kind)


def test_values_are_drawn_unreached_only_where_a_reader_expects_them() -> None:
    assert universe(EnumType(Lamp)) == list(Lamp)
    assert universe(OptionType(EnumType(Lamp))) == [None, *Lamp]
    assert universe(bind("sky[true]", STATE).type) == list(Lamp)
    assert universe(bind("porch.used", STATE).type) == []
    assert universe(bind("queue", STATE).type) == []


def test_of_very_many_paths_some_are_listed_and_the_rest_counted() -> None:
    wide = PartType(House, tuple((f"flag_{number}", BOOL) for number in range(45)))
    with pytest.raises(RequestError) as failure:
        bind("lamp", wide)
    assert failure.value.hint.startswith("there is flag_0, flag_1, ")
    assert failure.value.hint.endswith("flag_39 and 5 more")
