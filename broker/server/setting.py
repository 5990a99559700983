"""One thing that can be configured: its kind, its default, and which values it may have.

Sources: the configuration reference of Apache Kafka 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

MAX_INT = (1 << 31) - 1
MAX_LONG = (1 << 63) - 1


class Kind(IntEnum):
    """What a setting's values are; the numbers are those of DescribeConfigs."""

    BOOLEAN = 1
    STRING = 2
    INT = 3
    SHORT = 4
    LONG = 5
    DOUBLE = 6
    LIST = 7
    CLASS = 8
    PASSWORD = 9


class InvalidSetting(ValueError):  # noqa: N818 - what the value is
    """A name that is not known, or a value that it may not have; the message says which."""


@dataclass(frozen=True)
class Setting:
    """One thing that can be configured.

    least, most  of a number
    choices      of a string or a number, or of each item of a list
    dynamic      it may be changed while the broker runs
    """

    name: str
    kind: Kind
    default: Any
    least: float | None = None
    most: float | None = None
    choices: tuple[Any, ...] = ()
    dynamic: bool = False

    def parse(self, text: str) -> Any:
        """The value that a text stands for; `InvalidSetting` where it may not be."""
        try:
            value = _PARSE[self.kind](text.strip())
        except ValueError as error:
            raise self._invalid(text, f"it is no {self.kind.name.lower()}") from error
        if self.least is not None and value < self.least:
            raise self._invalid(text, f"it must be at least {self.least}")
        if self.most is not None and value > self.most:
            raise self._invalid(text, f"it must be at most {self.most}")
        items = value if self.kind is Kind.LIST else (value,)
        if self.choices and not set(items) <= set(self.choices):
            raise self._invalid(text, f"it must be of {', '.join(map(str, self.choices))}")
        return value

    def _invalid(self, text: str, why: str) -> InvalidSetting:
        shown = "" if self.kind is Kind.PASSWORD else f" {text!r}"
        return InvalidSetting(f"Invalid value{shown} for configuration {self.name}: {why}")

    def show(self, value: Any) -> str | None:
        """The text that stands for a value."""
        if value is None:
            return None
        if self.kind is Kind.BOOLEAN:
            return "true" if value else "false"
        return ",".join(value) if self.kind is Kind.LIST else str(value)


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


def _list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


_PARSE: Mapping[Kind, Any] = {
    Kind.BOOLEAN: _boolean,
    Kind.STRING: str,
    Kind.INT: int,
    Kind.SHORT: int,
    Kind.LONG: int,
    Kind.DOUBLE: float,
    Kind.LIST: _list,
    Kind.CLASS: str,
    Kind.PASSWORD: str,
}


def integer(name: str, default: int | None, least: int = 0, most: int = MAX_INT) -> Setting:
    """A whole number of 32 bits."""
    return Setting(name, Kind.INT, default, least, most)


def long(name: str, default: int | None, least: int = 0, most: int = MAX_LONG) -> Setting:
    """A whole number of 64 bits."""
    return Setting(name, Kind.LONG, default, least, most)


def boolean(name: str, default: bool) -> Setting:  # noqa: FBT001 - the value itself
    """A thing that is so or is not."""
    return Setting(name, Kind.BOOLEAN, default)


def double(name: str, default: float, least: float = 0, most: float | None = None) -> Setting:
    """A number with a fraction."""
    return Setting(name, Kind.DOUBLE, default, least, most)


def string(name: str, default: str | None, *choices: str) -> Setting:
    """Words; one of the choices, where there are any."""
    return Setting(name, Kind.STRING, default, choices=choices)
