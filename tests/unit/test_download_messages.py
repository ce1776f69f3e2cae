"""Downloads: F62 of every request and answer, whole and damaged, here and on MicroPython."""

import json

import pytest
from golden import rejects
from pos.acquirer import downloads
from pos.emv import config
from pos.protocol import tlv
from pos.protocol.errors import BadBytes

RID = bytes.fromhex("A000000333")
OTHER = {
    "support": "4001234567",
    "merchant_name": "A SHOP",
    "answer_s": 60,
    "connect_s": 10,
    "redials": 3,
    "tips": 1,
    "tip_max": 15,
    "manual": 1,
    "auto_off": 0,
    "reversal_tries": 3,
    "offline": 1,
    "offline_max": 10,
}


def row(*pairs):
    return b"".join(tlv.build(tag, value) for tag, value in pairs)


KEYS = row((0x9F06, RID), (0x9F22, b"\x91"), (0xDF05, b"20301231")) + row(
    (0x9F06, b"\xa0\x00\x00\x00\x03"), (0x9F22, b"\x92"), (0xDF05, b"20301231")
)


def test_what_is_asked_for():
    assert (downloads.query(0), downloads.query(12)) == (b"100", b"112")
    rejects(downloads.query, 100, what="F62", offset=1)


@pytest.mark.parametrize(
    ("f62", "more", "rest"),
    [(b"0", False, b""), (b"0xx", False, b""), (b"1ab", False, b"ab"), (b"2ab", True, b"ab"),
     (b"3ab", False, b"ab")],
)  # fmt: skip
def test_parts(f62, more, rest):
    assert downloads.part(f62) == (more, rest)


@pytest.mark.parametrize("f62", [b"", b"4", b"A", None])
def test_no_part(f62):
    rejects(downloads.part, f62, what="F62", offset=0)


def test_names_of_keys_and_applications():
    first, second = downloads.names(KEYS, True)
    assert first == row((0x9F06, RID), (0x9F22, b"\x91"))
    assert second == row((0x9F06, b"\xa0\x00\x00\x00\x03"), (0x9F22, b"\x92"))
    names = row((0x9F06, RID + b"\x01\x01"), (0x9F06, RID + b"\x01\x02"))
    assert downloads.names(names, False) == [names[:10], names[10:]]
    rejects(downloads.names, row((0x9F22, b"\x91")), True, what="9F22", offset=3)


def test_the_record_that_was_asked_for():
    wanted = row((0x9F06, RID), (0x9F22, b"\x91"))
    assert downloads.same_name(KEYS, wanted)
    assert not downloads.same_name(row((0x9F06, RID), (0x9F22, b"\x92")), wanted)
    assert not downloads.same_name(row((0x9F06, RID)), wanted)


OURS = row(
    (0x9F06, RID + b"\x01\x01"), (0x9F2A, b"\x07"), (0x9F09, b"\x00\x30"),
    (0x9F66, b"\x26\x00\x40\x80"), (0xDF19, bytes(6)), (0xDF11, b"12345"),
)  # fmt: skip
THEIRS_MC = row((0x9F06, b"\xa0\x00\x00\x00\x04\x10\x10"), (0x9F2A, b"\x02"), (0xDF811B, b"\xa0"))
KNOWN = tlv.build(0xE1, OURS) + tlv.build(0xE1, THEIRS_MC)


def record_of(template):
    (record,) = config.records(template)
    return record


def test_a_record_of_another_host_gets_what_is_ours():
    theirs = row(
        (0x9F06, RID + b"\x01\x02"), (0xDF01, b"\x00"), (0xDF20, b"\x00\x00\x00\x10\x00\x00")
    )
    record = record_of(downloads.application(theirs, KNOWN))
    aid = config.aid(record)
    assert (aid.kernel, aid.ttq, aid.limit) == (7, b"\x26\x00\x40\x80", 100000)
    assert aid.floor is None, "a limit that the host does not give does not exist"
    assert tlv.find(record, 0x9F09) == b"\x00\x30" and tlv.find(record, 0xDF11) is None
    mastercard = record_of(downloads.application(THEIRS_MC[:10], KNOWN))
    assert tlv.find(mastercard, 0xDF811B) == b"\xa0" and config.aid(mastercard).kernel == 2


def test_what_the_host_gives_is_kept():
    theirs = OURS + row((0x9F08, b"\x00\x99"))
    record = record_of(downloads.application(theirs, KNOWN))
    assert bytes(record) == theirs
    version = row((0x9F06, RID + b"\x01\x01"), (0x9F08, b"\x00\x99"))
    record = record_of(downloads.application(version, KNOWN))
    assert tlv.find(record, 0x9F09) == b"\x00\x99"


def test_an_unknown_scheme_gets_nothing_of_another():
    theirs = row((0x9F06, b"\xa0\x00\x00\x00\x65\x10\x10"))
    assert bytes(record_of(downloads.application(theirs, KNOWN))) == theirs
    rejects(downloads.application, row((0xDF01, b"\x00")), KNOWN, what="9F06", offset=0)


def test_the_black_list():
    assert downloads.blocked(b"1010462123"[:9]) == (False, ["6212"])
    assert downloads.blocked(b"202066212340441231"[:-1]) == (True, ["621234", "4123"])
    assert downloads.blocked(b"0") == (False, [])


@pytest.mark.parametrize("f62", [b"10206621234", b"1010a", b"10100", b"1010462123", b"101046212x"])
def test_a_black_list_that_is_none(f62):
    with pytest.raises(BadBytes):
        downloads.blocked(f62)


def test_contactless_limits():
    f62 = b"1" + row(
        (0xFF805D, b"0"), (0xFF8058, b"000000050000"), (0xFF8054, b"1"), (0xFF8057, b"0"),
        (0xFF8059, b"000000070000"), (0xFF805A, b"0"),
    )  # fmt: skip
    assert downloads.limits(f62) == {
        "no_pin_max": 50000,
        "no_pin_on": 1,
        "cdcvm_on": 0,
        "no_sign_max": 70000,
        "no_sign_on": 0,
    }
    rejects(downloads.limits, b"1" + row((0xFF8058, b"12x")), what="no_pin_max", offset=0)


PARAMETERS = (
    b"1160" b"1230" b"133" b"1412345678901234" b"15              " b"16              "
    b"17400123        " b"181" b"1915" b"201" b"210" + b"22" + b"TAPTILL".ljust(40)
    + b"233" b"241" b"251" b"26FFFFFFFF" b"2710"
)  # fmt: skip


def test_parameters():
    values, wrong = downloads.parameters(PARAMETERS)
    assert values == {
        "answer_s": 60,
        "connect_s": 30,
        "redials": 3,
        "support": "400123",
        "tips": 1,
        "tip_max": 15,
        "manual": 1,
        "auto_off": 0,
        "merchant_name": "TAPTILL",
        "reversal_tries": 3,
        "offline": 1,
        "offline_max": 10,
    }
    assert wrong == []


def test_a_parameter_that_is_no_value_is_named_and_the_rest_is_there():
    values, wrong = downloads.parameters(b"11xx" + b"22" + b"A\x1b@".ljust(40) + b"181")
    assert (values, wrong) == ({"tips": 1}, ["answer_s", "merchant_name"])


def test_a_name_in_chinese_comes_and_goes_as_gbk(chinese):
    name = "北京TAPTILL测试店"
    values, wrong = downloads.parameters(b"22" + name.encode("gbk").ljust(40))
    assert (values, wrong) == ({"merchant_name": name}, [])
    assert b"22" + name.encode("gbk").ljust(40) in downloads.status({**OTHER, **values}, 1)
    values, _ = downloads.parameters(b"22" + "測試店".encode("gbk").ljust(40))
    assert values == {"merchant_name": "□□店"}


def test_a_name_that_is_too_long_ends_with_a_whole_character(chinese):
    status = downloads.status({**OTHER, "merchant_name": "A" + "店" * 30}, 1)
    assert b"22A" + "店".encode("gbk") * 19 + b" 23" in status


@pytest.mark.parametrize("f62", [b"9912", b"11", b"116", b"\xff\xff12", b"1160" + b"22SHORT"])
def test_parameters_of_another_layout_are_refused(f62):
    with pytest.raises(BadBytes):
        downloads.parameters(f62)


def test_the_status():
    text = downloads.status(OTHER, 123)
    assert text.startswith(b"011021031041051" + b"1160" + b"1210" + b"133")
    assert text.endswith(b"2710" + b"51" + b"0123" + b"00000" + b"100")
    values, wrong = downloads.parameters(text[15:-14])
    assert values == OTHER and not wrong


def test_micropython_reads_the_same(mpy):
    source = f"""
import json
from pos.acquirer import downloads
made = [downloads.parameters({PARAMETERS!r}), downloads.blocked(b"202066212340441231"[:-1]),
        [bytes(n).hex() for n in downloads.names({KEYS!r}, True)],
        bytes(downloads.application({THEIRS_MC[:10]!r}, {KNOWN!r})).hex(),
        downloads.status({OTHER!r}, 123).decode()]
print(json.dumps(made))
"""
    made = json.loads(mpy(source))
    assert made == json.loads(
        json.dumps(
            [
                downloads.parameters(PARAMETERS),
                downloads.blocked(b"202066212340441231"[:-1]),
                [bytes(n).hex() for n in downloads.names(KEYS, True)],
                downloads.application(THEIRS_MC[:10], KNOWN).hex(),
                downloads.status(OTHER, 123).decode(),
            ]
        )
    )
