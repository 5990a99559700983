"""How events are written: one a line, as sentences for people or as JSON for machines.

    2026-11-21T10:03:47.123Z INFO topic orders created with 3 partitions
    {"time": "2026-11-21T10:03:47.123Z", "level": "INFO", "event": "topic_created", "message": …,
     "topic": "orders", "partitions": 3}

Names that clients chose are in them: what cannot be printed is escaped, so that a line stays a
line, and what is longer than `LONGEST` is cut.  Of each event so many in so many seconds are
written, few of those that are marked as what clients can cause as often as they like; the next one
that is written says how many were left out.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from broker.events import LOG, Event

LONGEST = 300
"""Characters of a field."""

MOST, PLENTY, SECONDS = 10, 1000, 10.0
"""How many lines are written in which time of a limited event, and of any other."""


def write_events(form: str, *, verbose: bool) -> None:
    """Have events written to stderr, as `text` or as `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    handler.addFilter(Limiter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    LOG.setLevel(logging.DEBUG if verbose else logging.INFO)


class TextLines(logging.Formatter):
    """Sentences."""

    def format(self, record: logging.LogRecord) -> str:
        """A line, and below it the trace of what was not expected."""
        line = f"{_time(record)} {record.levelname} {_sentence(record)}"
        left_out = getattr(record, "left_out", 0)
        if left_out:
            line += f" ({left_out} more like it were left out)"
        return line + _trace(record)


class JsonLines(logging.Formatter):
    """Objects."""

    def format(self, record: logging.LogRecord) -> str:
        """One object on one line."""
        event = getattr(record, "event", None)
        found: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "event": event.code if isinstance(event, Event) else "message",
            "message": _sentence(record),
            **_fields(record),
        }
        if getattr(record, "left_out", 0):
            found["left_out"] = record.__dict__["left_out"]
        if record.exc_info:
            found["trace"] = _trace(record).strip()
        return json.dumps(found)


class Limiter(logging.Filter):
    """Leaves events out where there are too many of them."""

    def __init__(self) -> None:
        super().__init__()
        self._since: dict[Event, float] = {}
        self._seen: dict[Event, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written."""
        event = getattr(record, "event", None)
        if not isinstance(event, Event):
            return True
        most = MOST if event.limited else PLENTY
        seen = self._seen.get(event, 0)
        if not 0 <= record.created - self._since.get(event, 0.0) < SECONDS:
            record.left_out = max(0, seen - most)
            self._since[event], seen = record.created, 0
        self._seen[event] = seen + 1
        return seen < most


def _time(record: logging.LogRecord) -> str:
    """RFC 3339, in UTC."""
    found = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return found.replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return {
        name: value if isinstance(value, int | float) or value is None else _cut(str(value))
        for name, value in fields.items()
    }


def _sentence(record: logging.LogRecord) -> str:
    event = getattr(record, "event", None)
    if isinstance(event, Event):
        shown = {name: _printable(str(value)) for name, value in _fields(record).items()}
        return event.sentence.format_map(shown)
    return _printable(_cut(record.getMessage()))


def _trace(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    lines = "".join(traceback.format_exception(record.exc_info[1])).splitlines()
    return "".join(f"\n    {_printable(line)}" for line in lines)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _printable(text: str) -> str:
    """The text, with escapes for what would move the cursor or end the line."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
