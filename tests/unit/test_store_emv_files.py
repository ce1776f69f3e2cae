"""Which AIDs and CA keys count: those of the host, else those that the firmware brings along."""

from binascii import crc32

import pytest
from pos.store import blocked, ca_keys, emv_files, files, scripts

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


def hand_out(root, *indices):
    ca_keys.begin(str(root))
    for index in indices:
        ca_keys.add(str(root), RID, index, key(index, index)[2:])


def known(root):
    return [i for i in range(0x90, 0x98) if emv_files.ca_record(str(root), RID, i) is not None]


def test_new_keys_count_when_all_of_them_are_there(root):
    hand_out(root, 0x93, 0x94)
    assert known(root) == [0x91, 0x92]  # those of the firmware
    ca_keys.keep(str(root))
    assert known(root) == [0x93, 0x94]
    hand_out(root, 0x95)
    assert known(root) == [0x93, 0x94]
    hand_out(root, 0x96)  # begun anew: what was broken off is gone
    ca_keys.keep(str(root))
    assert known(root) == [0x96]
    assert sorted(path.name for path in root.iterdir()) == ["ca"]


class Cut(Exception):
    """The power is gone."""


@pytest.mark.parametrize("at", range(30))
def test_a_power_cut_leaves_the_old_keys_or_the_new(root, monkeypatch, at):
    hand_out(root, 0x93, 0x94)
    ca_keys.keep(str(root))
    left = [at]

    def counted(call):
        def cut(*args, **kwargs):
            if not left[0]:
                raise Cut
            left[0] -= 1
            return call(*args, **kwargs)

        return cut

    with monkeypatch.context() as patch:
        for name in ("mkdir", "rename", "remove", "rmdir"):
            patch.setattr(emv_files.os, name, counted(getattr(emv_files.os, name)))
        patch.setattr(emv_files.files, "save", counted(files.save))
        try:
            hand_out(root, 0x94, 0x95, 0x96)
            ca_keys.keep(str(root))
            cut = False
        except Cut:
            cut = True
    now = known(root)
    assert now in ([0x93, 0x94], [0x94, 0x95, 0x96])
    assert cut or now == [0x94, 0x95, 0x96]
    hand_out(root, 0x97)  # and the next download puts all in order
    ca_keys.keep(str(root))
    assert known(root) == [0x97]


def test_the_black_list(root):
    path = str(root)
    assert not blocked.holds(path, "6212345678901232")
    blocked.save(path, ["4123", "621234"])
    assert blocked.holds(path, "6212345678901232") and blocked.holds(path, "4123999999999")
    assert not blocked.holds(path, "6212305678901232")
    blocked.save(path, [])
    assert not blocked.holds(path, "6212345678901232")
    blocked.save(path, [])


def test_what_is_lacking(root, tmp_path):
    assert ca_keys.lacks(str(root)) == ""
    (tmp_path / "rom" / "aids").unlink()
    assert ca_keys.lacks(str(root)) == "5"
    files.save(f"{root}/aids", b"\xe1\x01B")
    assert ca_keys.lacks(str(root)) == ""
    files.save(f"{root}/aids", b"")
    (tmp_path / "rom" / "capks").write_bytes(b"")
    assert ca_keys.lacks(str(root)) == "45"
    (root / "ca").mkdir()
    assert ca_keys.lacks(str(root)) == "45"
    files.save(f"{root}/ca/{RID.hex()}93", key(0x93, 3))
    assert ca_keys.lacks(str(root)) == "5"


def test_the_result_of_a_script_waits_until_it_is_told(root):
    path = str(root)
    assert scripts.get(path) is None
    scripts.put(path, 70001, 70002, b"\x00\x11\x22\x33\x44")
    scripts.put(path, 70001, 70002, b"\x20\x11\x22\x33\x44")
    assert scripts.get(path) == (70001, 70002, b"\x20\x11\x22\x33\x44")
    scripts.told(path)
    assert scripts.get(path) is None
