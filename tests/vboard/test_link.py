"""Both ends of the line name the same op codes."""

import ast

from host_tools.build.image import SHIM
from host_tools.vboard import link


def constants(path):
    """The names of ``_X = const(n)``, without the underscore, and their numbers."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        call = node.value if isinstance(node, ast.Assign) else None
        name = getattr(node.targets[0], "id", "") if isinstance(node, ast.Assign) else ""
        called = isinstance(call, ast.Call) and getattr(call.func, "id", "")
        if called == "const" and name.startswith("_"):
            yield name[1:], ast.literal_eval(node.value.args[0])


def test_op_codes_agree():
    ours = {name: value for name, value in vars(link).items() if name.isupper()}
    theirs = {}
    for path in sorted(SHIM.glob("*.py")):
        for name, value in constants(path):
            assert ours.get(name) == value, f"{path.name}: {name}"
            theirs[name] = value
    assert theirs == ours
    assert len(set(ours.values())) == len(ours)
