"""The shape of the project itself: what every package owes, and the bounds on its code."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
LONGEST_FUNCTION = 60


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def test_every_folder_with_code_is_shipped_or_named_as_not() -> None:
    beside = {"bench", "docs", "examples", "tests"}
    code = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert code - beside == set(PACKAGES)


def test_the_readme_is_the_package_s_page_too() -> None:
    assert (PROJECT["project"].get("readme") == "README.md") == (ROOT / "README.md").exists()


def test_import_contracts_cover_every_package() -> None:
    assert sorted(PROJECT["tool"]["importlinter"]["root_packages"]) == sorted(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_package_has_types_a_docstring_and_a_face_that_exists(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
    module = importlib.import_module(package)
    assert module.__doc__
    for name in getattr(module, "__all__", ()):
        assert hasattr(module, name), name


def test_verdict_alone_is_enough() -> None:
    checker = importlib.import_module("checker")
    verdict = importlib.import_module("verdict")
    assert set(checker.__all__) <= set(verdict.__all__)
    assert all(getattr(verdict, name) is getattr(checker, name) for name in checker.__all__)


def test_every_module_opens_with_its_theory() -> None:
    bare = [
        str(path.relative_to(ROOT))
        for path in sources()
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert bare == []


def test_functions_are_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_both_locks_pin_the_same() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    locked = {entry["name"]: entry["version"] for entry in lock["package"]}
    del locked[PROJECT["project"]["name"]]
    pins = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", pins, flags=re.MULTILINE))
    extras = [
        found for extra in PROJECT["project"]["optional-dependencies"].values() for found in extra
    ]
    optional = {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in extras}
    assert pinned.items() <= locked.items()
    assert locked.keys() - pinned.keys() <= optional
    assert "://" not in pins


def test_an_import_upwards_is_refused(tmp_path: Path) -> None:
    """The contracts bite: they are shown a checker that imports the model."""
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    for part in ("engines", "language", "errors"):
        (tmp_path / "checker" / f"{part}.py").write_text("")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())

    def lint() -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert lint().returncode == 0
    (tmp_path / "checker" / "language.py").write_text("import model\n")
    broken = lint()
    assert broken.returncode == 1
    assert "checker.language -> model" in broken.stdout
