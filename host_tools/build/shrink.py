"""Gives the private names of a module short ones before it is compiled.

Every name that a ``.mpy`` file brings along takes heap when it is loaded from a ROMFS image
(frozen code has its names in flash): about 300 of the firmware's 1,400 names are private to their
module. With ``_a``, ``_b``, ... in all modules those are the same few dozen. Only names with one
leading underscore are touched; line numbers stay, so that a traceback leads to the source.
"""

import ast
import builtins
import io
import keyword
import string
import tokenize
from collections import Counter
from itertools import count, product

_LETTERS = string.ascii_lowercase


class ForeignPrivate(Exception):
    """A module uses a private name that another one defines."""


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and len(name) > 1


def _defined(tree: ast.AST) -> set[str]:
    """Private names that the module itself binds: functions, classes, variables, attributes."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.id if isinstance(node, ast.Name) else node.attr)
    return {name for name in names if _is_private(name)}


def _constants(tree: ast.Module) -> set[str]:
    """Names of ``_X = const(...)``: the compiler removes them itself."""
    return {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", "") == "const"
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _check_foreign(tree: ast.AST, defined: set[str], where: str) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            names = [node.attr]
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if _is_private(name) and name not in defined:
                raise ForeignPrivate(f"{where}:{node.lineno}: {name} is private to another module")


def _short_names(taken: set[str]):
    for size in count(1):
        for letters in product(_LETTERS, repeat=size):
            name = "_" + "".join(letters)
            if name not in taken and not keyword.iskeyword(name) and not hasattr(builtins, name):
                yield name


def shrink(source: str, where: str = "source") -> str:
    """``source`` with its private names shortened, line by line where it was.

    Raises ForeignPrivate, and SyntaxError for what is no Python.
    """
    tree = ast.parse(source)
    defined = _defined(tree)
    _check_foreign(tree, defined, where)
    wanted = defined - _constants(tree)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    uses = Counter(t.string for t in tokens if t.type == tokenize.NAME)
    short = _short_names({t for t in uses if t not in wanted})
    names = {name: next(short) for name in sorted(wanted, key=lambda n: (-uses[n], n))}
    lines = source.splitlines(keepends=True)
    for token in reversed(tokens):
        if token.type == tokenize.NAME and token.string in names:
            row, column = token.start
            line = lines[row - 1]
            end = column + len(token.string)
            lines[row - 1] = line[:column] + names[token.string] + line[end:]
    return "".join(lines)
