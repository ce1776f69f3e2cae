"""Frames of the PN532, on CPython and on MicroPython."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pos.protocol import pn532_frame as frames

HELP = """
from pos.protocol import pn532_frame as frames
from pos.protocol.errors import BadBytes
from pos.protocol.pn532_frame import ACK, BAD, DATA, ERROR, NACK

def built(code, head=b"", data=b""):
    buf = bytearray(300)
    return bytes(buf[:frames.build(buf, code, head, data)])

def take(receiver, data):
    # what comes of these bytes: kinds, and the data of responses
    found = []
    while data:
        room = receiver.room()
        n = min(len(room), len(data))
        room[:n] = data[:n]
        receiver.took(n)
        data = data[n:]
        kind = receiver.next()
        while kind:
            found.append(bytes(receiver.data) if kind == DATA else kind)
            kind = receiver.next()
    return found

def response(body, direction=0xD5):
    n = len(body) + 1
    if n < 256:
        head = bytes((n, -n & 255))
    else:
        head = bytes((255, 255, n >> 8, n & 255, -(n >> 8) - (n & 255) & 255))
    tail = bytes((-direction - sum(body) & 255, 0))
    return b"\\0\\0\\xff" + head + bytes((direction,)) + body + tail

VERSION = bytes.fromhex("0000ff06fad50332010607e800")
"""


@pytest.fixture(params=["cpython", "micropython"])
def run(request, mpy):
    """Run the body of a test that asserts."""
    if request.param == "cpython":
        return lambda body: exec(HELP + body, {})
    return lambda body: mpy(HELP + body)


def test_frames_of_the_manual(run):
    run("""
assert built(0x02) == bytes.fromhex("0000ff02fed4022a00")
assert built(0x14, b"\\x01") == bytes.fromhex("0000ff03fdd414011700")
assert built(0x4A, b"\\x01", b"\\x00") == bytes.fromhex("0000ff04fcd44a0100e100")
assert frames.ACK_FRAME == bytes.fromhex("0000ff00ff00")
assert frames.NACK_FRAME == bytes.fromhex("0000ffff0000")
""")


def test_the_longest_normal_and_the_shortest_extended_frame(run):
    run("""
normal = built(0x40, b"\\x01", bytes(252))
assert normal[:9] == bytes.fromhex("0000ffff01d44001" + "00"), normal[:9]
assert len(normal) == 5 + 255 + 2
extended = built(0x40, b"\\x01", bytes(253))
assert extended[:11] == bytes.fromhex("0000ffffff0100ffd44001")
assert len(extended) == 8 + 256 + 2
""")


def test_the_longest_frame(run):
    run("""
assert len(built(0x40, b"\\x01", bytes(262))) == frames.MAX_FRAME
try:
    built(0x40, b"\\x01", bytes(263))
    assert False
except BadBytes as error:
    assert error.what == "PN532 command"
""")


def test_building_overwrites_what_was_there(run):
    run("""
buf = bytearray(b"\\xee" * 300)
assert buf[:frames.build(buf, 0x02)] == bytes.fromhex("0000ff02fed4022a00")
""")


def test_everything_the_chip_sends(run):
    run("""
r = frames.Receiver()
assert take(r, frames.ACK_FRAME) == [ACK]
assert take(r, frames.NACK_FRAME) == [NACK]
assert take(r, VERSION) == [bytes.fromhex("0332010607")]
assert take(r, bytes.fromhex("0000ff01ff7f8100")) == [ERROR]
assert take(r, response(b"\\x41\\x00" + bytes(260))) == [b"\\x41\\x00" + bytes(260)]
assert take(r, frames.ACK_FRAME + VERSION) == [ACK, bytes.fromhex("0332010607")]
""")


def test_byte_by_byte(run):
    run("""
r = frames.Receiver()
found = []
for byte in frames.ACK_FRAME + response(b"\\x41\\x00" + bytes(range(256))):
    found += take(r, bytes((byte,)))
assert found == [ACK, b"\\x41\\x00" + bytes(range(256))]
""")


def test_a_frame_without_its_last_zero_is_complete(run):
    run("""
r = frames.Receiver()
assert take(r, VERSION[:-1]) == [bytes.fromhex("0332010607")]
assert not r.partial()
assert take(r, VERSION[-1:]) == []
""")


def test_damage_is_seen(run):
    run("""
good = response(b"\\x41\\x00\\x90\\x00")
for at in range(3, len(good) - 1):
    bad = bytearray(good)
    bad[at] ^= 0x04
    r = frames.Receiver()
    assert take(r, bytes(bad)) == [BAD], at
    r.reset()
    assert take(r, good) == [b"\\x41\\x00\\x90\\x00"]
long = response(b"\\x41" + bytes(260))
for at in list(range(5, 10)) + [len(long) - 2]:
    bad = bytearray(long)
    bad[at] ^= 0x04
    assert BAD in take(frames.Receiver(), bytes(bad)), at
""")


def test_garbage_between_frames(run):
    run("""
for garbage in (b"\\x55", b"\\x00", b"\\xff\\x55", b"\\x00\\xff\\x31", bytes(400), b"U" * 1000):
    r = frames.Receiver()
    found = take(r, garbage + VERSION + garbage + VERSION)
    assert [f for f in found if f != BAD] == 2 * [bytes.fromhex("0332010607")], garbage
""")


def test_a_frame_inside_what_looked_like_a_longer_one(run):
    run("""
r = frames.Receiver()
assert take(r, b"\\x00\\xff\\x14\\xec" + VERSION) == []
assert r.partial()
assert take(r, bytes(16)) == [BAD, bytes.fromhex("0332010607")]
""")


def test_lengths_no_frame_has(run):
    run("""
for head in ("ffff000000", "ffff010af5", "ffffffff02"):
    assert take(frames.Receiver(), bytes.fromhex("0000ff" + head) + bytes(20)) == [BAD], head
""")


def test_a_frame_of_the_host_is_no_answer(run):
    run("""
assert take(frames.Receiver(), built(0x02)) == [BAD]
assert take(frames.Receiver(), response(b"\\x03", 0x7F)) == [BAD]
""")


def test_what_has_been_heard(run):
    run("""
r = frames.Receiver()
assert not r.heard
take(r, b"\\x00")
assert not r.heard
take(r, b"\\x31")
assert r.heard
r.reset()
assert not r.heard and not r.partial()
""")


def reference(body: bytes) -> bytes:
    n = len(body) + 1
    size = bytes([n >> 8, n & 255])
    head = bytes([n, 256 - n]) if n < 256 else b"\xff\xff" + size + bytes([-sum(size) & 255])
    return b"\0\0\xff" + head + b"\xd5" + body + bytes([-0xD5 - sum(body) & 255, 0])


@given(st.binary(max_size=263), st.integers(0, 255), st.integers(0, 263))
def test_what_is_built_is_what_a_reference_builds(data, code, split):
    buf = bytearray(frames.MAX_FRAME)
    size = frames.build(buf, code, data[:split], data[split:])
    swapped = bytearray(reference(bytes([code]) + data))
    at = swapped.index(b"\xd5", 5)
    swapped[at] -= 1
    swapped[-2] = swapped[-2] + 1 & 255
    assert buf[:size] == swapped


@given(st.lists(st.binary(min_size=1, max_size=264), max_size=6), st.data())
def test_frames_in_pieces_of_any_size(bodies, data):
    receiver = frames.Receiver()
    stream = b"".join(reference(body) for body in bodies)
    found = []
    while stream:
        room = receiver.room()
        n = data.draw(st.integers(1, min(len(room), len(stream))))
        room[:n] = stream[:n]
        stream = stream[n:]
        receiver.took(n)
        while kind := receiver.next():
            assert kind == frames.DATA
            found.append(bytes(receiver.data))
    assert found == bodies


@given(st.binary(max_size=600))
def test_noise_never_breaks_the_receiver(noise):
    receiver = frames.Receiver()
    while noise:
        room = receiver.room()
        assert len(room)
        n = min(len(room), len(noise), 7)
        room[:n] = noise[:n]
        noise = noise[n:]
        receiver.took(n)
        while receiver.next():
            pass
    receiver.reset()
    room = receiver.room()
    good = reference(b"\x03\x32\x01\x06\x07")
    room[: len(good)] = good
    receiver.took(len(good))
    assert receiver.next() == frames.DATA
