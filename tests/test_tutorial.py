"""The documentation's code runs, and prints what it says it prints.

A document is a story: its blocks are followed in order, in one empty folder.

    ```python file=lock.py      the file's content
    ```python add=lock.py       more of it, at the end (indented: more of its last class)
    ```diff file=lock.py        a change: lines with - become lines with +
    <!-- undo lock.py -->       the file as it was before its last change
    ```pycon                    a Python session, as doctest reads it
    ```console                  commands after $, and what they print

Durations differ from run to run and are compared as equal.  Any other word after ``` is not
run.  When output changes on purpose, write it anew and look at the difference:

    REWRITE=1 pytest tests/test_tutorial.py
"""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from checker import check

DOCS = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(
    r"^```(?P<language>\w+)[ ]?(?P<info>[^\n]*)\n(?P<text>.*?)^```$|^<!-- undo (?P<undo>\S+) -->$",
    re.MULTILINE | re.DOTALL,
)
DURATION = re.compile(r"(?<![\w.])\d+\.\d+ ?s\b")
SECONDS = 120


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what follows it on that line, its text, and its line."""

    language: str
    info: dict[str, str]
    text: str
    line: int
    start: int
    end: int


def blocks(document: str) -> Iterator[Block]:
    """The blocks of a document, in order."""
    for match in BLOCK.finditer(document):
        line = document.count("\n", 0, match.start()) + 1
        if match["undo"]:
            yield Block("undo", {"file": match["undo"]}, "", line, match.start(), match.end())
            continue
        info = dict(word.split("=", 1) for word in match["info"].split())
        yield Block(
            match["language"], info, match["text"], line, match.start("text"), match.end("text")
        )


@dataclass
class Story:
    """A document that is being followed in `folder`; `rewritten` is what it should say."""

    document: str
    folder: Path
    rewrite: bool
    status: int = 0
    before: dict[str, str] = field(default_factory=dict)
    rewritten: str = ""
    ran: int = 0

    def follow(self) -> None:
        """Do what every block says; AssertionError where the output differs."""
        done = 0
        for block in blocks(self.document):
            self.rewritten += self.document[done : block.start]
            self.rewritten += self._carry_out(block)
            done = block.end
        self.rewritten += self.document[done:]

    def _carry_out(self, block: Block) -> str:
        match block.language:
            case "python" if "file" in block.info:
                self._write(block.info["file"], block.text)
            case "python" if "add" in block.info:
                name = block.info["add"]
                self._write(name, f"{self._read(name)}\n{block.text}")
            case "diff":
                self._change(block)
            case "undo":
                self._write(block.info["file"], self.before[block.info["file"]])
                return self.document[block.start : block.end]
            case "pycon":
                self._session(block)
            case "console":
                return self._console(block)
        return block.text

    def _read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        if path.exists():
            self.before[name] = self._read(name)
        path.write_text(text, encoding="utf-8")

    def _change(self, block: Block) -> None:
        name = block.info["file"]
        lines = block.text.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if not line.startswith("+"))
        new = "".join(line[1:] for line in lines if not line.startswith("-"))
        text = self._read(name)
        assert text.count(old) == 1, f"line {block.line}: found {text.count(old)} times:\n{old}"
        self._write(name, text.replace(old, new))

    def _session(self, block: Block) -> None:
        self.ran += 1
        (self.folder / "session.txt").write_text(block.text, encoding="utf-8")
        done = self._run([sys.executable, "-m", "doctest", "session.txt"])
        assert done.returncode == 0, f"line {block.line}:\n{done.stdout}"

    def _console(self, block: Block) -> str:
        shown = []
        for command, expected in commands(block.text):
            self.ran += 1
            done = self._run(["bash", "-c", f"(exit {self.status}); {command}"])
            self.status = done.returncode
            same = timeless(done.stdout) == timeless(expected)
            assert same or self.rewrite, f"line {block.line}: $ {command}\n{done.stdout}"
            shown.append(f"$ {command}\n{expected if same else tidy(done.stdout)}")
        return "".join(shown)

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        here = str(Path(sys.executable).parent)
        environment = {
            **{name: value for name, value in os.environ.items() if "PYTEST" not in name},
            "PATH": os.pathsep.join([here, os.environ["PATH"]]),
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )


def commands(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the output that is shown under it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def tidy(output: str) -> str:
    """Output without blanks at the ends of lines and without blank lines at its end."""
    return "".join(f"{line.rstrip()}\n" for line in output.rstrip().splitlines())


def timeless(output: str) -> str:
    """Tidy output with every duration alike."""
    return DURATION.sub("0.0 s", tidy(output))


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    path = DOCS / "tutorial.md"
    rewrite = bool(os.environ.get("REWRITE"))
    story = Story(path.read_text(encoding="utf-8"), tmp_path, rewrite)
    story.follow()
    assert story.ran > 10
    if rewrite:
        path.write_text(story.rewritten, encoding="utf-8")
    else:
        assert story.rewritten.count("```") == story.document.count("```")


def test_the_machine_in_the_language_page_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DOCS / "language.md").read_text(encoding="utf-8")
    listing = next(b.text for b in blocks(text) if "class Vote(Machine)" in b.text)
    (tmp_path / "vote_of_the_page.py").write_text(listing, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    verdict = check(importlib.import_module("vote_of_the_page").Vote(RM=2))
    assert (verdict.exit_status, verdict.distinct) == (0, 4)


def follow(document: str, folder: Path) -> Story:
    story = Story(document, folder, rewrite=False)
    story.follow()
    return story


LOCK = "```python file=lock.py\ndef free():\n    return True\n```\n"


def test_a_story_runs_sessions_and_commands_on_its_files(tmp_path: Path) -> None:
    session = "```pycon\n>>> import lock\n>>> lock.free()\nTrue\n```\n"
    console = "```console\n$ wc -l < lock.py\n2\n$ exit 3\n$ echo $?\n3\n```\n"
    story = follow(LOCK + session + console, tmp_path)
    assert story.ran == 4
    assert story.rewritten == story.document


def test_a_change_is_made_and_undone(tmp_path: Path) -> None:
    change = "```diff file=lock.py\n def free():\n-    return True\n+    return False\n```\n"
    follow(LOCK + change, tmp_path)
    assert (tmp_path / "lock.py").read_text() == "def free():\n    return False\n"
    follow(LOCK + change + "<!-- undo lock.py -->\n", tmp_path)
    assert (tmp_path / "lock.py").read_text() == "def free():\n    return True\n"


@pytest.mark.parametrize(
    "block",
    [
        "```console\n$ echo open\nclosed\n```\n",
        "```pycon\n>>> 1 + 1\n3\n```\n",
        "```diff file=lock.py\n-    return None\n+    return False\n```\n",
    ],
)
def test_a_story_that_is_not_true_is_refused(tmp_path: Path, block: str) -> None:
    with pytest.raises(AssertionError, match="line 5"):
        follow(LOCK + block, tmp_path)


def test_durations_are_alike() -> None:
    output = "8 states, 0.31 s \n1 passed in 2.50s\n\n"
    assert timeless(output) == "8 states, 0.0 s\n1 passed in 0.0 s\n"
