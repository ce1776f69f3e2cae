"""Public constants put in where they are used: which, and that nothing else changes."""

import ast

import pytest

from host_tools.build.constants import Unresolved, collect, defined, inline
from host_tools.build.image import ROOT
from host_tools.build.shrink import shrink

DEFINES = """
from micropython import const

PLENTY = const(7)
_HIDDEN = const(3)
TEXT = const("seven")
MANY = 7


def twice():
    return PLENTY * 2 + _HIDDEN
"""
CONSTANTS = {"pos.number": {"PLENTY": 7}}


def run(source: str, **names):
    scope = dict(names)
    exec(source, scope)
    return scope


def test_only_whole_numbers_under_public_names_are_taken():
    assert defined(ast.parse(DEFINES)) == {"PLENTY": 7}
    assert collect({"pos.number": DEFINES, "pos.empty": "X = 1\n"}) == CONSTANTS


def test_the_module_itself_keeps_its_constant_private():
    changed = inline(DEFINES, "pos.number", CONSTANTS)
    tree = ast.parse(changed)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert "PLENTY" not in names and {"_PLENTY", "TEXT", "MANY"} <= names
    assert run(changed, const=lambda x: x)["_PLENTY"] == 7


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from pos import number; number.PLENTY", "from pos import number; 7"),
        ("from pos.number import PLENTY; PLENTY", "pass; 7"),
        ("from pos.number import PLENTY as P, twice; P", "from pos.number import twice; 7"),
        ("from pos.number import twice as t, PLENTY; t", "from pos.number import twice as t; t"),
        ("import pos.number as n; n.PLENTY, n.twice", "import pos.number as n; 7, n.twice"),
        ("from pos import other; other.PLENTY", "from pos import other; other.PLENTY"),
        ("x = 'é', number.PLENTY  # PLENTY", "x = 'é', number.PLENTY  # PLENTY"),
    ],
)
def test_uses_in_another_module(before, after):
    assert inline(before, "pos.user", CONSTANTS) == after


def test_columns_are_those_of_bytes():
    before = "from pos import number\nx = {'éé✓': number.PLENTY, '✗': number.PLENTY}\n"
    after = "from pos import number\nx = {'éé✓': 7, '✗': 7}\n"
    assert inline(before, "pos.user", CONSTANTS) == after


def test_lines_stay_where_they_were():
    before = "from pos.number import (\n    PLENTY,\n    twice,\n)\n\nx = PLENTY\ny = 1 // 0\n"
    after = inline(before, "pos.user", CONSTANTS)
    assert [line for line in after.split("\n") if line][-1] == "y = 1 // 0"
    assert after.split("\n").index("y = 1 // 0") == before.split("\n").index("y = 1 // 0")


@pytest.mark.parametrize(
    ("source", "module", "why"),
    [
        ("import pos.number\n", "pos.user", "pos.user:1: import pos.number as a name of its own"),
        ("PLENTY = 1\n_PLENTY = 2\n", "pos.number", "pos.number:1: _PLENTY is there besides"),
        (
            "_A, _B = const(1), const(2)\n",
            "pos.user",
            r"pos.user:1: const\(...\) is not the value",
        ),
        ("def f():\n    return const(1)\n", "pos.user", "pos.user:2: const"),
    ],
)
def test_what_cannot_be_followed_is_told(source, module, why):
    with pytest.raises(Unresolved, match=why):
        inline(source, module, CONSTANTS)


def test_no_constant_of_the_firmware_is_left_behind():
    """After it, none of their names is in any module any more, but as an attribute of another."""
    texts = {}
    for path in sorted((ROOT / "firmware").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT / "firmware").with_suffix("").parts)
        texts[name.removesuffix(".__init__")] = path.read_text("utf-8")
    constants = collect(texts)
    assert constants["pos.emv.outcome"]["ONLINE"] == 3
    for module, text in texts.items():
        tree = ast.parse(shrink(inline(text, module, constants), module))
        modules = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        left = [
            f"{module}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.attr in constants.get(modules.get(node.value.id, ""), {})
        ]
        assert not left


def test_an_encoded_text_becomes_its_bytes_and_lines_stay():
    source = 'TABLE = """\na=1\nb=消费\n""".encode()\nNEXT = "x".encode("ascii")\nLAST = 1\n'
    changed = inline(source, "pos.number", {})
    assert run(changed)["TABLE"] == "\na=1\nb=消费\n".encode()
    assert ".encode()" not in changed
    assert changed.count("\n") == source.count("\n")
    assert run(changed)["NEXT"] == b"x"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("_X = 'a'", "_X = const('a')"),
        ("_X = ('a', b'b', (1, 2))", "_X = const(('a', b'b', (1, 2)))"),
        ("_X = (\n    'a'\n    'b'\n)\n1 / 0", "_X = (\n    const('ab')\n\n)\n1 / 0"),
        ("X = 'a'", "X = 'a'"),
        ("_X = ['a']", "_X = ['a']"),
        ("_X = ('a', f)", "_X = ('a', f)"),
        ("_X = 1.5", "_X = 1.5"),
        ("_X = 'a'\n_X = 'b'", "_X = 'a'\n_X = 'b'"),
        ("_X = 'a'\n_X += 'b'", "_X = 'a'\n_X += 'b'"),
        ("_X = 'a'\ndef f(_X):\n    pass", "_X = 'a'\ndef f(_X):\n    pass"),
        ("from micropython import const", "pass"),
        ("from micropython import const, heap_lock", "from micropython import heap_lock"),
    ],
)
def test_a_private_value_that_never_changes_is_a_constant(before, after):
    assert inline(before, "pos.number", {}) == after
