"""The model of the cellular module, at its line; commands and answers as V.250 and 27.007 say."""

import pytest

from host_tools.vboard import ppp
from host_tools.vboard.chips.modem import Modem
from host_tools.vboard.clock import ManualClock
from host_tools.vboard.wire import UartLine


class Bench:
    def __init__(self) -> None:
        self.clock, self.line = ManualClock(), UartLine()
        self.heard = bytearray()
        self.line.to_board = self.heard.extend
        self.chip = Modem(self.clock, self.line)

    def send(self, text: str | bytes, ms: float = 100) -> str:
        """What has come back ``ms`` later."""
        self.heard.clear()
        self.line.from_board(text.encode() if isinstance(text, str) else text)
        self.clock.advance(ms)
        return self.heard.decode("latin-1")

    def dial(self, apn: str = "cmnet") -> str:
        self.send("ATE0\r")
        self.send(f'AT+CGDCONT=1,"IP","{apn}"\r')
        return self.send("ATD*99#\r", 500)

    def wait(self, ms: float) -> str:
        self.heard.clear()
        self.clock.advance(ms)
        return self.heard.decode("latin-1")


@pytest.fixture
def bench():
    return Bench()


def test_it_echoes_until_it_is_told_not_to(bench):
    assert bench.send("AT\r") == "AT\r\r\nOK\r\n"
    assert bench.send("ATE0\r") == "ATE0\r\r\nOK\r\n"
    assert bench.send("at\r") == "\r\nOK\r\n"
    assert bench.send("noise\x08AT\r") == "\r\nOK\r\n"


def test_what_it_does_not_know_is_an_error_and_a_fault(bench):
    bench.send("ATE0\r")
    assert bench.send("AT+QPING\r") == "\r\nERROR\r\n"
    assert bench.send("ATDT123\r") == "\r\nERROR\r\n"
    assert bench.chip.faults == ["unknown command 'AT+QPING'", "unknown command 'ATDT123'"]


def test_a_command_too_early_is_a_fault(bench):
    assert bench.send("ATE0\rAT\rATH\r").count("OK") == 1
    assert bench.chip.faults == ["'ATH' before the answer to the last command"]


@pytest.mark.parametrize(
    ("level", "told"),
    [(0, "ERROR"), (1, "+CME ERROR: 10"), (2, "+CME ERROR: SIM not inserted")],
)
def test_no_sim_is_told_as_asked_for(bench, level, told):
    bench.send("ATE0\r")
    assert bench.send("AT+CPIN?\r") == "\r\n+CPIN: READY\r\n\r\nOK\r\n"
    bench.chip.sim_out()
    bench.send(f"AT+CMEE={level}\r")
    assert bench.send("AT+CPIN?\r") == f"\r\n{told}\r\n"
    bench.chip.sim_locked("puk")
    assert bench.send("AT+CPIN?\r") == "\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n"


def test_registration_follows_coverage_sim_and_operator(bench):
    bench.send("ATE0\r")

    def state():
        return bench.send("AT+CEREG?\r").split(",")[1][0]

    assert state() == "1"
    bench.chip.lost()
    assert state() == "2" and "+CSQ: 99,99" in bench.send("AT+CSQ\r")
    bench.chip.found()
    assert state() == "2"  # not at once
    bench.wait(2000)
    assert state() == "1" and "+CSQ: 20,99" in bench.send("AT+CSQ\r")
    bench.chip.refuse()
    assert state() == "3"
    bench.chip.accept()
    bench.chip.sim_out()
    bench.wait(3000)
    assert state() == "2"


def test_it_dials_only_where_the_operator_lets_it(bench):
    assert bench.dial("elsewhere") == "\r\nNO CARRIER\r\n"
    assert not bench.chip.online
    assert bench.dial() == "\r\nCONNECT 150000000\r\n"
    assert bench.chip.online
    assert bench.send("AT\r") == ""  # it is data now


def test_pluses_between_silences_lead_out_of_a_call_and_back(bench):
    bench.dial()
    bench.wait(1000)
    assert bench.send("+++", 900) == ""
    assert bench.wait(100) == "\r\nOK\r\n"
    assert bench.chip.carrier and not bench.chip.online
    assert bench.send("ATO\r") == "\r\nCONNECT\r\n"
    assert bench.chip.online
    bench.wait(1000)
    bench.send("+++", 500)
    assert bench.send("x", 2000) == "" and bench.chip.online  # it was data after all
    bench.send("+++", 1000)
    assert bench.send("ATH\r") == "\r\nOK\r\n"
    assert not bench.chip.carrier


def test_coverage_lost_ends_a_call_with_words_of_ppp_and_its_own(bench):
    bench.dial()
    bench.heard.clear()
    bench.chip.lost()
    end = ppp.frame(ppp.LCP, ppp.TERMINATE, 1)
    assert bytes(bench.heard) == end + b"\r\nNO CARRIER\r\n"
    assert not bench.chip.online


def test_a_reset_ends_it_without_a_word(bench):
    bench.dial()
    bench.heard.clear()
    bench.chip.misbehave("reset")
    assert not bench.chip.online and bench.send("AT\r") == ""
    assert "".join(bench.wait(4000).splitlines()) == "RDY+CPIN: READYSMS DONEPB DONE"
    assert "0,2" in bench.send("AT+CEREG?\r")
    bench.wait(2000)
    assert "0,1" in bench.send("AT+CEREG?\r")


def test_misbehaviours(bench):
    bench.send("ATE0\r")
    bench.chip.misbehave("slow", ms=800)
    assert bench.send("AT\r") == "" and bench.wait(800) == "\r\nOK\r\n"
    bench.chip.misbehave("chatty")
    assert bench.send("AT\r") == '\r\n+CMTI: "SM",1\r\n\r\nOK\r\n'
    bench.chip.misbehave("garbage")
    assert bench.send("AT\r") != "\r\nOK\r\n" == bench.send("AT\r")
    bench.chip.misbehave("silent")
    assert bench.send("AT\r", 5000) == ""
    bench.chip.misbehave("well")
    assert bench.send("AT\r") == "\r\nOK\r\n"
    for wrong in ({"way": "dull"}, {"way": "silent", "ms": 3}):
        with pytest.raises(ValueError):
            bench.chip.misbehave(**wrong)
    for wrong in (lambda: bench.chip.signal(50), lambda: bench.chip.sim_locked("nip")):
        with pytest.raises(ValueError):
            wrong()


# PPP, as both ends speak it


def test_a_frame_is_that_of_rfc_1662():
    """What a module sends first, as in micropython issue 7021: LCP, its characters escaped."""
    sent = bytes.fromhex("7eff7d23c0217d217d217d207d347d227d267d207d207d207d207e")
    packets = ppp.Deframer().feed(sent)
    assert packets == []  # its check is not right
    data = bytes.fromhex("020600000000")
    whole = ppp.frame(ppp.LCP, ppp.REQUEST, 1, data)
    assert whole[:8] == bytes.fromhex("7eff7d23c0217d21")
    broken = bytearray(whole)
    broken[-3] ^= 1
    deframer = ppp.Deframer()
    assert deframer.feed(b"noise" + bytes(broken)) == []
    found = [deframer.feed(whole[i : i + 1]) for i in range(len(whole))]
    assert [p for p in found if p] == [[(ppp.LCP, ppp.REQUEST, 1, data)]]


class Link:
    """An ESP32's end of PPP on a modem's line."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.ups: list[bool] = []
        self.dialler = ppp.Dialler(self.bench.clock, self.ups.append)

    def connect(self, user: str | None = None, key: str | None = None) -> int:
        self.dialler.connect(self.bench.line, user, key)
        self.bench.clock.advance(500)
        return self.dialler.status


def test_a_link_comes_up_with_an_address_and_goes():
    link = Link()
    link.bench.dial()
    assert link.connect() == ppp.CONNECTED
    assert link.dialler.address == "198.51.100.201" and link.ups == [True]
    link.dialler.disconnect()
    assert link.ups == [True, False] and not link.bench.chip.online
    assert link.bench.send("AT\r") == "\r\nOK\r\n"  # the line is the program's again


@pytest.mark.parametrize(
    ("user", "key", "status"),
    [
        ("till", "secret", ppp.CONNECTED),
        ("till", "wrong", -ppp.ERR_AUTH),
        (None, None, -ppp.ERR_CONNECT),
    ],
)
def test_an_access_point_may_want_a_proof(user, key, status):
    link = Link()
    link.bench.chip.operator("pos.bank", "till", "secret")
    link.bench.dial("pos.bank")
    assert link.connect(user, key) == status


def test_without_a_call_there_is_no_link():
    link = Link()
    link.bench.send("ATE0\r")
    assert link.connect() == ppp.CONNECTING
    link.bench.clock.advance(60_000)
    assert link.dialler.status == -ppp.ERR_CONNECT and link.ups == []


def test_the_link_ends_with_coverage_but_does_not_hear_of_a_reset():
    link = Link()
    link.bench.dial()
    link.connect()
    link.bench.chip.lost()
    assert link.ups == [True, False]
    link = Link()
    link.bench.dial()
    link.connect()
    link.bench.chip.misbehave("reset")
    assert link.ups == [True] and not link.bench.chip.online
