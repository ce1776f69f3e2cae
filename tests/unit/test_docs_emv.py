"""docs/emv.md: its clauses have functions and tests that exist; its cards and script are real."""

import ast
import functools
import re

import pytest
import yaml
from test_docs import ROOT, column, named, table, tables, text

from host_tools.vboard.cards.loader import card_names
from host_tools.vboard.cards.script import load_scripts

EMV = ROOT / "docs" / "emv.md"
VECTORS = ROOT / "tests" / "vectors"


def clauses():
    """The rows of all tables clause, function, test."""
    return [
        row
        for t in tables(text(EMV))
        if t.head == ["clause", "function", "test"]
        for row in t.rows
    ]


@functools.cache
def defined(path):
    """Functions, classes and methods of a module, methods as ``Class.method``."""
    names = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{n.name}" for n in node.body if hasattr(n, "name")}
    return names


def has_function(name):
    """Whether the firmware has ``module.function``, of emv where no room is named."""
    parts = name.split(".")
    for start in (ROOT / "firmware" / "pos" / "emv", ROOT / "firmware" / "pos"):
        for at in range(1, len(parts)):
            path = start.joinpath(*parts[:at]).with_suffix(".py")
            if path.is_file():
                return ".".join(parts[at:]) in defined(path)
    return False


@functools.cache
def scripts():
    return {
        f"{path.stem}: {entry['name']}"
        for path in (VECTORS / "emv").glob("*.yaml")
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(entry, dict) and "exchanges" in entry
    }


def has_test(name):
    """Whether there is a test function, a script or a story of this name."""
    if name.startswith("story "):
        return (VECTORS / "scenarios" / f"{name[6:]}.yaml").is_file()
    file, _, function = name.partition("::")
    if function:
        found = list((ROOT / "tests").rglob(file))
        names = {n.rpartition(".")[2] for path in found for n in defined(path)}
        return len(found) == 1 and function.startswith("test_") and function in names
    return name in scripts()


def test_every_clause_has_a_function_and_a_test_that_exist():
    rows = clauses()
    assert len(rows) > 50
    for clause, functions, tests in rows:
        assert named(functions) and named(tests), clause
        assert [name for name in named(functions) if not has_function(name)] == [], clause
        assert [name for name in named(tests) if not has_test(name)] == [], clause


def test_every_public_function_of_the_emv_room_has_a_clause():
    told = {name for _, functions, _ in clauses() for name in named(functions)}
    for path in (ROOT / "firmware" / "pos" / "emv").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {n.name for n in tree.body if isinstance(n, ast.FunctionDef) and n.name[0] != "_"}
        assert {f"{path.stem}.{name}" for name in names} <= told


@pytest.mark.parametrize("name", ["entry.nothing", "nothing.run", "entry", "config.Aid.nothing"])
def test_a_function_that_is_not_there_is_found(name):
    assert not has_function(name)


@pytest.mark.parametrize(
    "name",
    [
        "selection: nothing",
        "story nothing",
        "test_emv.py::test_nothing",
        "test_no.py::test_limits",
    ],
)
def test_a_test_that_is_not_there_is_found(name):
    assert not has_test(name)


def test_every_card_is_in_the_table():
    assert set(column(table(EMV, "The virtual cards", "card"))) == set(card_names())


def test_the_script_of_the_page_is_one(tmp_path):
    (block,) = re.findall(r"^```yaml\n(.*?)^```", text(EMV), re.MULTILINE | re.DOTALL)
    path = tmp_path / "page.yaml"
    path.write_text(block, encoding="utf-8")
    assert len(load_scripts(path)) == 1
