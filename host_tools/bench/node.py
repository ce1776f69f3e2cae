"""The kernel with 4-byte words: MicroPython's WebAssembly port under Node.js.

It has no SHA-1, which is given its recorded values, and can only collect between two calls from
JavaScript: what a step allocates stays until the step has ended, so a peak is never told too low.
"""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass

from host_tools.bench import mpy, programs
from host_tools.bench.mpy import FOLDER, MeterError
from host_tools.bench.sales import Sale
from host_tools.build.image import ROOT

PACKAGE = "@micropython/micropython-webassembly-pyscript"
VERSION = "1.29.0-6"
INSTALL = f"npm install --prefix build/bench {PACKAGE}@{VERSION}"

_SCRIPT = """
import {{ readFileSync }} from "node:fs";
import {{ loadMicroPython }} from "{package}";
const said = [];
const mp = await loadMicroPython({{ stdout: (line) => said.push(line), linebuffer: true }});
mp.FS.writeFile("/kernel.romfs", readFileSync("{rom}"));
const given = JSON.parse(readFileSync("{given}", "utf8"));
const run = (source) => mp.runPython(source);
const allocated = () => {{ run("found = gc.mem_alloc()"); return mp.globals.get("found"); }};
const live = () => {{ run("gc.collect()"); return allocated(); }};
run(given.base);
const base = live();
run(given.firmware);
const kept = live();
const before = [], after = [], steps = [];
do {{
  run("digests()");
  before.push(live());
  run("advance()");
  after.push(allocated());
  run("what = at if kernel else -1");
  steps.push(mp.globals.get("what"));
}} while (steps[steps.length - 1] >= 0 && steps.length < 100);
console.log(JSON.stringify({{ base, kept, before, after, steps, said }}));
"""


@dataclass
class Heap:
    """Bytes, 4-byte words, above what the interpreter had before: modules, peak, each command."""

    modules: int
    peak: int
    allocated: list[int]  # between two commands; the last: until the card may leave


def missing() -> str:
    """What has to be installed for this measurement; empty when it can be made."""
    if shutil.which("node") is None:
        return f"Node.js is missing; install it, then: {INSTALL}"
    package = FOLDER / "node_modules" / PACKAGE / "package.json"
    if not package.exists():
        return f"MicroPython for Node.js is missing; install it with: {INSTALL}"
    version = json.loads(package.read_text(encoding="utf-8"))["version"]
    return "" if version == VERSION else f"it needs version {VERSION}: {INSTALL}"


def measure(sale: Sale) -> Heap:
    """Heap of a sale of which the conversation is known. Raises MeterError."""
    digests = [
        words[1]
        for words in mpy.run(
            mpy.start_source()
            + programs.DIGESTS
            + mpy.data_source(sale)
            + programs.FIRMWARE
            + programs.OWN_FIND
            + programs.PLAY
            + programs.OUTCOME
        )
        if words[0] == "sha1"
    ]
    start = programs.START.format(rom="/kernel.romfs", size=mpy.ROM.stat().st_size)
    values = f"\nALL = [unhexlify(d) for d in {digests!r}]\ndef digests():\n    DIGESTS[:] = ALL\n"
    firmware = f"from pos.emv import oda, kernel{sale.kernel}\n" + programs.FIRMWARE
    given = {
        "base": start
        + programs.REPLAYED
        + values
        + mpy.data_source(sale)
        + programs.OWN_FIND
        + programs.PLAY
        + programs.STEPS
        + "\nfound = what = 0\n",
        "firmware": firmware,
    }
    (FOLDER / "given.json").write_text(json.dumps(given), encoding="utf-8")
    script = FOLDER / "heap.mjs"
    script.write_text(
        _SCRIPT.format(package=PACKAGE, rom=mpy.ROM, given=FOLDER / "given.json"),
        encoding="utf-8",
    )
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise MeterError(complaint(done.stderr))
    return _read(json.loads(done.stdout), len(sale.answers))


def complaint(stderr: str) -> str:
    """What MicroPython or Node.js complains of, in one line: the rest is source of theirs."""
    said = re.findall(r"^\w*(?:Error|Exception)\b.*$", stderr, re.MULTILINE)
    return f"Node.js: {said[-1][:200]}" if said else "Node.js failed"


def _read(told: dict, answers: int) -> Heap:
    base = told["base"]
    # the step that took in answer k told k, as do the requests that follow it
    allocated = [0] * (answers + 1)
    grown = zip(told["steps"], told["before"], told["after"], strict=True)
    for at, before, after in list(grown)[:-1]:
        if allocated[at] == 0:
            allocated[at] = after - before
    return Heap(told["kept"] - base, max(told["after"]) - base, allocated[1:])
