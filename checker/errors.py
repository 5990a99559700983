"""Every failure the project reports, as one drawn tree.

    VerdictError
    ├── LanguageError        V1xx  the machine's source is outside the language
    ├── ConfigurationError   V2xx  a size, bound or variant does not fit the machine
    ├── RequestError         V3xx  a name, path or option that means nothing
    ├── TraceError           V4xx  a trace file that is damaged or belongs elsewhere
    ├── OutputError          V5xx  a result that cannot be written
    └── EngineError          V6xx  an engine that cannot do its work here

Each carries a stable code, one line that says what is wrong, and a hint that says what to do
instead.  None of them is ever shown with a stack trace: the command line prints `str(error)`
and exits with status 2.
"""

from __future__ import annotations

import linecache
import re
from dataclasses import dataclass
from typing import ClassVar


class VerdictError(Exception):
    """A request that cannot be carried out, told in one line with a hint."""

    code: ClassVar[str] = "V000"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.code}: {self.message}{hint}"


@dataclass(frozen=True)
class Span:
    """A place in a source file: lines count from 1, columns from 0 as Python's ast does.

    text             the line on which it begins
    end_column       where it ends there
    after, after_column    for a place of several lines, the last one and where it ends on that
    """

    file: str
    line: int
    column: int
    end_column: int
    text: str
    after: int = 0
    after_column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column + 1}"

    def code(self) -> str:
        """What stands there, on one line."""
        if not self.after:
            return self.text[self.column : self.end_column]
        lines = [linecache.getline(self.file, n) for n in range(self.line, self.after + 1)]
        parts = [lines[0][self.column :], *lines[1:-1], lines[-1][: self.after_column]]
        bare = " ".join(part.split("#")[0] for part in parts)  # machines have no strings
        return re.sub(r"(?<=[(\[{]) | (?=[)\]}])", "", " ".join(bare.split()))

    def caret(self) -> str:
        """The source line with a caret under the place."""
        width = max(1, min(self.end_column, len(self.text)) - self.column)
        return f"    {self.text}\n    {' ' * self.column}{'^' * width}"


class LanguageError(VerdictError):
    """A construct outside the language, with its place and what to write instead."""

    code = "V100"

    def __init__(self, message: str, *, span: Span | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.span = span

    def __str__(self) -> str:
        if self.span is None:
            return super().__str__()
        lines = [f"{self.span}: {self.code}: {self.message}", self.span.caret()]
        if self.hint:
            lines.append(f"    write instead: {self.hint}")
        return "\n".join(lines)


class ConfigurationError(VerdictError):
    """A size, bound or design variant that the machine cannot take."""

    code = "V200"


class RequestError(VerdictError):
    """A machine, configuration, property or option that does not exist."""

    code = "V300"


class TraceError(VerdictError):
    """A trace file that is malformed, truncated, or of another machine or configuration."""

    code = "V400"


class OutputError(VerdictError):
    """A result that cannot be written where it was asked for."""

    code = "V500"


class EngineError(VerdictError):
    """An engine that cannot do its work here: no compiler, no memory, no solver."""

    code = "V600"
