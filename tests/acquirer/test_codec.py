"""The host's codec and its arithmetic against published and golden values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.acquirer import dialect, security, wire
from host_tools.acquirer.dialect import FormatError, Message
from host_tools.acquirer.log import mask_pan

TMK = bytes.fromhex("11111111111111112222222222222222")
PIK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
MAK = bytes.fromhex("0123456789ABCDEF")
TDK = bytes.fromhex("89ABCDEF0123456776543210FEDCBA98")
GOLDEN = {
    "sign-in": (
        "0057600003000060310031000008000020000000C000160001223132333435363738383938313030"
        "3031323334303030310011000000010040002553657175656E6365204E6F31323331333630303030"
        "303030310003303120"
    ),
    "sale": (
        "007F60000300006031003100000200702004C020C098111962258800000000000010000000000000"
        "01234500012302100012376225880000000000001DF146CB3F8C0DF3880031323334353637383839"
        "3831303030313233343030303131353643E945588ED566D926100000000000000014220000010005"
        "003630323236464636"
    ),
    "reversal": (
        "005C600003000060310031000004007020048002C080111962258800000000000010000000000000"
        "01234500012302100039383132333435363738383938313030303132333430303031313536001422"
        "0000010005003132364443433534"
    ),
    "settle": (
        "0060600003000060310031000005000020000000C180120001243132333435363738383938313030"
        "30313233343030303100620000000123450010000000000000000000000000000000000000000000"
        "000031353600110000000120100003303120"
    ),
    "echo": (
        "0034600003000060310031000008200000000000C000103132333435363738383938313030303132"
        "3334303030310011000000013010"
    ),
}


def message_of(name: str) -> bytes:
    data = bytes.fromhex(GOLDEN[name])
    assert int.from_bytes(data[:2], "big") == len(data) - 2
    return wire.parse(data[2:]).message


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_messages_round_trip(name):
    raw = message_of(name)
    assert dialect.encode(dialect.decode(raw)) == raw


def test_golden_fields():
    sign_in = dialect.decode(message_of("sign-in"))
    assert sign_in.mti == "0800"
    assert sign_in.field60() == dialect.Field60("00", "000001", "004")
    assert sign_in.fields[62] == b"Sequence No12313600000001"
    sale = dialect.decode(message_of("sale")).fields
    assert (sale[2], sale[4], sale[22]) == ("6225880000000000001", "000000012345", "021")
    assert sale[35] == "6225880000000000001=F146CB3F8C0=F3880"
    assert (sale[52].hex().upper(), sale[60]) == ("43E945588ED566D9", "22000001000500")
    reversal = dialect.decode(message_of("reversal"))
    assert (reversal.mti, reversal.fields[39], reversal.fields[11]) == ("0400", "98", "000123")


@pytest.mark.parametrize("name", ["sale", "reversal"])
def test_golden_mac(name):
    raw = message_of(name)
    assert security.mac_fits(MAK, dialect.mab(raw), raw[-8:])
    assert not security.mac_fits(MAK, dialect.mab(raw)[:-1] + b"x", raw[-8:])


def test_published_mac():
    tmk = bytes.fromhex("70F2A84CCBC2AE8625CBB0F2C22AB923")
    mak = security.decrypt(tmk, bytes.fromhex("96D605EA176B7E9E"))
    mab = bytes.fromhex(
        "0200302004C020C0981100000000000000005100183402100006324392260009942820D1312101120084"
        "393136363838303134303030303030303030303030303030313536ACF46E73838A82F926000000000000"
        "00000822000001"
    )
    assert len(mab) == 91
    assert security.mac(mak, mab) == b"72489CAC"


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        (
            security.WorkingKeys(PIK, MAK, TDK),
            "CB4AB541CD5AD4FC256A882726936A5A08D7B4FBCB4AB541CD5AD4FC0000000000000000D5D44FF7"
            "D0D7CB5B1A70AC6A75E0431E2A75B492EB7A8DF9",
        ),
        (
            security.WorkingKeys(PIK, MAK),
            "CB4AB541CD5AD4FC256A882726936A5A08D7B4FBCB4AB541CD5AD4FC0000000000000000D5D44FF7",
        ),
        (
            security.WorkingKeys(MAK, MAK),
            "CB4AB541CD5AD4FCD5D44FF7CB4AB541CD5AD4FCD5D44FF7",
        ),
    ],
)
def test_wrapped_keys(keys, field):
    assert security.wrap_working_keys(TMK, keys) == bytes.fromhex(field)


@pytest.mark.parametrize(
    ("pan", "pin", "block"),
    [
        ("6225880000000000001", "123456", "43E945588ED566D9"),
        (None, "123456", "43E945588ED566D9"),
        ("6212345678901232", "123456", "B91D020C871DFFC1"),
        ("4761739001010119", "1234", "AC0708A3C923D34D"),
    ],
)
def test_pin_block(pan, pin, block):
    assert security.open_pin_block(PIK, bytes.fromhex(block), pan) == pin
    with pytest.raises(security.PinBlockError) as error:
        security.open_pin_block(TDK, bytes.fromhex(block), pan)
    assert pin not in str(error.value) and error.value.__cause__ is None


def test_pin_block_of_the_longest_pin():
    """ISO 9564 format 0: control nibble 0, length nibble C, twelve digits, FF, xor PAN."""
    block = security.encrypt(PIK, bytes.fromhex("0C98202CA20226A9"))
    assert security.open_pin_block(PIK, block, "6212345678901234567") == "987654321012"


@pytest.mark.parametrize(
    ("clear", "hidden"),
    [
        ("6225880000000000001=30121010000000000", "6225880000000000001=F146CB3F8C0=F3880"),
        ("6212345678901232=30122011234567890", "621234567890123249BB179B4EFE5FD590"),
    ],
)
def test_track(clear, hidden):
    assert security.decrypt_track(TDK, hidden) == clear
    with pytest.raises(ValueError, match="too short"):
        security.decrypt_track(TDK, hidden[:16])


def test_working_keys_are_random_with_odd_parity():
    first, second = security.new_working_keys("003"), security.new_working_keys("003")
    assert (first.pik, first.mak) != (second.pik, second.mak)
    assert all(bin(octet).count("1") & 1 for octet in first.pik + first.mak)
    assert "pik" not in repr(first) and first.pik.hex() not in repr(first)


def test_pad_nibble_may_be_anything():
    raw = bytes.fromhex("0810" + "0000000000000010" + "0011" + "00000001003F")
    assert dialect.decode(raw).fields == {60: "00000001003"}
    raw = bytes.fromhex("0200" + "0000060000000000" + "0717" + "F001")
    assert dialect.decode(raw).fields == {22: "071", 23: "001"}


@pytest.mark.parametrize(
    ("raw", "where", "offset"),
    [
        ("02", "t", 1),
        ("020000", "p", 3),
        ("0A00" + "00" * 8, "t", 0),
        ("0200" + "0800000000000000", "p", 2),
        ("0200" + "4000000000000000" + "20" + "00" * 10, "2", 10),
        ("0200" + "4000000000000000" + "1F" + "00" * 10, "2", 10),
        ("0200" + "2000000000000000" + "0000", "3", 10),
        ("0200" + "2000000000000000" + "00000A", "3", 10),
        ("0200" + "2000000000000000" + "00000000", "3", 13),
        ("0200" + "2000000000800000" + "000000" + "07" + "31" * 7, "41", 13),
    ],
)
def test_errors_name_field_and_offset(raw, where, offset):
    with pytest.raises(FormatError) as error:
        dialect.decode(bytes.fromhex(raw))
    assert (error.value.field, error.value.offset) == (where, offset)


def test_encode_refuses_what_does_not_fit():
    with pytest.raises(FormatError):
        dialect.encode(Message("0200", {4: "1"}))
    with pytest.raises(FormatError):
        dialect.encode(Message("0200", {2: "6" * 20}))


def test_answer_frame():
    frame = wire.Frame(bytes.fromhex("6000031234"), bytes.fromhex("603110123456"), bytes(10))
    answer = frame.answer(b"x" * 10, action="3")
    assert (answer.tpdu.hex(), answer.header.hex()) == ("6012340003", "603113123456")
    with pytest.raises(wire.FrameError):
        frame.answer(bytes(wire.MAX_BODY)).encode()


@given(st.binary(max_size=300))
def test_decode_raises_nothing_else(raw):
    try:
        message = dialect.decode(raw)
    except FormatError as error:
        assert error.offset <= len(raw)
    else:
        again = dialect.decode(dialect.encode(message))
        assert again.fields == message.fields


def test_masked_pan():
    assert mask_pan("6212345678901232") == "621234******1232"
    assert mask_pan("6212345678901234567") == "621234*********4567"
    assert (mask_pan("123456789012"), mask_pan("1234")) == ("********9012", "****")


def test_message_repr_shows_no_fields():
    assert "6225880000000000001" not in repr(dialect.decode(message_of("sale")))
