"""docs/museum.md, made of the museum's entries and of the lengths that the tests have pinned.

python -m tests.verdict.museum_page      writes it anew
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from checker.language.domains import shown
from model.museum import ENTRIES, Entry, Exhibit
from model.museum.compaction import COMPACTION
from model.museum.groups import GROUPS
from model.museum.producers import PRODUCERS
from model.museum.replication import REPLICATION
from tests.verdict.museum_lengths import LENGTHS
from verdict.registry import name_of

WIDTH = 100
PAGE = Path(__file__).parents[2] / "docs" / "museum.md"

INTRODUCTION = """\
# The museum

Protocol bugs that Kafka had, and hazards that it has by choice. Each that a machine of this project
can express is switched on by a setting, so that the checker finds the failure by itself:

    verdict museum               all of them: every broken design breaks, every fixed one holds
    verdict museum KIP-534       one, with the shortest trace, and what mended it

The broken design and the fixed one are searched exhaustively, on the same sizes and bounds; the run
is green only when the property named is false in the one and holds in the other. Lengths are of the
shortest traces, in states; of runs that go on for ever, of the stem and one round of the loop. A
hazard that is there to stay has one design, in which one property is false and a weaker one holds.

What no machine expresses is listed with the reason. `make check` runs the museum. This page is made
by `python -m tests.verdict.museum_page` from `model/museum/` and the lengths that the tests pin; a
test holds it to both.
"""

ROOMS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    ("Replication", REPLICATION),
    ("Compaction, and a single log", COMPACTION),
    ("Producers", PRODUCERS),
    ("Groups, members, commits", GROUPS),
)


def page() -> str:
    """The whole page."""
    assert tuple(entry for _, entries in ROOMS for entry in entries) == ENTRIES
    rooms = (line for title, entries in ROOMS if entries for line in _room(title, entries))
    return "\n".join([INTRODUCTION, *rooms])


def _room(title: str, entries: tuple[Entry, ...]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    for entry in entries:
        yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    yield f"### {entry.name}: {entry.title}"
    yield ""
    yield textwrap.fill(entry.mechanism, WIDTH)
    yield ""
    if entry.exhibit is None:
        yield _point(f"**not shown**: {entry.reason}")
    else:
        yield from _exhibit(entry.name, entry.exhibit)
    yield _point(f"**mended by**: {entry.fixed_by}")
    yield ""


def _exhibit(name: str, exhibit: Exhibit) -> Iterator[str]:
    yield _point(f"**on** `{name_of(exhibit.machine)} {_settings(exhibit.settings)}`")
    broken = f"{exhibit.breaks} is false, {LENGTHS[name]} states"
    yield _point(f"**broken** {_design(exhibit.broken)}: {broken}")
    yield _point(f"**fixed** {_design(exhibit.fixed)}: {exhibit.mended} holds")


def _point(text: str) -> str:
    return textwrap.fill(f"- {text}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _design(variants: Mapping[str, Any]) -> str:
    return f"`{_settings(variants)}`" if variants else "as Kafka has it"


def _settings(settings: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={shown(value)}" for key, value in settings.items())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
