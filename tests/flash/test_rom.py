"""The boot loader of the ROM, frame by frame, where a whole run of esptool would be long."""

import hashlib
import struct
import zlib

import pytest
from esp32_mock_bootloader import protocol, server

from host_tools.vboard.chips.flash import Flash
from host_tools.vboard.serial.chip_flash import Area, ChipFlash
from host_tools.vboard.serial.rom import RomLoader

SIZE, VFS = 0x20000, Area(0x10000, 0x8000)


class Line:
    """A loader, and what it said."""

    def __init__(self):
        self.forgot = []
        self.data = Flash(VFS.size)
        nvs = Area(0x9000, 0x1000)
        self.flash = ChipFlash(SIZE, self.data, VFS, nvs, lambda: self.forgot.append(1))
        self.out = bytearray()
        self.loader = RomLoader("esp32s3", self.flash, 0, self.out.extend)

    def ask(self, name, data=b"", checksum=0):
        """The frames that are answered to a command."""
        head = struct.pack("<BBHI", 0, protocol.CMD[name], len(data), checksum)
        return self.tell(head + data)

    def tell(self, frame):
        self.out.clear()
        self.loader.feed(server.slip_encode(frame))
        return server.slip_decode_frames(bytes(self.out))

    def block(self, name, data, number=0):
        head = struct.pack("<IIII", len(data), number, 0, 0)
        return self.ask(name, head + data, protocol.data_checksum(data))


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def stub(line):
    assert line.ask("MEM_END", struct.pack("<II", 0, 0x40378000))[-1] == b"OHAI"
    return line


def ok(frames):
    return frames[-1][8:] in (b"\0\0", b"\0\0\0\0")


def test_what_is_written_is_erased_first_and_hashed(stub):
    stub.flash.program(0x2FF0, bytes(0x20))
    data = bytes(range(256)) * 16
    packed = zlib.compress(data)
    assert ok(stub.ask("FLASH_DEFL_BEGIN", struct.pack("<IIII", 4096, 1, 4096, 0x2000)))
    assert ok(stub.block("FLASH_DEFL_DATA", packed))
    assert stub.flash.read(0x2000, 4096) == data
    assert stub.flash.read(0x3000, 16) == bytes(16)  # the next block is as it was
    answer = stub.ask("SPI_FLASH_MD5", struct.pack("<IIII", 0x2000, 4096, 0, 0))
    assert answer[-1][8:24] == hashlib.md5(data).digest()


def test_reading_waits_for_each_packet_to_be_acknowledged(stub):
    stub.flash.program(0x1000, bytes(range(250)))
    first, packet = stub.ask("READ_FLASH", struct.pack("<IIII", 0x1000, 250, 200, 64))
    assert ok([first]) and packet == bytes(range(200))
    assert stub.tell(struct.pack("<I", 200)) == [bytes(range(200, 250))]
    assert stub.tell(struct.pack("<I", 250)) == [hashlib.md5(bytes(range(250))).digest()]
    assert ok(stub.ask("SPI_ATTACH"))


def test_vfs_is_the_flash_of_the_file_system(stub):
    stub.data.program(0, b"old")
    assert ok(stub.ask("FLASH_BEGIN", struct.pack("<IIII", 4096, 1, 4096, VFS.offset)))
    assert ok(stub.block("FLASH_DATA", b"new"))
    assert stub.data.read(0, 3) == b"new" == stub.flash.read(VFS.offset, 3)


@pytest.mark.parametrize(("at", "times"), [(0x8000, 0), (0x9000, 1), (0xA000, 0)])
def test_only_erasing_nvs_forgets_it(stub, at, times):
    assert ok(stub.ask("ERASE_REGION", struct.pack("<II", at, 4096)))
    assert len(stub.forgot) == times


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("ERASE_REGION", struct.pack("<II", SIZE - 4096, 8192)),  # beyond the end
        ("FLASH_BEGIN", struct.pack("<IIII", 8192, 1, 4096, SIZE - 4096)),
        ("FLASH_BEGIN", b"short"),
        ("FLASH_DEFL_DATA", struct.pack("<IIII", 4, 0, 0, 0) + b"junk"),  # no zlib, no checksum
    ],
)
def test_what_cannot_be_is_refused(stub, name, data):
    assert not ok(stub.ask(name, data))
    assert ok(stub.ask("SPI_ATTACH"))


def test_garbage_is_passed_over(line):
    line.loader.feed(b"\x80\x00hello\xc0\xc0\xdb\xc0\x00\x08")
    assert line.out == b""
    line.loader.feed(b"\xc0")
    assert len(line.ask("SYNC", bytes(36))) == 8
