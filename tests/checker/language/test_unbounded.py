"""An integer without bounds is refused wherever it would be kept."""

from __future__ import annotations

import pytest

from checker import Index, Machine, Map, Set, action, check, each
from checker.errors import LanguageError


class Key(Index):
    """A key."""


class Plain(Machine):
    """It is a field."""

    x: int = 0

    @action
    def go(self) -> None:
        """Nothing happens."""


class Perhaps(Plain):
    """It may be there."""

    y: int | None = None


class Mapped(Plain):
    """It is there for each key, perhaps."""

    y: Map[Key, int | None] = each(None)


class Element(Plain):
    """It is an element."""

    y: Set[int]


@pytest.mark.parametrize("cls", [Plain, Perhaps, Mapped, Element])
def test_it_is_refused_with_what_to_write(cls: type[Machine]) -> None:
    settings = {"Key": 2} if cls is Mapped else {}
    with pytest.raises(LanguageError, match="an int without bounds") as told:
        check(cls(**settings))
    assert "Annotated[int, Range(low, high)]" in str(told.value)
