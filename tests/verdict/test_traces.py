"""Traces: to ITF and back without loss, and as Python that runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import checker
from checker import Bag, Machine, Map, Seq, Set, Snapshot, Trace
from checker.errors import TraceError
from checker.language.evaluator import Evaluator
from checker.language.lowering import lower
from checker.language.machine import settings_of
from checker.language.types import (
    BagType,
    BoolType,
    CollectionType,
    IntType,
    MapType,
    OptionType,
    PartType,
    SeqType,
    SetType,
    StructType,
    Type,
)
from checker.language.values import freeze
from tests.verdict.machines import Light, Zoo
from tests.verdict.running import LIGHT, MACHINES, TWO, ZOO, verdict
from verdict.traces_itf import About, about, document, document_text, trace
from verdict.values_itf import decode, encode

PROGRAM = lower(Zoo(Cell=2, Meals=3, Diary=2))
FORMS = {SetType: Set, SeqType: Seq, BagType: Bag}


def values(kind: Type) -> st.SearchStrategy[Any]:
    """Any value of a type, as a snapshot holds it."""
    if kind.count is not None and kind.count <= 64:
        return st.sampled_from(list(kind.universe()))
    match kind:
        case BoolType():
            return st.booleans()
        case IntType(low, high):
            return st.integers(low, high)
        case OptionType(item):
            return st.none() | values(item)
        case PartType(cls, named):
            parts = st.tuples(*(values(own) for _, own in named))
            names = [name for name, _ in named]
            return parts.map(lambda p: Snapshot(cls, tuple(zip(names, p, strict=True))))
        case StructType(cls, named):
            return st.builds(cls, **{name: values(own) for name, own in named})
        case MapType(key, item):
            keys = list(key.universe())
            rows = st.tuples(*(values(item) for _ in keys))
            return rows.map(lambda row: freeze(Map(dict(zip(keys, row, strict=True)))))
        case CollectionType(item, capacity):
            form = FORMS[type(kind)]
            return st.lists(values(item), max_size=capacity).map(lambda xs: freeze(form(xs)))
        case _:
            raise TypeError(kind)


@given(values(PROGRAM.state))
def test_a_state_survives_itf(state: Snapshot) -> None:
    text = json.dumps(encode(PROGRAM.state, state))
    assert decode(PROGRAM.state, json.loads(text), "here") == state


def walk(program: Any, data: st.DataObject, length: int) -> Trace:
    """A run of the machine, as an engine would hand it out."""
    from checker.engines.tracing import step

    evaluator = Evaluator(program)
    start = data.draw(st.sampled_from(list(evaluator.initial())))
    state, steps = start.state, []
    for _ in range(length):
        ways = list(evaluator.successors(state))
        if not ways:
            break
        taken = data.draw(st.sampled_from(ways))
        steps.append(step(taken.action, taken.arguments, state, taken.state))
        state = taken.state
    return Trace(
        program.name, program.settings, start.state, tuple(steps), start.action, start.arguments
    )


@settings(max_examples=40)
@given(st.data(), st.integers(0, 6))
def test_a_trace_survives_itf_and_is_a_run_again(data: st.DataObject, length: int) -> None:
    machine: Machine = Zoo(Cell=2, Meals=3, Diary=2)
    run = walk(PROGRAM, data, length)
    said = About("zoo", "small", {"Cell": "2"}, "modest", "invariant", "A sentence.", "violated")
    text = document_text(document(run, PROGRAM, said))
    again = json.loads(text)
    assert trace(again, PROGRAM) == run
    assert about(again).property == "modest"
    assert about(again).settings == {"Cell": "2", "Meals": "3", "Diary": "2", "loud": "True"}
    checker.replay(machine, trace(again, PROGRAM))


def test_a_lasso_keeps_its_loop() -> None:
    program = lower(Light())
    start = next(Evaluator(program).initial())
    lasso = Trace(program.name, program.settings, start.state, (), loop=0)
    assert trace(document(lasso, program, About("light")), program) == lasso


def test_the_document_is_what_readers_of_itf_expect() -> None:
    found = json.loads(verdict("check", ZOO, "-q", "-f", "json").out)
    (run,) = (p["trace"] for p in found["properties"] if p["id"] == "unread")
    assert run["#meta"]["format"] == "ITF"
    first, _, last = run["states"]
    assert set(run["vars"]) == set(last) - {"#meta"}
    assert first["mbt::actionTaken"] == "init"
    assert first["mbt::nondetPicks"] == {
        "favourite": {"tag": "Some", "value": {"tag": "None", "value": {"#tup": []}}}
    }
    assert last["#meta"] == {"index": 2, "actor": "keeper"}
    assert last["moods"] == {"#map": [["cell-0", "WILD"]]}
    assert last["meals"] == {"#bigint": "1"}
    assert last["awake"] == {"#set": ["cell-0"]}
    assert last["news"] == {"#map": []}
    assert last["boss"] == {"asleep": False, "seen": []}
    feed = {"tag": "Feed", "value": {"cell": "cell-0", "amount": {"#bigint": "2"}}}
    report = {"moods": {"#map": [["cell-0", "WILD"]]}, "last": {"tag": "Some", "value": feed}}
    assert last["pairs"] == {"#set": [report]}


def test_bags_say_how_often() -> None:
    kind = dict(PROGRAM.state.fields)["news"]
    shout = {"tag": "Shout", "value": {}}
    data = {"#map": [[shout, {"#bigint": "2"}]]}
    value = decode(kind, data, "news")
    assert len(value) == 2
    assert encode(kind, value) == data
    with pytest.raises(TraceError, match="3 elements are more than the 2"):
        decode(kind, {"#map": [[shout, {"#bigint": "3"}]]}, "news")


@pytest.mark.parametrize(
    ("field", "data", "wanted"),
    [
        ("meals", {"#bigint": "x"}, "a whole number is wanted"),
        ("meals", {"#bigint": "9"}, "9 is outside Meals"),
        ("meals", True, "#bigint"),
        ("favourite", {"tag": "Maybe", "value": 1}, "neither None nor Some"),
        ("favourite", "cell-0", '"tag" and "value"'),
        ("news", {"#map": [[1]]}, "a list of pairs is wanted"),
        ("news", {"#map": [[{"tag": "Cry", "value": {}}, 1]]}, "'Cry' is not one of Feed | Shout"),
        ("awake", {"#set": 1}, "a list is wanted"),
        ("boss", {"asleep": 1, "seen": []}, "boss.asleep: true or false is wanted"),
        ("boss", {"asleep": True, "seen": [{"tag": "Shout", "value": {}}] * 3}, "is outside"),
        ("boss", [], "has the fields asleep, seen, not list"),
    ],
)
def test_what_is_no_value_of_its_place_is_refused(field: str, data: Any, wanted: str) -> None:
    with pytest.raises(TraceError) as refused:
        decode(dict(PROGRAM.state.fields)[field], data, field)
    assert wanted in str(refused.value)
    assert field in str(refused.value)


def test_small_numbers_may_stand_alone() -> None:
    assert decode(dict(PROGRAM.state.fields)["meals"], 2, "meals") == 2


# ---------------------------------------------------------------- saved files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The traces of the zoo, of the light in all its breakages, and of two-phase commit."""
    place = tmp_path_factory.mktemp("traces")
    for words, status in (
        ((ZOO,), 0),
        ((LIGHT,), 1),
        ((LIGHT, "careless=true"), 1),
        ((f"{TWO}/majority",), 0),
    ):
        assert verdict("check", *words, "-q", "--save-traces", place).status == status
    return place


def test_every_trace_is_saved_twice(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert {name for name in names if name.startswith("Zoo")} == {
        f"Zoo-small-{name}.itf.json" for name in ("modest", "quiet", "unread", "restless")
    }
    assert "Light-carelesstrue-well-defined.itf.json" in names
    assert "test_light_carelesstrue_well_defined.py" in names
    assert len([name for name in names if name.endswith(".json")]) * 2 == len(names)


def test_every_saved_trace_can_be_shown_and_replayed(folder: Path) -> None:
    for path in sorted(folder.glob("*.json")):
        shown = verdict("trace", "show", path)
        assert shown.status == 0, shown
        assert "   1  start" in shown.out
        replayed = verdict("trace", "replay", path)
        assert replayed.status == 0, replayed
        assert "can take these" in replayed.out
        kind = json.loads(path.read_text(encoding="utf-8"))["#meta"]["verdict"]["kind"]
        told = {"reachable": "is true of the last state", "step": "is false of the last step"}
        if kind not in ("defect", "refines"):
            wanted = (
                "cannot be evaluated" if "readable" in path.name else told.get(kind, "is false")
            )
            assert wanted in replayed.out


def test_a_trace_is_shown_as_it_was_saved(folder: Path, tmp_path: Path) -> None:
    for path in sorted(folder.glob("*.json")):
        assert verdict("trace", "show", path, "-f", "json", "-o", tmp_path / "again").status == 0
        assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("form", "wanted"),
    [("sequence", "●"), ("mermaid", "sequenceDiagram"), ("dot", "digraph")],
)
def test_a_trace_is_drawn(folder: Path, form: str, wanted: str) -> None:
    said = verdict("trace", "show", folder / "TwoPhase-majority-lasting.itf.json", "-f", form)
    assert said.status == 0
    assert wanted in said.out
    assert "rm_receive_commit" in said.out


def test_a_trace_shown_is_what_the_check_showed(folder: Path) -> None:
    shown = verdict("trace", "show", folder / "TwoPhase-majority-lasting.itf.json").out
    checked = verdict("check", f"{TWO}/majority", "-q", "-p", "lasting").out
    lines = [line.strip() for line in shown.splitlines()[2:]]
    assert len(lines) > 15
    assert "\n".join(lines) in "\n".join(line.strip() for line in checked.splitlines())


def test_saved_python_runs(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    done = subprocess.run(
        [*command, "--rootdir", str(folder), str(folder)],
        capture_output=True, text=True, check=False, timeout=100, cwd=folder,
    )  # fmt: skip
    count = len(list(folder.glob("test_*.py")))
    assert count == len(list(folder.glob("*.json")))
    assert done.returncode == 0, done.stdout
    assert f"{count} passed" in done.stdout


def test_saved_python_fails_once_the_machine_is_mended(folder: Path, tmp_path: Path) -> None:
    text = MACHINES.read_text(encoding="utf-8").replace("self.ticks == 2", "self.ticks > 4")
    (tmp_path / "machines.py").write_text(text, encoding="utf-8")
    saved = (folder / "test_light_lgt_1.py").read_text(encoding="utf-8")
    place = next(line for line in saved.splitlines() if "load(" in line and "machines" in line)
    alias = place.partition(" = ")[0]  # another file of that name may have been loaded before
    here = f'{alias} = load(Path(__file__).parent / "machines.py")'
    (tmp_path / "test_again.py").write_text(saved.replace(place, here), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    done = subprocess.run(
        [*command, "--rootdir", str(tmp_path), "test_again.py"],
        capture_output=True, text=True, check=False, timeout=100, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Disabled" in done.stdout


def test_python_text_of_a_trace(folder: Path) -> None:
    text = (folder / "test_zoo_small_restless.py").read_text(encoding="utf-8")
    assert "machine.opened(favourite=None)" in text
    assert "before = deepcopy(machine)" in text
    assert "with configured(settings_of(machine)):" in text
    assert re.search(r"machine\.keepers\[machines\w*\.Cell\(0\)\]\.doze\(\)", text)
    assert "assert not before.restless(machine)" in text
    compile(text, "test", "exec")


def test_settings_of_a_trace_are_those_of_the_machine(folder: Path) -> None:
    data = json.loads((folder / "Zoo-small-quiet.itf.json").read_text(encoding="utf-8"))
    machine = Zoo(Cell=1, Meals=2, Diary=1)
    settings = data["#meta"]["verdict"]["settings"]
    assert settings == settings_of(machine).items()
