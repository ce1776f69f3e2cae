"""What the modules of the virtual board offer, beside the stubs of the ESP32: read, never run.

A name is dotted from its module: ``machine.Pin.irq``. Everything that the virtual board takes, the
ESP32 has to take as well; it may take more. A parameter that is positional only in the stubs may
have any name here: MicroPython's compiler has no ``/``.
"""

import ast
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sources import SHIM

STUBS = Path(sysconfig.get_path("purelib"))
MODULES = ("machine", "network", "esp32", "socket", "select", "time")
# Where what stands in the other files of the virtual board is offered
PLACES = {
    "_adc": "machine",
    "_i2c": "machine",
    "_pwm": "machine",
    "_rtc": "machine",
    "_uart": "machine",
    "_wdt": "machine",
    "_rare": "machine",
    "_lan": "network",
    "_ppp": "network",
    "_wlan": "network",
    "_nvs": "esp32",
}
# Classes that have the rest of another one's methods
PARTS = {
    "machine.Spi": "machine.SPI",
    "machine.Uart": "machine.UART",
    "network.Rare": "network.WLAN",
}
# Offers nothing that a program of a board could see
OWN = ("_boot", "_carrier", "_link", "boot")
_NOTHING, _UNKNOWN = "nothing", "..."


@dataclass(frozen=True)
class Parameter:
    """One parameter. ``default`` as source; _NOTHING without one, _UNKNOWN where not told."""

    name: str
    default: str
    by_position: bool
    by_name: bool


@dataclass(frozen=True)
class Call:
    """How something is called: its parameters, without ``self``; whether it takes any others."""

    parameters: tuple[Parameter, ...]
    any_positions: bool = False
    any_names: bool = False

    @property
    def positional(self) -> list[Parameter]:
        """Those that may be given by position, in order."""
        return [p for p in self.parameters if p.by_position]

    @property
    def required(self) -> list[Parameter]:
        """Those without a default."""
        return [p for p in self.parameters if p.default == _NOTHING]


@dataclass
class Names:
    """What a module offers: the ways to call each function, the value of each constant."""

    calls: dict[str, list[Call]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)  # as source, _UNKNOWN where not told
    classes: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[str]:
        """Every name."""
        return iter(self.calls.keys() | self.values.keys() | self.classes)


def _call(node: ast.FunctionDef, bound: bool) -> Call:
    a = node.args
    plain = [*a.posonlyargs, *a.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(a.defaults))
    found = [
        Parameter(arg.arg, _default(value), True, arg not in a.posonlyargs)
        for arg, value in zip(plain, [*defaults, *a.defaults], strict=True)
    ]
    found = found[1:] if bound else found
    for arg, value in zip(a.kwonlyargs, a.kw_defaults, strict=True):
        found.append(Parameter(arg.arg, _default(value), False, True))
    return Call(tuple(found), a.vararg is not None, a.kwarg is not None)


def _default(node: ast.expr | None) -> str:
    if node is None:
        return _NOTHING
    return _source(node)


def _source(node: ast.expr | None) -> str:
    """A literal as source, ``const(5)`` as 5; _UNKNOWN for what has to be worked out."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "const":
        node = node.args[0]
    if node is None:
        return _UNKNOWN
    try:
        return repr(ast.literal_eval(node)) if ast.unparse(node) != "..." else _UNKNOWN
    except ValueError:
        return _UNKNOWN


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value
    if not isinstance(node, ast.Assign):
        return
    for target in node.targets:
        if isinstance(target, ast.Name):
            yield target.id, node.value
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for name, value in zip(target.elts, node.value.elts, strict=True):
                yield ast.unparse(name), value


def _is_public(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__call__")


def read(text: str, module: str, into: Names | None = None) -> Names:
    """What a source or a stub offers under ``module``. A public import from ``u...`` counts."""
    names = Names() if into is None else into
    _body(ast.parse(text).body, module, names, in_class=False)
    return names


def _body(body: Sequence[ast.stmt], prefix: str, names: Names, in_class: bool) -> None:
    for node in body:
        if isinstance(node, ast.FunctionDef) and _is_public(node.name):
            marks = {getattr(mark, "id", "") for mark in node.decorator_list}
            static = "staticmethod" in marks or not (node.args.args or node.args.posonlyargs)
            call = _call(node, in_class and not static)
            names.calls.setdefault(f"{prefix}.{node.name}", []).append(call)
        elif isinstance(node, ast.ClassDef) and _is_public(node.name):
            own = f"{prefix}.{node.name}"
            name = PARTS.get(own, own)
            names.classes.add(name)
            body = [n for n in node.body if own == name or getattr(n, "name", "") != "__init__"]
            _body(body, name, names, in_class=True)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("u"):
            names.values.update({f"{prefix}.{a.name}": _UNKNOWN for a in node.names})
        for name, value in _assigned(node):
            alias = f"{prefix}.{value.id}" if isinstance(value, ast.Name) else ""
            if alias in names.calls and _is_public(name):
                names.calls[f"{prefix}.{name}"] = names.calls[alias]
            elif name.isupper() and _is_public(name):
                names.values[f"{prefix}.{name}"] = _source(value)


def of_board() -> Names:
    """What the modules of the virtual board offer, all of their files together."""
    names = Names()
    for path in sorted(SHIM.glob("*.py")):
        if path.stem not in OWN:
            read(path.read_text(encoding="utf-8"), PLACES.get(path.stem, path.stem), names)
    return names


def of_stubs() -> Names:
    """What the stubs of the ESP32 say."""
    names = Names()
    for module in MODULES:
        read((STUBS / f"{module}.pyi").read_text(encoding="utf-8"), module, names)
    return names


def differs(ours: Call, theirs: Sequence[Call]) -> str:
    """What ``ours`` takes and none of ``theirs`` does, in words; empty when it is no more.

    ``theirs``: the ways that the stubs know to call it, of which each is allowed.
    """
    for at, parameter in enumerate(ours.parameters):
        there = [same for call in theirs for same in _same(call, at, parameter)]
        free = any(c.any_positions if parameter.by_position else c.any_names for c in theirs)
        if not there and not free:
            place = f" as parameter {at + 1}" if parameter.by_position else ""
            return f"{parameter.name} is not there{place}"
        told = {same.default for same in there} - {_UNKNOWN}
        if parameter.default == _NOTHING:
            if told and _NOTHING not in told and len(theirs) == 1:
                return f"{parameter.name} may be left out there"
        elif parameter.default != _UNKNOWN and len(theirs) == 1 and told - {parameter.default}:
            return f"{parameter.name} is {' or '.join(sorted(told))} there"
    least = len(ours.required)
    if ours.parameters and all(len(call.required) > least for call in theirs):
        return f"{theirs[0].required[least].name} has to be given there"
    return ""


def _same(call: Call, at: int, parameter: Parameter) -> list[Parameter]:
    """The parameter of ``call`` that ours stands for, if it has it."""
    if not parameter.by_position:
        return [p for p in call.parameters if p.by_name and p.name == parameter.name]
    there = call.positional[at : at + 1]
    return [p for p in there if not p.by_name or p.name == parameter.name]


def used(tree: ast.AST, handed: bool = False) -> Iterator[tuple[int, str]]:
    """(line, name) of what a source takes of the modules: ``machine.Pin.IN``.

    ``handed``: a parameter that is called as a module is that module.
    """
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    modules = set(MODULES) if handed else set(MODULES) & imported
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if name.split(".")[0] in modules and name.replace(".", "").isidentifier():
                yield node.lineno, name
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr":
            module, name = node.args[:2]
            if isinstance(name, ast.Constant) and getattr(module, "id", "") in modules:
                yield node.lineno, f"{ast.unparse(module)}.{name.value}"


def methods(names: Names) -> set[str]:
    """The names of all methods of all classes, whosever."""
    return {name.rpartition(".")[2] for name in names.calls if name.count(".") == 2}
