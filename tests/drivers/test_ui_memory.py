"""What the user interface keeps: frozen-like from a ROM file system, and over many screens."""

from mpremote.romfs import VfsRomWriter
from ui_bench import fonts, source

from host_tools.build.image import ROOT, compile_tree

KEPT = 17 * 1024  # 64-bit words, code loaded from ROMFS, with what finds Chinese

MEASURE = """
import sys, vfs, asyncio, time, framebuf, gc
vfs.mount(vfs.VfsRom(memoryview(open({image!r}, "rb").read())), "/rom")
sys.path[:] = ["/rom"]
import pos.aio  # the keypad has loaded it before
gc.collect()
before = gc.mem_alloc()
from pos.ui import entry, frame, screens
gc.collect()
print(gc.mem_alloc() - before)
class Display:
    width, height = 240, 320
gc.collect()
before = gc.mem_alloc()
ui = frame.Ui(Display(), None, "/rom/fonts")
gc.collect()
print(gc.mem_alloc() - before)
"""


def pack(writer, folder):
    for child in sorted(folder.iterdir()):
        if child.is_dir():
            writer.opendir(child.name)
            pack(writer, child)
            writer.closedir()
        else:
            writer.mkfile(child.name, child.read_bytes())


def test_the_room_and_its_buffers_are_small(mpy, tmp_path):
    compile_tree(ROOT / "firmware", tmp_path / "image", short_names=True)
    (tmp_path / "image" / "fonts").mkdir()
    for path in fonts().iterdir():
        (tmp_path / "image" / "fonts" / path.name).write_bytes(path.read_bytes())
    writer = VfsRomWriter()
    pack(writer, tmp_path / "image")
    image = tmp_path / "image.romfs"
    image.write_bytes(writer.finalise())
    kept, buffers = map(int, mpy(MEASURE.format(image=str(image)), heap="4m").split())
    assert kept < KEPT
    assert buffers < 7 * 1024  # the strip and what points into the fonts, not the fonts


def test_nothing_grows_over_200_screens(mpy):
    body = """
async def round():
    await screens.boot(ui)
    await screens.selftest_line(ui, "Memory", True, "52 KB")
    await answer(entry.operator(ui), "01E")
    await answer(entry.password(ui, "Log in"), "1234E")
    await answer(entry.idle(ui, "TAPTILL TEST SHOP"), "1")
    await answer(entry.amount(ui, 5000000, "1"), "28000E")
    await screens.present_card(ui, 128000)
    await answer(entry.pin(ui, 128000, "621234******1232"), "123456E")
    await screens.working(ui, "Authorising")
    await screens.result(ui, "ok", "Approved", ("Take your slip",), 128000)
    await answer(screens.message(ui, "bad", "Declined", "Insufficient funds"), "E")
    await answer(entry.choose(ui, "Menu", ("Sale", "Refund")), "1")
    display.windows.clear()
    gc.collect()
    return gc.mem_alloc()
await round()
first = await round()
for _ in range(18):
    last = await round()
print(last - first)
"""
    assert int(mpy(source(body), heap="1m")) <= 256
