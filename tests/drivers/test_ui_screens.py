"""Every screen, painted by MicroPython and read back from its pixels."""

import pytest
from ui_bench import lines, picture, source

BAR = "TapTill 01  ᯤ ⇄ ▤ 10:05"
ENTRY_KEYS = "C Cancel  B Delete  E OK"

SCREENS = {
    "boot": (
        """
await screens.boot(ui)
await screens.selftest_line(ui, "Memory", True, "52 KB")
await screens.selftest_line(ui, "Display", True)
await screens.selftest_line(ui, "Printer", False, "The paper is out. Put in a new roll.")
await screens.selftest_line(ui, "Reader", True, "PN532 1.6")
""",
        [
            "Self-test",
            "✓ Memory  52 KB",
            "✓ Display",
            "✗ Printer",
            "The paper is out. Put in a",
            "new roll.",
            "✓ Reader  PN532 1.6",
        ],
    ),
    "operator": (
        'await after(entry.operator(ui), "0")',
        ["Log in", "Operator", "0", "Type your two-digit number.", ENTRY_KEYS],
    ),
    "operator_short": (
        'await after(entry.operator(ui), "7E")',
        ["Log in", "Operator", "7", "Two digits, please.", ENTRY_KEYS],
    ),
    "password": (
        'await after(entry.password(ui, "Operator 01"), "1234")',
        ["Operator 01", "Password", "****", "Type it, then press OK.", ENTRY_KEYS],
    ),
    "idle": (
        'await after(entry.idle(ui, "TAPTILL TEST SHOP"))',
        ["TAPTILL TEST SHOP", "Sale", "¥  0.00", "Type an amount to begin.", "◗", "M Menu"],
    ),
    "amount": (
        'await after(entry.amount(ui, 5000000, "1"), "28000")',
        ["Sale", "Amount", "¥  1,280.00", "Up to 50,000.00", ENTRY_KEYS],
    ),
    "amount_zero": (
        'await after(entry.amount(ui, 5000000), "E")',
        ["Sale", "Amount", "¥  0.00", "An amount of zero cannot", "be paid.", ENTRY_KEYS],
    ),
    "amount_over": (
        'await after(entry.amount(ui, 5000000), "5000001E")',
        ["Sale", "Amount", "¥ 50,000.01", "Over the limit of 50,000.00.", ENTRY_KEYS],
    ),
    "amount_most": (
        'await after(entry.amount(ui, 5000000), "9999999999")',
        ["Sale", "Amount", "¥  9,999,999.99", "Up to 50,000.00", ENTRY_KEYS],
    ),
    "present_card": (
        "await screens.present_card(ui, 128000)",
        [
            "¥ 1,280.00",
            "◗",
            "Tap the card",
            "Hold it to the reader until",
            "you hear the sound.",
            "C Cancel",
        ],
    ),
    "present_card_again": (
        'await screens.present_card(ui, 999999999, "Two cards. Hold only one to the reader.")',
        [
            "¥ 9,999,999.99",
            "◗",
            "Tap the card",
            "Two cards. Hold only one to",
            "the reader.",
            "C Cancel",
        ],
    ),
    "pin": (
        'await after(entry.pin(ui, 128000, "621234******1232"), "12345")',
        [
            "Enter PIN",
            "Amount  ¥ 1,280.00",
            "Card  621234******1232",
            "PIN",
            "*****",
            "4 to 12 digits. No PIN: OK.",
            ENTRY_KEYS,
        ],
    ),
    "pin_long": (
        'await after(entry.pin(ui, 999999999, "621234*********1232"), "12345678901234")',
        [
            "Enter PIN",
            "Amount  ¥ 9,999,999.99",
            "Card 621234*********1232",
            "PIN",
            "************",
            "4 to 12 digits. No PIN: OK.",
            ENTRY_KEYS,
        ],
    ),
    "pin_short": (
        'await after(entry.pin(ui, 128000, "621234******1232"), "123E")',
        [
            "Enter PIN",
            "Amount  ¥ 1,280.00",
            "Card  621234******1232",
            "PIN",
            "***",
            "A PIN has at least 4 digits.",
            ENTRY_KEYS,
        ],
    ),
    "working": (
        'await screens.working(ui, "Authorising", "Waiting for the bank")',
        ["…", "Authorising", "Waiting for the bank"],
    ),
    "approved": (
        'await screens.result(ui, "ok", "Approved", ("621234******1232", "Auth 483920"), 128000)',
        ["✓", "Approved", "¥ 1,280.00", "621234******1232", "Auth 483920", "E OK"],
    ),
    "declined": (
        'await screens.result(ui, "bad", "Declined", ("Insufficient funds (51)",), amount=128051)',
        ["✗", "Declined", "¥ 1,280.51", "Insufficient funds (51)", "E OK"],
    ),
    "message": (
        """
await after(screens.message(ui, "warn", "No answer from the host",
    "The sale will be reversed. Nothing has been charged."))""",
        [
            "⚠",
            "No answer from",
            "the host",
            "The sale will be reversed.",
            "Nothing has been charged.",
            "E OK",
        ],
    ),
    "info": (
        'await screens.result(ui, "info", "Two cards")',
        ["ℹ", "Two cards", "E OK"],
    ),
    "choose": (
        'await after(entry.choose(ui, "Menu", ["Sale", "Refund", "Last slip"]))',
        ["Menu", "1  Sale", "2  Refund", "3  Last slip", "C Cancel"],
    ),
    "choose_page": (
        'await after(entry.choose(ui, "Menu", ["Item %d" % i for i in range(7)]), "#")',
        ["Menu", "1  Item 5", "2  Item 6", "C Cancel  * Back  # Next"],
    ),
    "choose_long": (
        'await after(entry.choose(ui, "Menu", ["Diagnostics and much more of it"]))',
        ["Menu", "1  Diagnostics and much…", "C Cancel"],
    ),
}


@pytest.mark.parametrize("name", SCREENS)
def test_it_reads_as_it_was_written(mpy, tmp_path, name):
    code, want = SCREENS[name]
    status = 'ui.set_status(operator="01", network=OK, host=OK, paper=OK)\n'
    mpy(source(status + code.strip() + '\nshot("a")', tmp_path), heap="1m")
    assert lines(tmp_path / "a") == [BAR, *want]


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
assert display.windows == [(184, 4, 48, 16)], display.windows
shot("later")
"""
    mpy(source(code, tmp_path), heap="1m")
    assert lines(tmp_path / "before")[0] == "TapTill  ᯤ ⇄ ▤ 10:05"
    assert lines(tmp_path / "after")[0] == "TapTill  R ᯤ ⇄ ▤ 10:05"
    assert lines(tmp_path / "later")[0] == "TapTill  R ᯤ ⇄ ▤ 10:06"
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
