"""What the screens return, and what they forget."""

from ui_bench import source


def run(mpy, body: str) -> list[str]:
    return mpy(source(body), heap="1m").splitlines()


def test_an_amount_shifts_in_from_the_right(mpy):
    body = """
for typed in ("128000E", "1E", "12BE", "12BB3E", "MC", "0E5E", "9999999E5BBBE", "C"):
    print(await answer(entry.amount(ui, 5000000), typed))
print(await answer(entry.amount(ui, 5000000, "7"), "00E"))
print(await answer(entry.amount(ui, 5000000, "0"), "E2E"))
"""
    want = ["128000", "1", "1", "3", "None", "5", "99999", "None", "700", "2"]
    assert run(mpy, body) == want


def test_the_limit_itself_may_be_paid(mpy):
    body = """
print(await answer(entry.amount(ui, 5000), "5001EBE"))
print(await answer(entry.amount(ui, 5000), "5000E"))
"""
    assert run(mpy, body) == ["500", "5000"]


def test_operator_and_password(mpy):
    body = """
print(await answer(entry.operator(ui), "E0E123E"))
print(await answer(entry.operator(ui), "12BBB07#E"))
print(await answer(entry.operator(ui), "1C"))
print(await answer(entry.password(ui, "x"), "E12B3E"))
print(await answer(entry.password(ui, "x"), "1234567890E"))
print(await answer(entry.password(ui, "x"), "12C"))
"""
    want = ["01", "07", "None", "bytearray(b'13')", "bytearray(b'12345678')", "None"]
    assert run(mpy, body) == want


def test_a_pin_has_4_to_12_digits_or_none(mpy):
    body = """
for typed in ("123456E", "123E4E", "E", "12BBE", "12345678901234E", "1234C", "1234BBBB*#ME"):
    print(await answer(entry.pin(ui, 1, "621234******1232"), typed))
"""
    want = ["123456", "1234", "", "", "123456789012"]
    got = run(mpy, body)
    assert got == [f"bytearray(b'{pin}')" for pin in want] + ["None", "bytearray(b'')"]


def test_the_digits_of_a_secret_are_wiped(mpy):
    """Whatever way the screen ends, only what it returned has them."""
    body = """
made = []
class Spy(bytearray):
    pass
def spy(*args):
    made.append(Spy(*args))
    return made[-1]
entry.bytearray = spy
first = await answer(entry.pin(ui, 1, "x"), "987654E")
assert bytes(first) == b"987654"
await answer(entry.pin(ui, 1, "x"), "987654C")
assert await entry.pin(ui, 1, "x", 1) is None
task = await after(entry.pin(ui, 1, "x"), "9876")
assert bytes(made[-1][:4]) == b"9876"
task.cancel()
try:
    await task
except asyncio.CancelledError:
    pass
print(len(made), all(not any(one) for one in made))
"""
    assert run(mpy, body) == ["4 True"]


def test_every_screen_gives_up_in_time(mpy):
    body = """
print(await entry.operator(ui, timeout_ms=1))
print(await entry.password(ui, "x", timeout_ms=1))
print(await entry.pin(ui, 1, "x", timeout_ms=1))
print(await entry.amount(ui, 100, timeout_ms=1))
print(await entry.idle(ui, "x", timeout_ms=1))
print(await entry.choose(ui, "x", ["a"], timeout_ms=1))
print(await screens.message(ui, "ok", "x", "y", timeout_ms=1))
print(await screens.acknowledge(ui, 1))
"""
    assert run(mpy, body) == ["None"] * 8


def test_choices_have_the_numbers_of_their_page(mpy):
    body = """
items = [str(i) for i in range(12)]
for typed in ("1", "5", "#2", "##2", "####1", "##*1", "**3", "6#1", "##3C", "0C"):
    print(await answer(entry.choose(ui, "x", items), typed))
"""
    assert run(mpy, body) == ["0", "4", "6", "11", "10", "5", "2", "5", "None", "None"]


def test_idle_returns_the_key(mpy):
    body = """
for key in "7M*E":
    print(await answer(entry.idle(ui, "x"), key))
print(await answer(screens.acknowledge(ui), "7E"))
print(await answer(screens.message(ui, "ok", "x"), "C"))
"""
    assert run(mpy, body) == ["7", "M", "*", "E", "E", "C"]


def test_a_key_repaints_what_it_changes_alone(mpy):
    """One rectangle, its rows the same for each digit; of the PIN one dot, below 3 % of all."""
    body = """
for screen, typed in ((entry.amount(ui, 5000000), "128B"), (entry.pin(ui, 1, "x"), "1234B")):
    task = await after(screen)
    for key in typed:
        display.windows.clear()
        keys.type(key)
        await asyncio.wait_for(keys.idle.wait(), 20)
        print(*["%d,%d,%d" % (y, w, h) for _, y, w, h in display.windows])
    task.cancel()
"""
    found = [tuple(map(int, line.split(","))) for line in run(mpy, body)]
    assert len({(y, h) for y, _, h in found[:4]}) == 1
    assert len({(y, h) for y, _, h in found[4:]}) == 1
    assert [w for _, w, _ in found[1:4]] == [46, 80, 80]  # two digits; three and a point
    assert [w for _, w, _ in found[4:]] == [16] * 5
    assert all(w * h < 240 * 320 * 3 // 100 for _, w, h in found[4:])


def test_what_is_the_same_is_not_repainted(mpy):
    body = """
task = await after(entry.amount(ui, 5000000, "1"))
display.windows.clear()
for key in "*#M":
    keys.type(key)
    await asyncio.wait_for(keys.idle.wait(), 20)
print(display.windows)
"""
    assert run(mpy, body) == ["[]"]


def test_the_next_screen_leaves_the_bar_alone_unless_it_differs(mpy):
    body = """
await screens.working(ui, "a")
for change in ("", "ui.clock = lambda: '10:06'", "ui.forget()", "look"):
    display.windows.clear()
    if change == "look":
        await screens.look(ui, 1, 0)
    else:
        exec(change)
    await screens.working(ui, "b")
    print(display.windows)
"""
    whole, below = "(0, 0, 240, 320)", "(0, 24, 240, 296)"
    clock = "(222, 6, 10, 11)"
    want = [f"[{below}]", f"[{clock}, {below}]", f"[{whole}]", f"[{whole}]"]
    assert run(mpy, body) == want


def test_thirty_digits_are_no_amount(mpy):
    body = """
print(await answer(entry.amount(ui, 999999999), "123456789012345678901234567890E"))
print(await answer(entry.amount(ui, 5000000), "9" * 30 + "E" + "BB" + "E" + "B" * 30 + "EE1E"))
print(await answer(entry.operator(ui), "1" * 30 + "E"))
"""
    assert run(mpy, body) == ["123456789", "1", "11"]


def test_the_language_may_change_in_the_midst(mpy):
    """The field keeps what was typed; the next screen has the other words, those it lacks too."""
    body = """
from pos import words
task = await after(entry.amount(ui, 5000000), "12")
words.use(b"\\nlogin=Anmelden\\nsale=Verkauf\\n")
keys.type("0B00E")
print(await asyncio.wait_for(task, 20))
task = await after(entry.pin(ui, 100, "621234******1232"), "12")
words.use(words.en.TABLE)
keys.type("E34E")
print(bytes(await asyncio.wait_for(task, 20)))
task = await after(entry.choose(ui, "x", [str(i) for i in range(12)]), "#")
words.use(b"")
keys.type("#2")
print(await asyncio.wait_for(task, 20))
"""
    assert run(mpy, body) == ["1200", "b'1234'", "11"]


def test_pages_of_choices_begin_where_it_was_asked_for(mpy):
    body = """
items = [str(i) for i in range(12)]
rows = []
def mark(canvas, index, y):
    rows.append((index, y))
for top, typed in ((0, "1"), (4, "1"), (5, "1"), (11, "2"), (7, "*1")):
    print(await answer(entry.choose(ui, "x", items, 0, None, top), typed))
await answer(entry.choose(ui, "x", items, 0, mark, 11), "C")
print(rows)
"""
    assert run(mpy, body) == ["0", "0", "5", "11", "0", "[(10, 72), (11, 112)]"]
