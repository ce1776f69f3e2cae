"""Boards with fewer parts than the virtual one: what is not in the data is not asked of a pin."""

from host_tools import boards
from host_tools.build.image import BUILD, build_firmware, compile_tree, pack
from host_tools.device import virtual
from host_tools.device.scenario import Tuned
from host_tools.device.virtual import provisioned_flash
from host_tools.vboard.board import VirtualBoard

BOARD = """
DISPLAY = {"spi": 1, "baudrate": 40000000, "sck": 12, "mosi": 11, "miso": 13}
DISPLAY_PINS = {"cs": 10, "dc": 9}
NFC = {"uart": 1, "tx": 17, "rx": 18}
PRINTER = {"uart": 2, "tx": 15, "rx": 7, "baudrate": 115200}
PRINTER_GB18030 = True
KEYPAD_ROWS = (4, 5, 1, 2)
KEYPAD_COLUMNS = (38, 39, 40, 41)
NETWORKS = ("wifi",)
BUZZER = 21
"""
MAIN = """
import asyncio, sys
sys.path[:] = [p for p in sys.path if p not in ("", "/")]
from pos import hw

async def main():
    display = hw.display()
    await display.start()
    reader = hw.reader()
    print("reader", await reader.start())
    printer = hw.printer()
    keys = hw.keypad()
    buzzer = hw.buzzer()
    print("battery", hw.battery(), hw.WAYS, hw.Link("wifi").is_up())
    try:
        await hw.Link("lan").up()
    except OSError as error:
        print("lan:", error)
    print("done")

asyncio.run(main())
"""


def test_a_board_with_the_least_has_all_that_it_has(tmp_path):
    build_firmware()
    source = tmp_path / "source"
    source.mkdir()
    (source / "board.py").write_text(BOARD)
    (source / "main.py").write_text(MAIN)
    compile_tree(source, tmp_path / "stage")
    trees = [BUILD / "virtual" / "stage", BUILD / "virtual" / "firmware-kind", tmp_path / "stage"]
    image = pack(trees, tmp_path / "lean.romfs")
    with VirtualBoard(rom=image) as board:
        board.power_on()

        def ended():
            said = bytes(board.console.scrollback).decode()
            return said if said.endswith(("done\r\n", ">>> ")) else ""

        said = board.wait_for(ended, 60, "the end")
        assert "battery None ('wifi',) False" in said, said
        assert "reader (50, 1, 6, 7)" in said, said
        assert "lan: net_lacks" in said, said


def test_a_way_that_the_board_lacks_is_told_and_another_one_offered(tmp_path, monkeypatch):
    flash, nvs = provisioned_flash(Tuned(changes=(("network", "lan"),)))
    wires = (boards.load("virtual").directory / "board.py").read_text(encoding="utf-8")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "board.py").write_text(wires + '\nNETWORKS = ("wifi",)\n')
    compile_tree(tmp_path / "source", tmp_path / "stage")
    parts = ("firmware-kind", "stage", "names", "fonts", "emv", "mark")
    trees = [*(BUILD / "virtual" / part for part in parts), tmp_path / "stage"]
    image = pack(trees, tmp_path / "other.romfs")
    monkeypatch.setattr(virtual, "build_firmware", lambda board, production: image)
    with virtual.VirtualDevice(flash=flash, nvs=nvs) as device:
        device.power_on()
        device.wait_for_screen("Network", "This board lacks the way")
        device.press("E")
        device.wait_for_screen("Network", "TapTill", "Look again")  # what Wi-Fi hears
        device.press("C")
        device.wait_for_screen("Self-test", "lacks the way")
        device.press("E")
        device.wait_for_screen("Operator")
