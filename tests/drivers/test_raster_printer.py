"""Chinese for a printer that knows none: drawn by the driver, read back from the dots."""

import pylopdf_fonts_zh_cn
import pytest
from PIL import Image, ImageChops

from host_tools.build.fonts import build_fonts
from host_tools.device.paper_reader import PaperReader
from host_tools.vboard.chips.escpos_printer import EscPosPrinter
from host_tools.vboard.clock import ManualClock
from host_tools.vboard.wire import UartLine

SLIP = """
import asyncio, io
from pos.drivers.escpos_printer import Printer
from pos.drivers.raster_printer import RasterPrinter
from pos.protocol import escpos, gbk
from pos.slips import lines
from pos.ui.fonts import view

class Uart(io.IOBase):
    pass

folder = {fonts!r}
gbk.use(view(folder + "/gb2312.tab"))
sent = []
async def send(self, data):
    assert len(data) <= 4096
    sent.append(bytes(data))
Printer.write = send
printer = Printer(Uart())
if {raster}:
    printer = RasterPrinter(printer, view(folder + "/han24.gb"), view(folder + "/latin24.gb"))

def slip():
    yield escpos.INIT
    yield from lines.centred("商户签购单", 2, 2)
    yield from lines.row("交易类型", "消费(SALE)")
    yield from lines.row("TRACE", "000042")
    yield from lines.row("商户名称", "北京市朝阳区一家名字很长的测试商店（总店）")
    yield escpos.bold(True) + escpos.text("合计：￥1,280.00") + b"\\n" + escpos.bold(False)
    yield escpos.align(escpos.RIGHT) + escpos.text("谢谢😀") + b"\\n"
    yield escpos.raster(1, 8) + bytes(range(8))
    yield escpos.text("end") + b"\\n"

async def main():
    for piece in slip():
        await printer.write(piece)
    print(b"".join(sent).hex())
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def fonts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fonts")
    build_fonts(folder)
    return folder


def printed(data: bytes, **keywords) -> EscPosPrinter:
    clock, line = ManualClock(), UartLine()
    line.board_baudrate = 921600
    printer = EscPosPrinter(clock, line, baudrate=921600, buffer_bytes=65536, **keywords)
    line.from_board(data)
    clock.advance(60_000)
    return printer


def dots(printer: EscPosPrinter) -> Image.Image:
    picture = printer.image()
    left = (picture.width - 384) // 2
    return picture.crop((left, 0, left + 384, picture.height))


def test_lines_of_chinese_are_dots_and_the_rest_is_text(mpy, fonts):
    data = bytes.fromhex(mpy(SLIP.format(fonts=str(fonts), raster=True)))
    printer = printed(data, gb18030=False)
    assert printer.faults == []
    texts = PaperReader(fonts).read(dots(printer))
    assert texts[:2] == ["商户签购单", "交易类型: 消费(SALE)"]
    assert texts[2] == "TRACE: 000042" == printer.lines[2].text
    assert texts[3:6] == ["商户名称:", "北京市朝阳区一家名字很长的测试商", "店（总店）"]
    assert texts[6:8] == ["合计：￥1,280.00", "谢谢□"]
    assert printer.lines[-1].text == "end"


def test_it_lies_where_text_would(mpy, fonts):
    """Centred, at the right, and as far from line to line."""
    data = mpy(SLIP.format(fonts=str(fonts), raster=True))
    text = mpy(SLIP.format(fonts=str(fonts), raster=False))
    drawn = dots(printed(bytes.fromhex(data), gb18030=False))
    own = dots(printed(bytes.fromhex(text), cjk_font=pylopdf_fonts_zh_cn.sans_path()))
    assert drawn.size == own.size
    for ours, theirs in zip(drawn.getbbox(), own.getbbox(), strict=True):
        assert abs(ours - theirs) <= 2
    apart = ImageChops.difference(drawn, own).convert("L").point(lambda v: v > 128)
    assert apart.histogram()[1] < 0.35 * drawn.convert("L").point(lambda v: v < 128).histogram()[1]


def test_it_is_what_a_printer_with_the_characters_prints(mpy, fonts):
    """The same slip, line by line; a printer without them prints letters of its code page."""
    data = bytes.fromhex(mpy(SLIP.format(fonts=str(fonts), raster=False)))
    texts = [line.text for line in printed(data).lines]
    assert texts[:3] == ["商户签购单", "交易类型: 消费(SALE)", "TRACE: 000042"]
    assert texts[4:6] == ["北京市朝阳区一家名字很长的测试商", "店（总店）"]
    other = printed(data, gb18030=False)
    assert "╔╠╗" in other.text() and any("1C 26" in fault for fault in other.faults)
