"""Puts public constants of the firmware in where they are used, before a module is compiled.

``X = const(3)`` of a module is a name that stays on the heap for ever, in each module that says
``module.X`` or imports it (see ``shrink``). The compiler removes only what begins with an
underscore and is used in its own module; this does the same over all modules. A text of ours that
is encoded (``"...".encode()``) becomes its bytes, which stay in flash. Private texts, bytes and
tuples of a module become constants too (``_X = "..."`` to ``_X = const("...")``): each would take
a place in its globals. So would ``const`` itself, whose import goes. Line numbers stay.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Mapping

# module -> name -> value
Constants = dict[str, dict[str, int]]


class Unresolved(Exception):
    """A constant is used in a way that cannot be followed."""


def defined(tree: ast.Module) -> dict[str, int]:
    """The public ``NAME = const(...)`` of a module whose value is a whole number."""
    found = {}
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            continue
        call, target = node.value, node.targets[0]
        if getattr(call.func, "id", "") != "const" or not isinstance(target, ast.Name):
            continue
        try:
            value = ast.literal_eval(call.args[0])
        except ValueError:
            continue
        if type(value) is int and not target.id.startswith("_"):
            found[target.id] = value
    return found


def collect(sources: Mapping[str, str]) -> Constants:
    """The constants of all modules: ``sources`` maps dotted module names to texts."""
    found = {module: defined(ast.parse(text)) for module, text in sources.items()}
    return {module: names for module, names in found.items() if names}


def inline(source: str, module: str, constants: Constants) -> str:
    """``source`` of ``module`` with numbers for the constants of others, its own made private.

    Raises Unresolved, with the line, for a module with constants that is imported as a whole
    chain (``import a.b``), where a private name is taken already, and for a ``const(...)`` that is
    not the value of one name.
    """
    tree = ast.parse(source)
    own = constants.get(module, {})
    modules, values, edits = _imports(tree, module, constants)
    taken = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = constants.get(modules.get(node.value.id, ""), {})
            if node.attr in names:
                edits.append((node, str(names[node.attr])))
        elif isinstance(node, ast.Name) and node.id in values:
            edits.append((node, str(values[node.id])))
        elif isinstance(node, ast.Name) and node.id in own:
            if f"_{node.id}" in taken:
                raise Unresolved(f"{module}:{node.lineno}: _{node.id} is there besides {node.id}")
            edits.append((node, f"_{node.id}"))
        elif isinstance(node, ast.Call) and not node.args and not node.keywords:
            text = _encoded(node.func)
            if text is not None:
                edits.append((node, repr(text.encode())))
    _must_be_named(tree, module)
    edits += [(node, f"const({ast.unparse(node)})") for node in _private(tree)]
    return _edited(source, edits)


def _must_be_named(tree: ast.Module, module: str) -> None:
    """The compiler would leave any other ``const`` to be called, and its import is gone."""
    named = {
        id(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "const":
            continue
        if id(node) not in named:
            raise Unresolved(f"{module}:{node.lineno}: const(...) is not the value of a name")


def _private(tree: ast.Module) -> list[ast.expr]:
    """The values that never change of private names of the module: numbers, texts, bytes, tuples.

    A name that is bound anywhere else, be it as a parameter, is not taken for a constant.
    """
    bound = Counter(
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    bound.update(node.arg for node in ast.walk(tree) if isinstance(node, ast.arg))
    found = []
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            continue
        name = node.targets[0].id
        if name.startswith("_") and bound[name] == 1 and _fixed(node.value):
            found.append(node.value)
    return found


def _fixed(value: ast.expr) -> bool:
    """Whether it is a literal that the compiler takes for a constant."""
    if isinstance(value, ast.Tuple):
        return all(_fixed(part) for part in value.elts)
    return isinstance(value, ast.Constant) and type(value.value) in (int, str, bytes)


def _encoded(func: ast.expr) -> str | None:
    """The text of ``"...".encode``."""
    if not (isinstance(func, ast.Attribute) and func.attr == "encode"):
        return None
    told = func.value.value if isinstance(func.value, ast.Constant) else None
    return told if isinstance(told, str) else None


def _imports(tree: ast.Module, module: str, constants: Constants):
    """Local names of modules that have constants; of constants; and the imports to rewrite."""
    modules: dict[str, str] = {}
    values: dict[str, int] = {}
    edits: list[tuple[ast.stmt | ast.expr, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name not in constants:
                    continue
                if "." in alias.name and not alias.asname:
                    why = f"import {alias.name} as a name of its own: it has constants"
                    raise Unresolved(f"{module}:{node.lineno}: {why}")
                modules[alias.asname or alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module == "micropython":
            left = [alias for alias in node.names if alias.name != "const"]
            edits.append((node, _import(node.module, left)))
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = constants.get(node.module, {})
            for alias in node.names:
                if alias.name in names:
                    values[alias.asname or alias.name] = names[alias.name]
                whole = f"{node.module}.{alias.name}"
                if whole in constants:
                    modules[alias.asname or alias.name] = whole
            left = [alias for alias in node.names if alias.name not in names]
            if len(left) < len(node.names):
                edits.append((node, _import(node.module, left)))
    return modules, values, edits


def _import(module: str, names: Iterable[ast.alias]) -> str:
    words = [f"{a.name} as {a.asname}" if a.asname else a.name for a in names]
    return f"from {module} import {', '.join(words)}" if words else "pass"


def _edited(source: str, edits: list[tuple[ast.stmt | ast.expr, str]]) -> str:
    """Replace nodes by texts, last first; a text of fewer lines is filled up with empty ones."""
    lines = source.encode().splitlines(keepends=True)  # columns of ast are bytes
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    data = b"".join(lines)
    for node, text in sorted(edits, key=lambda e: (-e[0].lineno, -e[0].col_offset)):
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        filler = b"\n" * (node.end_lineno - node.lineno)
        data = data[:start] + text.encode() + filler + data[end:]
    return data.decode()
