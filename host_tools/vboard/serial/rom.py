"""The boot loader in the chip's ROM: what answers when EN rises while IO0 is low.

The protocol is Espressif's "serial protocol" of esptool. Registers, eFuses, framing and answers
are those of ``esp32_mock_bootloader``; flash, PSRAM and their sizes are this board's. The stub that
esptool loads into RAM is not run: from its start on the answers are those that it would give.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable

from esp32_mock_bootloader import protocol, server
from esp32_mock_bootloader.chips import PROFILES

from host_tools.vboard.serial.chip_flash import ChipFlash

_ROM_FAILED = 0x06
_MB = 1024 * 1024
# Two eFuse words of an ESP32-S3 say how much PSRAM is in its package: 8, 2, 16, 4 MB
_S3_BLOCK1 = 0x60007044
_S3_PSRAM = {8: 1, 2: 2, 16: 3, 4: 4}


class _SpiFlashPins(server.SpiPeripheralMock):
    """The SPI controller, with this board's flash at it: its JEDEC id has its size."""

    def __init__(self, chip: str, flash_size: int) -> None:
        super().__init__(None)
        self.configure_for_chip(chip)
        self._jedec = 0x20 | 0x40 << 8 | (flash_size.bit_length() - 1) << 16

    def read_reg(self, addr: int) -> int:
        value = super().read_reg(addr)
        return self._jedec if value == protocol.MOCK_FLASH_ID else value


def _session(chip: str, flash_size: int, psram_size: int) -> server.ChipSession:
    session = server.ChipSession(chip)
    session.spi = _SpiFlashPins(chip, flash_size)
    if chip == "esp32s3":
        code = _S3_PSRAM.get(psram_size // _MB, 0)
        session.registers[_S3_BLOCK1 + 16] = (code & 3) << 3 | (1 if code else 0) << 7
        session.registers[_S3_BLOCK1 + 20] = (code >> 2) << 19
    return session


class RomLoader:
    """Takes bytes of the line with ``feed``; answers with ``say``. One for each reset."""

    def __init__(
        self, chip: str, flash: ChipFlash, psram_size: int, say: Callable[[bytes], None]
    ) -> None:
        if chip not in PROFILES:
            raise ValueError(f"there is no chip {chip}")
        self._flash, self._say = flash, say
        self._session = _session(chip, flash.size, psram_size)
        self._ram = server.RamImage()
        self._line = bytearray()
        self._at = 0
        self._inflate = zlib.decompressobj()
        self._reading: tuple[int, int, int] | None = None
        self._sent = 0
        commands = protocol.CMD
        self._answers: dict[int, Callable[[bytes], bytes]] = {
            commands["SYNC"]: lambda _: b"".join(self._sync() for _ in range(8)),
            commands["READ_REG"]: lambda d: server.handle_read_reg(d, self._session),
            commands["WRITE_REG"]: lambda d: server.handle_write_reg(d, self._session),
            commands["GET_SECURITY_INFO"]: self._security_info,
            commands["MEM_BEGIN"]: lambda d: self._done(self._ram.begin(d)),
            commands["MEM_DATA"]: lambda d: self._done(self._ram.write_block(d)),
            commands["MEM_END"]: self._run_stub,
            commands["FLASH_BEGIN"]: self._begin,
            commands["FLASH_DATA"]: lambda d: self._program(d[16:]),
            commands["FLASH_DEFL_BEGIN"]: self._begin,
            commands["FLASH_DEFL_DATA"]: lambda d: self._program(self._inflate.decompress(d[16:])),
            commands["SPI_FLASH_MD5"]: self._md5,
            commands["ERASE_FLASH"]: lambda _: self._erase(0, self._flash.size),
            commands["ERASE_REGION"]: lambda d: self._erase(*struct.unpack_from("<II", d)),
            commands["READ_FLASH_SLOW"]: self._read_slow,
            commands["READ_FLASH"]: self._read,
        }
        for name in ("FLASH_END", "FLASH_DEFL_END", "SPI_SET_PARAMS", "SPI_ATTACH"):
            self._answers[commands[name]] = lambda _: self._done()
        self._answers[commands["CHANGE_BAUDRATE"]] = lambda _: self._done()
        self._command = 0

    def feed(self, data: bytes) -> None:
        """Bytes from the line; whole frames are answered, anything else is passed over."""
        self._line += data
        *frames, rest = self._line.split(b"\xc0")
        self._line = bytearray(rest)
        for frame in frames:
            plain = frame.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
            if plain and self._reading is not None:
                self._acknowledged(plain)
            elif len(plain) >= 8 and plain[0] == 0:
                self._say(self._answer(bytes(plain)))

    def _answer(self, frame: bytes) -> bytes:
        _, self._command, size, checksum = struct.unpack_from("<BBHI", frame)
        data = frame[8:]
        handler = self._answers.get(self._command)
        if handler is None or size != len(data):
            return self._failed(protocol.ROM_INVALID_MESSAGE)
        if not server.checksum_valid(self._command, checksum, data):
            return self._failed(server._checksum_error(self._session))
        try:
            return handler(data)
        except (ValueError, struct.error, zlib.error):
            return self._failed(_ROM_FAILED)

    def _done(self, _: None = None) -> bytes:
        return server.make_response(self._command, stub=self._session.stub_active)

    def _failed(self, code: int) -> bytes:
        stub = self._session.stub_active
        return server.make_response(self._command, status=1, error=code, stub=stub)

    def _data(self, data: bytes) -> bytes:
        """An answer with data, before its two or four status bytes."""
        body = data + bytes(2 if self._session.stub_active else 4)
        return server.slip_encode(struct.pack("<BBHI", 1, self._command, len(body), 0) + body)

    def _sync(self) -> bytes:
        return server.make_sync_response(stub=self._session.stub_active)

    def _security_info(self, _: bytes) -> bytes:
        return server.handle_get_security_info(self._session)

    def _run_stub(self, data: bytes) -> bytes:
        stay, entry = struct.unpack_from("<II", data)
        answer = self._done()
        if stay == 0 and entry:
            self._session.stub_active = True
            answer += server.slip_encode(b"OHAI")
        return answer

    def _begin(self, data: bytes) -> bytes:
        size, _, _, self._at = struct.unpack_from("<IIII", data)
        self._inflate = zlib.decompressobj()
        if size:
            self._flash.erase(self._at, size)
        return self._done()

    def _program(self, data: bytes) -> bytes:
        self._flash.program(self._at, data)
        self._at += len(data)
        return self._done()

    def _erase(self, offset: int, size: int) -> bytes:
        if not self._session.stub_active:
            return self._failed(protocol.ROM_INVALID_MESSAGE)
        self._flash.erase(offset, size)
        return self._done()

    def _md5(self, data: bytes) -> bytes:
        digest = hashlib.md5(self._flash.read(*struct.unpack_from("<II", data)))
        stub = self._session.stub_active
        return self._data(digest.digest() if stub else digest.hexdigest().encode())

    def _read_slow(self, data: bytes) -> bytes:
        offset, length = struct.unpack_from("<II", data)
        return self._data(self._flash.read(offset, length).ljust(64, b"\xff"))

    def _read(self, data: bytes) -> bytes:
        """The stub's way to read: packets, each acknowledged by the bytes that have come."""
        if not self._session.stub_active:
            return self._failed(protocol.ROM_INVALID_MESSAGE)
        offset, length, packet, _ = struct.unpack_from("<IIII", data)
        self._reading, self._sent = (offset, length, packet), 0
        return self._done() + self._next_packet()

    def _acknowledged(self, data: bytes) -> None:
        assert self._reading is not None
        if len(data) == 4 and struct.unpack("<I", data)[0] == self._sent:
            self._say(self._next_packet())
        elif len(data) >= 8:  # a new command: whoever read has gone
            self._reading = None
            self._say(self._answer(bytes(data)))

    def _next_packet(self) -> bytes:
        assert self._reading is not None
        offset, length, packet = self._reading
        if self._sent >= length:
            self._reading = None
            return server.slip_encode(hashlib.md5(self._flash.read(offset, length)).digest())
        piece = self._flash.read(offset + self._sent, min(packet, length - self._sent))
        self._sent += len(piece)
        return server.slip_encode(piece)
