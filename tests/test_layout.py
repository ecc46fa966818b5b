"""The shape every file of the project keeps: sizes, opening sentences, names, and what may not be caught or written."""

from __future__ import annotations

import ast
import re
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = sorted((ROOT / "cockpitd").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SOURCES = [*PACKAGE, *TESTS]
TEXT_SUFFIXES = {".py", ".yaml", ".json", ".jsonl", ".toml", ".md", ".service", ".socket", ".txt", ".in", ""}

MAX_LINES = 400
MAX_MEDIAN_LINES = 120
MAX_FUNCTION_LINES = 40

FORBIDDEN_NAMES = re.compile(r"(^|_)(utils?|helpers?|manager|misc|common)\.py$")
CATCH_ALLS = {"turn": 1, "rpc": 1, "adapters": 2}
"""Part of the package -> how many `except Exception` it may hold.

They are the stage wrapper, the connection loop, and the worker loop (loading the engine, and each call).
"""

# Written in pieces, or this file would fail its own test.
MACHINE_PATHS = re.compile("(?<![\\w.~$}])/" + "(work|root|home/[a-z]+|tmp/w|Users)" + "/")


@cache
def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse("\n".join(lines(path)), str(path))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(tree(path))


def test_a_file_is_short() -> None:
    assert {name(path): len(lines(path)) for path in SOURCES if len(lines(path)) > MAX_LINES} == {}


def test_most_files_are_much_shorter() -> None:
    assert statistics.median(len(lines(path)) for path in PACKAGE) <= MAX_MEDIAN_LINES


def test_a_function_fits_on_a_screen() -> None:
    functions = [
        (f"{name(path)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [f"{where}: {length} lines" for where, length in functions if length > MAX_FUNCTION_LINES] == []


def test_a_module_opens_with_one_sentence() -> None:
    openings = {
        name(path): (ast.get_docstring(tree(path)) or "").split("\n\n")[0]
        for path in SOURCES
        if path in PACKAGE or lines(path)  # an empty __init__.py of a test folder has nothing to say
    }
    assert {where: text for where, text in openings.items() if not text.endswith(".") or "\n" in text} == {}


def test_a_file_is_named_after_what_it_holds() -> None:
    assert [name(path) for path in SOURCES if FORBIDDEN_NAMES.search(path.name)] == []


def test_everything_is_caught_in_three_places_only() -> None:
    found: dict[str, list[str]] = {}
    for path in PACKAGE:
        part = path.relative_to(ROOT / "cockpitd").parts[0]
        for node in nodes(path):
            if isinstance(node, ast.ExceptHandler) and _catches_everything(node):
                found.setdefault(part, []).append(f"{name(path)}:{node.lineno}")
    assert {part: places for part, places in found.items() if len(places) > CATCH_ALLS.get(part, 0)} == {}


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False  # tidies up and lets it go on
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(each, ast.Name) and each.id in ("Exception", "BaseException") for each in caught)


def test_a_test_waits_for_events_and_never_sleeps() -> None:
    sleeps = [
        f"{name(path)}:{node.lineno}"
        for path in TESTS
        if path.name.startswith("test_")
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "sleep"
        and not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0)
    ]
    assert sleeps == []


def test_no_file_names_the_machine_it_was_written_on() -> None:
    places = ["cockpitd", "models", "schemas", "systemd", "tests", ".ci", ".lock"]
    files = [path for place in places for path in (ROOT / place).rglob("*") if path.is_file()]
    files += [ROOT / file for file in ("Makefile", "README.md", "pyproject.toml")]
    found = [
        f"{name(path)}:{number}: {line.strip()[:80]}"
        for path in files
        if path.suffix in TEXT_SUFFIXES and "__pycache__" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE_PATHS.search(line)
    ]
    assert found == []
