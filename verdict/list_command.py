"""`verdict list`: which machines there are, and what there is to know of one of them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from checker import Configuration
from checker.language.configuring import survey
from checker.language.domains import shown
from checker.language.listing import listing
from checker.language.lowering import lower
from checker.language.machine import Method, declaration
from checker.language.resolving import Name
from verdict import options, registry
from verdict.options import Format
from verdict.output import console, replaced
from verdict.registry import Target
from verdict.render_text import say
from verdict.run import plan
from verdict.words import plural

PROPERTIES = ("invariant", "step", "reachable", "terminal", "eventually", "refines")


@dataclass(frozen=True)
class Entry:
    """What a machine declares; of its settings, sizes and bounds come before variants."""

    target: Target
    settings: tuple[Name, ...]
    actions: tuple[Method, ...]
    properties: tuple[Method, ...]
    configurations: tuple[Configuration, ...]

    @property
    def sentence(self) -> str:
        """The first line of the machine's docstring."""
        return (inspect.getdoc(self.target.cls) or "").partition("\n")[0]

    @property
    def hazards(self) -> list[str]:
        """The properties that are expected to be false somewhere."""
        return sorted({hazard for each in self.configurations for hazard in each.hazards})


def entry(target: Target) -> Entry:
    """What the machine `target` declares."""
    declared = declaration(target.cls)
    return Entry(
        target,
        tuple(sorted(survey(target.cls).values(), key=lambda name: name.kind == "variant")),
        tuple(declared.of("initial", "action")),
        tuple(declared.of(*PROPERTIES)),  # type: ignore[arg-type]
        target.cls.configurations,
    )


def list_machines(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="MACHINE|K=V", help="One machine; all of them if unset."),
    ] = None,
    ir: Annotated[
        bool, typer.Option("--ir", help="The machine as the engines see it, lowered.")
    ] = False,
    config: options.Config = "",
    format: options.Style = Format.TEXT,  # noqa: A002 - the option's name
    output: options.Output = None,
) -> None:
    """Machines, configurations, properties, hazards."""
    if format not in (Format.TEXT, Format.JSON):
        raise typer.BadParameter(f"a list is text or json, not {format.value}")
    if ir:
        _list_ir(words or [], config, output)
        return
    machines = [word for word in words or [] if "=" not in word]
    targets = [found for word in machines for found in _targets(word)] or registry.everything()
    entries = [entry(target) for target in targets]
    with replaced(output) as stream:
        printer = console(stream, plain=output is not None)
        for each in entries:
            if format is Format.JSON:
                stream.write(json.dumps(entry_data(each), ensure_ascii=False) + "\n")
                continue
            say(printer, *(_whole if len(machines) == 1 == len(entries) else _brief)(each))


def _list_ir(words: list[str], config: str, output: Path | None) -> None:
    runs = plan(words, configuration=config)
    with replaced(output) as stream:
        # One listing a machine: its first configuration, unless one is named.
        for run in {run.target: run for run in reversed(runs)}.values():
            stream.write(listing(lower(run.machine())))


def _targets(word: str) -> Iterator[Target]:
    """The machine that `word` means; all those of a file that has several."""
    path = Path(word)
    if word.endswith(".py") and path.is_file():
        for cls in registry.machines_of(registry.load(path)):
            yield Target(f"{word}:{cls.__name__}", cls)
    else:
        yield registry.find(word)


def entry_data(found: Entry) -> dict[str, Any]:
    """A machine as JSON data."""
    return {
        "machine": found.target.name,
        "class": found.target.cls.__name__,
        "sentence": found.sentence,
        "settings": [
            {
                "name": name.name,
                "kind": name.kind,
                "values": _values(name),
                "default": _default(name),
            }
            for name in found.settings
        ],
        "actions": [{"name": each.name, "sentence": each.sentence} for each in found.actions],
        "properties": [
            {
                "id": each.promise.id,
                "kind": each.mark.kind,
                "sentence": each.promise.sentence,
                "source": each.promise.source,
                "guards": each.promise.guards,
            }
            for each in found.properties
        ],
        "configurations": [
            {
                "name": each.name,
                "about": each.about,
                "settings": {name: _plain(value) for name, value in each.settings.items()},
                "hazards": sorted(each.hazards),
            }
            for each in found.configurations
        ],
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else shown(value)


def _default(name: Name) -> Any:
    return None if name.default is None else _plain(name.default)


def _values(name: Name) -> list[str]:
    """What a variant can be; empty for a size or a bound."""
    if name.kind != "variant" or name.type.count is None:
        return []
    return [shown(value) for value in name.type.universe()]


def _brief(found: Entry) -> Iterator[RenderableType]:
    yield Text.assemble((found.target.name, "bold"), f"  {found.sentence}")
    named = "; ".join(each.name for each in found.configurations) or "none named"
    actions = plural(len(found.actions), "action")
    properties = plural(len(found.properties), "property", "properties")
    table = _table()
    table.add_row("", Text("configurations", "dim"), named)
    if found.hazards:
        table.add_row("", Text("hazards", "dim"), ", ".join(found.hazards))
    table.add_row("", Text("declares", "dim"), f"{actions}, {properties}")
    yield table
    yield Text()


def _whole(found: Entry) -> Iterator[RenderableType]:
    cls = found.target.cls
    yield Text.assemble((found.target.name, "bold"), f"  {found.sentence}")
    yield Text(f"  {cls.__module__}.{cls.__qualname__}", "dim")
    yield from _section("Settings", ((s.name, s.kind, _about(s)) for s in found.settings))
    yield from _section("Actions", ((a.name, a.mark.kind, a.sentence) for a in found.actions))
    declared = ((p.promise.id, p.mark.kind, p.promise.sentence) for p in found.properties)
    yield from _section("Properties", declared)
    named = ((c.name, _settings(c), _hazards(c)) for c in found.configurations)
    yield from _section("Configurations", named)


def _section(title: str, rows: Iterable[tuple[str, str, str]]) -> Iterator[RenderableType]:
    table = _table()
    for name, kind, sentence in rows:
        table.add_row("", Text(name, "bold"), Text(kind, "dim"), Text(sentence))
    if not table.row_count:
        return
    yield Text()
    yield Text(title)
    yield table


def _table() -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    return table


def _about(name: Name) -> str:
    parts = [name.about.rstrip(".")] if name.about else []
    if values := _values(name):
        parts.append(f"one of {', '.join(values)}")
    parts.append("must be given" if name.default is None else f"{_default(name)} unless given")
    return "; ".join(parts)


def _settings(each: Configuration) -> str:
    return " ".join(f"{name}={shown(value)}" for name, value in each.settings.items())


def _hazards(each: Configuration) -> str:
    hazards = f"hazards: {', '.join(sorted(each.hazards))}" if each.hazards else ""
    return "; ".join(part for part in (each.about.rstrip("."), hazards) if part)


__all__ = ["list_machines"]
