"""Loading the machines of these tests, in this process and in others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checker import Machine
from checker.check import chosen
from checker.language.lowering import lower
from checker.mutation import Subject
from tests.checker.mutation import machines


@dataclass(frozen=True)
class Named:
    """A machine of `machines`, in each of its configurations."""

    name: str
    only: frozenset[str] | None = None

    @property
    def cls(self) -> type[Machine]:
        """Its class."""
        found: type[Machine] = getattr(machines, self.name)
        return found

    def __call__(self) -> Sequence[Subject]:
        """What is mutated."""
        return [
            Subject(one.name, chosen(lower(self.cls(**one.settings)), hazards, self.only), hazards)
            for one in self.cls.configurations
            for hazards in [one.hazards if self.only is None else one.hazards & self.only]
        ]
