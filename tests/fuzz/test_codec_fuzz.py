"""Damaged frames against the firmware's codec: a value or BadBytes, on both interpreters the same.

The frames are all messages that the terminal sends and the golden ones, then damaged. What the
codec accepts it packs again to the same meaning, and the other library (pyiso8583) reads the same
values.
"""

import random
import re
import zlib

import iso8583 as oracle
import pytest
from dialect_messages import made
from dialect_oracle import SPEC, to_oracle
from golden import MESSAGES
from pos.protocol import iso8583, unionpay
from pos.protocol.errors import BadBytes

ANSWERS = 100_000
COMPARED = 4_000  # frames that the other library or interpreter sees too


def whole_frames():
    """All that is sent, undamaged."""
    return [message.frame for message in MESSAGES.values()] + [frame for _, frame in made()]


def damaged(dice, frames):
    """A frame with one to three things wrong with it; its length is often put right again."""
    data = bytearray(dice.choice(frames))
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(2, len(data))
        what = dice.randrange(5)
        if what == 0:
            data[at] ^= 1 << dice.randrange(8)
        elif what == 1:
            data[at] = dice.choice((0x00, 0xFF, 0x99, 0x0A, 0xA0, dice.randrange(256)))
        elif what == 2:
            del data[at : at + dice.randint(1, 9)]
        elif what == 3:
            data[at:at] = dice.randbytes(dice.randint(1, 9))
        else:
            del data[at:]
        if len(data) < 3:
            return bytes(data)
    if dice.random() < 0.9:
        data[:2] = (len(data) - 2).to_bytes(2, "big")
    return bytes(data)


def reading(frame):
    """What the codec makes of a frame, as text; any exception but BadBytes is a failure."""
    try:
        _, _, body = unionpay.unframe(frame)
        mti, fields = iso8583.unpack(unionpay.PROFILE, body)
    except BadBytes as error:
        assert 0 <= error.offset <= len(frame) and re.match(r"F\d+|[a-zA-Z]+", error.what)
        return f"{error.what} at {error.offset}: {error.why}"
    return mti + "".join(f" {f}={_plain(fields[f])}" for f in sorted(fields))


def _plain(value):
    return "x" + value.hex() if isinstance(value, bytes) else value


@pytest.mark.parametrize("seed", range(4))
def test_damaged_frames_are_read_or_refused(seed):
    dice = random.Random(seed)
    frames = whole_frames()
    accepted = 0
    for _ in range(ANSWERS // 4):
        frame = damaged(dice, frames)
        accepted += " at " not in reading(frame)
    assert ANSWERS // 400 < accepted < ANSWERS // 4, "neither all nor nothing"


def test_what_is_accepted_means_the_same_to_the_other_library():
    dice = random.Random(99)
    frames = whole_frames()
    compared = 0
    for _ in range(COMPARED):
        frame = damaged(dice, frames)
        try:
            mti, fields = iso8583.unpack(unionpay.PROFILE, unionpay.unframe(frame)[2])
        except BadBytes:
            continue
        again = bytes(iso8583.pack(unionpay.PROFILE, mti, fields))
        assert iso8583.unpack(unionpay.PROFILE, again) == (mti, fields)
        if any(
            isinstance(v, bytes) and SPEC[str(f)]["data_enc"] != "b" for f, v in fields.items()
        ):
            continue  # text that is not ASCII: the other library has no such field here
        theirs, _ = oracle.decode(again, SPEC)
        theirs.pop("p")
        assert {name: value.upper() for name, value in theirs.items()} == {
            name: value.upper() for name, value in to_oracle(mti, fields).items()
        }
        compared += 1
    assert compared > COMPARED // 50


def test_both_interpreters_read_the_same(mpy, tmp_path):
    dice = random.Random(7)
    frames = whole_frames()
    sample = [damaged(dice, frames) for _ in range(COMPARED)]
    here = [zlib.crc32(reading(frame).encode()) for frame in sample]
    file = tmp_path / "frames"
    file.write_text("".join(frame.hex() + "\n" for frame in sample))
    source = f"""
from binascii import crc32, unhexlify
from pos.protocol import iso8583, unionpay
from pos.protocol.errors import BadBytes
def plain(value):
    return "x" + value.hex() if isinstance(value, bytes) else value
for line in open({str(file)!r}):
    try:
        body = unionpay.unframe(unhexlify(line.strip()))[2]
        mti, fields = iso8583.unpack(unionpay.PROFILE, body)
        text = mti + "".join(" %d=%s" % (f, plain(fields[f])) for f in sorted(fields))
    except BadBytes as error:
        text = "%s at %d: %s" % (error.what, error.offset, error.why)
    print(crc32(text.encode()))
"""
    assert list(map(int, mpy(source, heap="4m").split())) == here
