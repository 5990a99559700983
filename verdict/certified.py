"""`verdict check --engine all`: a certificate that the engines find the same, up to a depth.

    group/smallest  python, z3 and native agree
        states first reached at 0, 1, 2 … steps: 1, 1, 2, 3, 5 …   (154 in 12 steps)
        shortest runs of at most 11 steps: somebody_waits 3; of 38 others there is none
        python 0.2 s, z3 30.1 s, native 0.5 s; stopped: the time is up

As JSON it is one object a machine, with `engines`, `levels`, `complete`, `lengths`, `asked`,
`seconds` and `stopped`, as `checker.Certificate` has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer
from rich.text import Text

import checker
from checker import Certificate
from verdict.options import Format
from verdict.output import PLAIN_WIDTH, console, replaced
from verdict.render_text import say
from verdict.render_trace import broken
from verdict.run import SEVERITY, Run, plan
from verdict.traces_itf import settings_data
from verdict.words import plural

SECONDS = 60.0
"""For z3, of each run, unless --timeout says otherwise."""


def certified(
    words: Sequence[str], config: str, style: Format, output: Path | None, seconds: float | None
) -> int:
    """Compare the engines on each run that is asked for, and write what comes of it; the status."""
    if style not in (Format.TEXT, Format.JSON):
        raise typer.BadParameter(f"a certificate is text or json, not {style.value}")
    statuses = []
    with replaced(output) as stream:
        for run in plan(words, configuration=config):
            found = checker.certify(
                run.machine(), configuration=run.configuration, seconds=seconds or SECONDS
            )
            if style is Format.JSON:
                stream.write(json.dumps(_data(run, found), ensure_ascii=False) + "\n")
            else:
                say(console(stream, plain=output is not None), *_pieces(run, found))
            stream.flush()
            statuses.append(found.exit_status)
    return min(statuses, key=SEVERITY.index, default=0)


def _pieces(run: Run, found: Certificate) -> Iterator[Text]:
    compared = found.exit_status == 0
    names = f"{', '.join(found.engines[:-1])} and {found.engines[-1]}"
    said = f"  {names} agree" if compared else "  nothing could be compared"
    mark = ("✓ ", "green") if compared else ("? ", "magenta")
    yield Text.assemble(mark, (run.title, "bold"), said)
    whole = "which are all" if found.complete else f"in {plural(len(found.levels) - 1, 'step')}"
    levels = ", ".join(f"{number:,}" for number in found.levels)
    told = f"{levels} ({sum(found.levels):,}, {whole})"
    yield from broken(Text("    states by steps from a start: ", "dim"), told, "", PLAIN_WIDTH)
    short = [f"{key} {length}" for key, length in found.lengths.items() if length is not None]
    others = len(found.lengths) - len(short)
    told = ", ".join([*short, f"{plural(others, 'property', 'properties')} without one"])
    head = Text(f"    states on shortest runs of at most {found.asked} steps: ", "dim")
    yield from broken(head, told, "", PLAIN_WIDTH)
    times = ", ".join(f"{engine} {seconds:.1f} s" for engine, seconds in found.seconds.items())
    stopped = f"; stopped: {found.stopped}" if found.stopped else ""
    yield Text(f"    {times}{stopped}", "dim")


def _data(run: Run, found: Certificate) -> dict[str, object]:
    return {
        "machine": run.target,
        "class": found.machine,
        "configuration": found.configuration,
        "settings": settings_data(found.settings),
        "engine": "all",
        "engines": list(found.engines),
        "levels": list(found.levels),
        "distinct": sum(found.levels),
        "complete": found.complete,
        "lengths": dict(found.lengths),
        "asked": found.asked,
        "seconds": {engine: round(seconds, 6) for engine, seconds in found.seconds.items()},
        "stopped": found.stopped,
        "exit_status": found.exit_status,
    }
