"""What became of an issuer's scripts is told to the host, also when the power went before."""

import zlib
from contextlib import closing

from littlefs import LittleFS, UserContext
from sale_bench import Bench

from host_tools.vboard.board import FLASH_SIZE

BLOCK = 4096
OWN = 900000  # the trace of the message that tells it
RESULT = bytes.fromhex("2011223344")


def with_result(image: bytes, trace: int) -> bytes:
    """The flash of a terminal that still has to tell the result of a script of ``trace``."""
    context = UserContext(FLASH_SIZE)
    context.buffer[:] = image
    count = FLASH_SIZE // BLOCK
    files = LittleFS(context=context, block_size=BLOCK, block_count=count, mount=True)
    content = trace.to_bytes(3, "big") + OWN.to_bytes(3, "big") + RESULT
    with files.open("/pos/script", "wb") as file:
        file.write(content + zlib.crc32(content).to_bytes(4, "big"))
    files.unmount()
    return bytes(context.buffer)


def test_it_is_told_before_the_next_sale_and_once():
    with closing(Bench()) as bench:
        bench.start()
        bench.sell()
        (batch,) = bench.store().batches()
        bench.board.call(bench.pull)
        image = with_result(bench.device.flash_image(), batch.transactions[0].trace)
        bench.board.call(bench.board.flash.load, image)
        bench.start()
        bench.sell()
        bench.sell()
        assert bench.host.ledger.script_results("12345678") == [RESULT]
        told = [r["mti"] for r in bench.host.log.records if r["event"] == "request"]
        assert told == ["0800", "0200", "0800", "0620", "0200", "0200"]
        assert bench.differences() == []
