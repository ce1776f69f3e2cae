"""The rules of the rooms: what each part of the firmware may import, of itself and of MicroPython.

A room is a directory under ``firmware/pos`` or a module directly in it. ``import a`` anywhere in a
room is an edge from that room to the room of ``a``.
"""

from collections.abc import Iterable

from sources import Source

_EVERYTHING = frozenset(
    (
        *("protocol", "crypto", "emv", "slips", "aio", "log", "store", "acquirer", "ui"),
        *("words", "drivers", "flows", "console", "hw"),
    )
)

# room -> the rooms it may import, besides itself
MAY_IMPORT = {
    "protocol": frozenset({"crypto"}),
    "crypto": frozenset({"protocol"}),
    "emv": frozenset({"protocol", "crypto"}),
    "slips": frozenset({"protocol", "words"}),
    "words": frozenset(),
    "aio": frozenset(),
    "log": frozenset(),
    "drivers": frozenset({"protocol", "aio", "log"}),
    "store": frozenset({"protocol", "crypto", "log"}),
    "acquirer": frozenset({"protocol", "crypto", "store", "aio", "log"}),
    "ui": frozenset({"protocol", "aio", "words"}),
    "flows": _EVERYTHING - {"drivers", "hw"},
    "console": frozenset({"protocol", "slips", "store", "acquirer", "aio", "log"}),
    "hw": _EVERYTHING,
    "terminal": _EVERYTHING,
    "main": frozenset({"terminal"}),
}

# Rooms and single modules that only turn values into values: they know no clock, file or socket.
PURE = (
    *("pos.protocol", "pos.crypto", "pos.emv", "pos.slips", "pos.words"),
    *("pos.acquirer.messages", "pos.acquirer.settling", "pos.acquirer.downloads"),
)
PURE_PLATFORM = frozenset({"array", "binascii", "hashlib", "micropython", "struct"})

# platform module -> the only rooms that may know it
KEPT = {
    **dict.fromkeys(("machine", "network", "esp", "esp32", "board"), frozenset({"hw"})),
    **dict.fromkeys(("image",), frozenset({"hw", "main"})),
    **dict.fromkeys(("socket", "ssl", "tls"), frozenset({"acquirer"})),
    **dict.fromkeys(("framebuf",), frozenset({"ui", "drivers"})),
    **dict.fromkeys(("cryptolib", "hashlib"), frozenset({"store", "crypto", "hw"})),
    **dict.fromkeys(("vfs",), frozenset({"hw", "store"})),
    # flows say what happens; bytes are made in the rooms that have a format
    **dict.fromkeys(("struct", "binascii"), _EVERYTHING - {"flows"}),
}


def room_of(module: str) -> str:
    """``pos.store.keys`` -> ``store``; ``main`` -> ``main``; ``pos`` itself -> empty."""
    parts = module.split(".")
    if parts[0] != "pos":
        return parts[0]
    return parts[1] if len(parts) > 1 else ""


def _own(name: str) -> bool:
    return name == "pos" or name.startswith("pos.")


def _platform(name: str) -> str:
    """The MicroPython module of an import, without the ``u`` that its old names begin with."""
    top = name.split(".")[0]
    known = top[1:] in KEPT or top[1:] in PURE_PLATFORM or top[1:] in ("os", "time", "asyncio")
    return top[1:] if top.startswith("u") and known else top


def imports_between_rooms(source: Source) -> list[str]:
    """Imports of another room that this one may not know."""
    room = room_of(source.module)
    found = []
    if room and room not in MAY_IMPORT:
        found.append(source.at(1, f"room {room} has no rule in tests/arch/rooms.py"))
    for line, name in source.imports():
        if name == "<computed>" and room != "terminal":
            found.append(source.at(line, "an import whose name is computed"))
        other = room_of(name)
        if not _own(name) or other == room:
            continue
        if name == "pos.*" or other not in MAY_IMPORT.get(room, ()):
            found.append(source.at(line, f"{room or 'pos'} may not import {name}"))
    return found


def imports_of_platform(source: Source) -> list[str]:
    """Imports of MicroPython modules that this file may not know."""
    room = room_of(source.module)
    pure = any(source.module == p or source.module.startswith(p + ".") for p in PURE)
    found = []
    for line, name in source.imports():
        if _own(name):
            continue
        top = _platform(name)
        if pure and top not in PURE_PLATFORM:
            found.append(source.at(line, f"{source.module} is pure and may not import {top}"))
        elif top in KEPT and room not in KEPT[top]:
            found.append(source.at(line, f"{room} may not import {top}"))
    return found


def cycles(sources: Iterable[Source]) -> list[str]:
    """Rooms that import each other, in however many steps: ``a -> b -> a``."""
    edges: dict[str, set[str]] = {}
    for source in sources:
        room = room_of(source.module)
        others = {room_of(name) for _, name in source.imports() if _own(name)}
        edges.setdefault(room, set()).update(others - {room, ""})
    found = set()
    for start in edges:
        for path in _ways_back(edges, start):
            turn = path.index(min(path))  # the same circle, wherever the walk began
            found.add(" -> ".join([*path[turn:], *path[:turn], min(path)]))
    return sorted(found)


def _ways_back(edges: dict[str, set[str]], start: str) -> list[list[str]]:
    """One shortest way from ``start`` back to it, if there is one."""
    paths, seen = [[start]], set()
    while paths:
        path = paths.pop(0)
        for room in sorted(edges.get(path[-1], ())):
            if room == start:
                return [path]
            if room not in seen:
                seen.add(room)
                paths.append([*path, room])
    return []


# host tools: what they may take from the firmware

HOST_MAY_IMPORT = ("pos.protocol", "pos.crypto", "pos.words")
APART = ("host_tools.vboard.chips", "host_tools.vboard.cards", "host_tools.acquirer")


def _within(name: str, parts: tuple[str, ...]) -> bool:
    return any(name == part or name.startswith(part + ".") for part in parts)


def imports_from_firmware(sources: list[Source]) -> list[str]:
    """What host tools take from the firmware beyond protocol, crypto and words.

    The models and the acquiring host may take nothing, nor import a host tool that does: the two
    sides of a wire must not share a bug.
    """
    modules = {source.module: source for source in sources}
    found = []
    for source in sources:
        for line, name in source.imports():
            if _own(name) and not _within(name, HOST_MAY_IMPORT):
                found.append(source.at(line, f"host tools may not import {name}"))
        if _within(source.module, APART):
            found += _reaches_firmware(source, modules)
    return found


def _reaches_firmware(source: Source, modules: dict[str, Source]) -> list[str]:
    waiting, seen = [(source, source.module)], set()
    while waiting:
        current, way = waiting.pop()
        for line, name in current.imports():
            if _own(name):
                return [source.at(line if current is source else 1, f"{way} -> {name}")]
            for module in (name, name.rpartition(".")[0]):
                if module in modules and module not in seen:
                    seen.add(module)
                    waiting.append((modules[module], f"{way} -> {module}"))
    return []
