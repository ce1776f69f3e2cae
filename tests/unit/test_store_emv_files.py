"""Which AIDs and CA keys count: those of the host, else those that the firmware brings along."""

from binascii import crc32

import pytest
from pos.store import emv_files, files

RID = bytes.fromhex("A000000333")


def key(index, marker):
    record = b"\x9f\x06\x05" + RID + b"\x9f\x22\x01" + bytes((index, 0xDF, 0x02, 1, marker))
    return b"\xe2" + bytes((len(record),)) + record


@pytest.fixture
def root(tmp_path, monkeypatch):
    rom = tmp_path / "rom"
    rom.mkdir()
    (rom / "aids").write_bytes(b"\xe1\x01A")
    (rom / "capks").write_bytes(key(0x91, 1) + key(0x92, 2))
    monkeypatch.setattr(emv_files, "_ROM", f"{rom}/")
    flash = tmp_path / "pos"
    flash.mkdir()
    return flash


def marker(record):
    return None if record is None else bytes(record)[-1]


def test_a_terminal_that_was_told_nothing_has_what_the_firmware_brings(root):
    assert bytes(emv_files.aids(str(root))) == b"\xe1\x01A"
    assert marker(emv_files.ca_record(str(root), RID, 0x92)) == 2
    assert emv_files.ca_record(str(root), RID, 0x93) is None
    assert emv_files.ca_record(str(root), bytes(5), 0x92) is None


def test_what_the_host_has_handed_out_takes_its_place(root):
    files.save(f"{root}/aids", b"\xe1\x01B")
    (root / "ca").mkdir()
    files.save(f"{root}/ca/a00000033392", key(0x92, 7))
    assert bytes(emv_files.aids(str(root))) == b"\xe1\x01B"
    assert marker(emv_files.ca_record(str(root), RID, 0x92)) == 7
    assert emv_files.ca_record(str(root), RID, 0x91) is None  # it knows no such key


def test_a_damaged_file_is_told_and_nothing_takes_its_place(root):
    (root / "aids").write_bytes(b"\xe1\x01B" + crc32(b"other").to_bytes(4, "big"))
    with pytest.raises(files.Damaged):
        emv_files.aids(str(root))
