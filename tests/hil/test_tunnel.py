"""The line to a bare board, without a board: segments, damage, the small buffer."""

import asyncio
import random

import pytest

from host_tools.hil.tunnel import WINDOW, Counts, Tunnel, decode, encode

SESSION = 7


def test_what_a_terminal_acts_on_is_never_on_the_line():
    line = encode(3, 19, bytes(range(256)), SESSION)
    assert not set(line) & {0x03, 0x11, 0x13}
    assert (line[0], line[-1]) == (0xFD, 0xFE)
    assert not set(line[1:-1]) & {0xFD, 0xFE}
    assert decode(line[1:-1], SESSION) == (3, 19, bytes(range(256)))


def test_damage_is_seen_wherever_it_is():
    body = encode(1, 2, b"4000001234567899\xfd\xfc", SESSION)[1:-1]
    for at in range(len(body)):
        for change in (b"", bytes([body[at] ^ 1]), bytes([body[at]]) * 2):
            damaged = body[:at] + change + body[at + 1 :]
            assert damaged == body or decode(damaged, SESSION) is None


def test_what_is_left_of_another_session_is_damaged():
    assert decode(encode(1, 0, b"old", SESSION)[1:-1], SESSION + 1) is None


class Line:
    """Two ends of a line on which ``spoil`` says what becomes of each write."""

    def __init__(self, loop, spoil, retry_s=0.3):
        self.loop, self.spoil, self.retry_s = loop, spoil, retry_s
        self.got = {"a": bytearray(), "b": bytearray()}
        self.text = bytearray()
        self.longest = 0
        self.counts = {"a": Counts(), "b": Counts()}
        self.lost = []
        self.a, self.b = self._end("a", lambda: self.b), self._end("b", lambda: self.a)

    def _end(self, name, other):
        def put(data):
            self.longest = max(self.longest, len(data))
            for piece in self.spoil(data):
                self.loop.call_soon(lambda piece=piece: other().feed(piece))

        return Tunnel(
            self.loop,
            SESSION,
            self.counts[name],
            put=put,
            heard=self.got[name].extend,
            said=self.text.extend,
            lost=lambda: self.lost.append(name),
            retry_s=self.retry_s,
        )


def passes(spoil, size=20_000, retry_s=0.003):
    """Send ``size`` bytes both ways at once and wait until all are there."""

    async def run():
        line = Line(asyncio.get_running_loop(), spoil, retry_s)
        source = random.Random(1)
        there, back = source.randbytes(size), source.randbytes(size)
        line.a.write(there)
        line.b.write(back)
        async with asyncio.timeout(30):
            while (line.got["b"], line.got["a"]) != (there, back):
                await asyncio.sleep(0.001)
        line.a.close()
        line.b.close()
        return line

    return asyncio.run(run())


def test_a_quiet_line_carries_everything_once():
    line = passes(lambda data: [data], retry_s=20)
    assert line.counts["a"].again == line.counts["a"].damaged == 0
    # one segment and what acknowledges the other side's fit into a buffer of 260 bytes
    assert line.longest <= WINDOW
    assert not line.text


def test_pieces_are_put_together():
    line = passes(lambda data: [data[at : at + 3] for at in range(0, len(data), 3)])
    assert line.counts["b"].damaged == 0


@pytest.mark.parametrize("harm", ["lose", "flip", "double", "invent"])
def test_damage_costs_time_and_nothing_else(harm):
    chance = random.Random(harm)

    def spoil(data):
        if chance.random() > 0.1:
            return [data]
        at = chance.randrange(len(data))
        here = {
            "lose": b"",
            "flip": bytes([data[at] ^ 1 << chance.randrange(8)]),
            "double": data[at : at + 1] * 2,
            "invent": data[at : at + 1] + chance.randbytes(20),
        }[harm]
        return [data[:at] + here + data[at + 1 :]]

    line = passes(spoil, 10_000)
    assert line.counts["a"].again + line.counts["b"].again > 0


def test_a_cut_off_segment_does_not_take_the_next_one_with_it():
    async def run():
        line = Line(asyncio.get_running_loop(), lambda data: [data])
        whole = encode(1, 0, b"whole", SESSION)
        line.a.feed(b"ets Jun  8 2016\r\n" + encode(1, 0, b"torn", SESSION)[:6] + whole)
        return line

    line = asyncio.run(run())
    assert line.got["a"] == b"whole"
    assert line.text == b"ets Jun  8 2016\r\n"
    assert line.counts["a"].damaged == 1


def test_nobody_there_is_told(monkeypatch):
    monkeypatch.setattr("host_tools.hil.tunnel._SILENT_S", 0.02)

    async def run():
        line = Line(asyncio.get_running_loop(), lambda data: [], retry_s=0.003)
        line.a.write(b"hello")
        async with asyncio.timeout(10):
            while not line.lost:
                await asyncio.sleep(0.001)
        return line

    assert asyncio.run(run()).lost == ["a"]
