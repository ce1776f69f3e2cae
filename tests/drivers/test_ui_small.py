"""The small display: lines that are turned, lists with more entries than are seen."""

import pytest
import ui_bench
from PIL import Image

from host_tools.device.screen_fonts import load_fonts
from host_tools.device.screen_reader import read_screen
from host_tools.screens import program, sheets

START = """
import sys
from pos import words
__import__("pos.words.en")
words.use(sys.modules["pos.words.en"].TABLE)
"""
NAMES = "names = ['item %d' % i for i in range(1, 12)]\n"


@pytest.fixture
def run(mpy, tmp_path):
    """What a body printed, and the lines of its shots."""

    def run(body):
        code = program.source(START + body, tmp_path, ui_bench.fonts("small"), "small")
        printed = mpy(code, heap="1m").splitlines()
        fonts = load_fonts(ui_bench.fonts("small"))
        shots = {
            path.name: [line.text for line in read_screen(program.picture(path, "small"), fonts)]
            for path in tmp_path.iterdir()
        }
        return printed, shots

    return run


@pytest.mark.parametrize(
    ("keys", "index"),
    [("2", 1), ("7", 6), ("##7", 6), ("###1", 9), ("###2", 10), ("###*1", 0), ("**3", 2)],
)
def test_an_entry_is_chosen_by_its_number_seen_or_not(run, keys, index):
    body = f'print(await answer(entry.choose(ui, "Menu", names), "{keys}"))'
    assert run(NAMES + body)[0] == [str(index)]


def test_a_number_that_nothing_has_does_nothing(run):
    body = 'await after(entry.choose(ui, "Menu", names), "###90#")\nshot("a")'
    assert run(NAMES + body)[1]["a"] == ["Menu  4/4", "1 item 10", "2 item 11"]


def test_lines_are_turned_by_key_and_the_other_keys_come_through(run):
    body = """
await screens.trouble(ui, "T", "one two three four five six seven eight nine ten " * 3)
shot("a")
task = await after(ui.key(), "#")
shot("b")
keys.type("*")
keys.type("*C")
print(await task)
shot("c")
"""
    printed, shots = run(body)
    assert printed == ["C"]
    assert shots["a"][0].endswith("↓")
    assert shots["a"][1:] != shots["b"][1:]
    assert shots["c"][0].endswith("↑")  # back, and back again: the last one


def test_lines_are_turned_by_themselves_until_the_time_is_over(run):
    body = """
from pos.ui import frame
waits = []
async def wait(self, ms):
    waits.append(ms)
frame.Ui._wait = wait
await screens.trouble(ui, "T", "word " * 40)
print(await ui.key(6000), waits)
"""
    assert run(body)[0] == ["None [2500, 2500, 1000]"]


def test_the_largest_amount_is_whole_everywhere(run):
    body = """
most = 999999999
await after(entry.amount(ui, most), "9" * 9)
shot("amount")
await screens.present_card(ui, most)
shot("card")
await after(entry.pin(ui, most, "621234******1232"), "1")
shot("pin")
for kind in ("ok", "bad"):
    for lines in ((), ("one",), ("one", "two")):
        await screens.result(ui, kind, "Title", lines, most)
        shot(kind + str(len(lines)))
"""
    shots = run(body)[1]
    assert len(shots) == 9
    assert [n for n, lines in shots.items() if "9,999,999.99" not in " ".join(lines)] == []


def test_a_bar_that_changes_is_painted_in_place(run):
    body = """
await after(entry.idle(ui, "SHOP"))
ui.set_status(operator="07", network=OK, host=FAULT)
shot("a")
"""
    assert run(body)[1]["a"][0] == "07  ᯤ ⇄!  10:05"


@pytest.mark.parametrize(
    ("screen", "lines"),
    [
        ("small_zh/operator_short", ["登录  操作员", "7", "操作员号为两位数", "字。"]),
        (
            "small_zh/hold",
            ["预授权完成  凭证号", "预授权单上的凭证", "号。不在本批次的直", "接按确认。"],
        ),
        ("small_zh/pin", ["密码  ¥ 1,280.00", "621234******1232", "*****"]),
        ("small_zh/menu", ["菜单  1/3", "1 消费", "2 消费撤销", "3 退货"]),
        ("small_en/list", ["All of this batch  1/6", "11/25 10:00  Approved"]),
        ("small_en/bar_all", ["01R↑+▁ ᯤ ⇄!▤!10:05", "TRAIN TAPTILL TES…"]),
    ],
)
def test_what_is_kept_can_be_read(screen, lines):
    image = Image.open(sheets.KEPT / f"{screen}.png").convert("RGB")
    read = [line.text for line in read_screen(image, load_fonts(ui_bench.fonts("small")))]
    assert read[: len(lines)] == lines
