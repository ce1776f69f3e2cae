"""Rules of form: words, sizes, docstrings, names. Each takes a source, returns its violations."""

import ast
import re
from collections.abc import Iterator

from sources import Source

MAX_FILE = 600
MAX_FUNCTION = 70

_FORBIDDEN = re.compile(r"simulat|emulat|sys\.platform", re.IGNORECASE)
_SNAKE = re.compile(r"_{0,2}[a-z0-9]+(_[a-z0-9]+)*_{0,2}|_+")
_CAPS = re.compile(r"_?[A-Z][A-Za-z0-9]*")
_CONSTANT = re.compile(r"_{0,2}[A-Z0-9]+(_[A-Z0-9]+)*")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def forbidden_words(source: Source) -> list[str]:
    """Signs that the firmware knows where it runs."""
    found = [
        source.at(number, f"the firmware must not say {match.group()!r}")
        for number, line in enumerate(source.text.splitlines(), 1)
        for match in _FORBIDDEN.finditer(line)
    ]
    for line, name in source.imports():
        if name == "sys.platform" and "sys.platform" not in source.text:
            found.append(source.at(line, "the firmware must not import platform from sys"))
    return found


def lossy_waits(source: Source) -> list[str]:
    """Uses of ``asyncio.wait_for``, which loses a cancellation: ``pos.aio.deadline`` does not."""
    return [
        source.at(node.lineno, f"{node.attr}: use pos.aio.deadline")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("wait_for", "wait_for_ms")
    ]


def long_files_and_functions(source: Source) -> list[str]:
    """A file over 600 lines, a function over 70."""
    found = []
    lines = len(source.text.splitlines())
    if lines > MAX_FILE:
        found.append(source.at(1, f"{lines} lines, {MAX_FILE} at most"))
    for node in ast.walk(source.tree):
        if isinstance(node, _Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION:
                why = f"{node.name} has {length} lines, {MAX_FUNCTION} at most"
                found.append(source.at(node.lineno, why))
    return found


def missing_docstrings(source: Source) -> list[str]:
    """Public functions, classes and methods without a docstring."""
    return [
        source.at(node.lineno, f"{name} has no docstring")
        for name, node in _public(source.tree, "")
        if not ast.get_docstring(node)
    ]


def _public(body: ast.AST, prefix: str) -> Iterator[tuple[str, ast.ClassDef | _Function]]:
    """Public classes and functions of a module or class, not what functions have inside."""
    for node in ast.iter_child_nodes(body):
        if isinstance(node, ast.ClassDef | _Function):
            if node.name.startswith("_") or _is_setter(node):
                continue
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _public(node, prefix + node.name + ".")
        elif isinstance(node, ast.If | ast.Try | ast.ExceptHandler):
            yield from _public(node, prefix)


def _is_setter(node: ast.ClassDef | _Function) -> bool:
    """A property's setter: its getter has the docstring."""
    return any(isinstance(d, ast.Attribute) and d.attr == "setter" for d in node.decorator_list)


def bad_names(source: Source) -> list[str]:
    """Names that PEP 8 would write otherwise."""
    found = []
    stem = source.module.rpartition(".")[2]
    if not re.fullmatch(r"[a-z0-9_]+", stem):
        found.append(source.at(1, f"module {stem}: lower case with underscores"))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and not _CAPS.fullmatch(node.name):
            found.append(source.at(node.lineno, f"class {node.name}: CapWords"))
        elif isinstance(node, _Function):
            names = [node.name, *(arg.arg for arg in _arguments(node.args))]
            found += [
                source.at(node.lineno, f"{name}: lower case with underscores")
                for name in names
                if not _SNAKE.fullmatch(name)
            ]
    return found + _bad_assignments(source)


def _arguments(args: ast.arguments) -> list[ast.arg]:
    rest = [arg for arg in (args.vararg, args.kwarg) if arg is not None]
    return [*args.posonlyargs, *args.args, *args.kwonlyargs, *rest]


def _bad_assignments(source: Source) -> list[str]:
    """Names of a module must be snake_case, CONSTANTS or (types) CapWords; nothing mixed."""
    found = []
    for node in source.tree.body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        for target in targets:
            for name in ast.walk(target):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    forms = (_SNAKE, _CONSTANT, _CAPS)
                    if not any(form.fullmatch(name.id) for form in forms):
                        found.append(source.at(node.lineno, f"{name.id}: neither a_name, A_NAME"))
    return found
