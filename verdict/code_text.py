"""Values as Python expressions, with the imports that they need.

`Group(Member=2)`, `Prepared(rm=RM(0))`, `Set({RM(0), RM(1)})`: what a generated test is made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from checker import Bag, Index, Map, Record, Seq, Set
from checker.errors import RequestError
from checker.language.values import Value

OWN = ("checker", "model", "spec", "verdict")
"""This project's packages: they can be imported wherever it is installed."""


@dataclass
class Code:
    """Writes expressions, and remembers what they need.

    loaded  whether the machine is a user's file: its modules are then loaded from their places,
            for nobody knows whether they can be imported by name
    needed  names by the modules that they are imported from
    files   what each loaded module is called
    """

    loaded: bool = False
    needed: dict[str, set[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def name(self, cls: type[Any]) -> str:
        """The name of a class; RequestError where no module gives access to it."""
        if "<locals>" in cls.__qualname__:
            raise RequestError(
                f"{cls.__name__} is defined inside a function, where no test can import it",
                hint="move it to the top of its module",
            )
        module = cls.__module__
        if self.loaded and module.partition(".")[0] not in OWN:
            alias = self.files.setdefault(module, module.replace(".", "_"))
            return f"{alias}.{cls.__qualname__}"
        self.needed.setdefault(module, set()).add(cls.__qualname__.partition(".")[0])
        return cls.__qualname__

    def value(self, value: Any) -> str:
        """An expression whose value is equal to `value`."""
        match value:
            case Enum():
                return f"{self.name(type(value))}.{value.name}"
            case Index():
                return f"{self.name(type(value))}({value.position})"
            case Record():
                own: Any = value
                named = {each.name: getattr(own, each.name) for each in fields(own)}
                return f"{self.name(type(value))}({self.arguments(named)})"
            case Value():
                return self._container(value)
            case _:
                return repr(value)

    def arguments(self, named: Mapping[str, Any]) -> str:
        """`r=RM(0), n=2`."""
        return ", ".join(f"{name}={self.value(value)}" for name, value in named.items())

    def _container(self, value: Value) -> str:
        match value:
            case Map():
                items = (f"{self.value(k)}: {self.value(v)}" for k, v in value.items())
                form, inner = "Map", f"{{{', '.join(items)}}}"
            case Set():
                elements = ", ".join(map(self.value, value))
                form, inner = "Set", f"{{{elements}}}" if elements else ""
            case Seq():
                form, inner = "Seq", f"[{', '.join(map(self.value, value))}]"
            case Bag():
                every = [item for item in value for _ in range(value.count(item))]
                form, inner = "Bag", f"[{', '.join(map(self.value, every))}]"
            case _:
                raise TypeError(f"{value!r} is not a value of the language")
        self.needed.setdefault("verdict", set()).add(form)
        return f"{form}({inner})"
