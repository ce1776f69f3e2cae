"""Gives the names that nobody outside a module uses short ones before it is compiled.

Every name that a ``.mpy`` file brings along takes heap for ever when it is loaded from a ROMFS
image (frozen code has its names in flash), and a third of the firmware's 1,400 names mean
something in their own module only. With ``_a``, ``_b``, ... in all modules those are the same few
dozen.

Touched are names with one leading underscore, and the parameters that have no default and are not
passed by keyword anywhere. Line numbers stay, so that a traceback leads to the source. A name
within an f-string is left alone, for not every Python says where in the line it is.
"""

import ast
import builtins
import io
import keyword
import string
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
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


def _formatted(tree: ast.AST) -> set[str]:
    """Names that are used within f-strings."""
    inner = (
        node
        for joined in ast.walk(tree)
        if isinstance(joined, ast.JoinedStr)
        for node in ast.walk(joined)
    )
    names = (getattr(node, "id", getattr(node, "attr", "")) for node in inner)
    return {name for name in names if name}


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


def keywords(sources: Iterable[str]) -> set[str]:
    """Every name by which some call in the sources passes an argument."""
    return {
        node.arg
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.keyword) and node.arg
    }


def _parameters(tree: ast.Module) -> set[str]:
    """Parameters without a default whose names mean nothing but local variables here."""
    wanted: set[str] = set()
    kept: set[str] = {"self", "cls"} | set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            plain = node.posonlyargs + node.args
            required = len(plain) - len(node.defaults)
            wanted.update(a.arg for a in plain[:required])
            others = [*plain[required:], *node.kwonlyargs, node.vararg, node.kwarg]
            kept.update(a.arg for a in others if a)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            kept.update(node.names)
        elif isinstance(node, ast.alias):
            kept.add((node.asname or node.name).partition(".")[0])
        elif isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler
        ):
            kept.add(node.name or "")
    for scope in [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef))]:
        kept.update(_bound_in(scope))
    return {name for name in wanted - kept if not _is_private(name)}


def _bound_in(scope: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Names that the body of a module or class assigns, the bodies of functions left out."""
    waiting: list[ast.AST] = list(scope.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        waiting.extend(ast.iter_child_nodes(node))


def _local_places(tree: ast.Module, names: set[str]) -> set[tuple[int, int]]:
    """Where (row, column in bytes) variables and parameters of those names stand."""
    places = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.arg):
            name = node.id if isinstance(node, ast.Name) else node.arg
            if name in names:
                places.add((node.lineno, node.col_offset))
    return places


def shrink(source: str, where: str = "source", by_keyword: Iterable[str] = ()) -> str:
    """``source`` with the names that are its own shortened, line by line where it was.

    ``by_keyword``: parameter names that calls in other modules use. Raises ForeignPrivate, and
    SyntaxError for what is no Python.
    """
    tree = ast.parse(source)
    defined = _defined(tree)
    _check_foreign(tree, defined, where)
    private = defined - _constants(tree) - _formatted(tree)
    local = _parameters(tree) - keywords([source]) - set(by_keyword) - _formatted(tree)
    places = _local_places(tree, local)
    lines = io.StringIO(source).readlines()  # the tokenizer's lines: splitlines knows more ends
    found, taken = [], set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        row, column = token.start
        if token.type != tokenize.NAME:
            continue
        at = row, len(lines[row - 1][:column].encode())  # ast counts bytes
        if token.string in private or (token.string in local and at in places):
            found.append(token)
        else:
            taken.add(token.string)
    uses = Counter(token.string for token in found)
    short = _short_names(taken)
    names = {name: next(short) for name in sorted(uses, key=lambda n: (-uses[n], n))}
    for token in reversed(found):
        row, column = token.start
        line = lines[row - 1]
        lines[row - 1] = line[:column] + names[token.string] + line[column + len(token.string) :]
    return "".join(lines)
