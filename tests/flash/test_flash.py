"""The command ``flash``: onto a virtual board as it comes from the shop, and with bad input."""

import io
from dataclasses import replace

import pytest
from flash_desk import START, screen

from host_tools import boards, ports
from host_tools.build.image import build_firmware
from host_tools.flash import esptool, writing
from host_tools.flash import image as images
from host_tools.flash.esptool import FlashError


@pytest.mark.timeout(400)
def test_from_the_shop_to_a_terminal_with_the_cable_pulled_in_the_middle(desk, taptill, image):
    d = desk(blank=True)
    d.said("invalid header: 0xffffffff")
    command = ("flash", "--board", "virtual", "--port", d.url, "--image", image)
    d.board.mcu.nvs["taptill", "device_key"] = b"old"
    d.call(d.side.server.unplug_after, 60_000)
    code, _, error = taptill(*command, "--erase")
    assert code == 1
    assert d.board.mcu.nvs == {}
    assert "went away in the middle: plug it in and run the same command again" in error
    d.board.reset()
    assert d.board.mcu.starts == []  # half of it is there, and is not started
    d.call(d.side.server.plug_in)
    d.board.mcu.nvs["taptill", "kept"] = b"\x01\x02\x03"
    code, told, error = taptill(*command, "--json")
    assert code == 0, error
    assert told["chip"]["name"] == "ESP32-S3"
    assert told["chip"]["flash_size"] == 8 << 20
    assert told["image"]["version"] == "v1.28.0"
    assert told["kept"] == ["nvs", "vfs"]
    assert d.board.mcu.nvs == {("taptill", "kept"): b"\x01\x02\x03"}
    d.board.wait_here(lambda: START in screen(d), 30, "the terminal's first screen")


@pytest.mark.timeout(240)
def test_a_wrong_chip_is_refused_and_goes_on(desk, taptill, image, tmp_path):
    d = desk(power=False, chip="esp32")
    before = d.side.flash.read(0, d.side.data.flash_size)
    d.board.power_on()
    code, _, error = taptill("flash", "--board", "virtual", "--port", d.url, "--image", image)
    assert code == 1
    assert "the chip is an ESP32-" in error and "virtual has an ESP32-S3" in error
    assert "nothing was written" in error
    d.board.wait_for(lambda: not d.side.loading, 5)
    assert d.side.flash.read(0, len(before)) == before


@pytest.mark.timeout(240)
def test_a_board_that_cannot_be_reset_names_the_button(desk, taptill, image):
    d = desk()
    d.side.lines.wired = False
    code, _, error = taptill("flash", "--board", "virtual", "--port", d.url, "--image", image)
    assert code == 1
    assert "no boot loader answers" in error and "hold BOOT" in error
    assert d.board.mcu.starts == [1]


CHIP = esptool.Chip("ESP32-S3", "ESP32-S3 (QFN56)", "24:0a:c4:00:00:01", 16 << 20, 8 << 20)


@pytest.mark.parametrize(
    ("chip", "said"),
    [
        (replace(CHIP, name="ESP32-S2", what="ESP32-S2"), "the chip is an ESP32-S2, and"),
        (replace(CHIP, flash_size=8 << 20), "8 MiB of flash, and esp32s3_n16r8 needs 16 MiB"),
        (replace(CHIP, psram_size=0), "no PSRAM, and esp32s3_n16r8 needs 8 MiB"),
        (replace(CHIP, psram_size=2 << 20), "2 MiB of PSRAM, and esp32s3_n16r8 needs 8 MiB"),
    ],
)
def test_a_chip_that_is_not_the_boards_is_refused(monkeypatch, chip, said):
    restarted = []
    monkeypatch.setattr(esptool, "probe", lambda url: chip)
    monkeypatch.setattr(esptool, "restart", restarted.append)
    monkeypatch.setattr(ports, "open_url", lambda url: io.BytesIO())
    with pytest.raises(FlashError, match=said):
        writing.examine("rfc2217://127.0.0.1:1", boards.load("esp32s3_n16r8"))
    assert restarted


@pytest.mark.parametrize("psram", [8 << 20, None])  # None: the boot loader cannot tell
def test_a_chip_that_is_the_boards_is_taken(monkeypatch, psram):
    monkeypatch.setattr(esptool, "probe", lambda url: replace(CHIP, psram_size=psram))
    monkeypatch.setattr(ports, "open_url", lambda url: io.BytesIO())
    assert writing.examine("rfc2217://127.0.0.1:1", boards.load("esp32s3_n16r8")).mac == CHIP.mac


# which kind of terminal


def test_the_terminal_beside_the_image_is_of_the_kind_that_is_asked_for(image):
    known, read = boards.load("virtual"), images.read_image(image)
    for production in (False, True):
        (piece,) = [
            piece
            for piece in writing.plan(known, read, production=production).pieces
            if piece.title.startswith("terminal")
        ]
        assert piece.title.endswith(", production" if production else ", development")
        built = build_firmware("virtual", production=production)
        assert piece.data == built.path.read_bytes()


@pytest.mark.parametrize(
    ("names", "kind", "said"),
    [
        (b"asyncio/core.py\0", "", "has no terminal frozen into it"),
        (b"pos/terminal.py\0aiorepl.py\0", "development", "is a development image"),
        (b"pos/terminal.py\0asyncio/core.py\0", "production", ""),
    ],
)
def test_an_image_of_the_other_kind_is_refused_for_production(image, names, kind, said):
    read = images.read_image(image)
    read = replace(read, chip="esp32s3", app=read.app + names)
    assert read.terminal == kind
    board = boards.load("esp32s3_n16r8")
    images.check_for(read, board)
    if said:
        with pytest.raises(images.ImageError, match=f"{said}: taptill build --production"):
            images.check_for(read, board, production=True)
    else:
        images.check_for(read, board, production=True)


# the image, before any port is looked for


def refused(taptill, image, board="virtual", *more):
    code, told, error = taptill(
        "flash", "--board", board, "--port", "rfc2217://127.0.0.1:1", "--image", image, *more
    )
    assert code == 1 and "nobody serves" not in error
    return error


def test_a_real_image_of_another_chip(taptill, real_image):
    assert "is for an ESP32, and esp32s3_n16r8 has an ESP32-S3" in refused(
        taptill, real_image, "esp32s3_n16r8"
    )


def test_a_real_image_that_is_too_old(taptill, real_image):
    error = refused(taptill, real_image, "esp32_devkit")
    assert "MicroPython v1.16-237-g1613dc8a1-dirty; the terminal needs 1.28 or newer" in error


def test_a_real_image_is_read_whole(taptill, real_image):
    code, _, error = taptill(
        *("flash", "--board", "esp32_devkit", "--port", "rfc2217://127.0.0.1:1"),
        *("--image", real_image, "--any-version"),
    )
    assert code == 1 and "nobody serves" in error  # all is well with it: the port comes next


@pytest.mark.parametrize("cut", [0, 1, 20, 1000, 0x9000, 100_000])
def test_a_file_that_is_cut_off(taptill, image, tmp_path, cut):
    path = tmp_path / "cut.bin"
    path.write_bytes(image.read_bytes()[:cut])
    error = refused(taptill, path)
    assert len(error.splitlines()) == 1 and "cut.bin" in error


def test_a_file_with_a_changed_bit(taptill, image, tmp_path):
    path = tmp_path / "bit.bin"
    data = bytearray(image.read_bytes())
    data[-1000] ^= 4
    path.write_bytes(data)
    assert "bit.bin is damaged or cut off: application" in refused(taptill, path)


def test_a_file_of_something_else(taptill, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no image")
    assert "is no image for an ESP32" in refused(taptill, path)
    assert "No such file" in refused(taptill, tmp_path / "none.bin")


def test_there_is_no_such_board(taptill, image):
    code, _, error = taptill("flash", "--board", "toaster", "--image", image)
    assert code == 2 and "toaster" in error
