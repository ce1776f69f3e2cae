"""Text on twelve keys, facts, and a PIN whose keys are mixed: what is shown and what is taken."""

import pytest
from ui_bench import lines, source

BAR = "TapTill  ᯤ ⇄ ▤ 10:05"
KEYS = "C Cancel  B Delete  E OK"
HINT = ["#: abc, ABC, 123. *: signs", "such as @ or $. M: show or", "hide."]

START = """
from pos.ui import listing, text
async def paused(timeout_ms=0):
    # "~" is a moment without a key
    key = await keys.get()
    return None if key == "~" else key
ui.key = paused
def typing(least=1, most=63, hidden=False):
    return text.ask(ui, "Corner", "Wi-Fi password", least, most, hidden)
"""


def run(mpy, body, folder="/nowhere"):
    return mpy(source(START + body, folder), heap="1m")


@pytest.mark.parametrize(
    ("typed", "want"),
    [
        ("2E", "a"),
        ("22E", "b"),
        ("2222E", "2"),
        ("22222E", "a"),
        ("2~2E", "aa"),
        ("23E", "ad"),
        ("#2#2##2E", "A2A"),
        ("7777#2E", "sA"),
        ("*1E", "-"),
        ("*0E", "&"),
        ("**1E", "#"),
        ("****2E", "~"),
        ("****92E", "a"),
        ("*****2E", "a"),
        ("2*12E", "a-a"),
        ("0E", " "),
        ("00E", "0"),
        ("1E", "."),
        ("2B3E", "d"),
        ("E2E", "a"),
        ("2M3E", "ad"),
        ("2C", None),
        ("2~~", None),
    ],
)
def test_what_is_taken(mpy, typed, want):
    assert run(mpy, f"print(repr(await answer(typing(), {typed!r})))").strip() == repr(want)


def test_it_has_a_least_and_a_most(mpy):
    body = """
print(await answer(typing(8, 8), "##1234567E8E"))
print(await answer(typing(1, 4), "234555678E"))
print(await answer(typing(0), "E") == "")
"""
    assert run(mpy, body).split() == ["12345678", "adgl", "True"]


SCREENS = {
    "shown": ('typing(), "23"', ["Corner", "Wi-Fi password abc", "ad", *HINT, KEYS]),
    "last": ('typing(8, 63, True), "2#34"', ["Corner", "Wi-Fi password ABC", "**G", *HINT, KEYS]),
    "later": ('typing(8, 63, True), "23~"', ["Corner", "Wi-Fi password abc", "**", *HINT, KEYS]),
    "short": (
        'typing(8, 63, True), "23E"',
        ["Corner", "Wi-Fi password abc", "**", "At least 8 characters.", KEYS],
    ),
    "signs": (
        'typing(), "**"',
        [
            "Corner",
            "Wi-Fi password abc",
            "1 # 2 $ 3 % 4 * 5 =",
            "6 , 7 ; 8 ' 9 \" 0 (",
            "* more",
            KEYS,
        ],
    ),
    "long": (
        'typing(), "##" + "1234567890" * 6',
        ["Corner", "Wi-Fi password 123", "…345678901234567890", *HINT, KEYS],
    ),
    "facts": (
        'listing.table(ui, "About", (("Shop", "898100012340001"), ("Call", "13800138000138")))'
        ', ""',
        ["About", "Shop 898100012340001", "Call 13800138000138", "C Cancel"],
    ),
    "mixed": (
        'entry.pin(ui, 999999999, "621234*********1232", 0, True, bytearray(b"\\7\\1\\0\\3\\2'
        '\\5\\6\\4\\x09\\x08")), "1234"',
        [
            "Enter PIN",
            "Amount ¥ 9,999,999.99",
            "Card 621234*********1232",
            "PIN",
            "****",
            "The keys are as shown here.",
            "1 0 3",
            "2 5 6",
            "4 9 8",
            "7",
            KEYS,
        ],
    ),
    "mixed_short": (
        'entry.pin(ui, 0, "621234******1232", 0, True, bytearray(range(10))), "E"',
        [
            "Enter PIN",
            "Card 621234******1232",
            "PIN",
            "A PIN has at least 4 digits.",
            "1 2 3",
            "4 5 6",
            "7 8 9",
            "0",
            KEYS,
        ],
    ),
}


@pytest.mark.parametrize("name", SCREENS)
def test_it_reads_as_it_was_written(mpy, tmp_path, name):
    call, want = SCREENS[name]
    run(mpy, f'await after({call})\nshot("a")', tmp_path)
    squeezed = [" ".join(line.split()) for line in lines(tmp_path / "a")]
    assert squeezed == [" ".join(line.split()) for line in [BAR, *want]]


def test_a_mixed_pin_is_what_the_keys_stand_for(mpy):
    body = """
pad = bytearray(b"\\7\\1\\0\\3\\2\\5\\6\\4\\x09\\x08")
print(await answer(entry.pin(ui, 1, "x", 0, True, pad), "0123B456789E"))
print(await answer(entry.pin(ui, 1, "x", 0, True), "E12E34E"))
print(await answer(entry.pin(ui, 1, "x", 0, False, pad), "E"))
"""
    want = ["710256498", "1234", ""]
    assert run(mpy, body).split("\n")[:3] == [f"bytearray(b'{pin}')" for pin in want]
