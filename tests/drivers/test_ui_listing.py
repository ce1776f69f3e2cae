"""Lists, tables and bars: what they show, what they return, how they turn pages."""

import pytest
from ui_bench import lines, source

START = """
from pos.ui import listing
def entry(i):
    return "11/25 10:0%d" % (i % 10), "%d.00" % i, "%06d Sale" % i, "Approved", "good", "✓"
"""


def run(mpy, body):
    return mpy(source(START + body), heap="1m").splitlines()


def shown(mpy, tmp_path, body):
    mpy(source(START + body + '\nshot("a")\n', tmp_path), heap="1m")
    return lines(tmp_path / "a")


def test_an_entry_is_chosen_by_its_number_on_its_page(mpy):
    body = """
for typed in ("1", "4", "#1", "##2", "##3C", "#*2", "*5C", "###1", "0C"):
    print(await answer(listing.browse(ui, "All", 10, entry), typed))
print(await answer(listing.browse(ui, "All", 10, entry, 0, 9), "2"))
print(await answer(listing.browse(ui, "All", 2, entry), "3#2"))
"""
    want = ["0", "3", "4", "9", "None", "1", "None", "8", "None", "9", "1"]
    assert run(mpy, body) == want


def test_a_page_of_a_list(mpy, tmp_path):
    got = shown(mpy, tmp_path, 'await after(listing.browse(ui, "All", 5, entry), "#")')
    assert [line for line in got[1:] if line != "1"] == [
        "All",
        "11/25 10:04  4.00",
        "000004 Sale Approved",
        "C Cancel  * Back  # Next",
    ]


@pytest.mark.parametrize(("keys", "want"), [("#", 11), ("##", 22), ("###*", 11)])
def test_a_long_table_has_pages_of_ten_rows(mpy, tmp_path, keys, want):
    rows = '[("row", str(i)) for i in range(1, 25)]'
    got = shown(mpy, tmp_path, f'await after(listing.table(ui, "T", {rows}, "Cp"), "{keys}")')
    want = (want - 1) // 10 * 10 + 1
    count = min(10, 25 - want)
    assert got[2:-1] == [f"row  {i}" for i in range(want, want + count)]
    assert got[-1] == "C Cancel  *  #  E Print"


def test_a_value_that_is_too_long_goes_below_and_is_whole(mpy, tmp_path):
    rows = '[("Response", "x" * 40), ("Trace", "000001")]'
    got = shown(mpy, tmp_path, f'await after(listing.table(ui, "T", {rows}), "")')
    assert got[2] == "Response"
    assert "".join(got[3:-2]) == "x" * 40
    assert got[-2] == "Trace  000001"


def test_the_key_that_ends_a_table(mpy):
    body = """
rows = [("a", "b")]
for keys, typed in (("C", "E1C"), ("Cp", "E"), ("Cp", "#C")):
    print(await answer(listing.table(ui, "T", rows, keys), typed))
print(await answer(listing.table(ui, "T", [], "C", 1), ""))
"""
    assert run(mpy, body) == ["C", "E", "C", "C"]


def test_bars_are_as_high_as_their_hours(mpy):
    """Measured on the glass: the column of each hour, in the colour of bars."""
    body = """
counts = [0] * 24
counts[0], counts[9], counts[23] = 4, 8, 1
await after(listing.hours(ui, "Hours", counts, [("Paid", "1.00")]))
blue = b"\\x1a\\xfb"
for hour in range(24):
    x = 12 + 9 * hour + 4
    high = 0
    for y in range(60, 196):
        at = (y * 240 + x) * 2
        high += display.glass[at : at + 2] == blue
    print(high)
"""
    heights = [int(line) for line in run(mpy, body)]
    assert heights[9] == 2 * heights[0] == 8 * heights[23] == 96
    assert sum(1 for high in heights if high) == 3
