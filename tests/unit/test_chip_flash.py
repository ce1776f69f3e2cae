"""The flash model behaves as NOR flash does, and its log rebuilds every moment of it."""

import pytest

from host_tools.vboard.chips.flash import BLOCK, Flash, FlashRangeError

SIZE = 4 * BLOCK


def test_erased_when_new_and_programmed_once():
    flash = Flash(SIZE)
    assert flash.read(0, SIZE) == b"\xff" * SIZE
    flash.program(BLOCK - 1, b"\x12\x34")
    assert flash.read(BLOCK - 2, 4) == b"\xff\x12\x34\xff"
    assert flash.faults == []


def test_programming_only_clears_bits_and_reports_it():
    flash = Flash(SIZE)
    flash.program(10, b"\xf0")
    flash.program(10, b"\xff")  # FF changes nothing
    assert flash.faults == []
    flash.program(10, b"\x3c")
    assert flash.read(10, 1) == b"\x30"
    assert flash.faults == ["program at 0xa: 3C over F0, not erased"]


def test_erase_takes_a_whole_block_only():
    flash = Flash(SIZE)
    flash.program(0, b"\x00" * SIZE)
    flash.erase(1)
    assert flash.read(0, SIZE) == bytes(BLOCK) + b"\xff" * BLOCK + bytes(2 * BLOCK)
    assert flash.erases == [0, 1, 0, 0]


@pytest.mark.parametrize(
    "act",
    [
        lambda f: f.read(SIZE - 1, 2),
        lambda f: f.program(SIZE - 1, b"ab"),
        lambda f: f.program(-1, b"a"),
        lambda f: f.erase(4),
    ],
)
def test_outside_the_chip_is_a_fault(act):
    flash = Flash(SIZE)
    with pytest.raises(FlashRangeError):
        act(flash)
    assert len(flash.faults) == 1
    assert flash.image == b"\xff" * SIZE


def test_log_rebuilds_each_moment_whole_and_torn():
    flash = Flash(SIZE)
    flash.program(0, b"\x01")
    flash.record()
    flash.program(BLOCK, bytes(range(16)))
    flash.erase(0)
    flash.program(0, b"\x02")
    assert [(op.kind, op.offset, op.length) for op in flash.log] == [
        ("program", BLOCK, 16),
        ("erase", 0, BLOCK),
        ("program", 0, 1),
    ]
    assert flash.image_at(0)[0] == 1
    assert flash.image_at(1)[BLOCK : BLOCK + 16] == bytes(range(16))
    assert flash.image_at(2)[0] == 0xFF
    assert flash.image_at(3) == flash.image
    torn = flash.image_at(0, 0.5)
    assert torn[BLOCK : BLOCK + 8] == bytes(range(8))
    assert torn[BLOCK + 8] == 0xF8  # the edge has only its low half
    assert torn[BLOCK + 9] == 0xFF
    with pytest.raises(ValueError):
        flash.image_at(4)


def test_torn_erase_leaves_the_end_of_the_block():
    flash = Flash(SIZE)
    flash.program(0, bytes(BLOCK))
    flash.record()
    flash.erase(0)
    assert flash.image_at(0, 0.25)[:BLOCK] == b"\xff" * 1024 + bytes(3072)


def test_cut_stops_everything_after_it():
    flash = Flash(SIZE)
    cuts = []
    flash.on_power_cut = lambda: cuts.append(flash.operations)
    flash.program(0, b"\x00")
    flash.cut_at(1, 0.5)
    flash.program(1, b"\x00")
    assert not cuts
    flash.program(2, b"\x00" * 4)
    assert cuts == [3]
    flash.program(100, b"\x00")
    flash.erase(0)
    assert flash.read(0, 4) == b"\xff" * 4  # no power
    flash.power_on()
    assert flash.read(0, 8) == bytes(4) + b"\xf0" + b"\xff" * 3
    assert flash.read(100, 1) == b"\xff"
    flash.program(100, b"\x00")
    assert flash.read(100, 1) == b"\x00"
    assert cuts == [3]


def test_file_holds_each_operation_at_once(tmp_path):
    path = tmp_path / "flash.bin"
    flash = Flash(SIZE, path)
    flash.program(5, b"abc")
    assert path.read_bytes()[4:9] == b"\xffabc\xff"
    flash.erase(0)
    flash.program(6, b"z")
    flash.close()
    again = Flash(SIZE, path)
    assert again.read(5, 2) == b"\xffz"
    again.close()
    with pytest.raises(ValueError, match="16384 bytes, the flash has 4096"):
        Flash(BLOCK, path)


def test_size_must_be_whole_blocks():
    with pytest.raises(ValueError, match="multiple"):
        Flash(5000)
