"""Every screen, painted by MicroPython and read back from its pixels."""

import pytest
from PIL import Image
from ui_bench import fonts, lines, picture, source

from host_tools.device.screen_fonts import load_fonts
from host_tools.device.screen_reader import read_screen
from host_tools.screens import sheets

BAR = "TapTill 01  ᯤ ⇄ ▤ 10:05"

# What the screens of the table say in English
SCREENS = {
    "boot": ["Self-test"],
    "selftest": [
        "Self-test",
        "✓ Memory  52 KB",
        "✗ Journal",
        "Part of it is unreadable.",
        "Settle, then call support.",
        "✓ Keys  82E136",
        "✗ Printer",
        "The paper is out. Put in a",
        "new roll.",
        "✓ Reader  PN532 1.6",
        "✗ Network  W5500",
    ],
    "operator": [
        "Log in",
        "Operator",
        "0",
        "Type your two-digit number.",
        "C Cancel  B Delete  E OK",
    ],
    "operator_short": [
        "Log in",
        "Operator",
        "7",
        "Two digits, please.",
        "C Cancel  B Delete  E OK",
    ],
    "password": [
        "Operator 01",
        "Password",
        "****",
        "Type it, then press OK.",
        "C Cancel  B Delete  E OK",
    ],
    "idle": ["TAPTILL TEST SHOP", "Sale", "¥  0.00", "Type an amount to begin.", "◗", "M Menu"],
    "amount": ["Sale", "Amount", "¥  1,280.00", "Up to 50,000.00", "C Cancel  B Delete  E OK"],
    "amount_zero": [
        "Sale",
        "Amount",
        "¥  0.00",
        "An amount of zero cannot",
        "be paid.",
        "C Cancel  B Delete  E OK",
    ],
    "amount_over": [
        "Sale",
        "Amount",
        "¥ 50,000.01",
        "Over the limit of 50,000.00.",
        "C Cancel  B Delete  E OK",
    ],
    "amount_most": [
        "Sale",
        "Amount",
        "¥  9,999,999.99",
        "Up to 50,000.00",
        "C Cancel  B Delete  E OK",
    ],
    "present_card": [
        "¥ 1,280.00",
        "◗",
        "Tap the card",
        "Hold it to the reader until",
        "you hear the sound.",
        "C Cancel",
    ],
    "present_card_again": [
        "¥ 9,999,999.99",
        "◗",
        "Tap the card",
        "Two cards. Hold only one to",
        "the reader.",
        "C Cancel",
    ],
    "pin": [
        "Enter PIN",
        "Amount  ¥ 1,280.00",
        "Card  621234******1232",
        "PIN",
        "*****",
        "4 to 12 digits. No PIN: OK.",
        "C Cancel  B Delete  E OK",
    ],
    "pin_long": [
        "Enter PIN",
        "Amount  ¥ 9,999,999.99",
        "Card 621234*********1232",
        "PIN",
        "************",
        "4 to 12 digits. No PIN: OK.",
        "C Cancel  B Delete  E OK",
    ],
    "pin_short": [
        "Enter PIN",
        "Amount  ¥ 1,280.00",
        "Card  621234******1232",
        "PIN",
        "***",
        "A PIN has at least 4 digits.",
        "C Cancel  B Delete  E OK",
    ],
    "working": ["…", "Authorising", "1,280.00"],
    "approved": [
        "✓",
        "Approved",
        "¥ 1,280.00",
        "621234******1232",
        "Authorisation 483920",
        "no PIN, no signature.",
        "E OK",
    ],
    "declined": [
        "✗",
        "Declined",
        "¥ 1,280.51",
        "Insufficient funds. (51)",
        "Do not try again. Another",
        "card, or another way to pay.",
        "E OK",
    ],
    "reversal_waits": [
        "⚠",
        "Reversal",
        "The last sale is not complete",
        "and still to be taken back.",
        "No new sale before that.",
        "E OK",
    ],
    "confirm": [
        "ℹ",
        "Void",
        "¥ 1,280.00",
        "Voucher number 000042",
        "621234******1232",
        "C Cancel  E OK",
    ],
    "menu": [
        "Menu",
        "1  Sale",
        "2  Void",
        "3  Refund",
        "4  Pre-authorisation",
        "5  More",
        "C Cancel  * Back  # Next",
    ],
    "menu_next": [
        "Menu",
        "1  Print",
        "2  Settlement",
        "3  Host",
        "4  Log off",
        "C Cancel  * Back  # Next",
    ],
    "choose_long": ["Menu", "1  Reprint a slip Tear off …", "C Cancel"],
    "trace": [
        "Void",
        "Voucher number",
        "42",
        "The number on its slip.",
        "C Cancel  B Delete  E OK",
    ],
    "pan": [
        "Sale",
        "Card number",
        "6212 3456 7890 1231 239",
        "That is no card number.",
        "Look again.",
        "C Cancel  B Delete  E OK",
    ],
    "settle": [
        "ℹ",
        "Settlement",
        "Paid: 128 for 9,999,999.99",
        "Given back: 2 for 12.80",
        "OK: settle now. Cancel:",
        "later.",
        "E OK",
    ],
}


def read(path):
    image = Image.open(path).convert("RGB")
    return [line.text for line in read_screen(image, load_fonts(fonts()))]


@pytest.fixture(scope="module")
def painted(tmp_path_factory):
    """The shots of all of them, painted by one MicroPython."""
    folder = tmp_path_factory.mktemp("shots")
    for name, image in sheets.paint("en", fonts())[0].items():
        image.save(folder / f"{name}.png")
    return folder


@pytest.mark.parametrize("name", SCREENS)
def test_it_reads_as_it_was_written(painted, name):
    assert read(painted / f"{name}.png") == [BAR, *SCREENS[name]]


def red_pixels(path):
    colors = picture(path).getcolors(9999)
    return sum(count for count, (r, g, b) in colors if r > 180 and g < 60 and b < 80)


def test_a_reversal_that_waits_is_on_the_bar(mpy, tmp_path):
    code = """
await screens.working(ui, "Wait")
shot("before")
display.windows.clear()
ui.set_status(pending=True, host=FAULT)
assert all(y + h <= 24 and w <= 16 for _, y, w, h in display.windows), display.windows
shot("after")
ui.clock = lambda: "10:06"
display.windows.clear()
ui.tick()
assert display.windows == [(222, 6, 10, 11)], display.windows
shot("later")
"""
    mpy(source(code, tmp_path), heap="1m")
    assert lines(tmp_path / "before")[0] == "TapTill  ᯤ ⇄ ▤ 10:05"
    assert lines(tmp_path / "after")[0] == "TapTill  R  ᯤ ⇄ ▤ 10:05"
    assert lines(tmp_path / "later")[0] == "TapTill  R  ᯤ ⇄ ▤ 10:06"
    assert not red_pixels(tmp_path / "before")
    assert red_pixels(tmp_path / "after")


def test_one_light_waits_for_the_card_and_all_four_say_that_it_was_read(mpy, tmp_path):
    code = """
from pos.ui import lights
await screens.present_card(ui, 128000)
shot("waiting")
display.windows.clear()
lights.show(ui, 4)
assert all(100 <= y and y + h <= 108 for _, y, _, h in display.windows), display.windows
shot("read")
ui.canvas.show()
shot("whole")
"""
    mpy(source(code, tmp_path), heap="1m")
    left = (240 - 40 * 3 - 32) // 2
    shown = {name: picture(tmp_path / name).convert("RGB") for name in ("waiting", "read")}
    middles = [(left + 40 * i + 16, 104) for i in range(4)]
    waiting = [shown["waiting"].getpixel(at) for at in middles]
    read = [shown["read"].getpixel(at) for at in middles]
    assert waiting[1:] == waiting[1:2] * 3 != [waiting[0]] * 3
    assert read == [waiting[0]] * 4
    assert lines(tmp_path / "read") == lines(tmp_path / "waiting")
    assert (tmp_path / "read").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_partial_repaint_equals_a_full_one(mpy, tmp_path):
    code = """
await after(entry.amount(ui, 5000000), "6000000E5B")
shot("pieces")
ui.canvas.show()
shot("whole")
"""
    mpy(source(code, tmp_path), heap="1m")
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "whole").read_bytes()


def test_the_self_test_begins_anew_when_the_screen_is_full(mpy, tmp_path):
    code = """
await screens.boot(ui)
for i in range(13):
    await screens.selftest_line(ui, "Part %d" % i, True, "well")
shot("a")
"""
    mpy(source(code, tmp_path), heap="1m")
    assert lines(tmp_path / "a")[1:] == ["Self-test", "✓ Part 12  well"]


def test_text_that_is_too_long_leaves_the_keys_alone(mpy, tmp_path):
    code = """
await screens.result(ui, "bad", "Title", ("word " * 60,), 100)
shot("a")
"""
    mpy(source(code, tmp_path), heap="1m")
    assert lines(tmp_path / "a")[-1] == "E OK"
