"""Each kind of slip in both languages, as it comes out of the printer, line by line."""

import re

import pytest
import slip_papers
from PIL import Image

from host_tools.build.fonts import build_fonts
from host_tools.device.paper_reader import PaperReader

pytestmark = pytest.mark.usefixtures("chinese")


def golden(language: str) -> dict[str, list[str]]:
    text = (slip_papers.GOLDEN / f"{language}.txt").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^=== (\w+) ===\n", text)[1:]
    return {
        name: body.rstrip("\n").split("\n")
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }


@pytest.mark.parametrize("language", slip_papers.LANGUAGES)
def test_the_papers_are_as_they_were_looked_at(language):
    papers = golden(language)
    assert list(papers) == slip_papers.names()
    for name in papers:
        paper = slip_papers.printed(slip_papers.slip(name, language))
        assert paper.faults == []
        lines = "\n".join(line.text for line in paper.lines).rstrip("\n").split("\n")
        assert lines == papers[name], f"{name}: `python tests/unit/slip_papers.py`, then look"


@pytest.mark.parametrize("language", slip_papers.LANGUAGES)
def test_amounts_are_whole_and_nothing_touches(language):
    """A number of fen has its point and stands alone; no line is wider than the paper."""
    for name, lines in golden(language).items():
        for line in lines:
            assert sum(1 + (ord(c) >= 0x80) for c in line) <= 32, (name, line)
            for amount in re.findall(r"\S*\d\.\d\d\b\S*", line) if name != "check" else ():
                assert re.fullmatch(r"-?\d{1,10}\.\d\d", amount), (name, line)
        assert "slip_" not in "".join(lines), name  # a word that is missing shows as its name


@pytest.mark.parametrize("language", slip_papers.LANGUAGES)
def test_it_is_signed_where_the_rules_ask_for_it(language):
    signed = {name for name, lines in golden(language).items() if "-" * 32 in lines}
    signed -= {"settlement", "settlement_again", "totals", "detail", "check"}
    assert signed == {
        *("sale_signed", "sale_largest", "void", "refund", "preauth_void", "completion_void"),
        *("notice", "offline", "instalment_void"),
    }


def test_chinese_as_dots_says_the_same(mpy, tmp_path):
    """A printer that knows no Chinese gets it drawn: read back, it is the golden text."""
    build_fonts(tmp_path)
    names = ("sale", "sale_again", "void", "fault", "settlement", "detail")
    source = f"""
import asyncio, io
from pos.drivers.escpos_printer import Printer
from pos.drivers.raster_printer import RasterPrinter
from pos.protocol import gbk
from pos.ui.fonts import view
{slip_papers.SOURCE}
from pos.words import zh
words.use(zh.TABLE)
folder = {str(tmp_path)!r}
gbk.use(view(folder + "/gb2312.tab"))

class Uart(io.IOBase):
    pass

sent = []
async def send(self, data):
    sent.append(bytes(data))
Printer.write = send

async def main():
    fonts = view(folder + "/han24.gb"), view(folder + "/latin24.gb")
    for name in {names!r}:
        del sent[:]
        printer = RasterPrinter(Printer(Uart()), *fonts)
        for piece in SLIPS[name]("zh"):
            await printer.write(piece)
        print(b"".join(sent).hex())
asyncio.run(main())
"""
    reader, papers = PaperReader(tmp_path), golden("zh")
    for name, data in zip(names, mpy(source, heap="4m").split(), strict=True):
        paper = slip_papers.printed(bytes.fromhex(data), gb18030=False)
        assert paper.faults == []
        picture: Image.Image = paper.image()
        left = (picture.width - 384) // 2
        texts = reader.read(picture.crop((left, 0, left + 384, picture.height)))
        assert _chinese(texts) == _chinese(papers[name]), name


def _chinese(lines: list[str]) -> list[str]:
    """The lines with Chinese in them; how wide a gap is is not told by its dots."""
    return [" ".join(line.split()) for line in lines if any(ord(c) >= 0x80 for c in line)]
