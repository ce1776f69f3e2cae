"""Measures the heap of the terminal on the virtual board, for docs/architecture.md.

    .venv/bin/python docs/tools/heap.py

Prints two tables: what each part takes that stays loaded, in the order of loading, and how much is
free at each story and screen of two sales. Bytes, 64-bit words.
"""

import re
import warnings
from dataclasses import dataclass

from mpremote.transport_serial import SerialTransport

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread
from host_tools.device.provision import Identity
from host_tools.device.virtual import VirtualDevice, provisioned_flash

SHOP = Identity().merchant_name
CARDS = ("unionpay_debit", "mastercard_online")  # one sale each

_LOAD = """
import gc, sys
sys.path[:] = [p for p in sys.path if p not in ("", "/")]
gc.threshold(2048)
gc.collect()
print("the board's own modules, interpreter", gc.mem_alloc())
"""
_STEPS = {
    "all names of the firmware": "import names\ndel names, sys.modules['names']",
    "asyncio": "import asyncio",
    "pos.aio with what it takes of asyncio": "from pos import aio",
    "pos.log": "from pos import log",
    "machine, network, esp32": "import machine, network, esp32",
    "pos.hw with display, keypad, buzzer": "from pos import hw",
    "pos.store.journal": "from pos.store.journal import Journal",
    "pos.store.params": "from pos.store import params",
    "pos.ui.frame": "from pos.ui import frame",
    "pos.terminal": "from pos import terminal",
    "Terminal(): objects and buffers": "t = terminal.Terminal()",
    "its journal, parameters, counter": "t.open()",
}
_FREE = re.compile(r"story: ([\w.]+): (\d+) bytes free")
_NAMES = """
import gc, micropython
gc.collect()
micropython.qstr_info()
"""


@dataclass(frozen=True)
class Talkative(Identity):
    """The usual terminal, which logs all it can."""

    def script(self) -> str:
        """With the level of the log at DEBUG."""
        return super().script() + "\nParams('/pos').update(log_level=3)\n"


def loaded(device: VirtualDevice) -> None:
    """What is loaded at the start, step by step, without running the terminal."""
    port = device.board.call(lambda: device.board.console.port)
    transport = SerialTransport(port)
    try:
        transport.enter_raw_repl()
        name, before = transport.exec(_LOAD).decode().rsplit(maxsplit=1)
        taken = int(before)
        print(f"| {name.strip()} | {taken} |")
        for name, step in _STEPS.items():
            now = int(transport.exec(f"{step}\ngc.collect()\nprint(gc.mem_alloc())").decode())
            print(f"| {name} | {now - taken} |")
            taken = now
    finally:
        transport.close()


def _sell(device: VirtualDevice, card: str) -> None:
    device.press("128000E")
    device.wait_for_screen("Tap the card")
    device.tap(card)
    device.wait_for_screen("Enter PIN")
    device.remove()
    device.press("123456E")
    device.wait_for_screen("Approved")
    device.wait_for_screen("Tear off", timeout=30)
    device.press("E")
    device.wait_for_screen(SHOP, timeout=30)


def sold(device: VirtualDevice, host: HostThread) -> None:
    """The least that is free when each story and screen of some sales begins; then the names."""
    device.board.radio.routes[Identity().host] = ("127.0.0.1", host.port)
    device.board.reset()
    device.wait_for_screen("Operator", timeout=30)
    device.press("01E")
    device.wait_for_screen("Password")
    device.press("0000E")
    device.wait_for_screen(SHOP)
    for card in CARDS:
        _sell(device, card)
    least: dict[str, int] = {}
    for name, free in _FREE.findall(device.console()):
        least[name] = min(int(free), least.get(name, int(free)))
    for name, free in least.items():
        print(f"| `{name}` | {free} |")
    transport = SerialTransport(device.board.call(lambda: device.board.console.port))
    try:
        transport.enter_raw_repl(soft_reset=False)
        print(transport.exec(_NAMES).decode().strip())
    finally:
        transport.close()


def main() -> None:
    """Measure and print."""
    warnings.filterwarnings("ignore", message=".*TripleDES")
    flash, nvs = provisioned_flash(Talkative())
    with HostThread(open_ledger()) as host, VirtualDevice(flash=flash, nvs=nvs) as device:
        device.power_on()
        loaded(device)
        print()
        sold(device, host)


if __name__ == "__main__":
    main()
