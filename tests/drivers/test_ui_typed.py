"""What the cashier types off slips and cards: the screens, what they take and what they refuse."""

import pytest
from ui_bench import lines, source

BAR = "TapTill 01  ᯤ ⇄ ▤ 10:05"
KEYS = "C Cancel  B Delete  E OK"

SCREENS = {
    "trace": (
        'typed.ask(ui, "trace", "void"), "42"',
        ["Void", "Voucher number", "42", "The number on its slip.", KEYS],
    ),
    "trace_none": (
        'typed.ask(ui, "trace", "void"), "E"',
        ["Void", "Voucher number", "A number from 1 to", "999999.", KEYS],
    ),
    "hold": (
        'typed.ask(ui, "hold", "completion"), ""',
        [
            "Completion",
            "Voucher number",
            "The number on its slip.",
            "Another batch: OK without a",
            "number.",
            KEYS,
        ],
    ),
    "rrn_short": (
        'typed.ask(ui, "rrn", "refund"), "26091100012E"',
        ["Refund", "Reference number", "260 911 000 12", "It has 12 digits.", KEYS],
    ),
    "auth": (
        'typed.ask(ui, "auth", "offline"), "12*0022**"',
        [
            "Offline sale",
            "Authorisation code",
            "1A0 02B",
            "6 digits. A letter: press *",
            "after its key.",
            KEYS,
        ],
    ),
    "date_wrong": (
        'typed.ask(ui, "date", "refund"), "0230E"',
        [
            "Refund",
            "Date of the original",
            "02/30",
            "There is no such day. Month",
            "and day, such as 0731.",
            KEYS,
        ],
    ),
    "pan": (
        'typed.ask(ui, "pan", "sale"), "6212345678901234567"',
        ["Sale", "Card number", "6212 3456 7890 1234 567", "As it is on the card.", KEYS],
    ),
    "pan_wrong": (
        'typed.ask(ui, "pan", "sale"), "6212345678901233E"',
        [
            "Sale",
            "Card number",
            "6212 3456 7890 1233",
            "That is no card number.",
            "Look again.",
            KEYS,
        ],
    ),
    "expiry": (
        'typed.ask(ui, "expiry", "preauth"), "1330E"',
        [
            "Pre-authorisation",
            "Valid thru",
            "13/30",
            "A month and a year, such as",
            "0730.",
            KEYS,
        ],
    ),
    "confirm": (
        'screens.confirm(ui, "Void", ("Sale 000042", "621234******1232"), 128000), ""',
        ["ℹ", "Void", "¥ 1,280.00", "Sale 000042", "621234******1232", "C Cancel  E OK"],
    ),
    "confirm_most": (
        'screens.confirm(ui, "Void completion", ("Completion 999999", "621234*********1232"),'
        ' 999999999), ""',
        [
            "ℹ",
            "Void completion",
            "¥ 9,999,999.99",
            "Completion 999999",
            "621234*********1232",
            "C Cancel  E OK",
        ],
    ),
    "balance_card": (
        'screens.present_card(ui, 0), ""',
        ["◗", "Tap the card", "Hold it to the reader until", "you hear the sound.", "C Cancel"],
    ),
    "approved_part": (
        'screens.result(ui, "ok", "Approved in part", ("Still to be paid: 280.00",'
        ' "Not over 1,000.00: no PIN, no signature.", "Authorisation 104729"), 100000), ""',
        [
            "✓",
            "Approved in part",
            "¥ 1,000.00",
            "Still to be paid: 280.00",
            "Not over 1,000.00: no PIN,",
            "no signature.",
            "E OK",
        ],
    ),
    "balance": (
        'screens.result(ui, "ok", "Balance", ("621234******1232",), -123456789), ""',
        ["✓", "Balance", "¥ -1,234,567.89", "621234******1232", "E OK"],
    ),
    "balance_pin": (
        'entry.pin(ui, 0, "621234******1232"), ""',
        ["Enter PIN", "Card  621234******1232", "PIN", "4 to 12 digits. No PIN: OK.", KEYS],
    ),
}


def paint(mpy, tmp_path, call):
    code = (
        'from pos.ui import typed\nui.set_status(operator="01", network=OK, host=OK, paper=OK)\n'
    )
    if "present_card" in call or "result" in call:  # they only show
        code += "await " + call.partition(', ""')[0]
    else:
        code += f"await after({call})"
    mpy(source(code + '\nshot("a")', tmp_path), heap="1m")
    return lines(tmp_path / "a")


@pytest.mark.parametrize("name", SCREENS)
def test_it_reads_as_it_was_written(mpy, tmp_path, name):
    call, want = SCREENS[name]
    assert paint(mpy, tmp_path, call) == [BAR, *want]


@pytest.mark.parametrize(
    ("what", "typed", "want"),
    [
        ("trace", "0EB42E", "42"),
        ("trace", "1234567E", "123456"),
        ("trace", "1C", None),
        ("hold", "E", ""),
        ("hold", "7E", "7"),
        ("rrn", "26091100012E3E", "260911000123"),
        ("auth", "12345E6E", "123456"),
        ("auth", "2*3**4***567E", "AEI567"),
        ("auth", "2****3456*7*E", "2345MP"),
        ("date", "0000EBBBB1231E", "1231"),
        ("date", "0229E", "0229"),
        ("date", "0431EB0E", "0430"),
        ("expiry", "1230E", "3012"),
        ("expiry", "0030EBBBB0130E", "3001"),
        ("pan", "6212345678901232E", "6212345678901232"),
        ("pan", "6212345678901233EB2E", "6212345678901232"),
        ("pan", "E79927398713E", None),
    ],
)
def test_what_is_taken(mpy, what, typed, want):
    body = f"""
from pos.ui import typed
try:
    print(repr(await asyncio.wait_for(answer(typed.ask(ui, {what!r}, "sale"), {typed!r}), 1)))
except asyncio.TimeoutError:
    print(None)
"""
    assert mpy(source(body), heap="1m").strip() == repr(want)


@pytest.mark.parametrize(
    ("pan", "good"),
    [
        ("79927398713", True),  # ISO/IEC 7812-1's own arithmetic, a well-known example
        ("79927398710", False),
        ("4761739001010119", True),
        ("4761739001010191", False),
        ("6225880000000000001", False),
        ("6212345678901232", True),
    ],
)
def test_the_check_digit(mpy, pan, good):
    code = f"from pos.ui.typed import luhn\nprint(luhn({pan!r}))"
    assert mpy(code, heap="1m").strip() == str(good)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_of_the_menu_fits(mpy, tmp_path, language):
    """No item is cut: an ellipsis stands where words do not fit."""
    code = f"from pos import words\nfrom pos.words import {language}\n"
    code += f"words.use({language}.TABLE)\n"
    code += """
from pos.flows import menu
pages = [line.split() for line in menu._PAGES.split("\\n") if line]
from pos.words import say
count = 0
for page in pages:
    names = [say(item.partition("=")[0]) for item in page[1:]]
    for turns in range(1 + (len(names) - 1) // 5):
        await after(entry.choose(ui, say(page[0]), names), "#" * turns)
        shot(str(count))
        count += 1
print(count)
"""
    count = int(mpy(source(code, tmp_path), heap="1m"))
    assert count >= 8
    for number in range(count):
        shown = lines(tmp_path / str(number))
        assert len(shown) >= 3 and not any("…" in line for line in shown), shown
