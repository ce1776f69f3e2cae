"""A cellular module, as a SIM7600 is one, on a UART: AT commands, a SIM, an operator, data mode.

Commands and result codes after ITU-T V.250 and 3GPP TS 27.007; times and the words after a start
after SIMCom's manual [M]. In data mode it is the other end of PPP: it answers, and says itself
that the link ends when coverage is lost.
"""

import re
from collections.abc import Callable

from host_tools.vboard import ppp
from host_tools.vboard.chips.faults import Faults
from host_tools.vboard.chips.modem_faults import ARGUMENTS, MISBEHAVIOURS
from host_tools.vboard.clock import Clock, Timer
from host_tools.vboard.wire import UartLine

_ANSWER_MS = 20
_REGISTER_MS = 2000  # from coverage to a place in the network
_CONNECT_MS = 300
_GUARD_MS = 1000  # of silence before and after +++ (V.250, S12)
_BOOT_MS = 4000
_BOOT_WORDS = ("RDY", "+CPIN: READY", "SMS DONE", "PB DONE")
_NO_SIM, _SIM_PIN, _SIM_PUK = 10, 11, 12  # 27.007, 9.2.1
_WORDS = {
    _NO_SIM: "SIM not inserted",
    _SIM_PIN: "SIM PIN required",
    _SIM_PUK: "SIM PUK required",
    100: "unknown",
}
_SEARCHING, _HOME, _DENIED = 2, 1, 3  # 27.007, 7.2
_NOT_HEARD = 99  # 27.007, 8.5
_ADDRESS = bytes([ppp.ADDRESS, 6, 198, 51, 100, 201])  # as an option of IPCP

# What it knows, without the AT before it and the values behind it
COMMANDS = {
    "": "nothing, answered with OK",
    "E": "echo off (0) or on (1)",
    "H": "hang up",
    "O": "back to data mode",
    "Z": "settings as after a start",
    "D*99#": "dial the packet service: CONNECT, then data mode",
    "+CMEE": "how errors are told: 0 ERROR, 1 numbers, 2 words",
    "+CPIN?": "the state of the SIM",
    "+CSQ": "the signal, 0 to 31, 99 none",
    "+CREG?": "registration, circuit switched",
    "+CGREG?": "registration, packets",
    "+CEREG?": "registration, LTE",
    "+CGDCONT": "an access point (APN) for context 1",
}


class Modem:
    """One module. ``online`` while it carries packets, ``carrier`` while a call is up."""

    def __init__(self, clock: Clock, line: UartLine, *, baudrate: int = 115200) -> None:
        self._clock, self._line = clock, line
        self.baudrate = baudrate
        self.faults: list[str] = []
        self.on_change: Callable[[], None] | None = None
        self.misdoings = Faults("modem", MISBEHAVIOURS, ARGUMENTS)
        self.sim = "ready"  # or out, pin, puk
        self.signal_level = 20
        self.refusing = False  # the operator wants nothing to do with this SIM
        self.ignoring = False  # the network does not let it in, and does not say why
        # what the operator has: user and password by access point; without a name its usual one
        self.apns: dict[str, tuple[str, str]] = {"": ("", ""), "cmnet": ("", "")}
        self.dialled: list[str] = []  # access point of each call that came up
        self.last = ""  # the command that it has heard last
        self._powered = self._registered = True
        self._proven = False
        self._timers: list[Timer] = []
        self._settings()
        self._heard_at = -_GUARD_MS
        line.attach(self)

    def _settings(self) -> None:
        self._echo, self._cmee, self._apn = True, 0, ""
        self._text = bytearray()
        self._busy = False
        self._data = self.carrier = False
        self._pluses = 0
        self._deframer = ppp.Deframer()

    @property
    def online(self) -> bool:
        """Whether packets come through: a call is up, and the line belongs to it."""
        return self.carrier and self._data

    @property
    def in_reach(self) -> bool:
        """Whether a network is heard."""
        return self.signal_level != _NOT_HEARD

    # physics

    def sim_in(self) -> None:
        """Put a SIM in that asks for nothing; the module takes notice by starting anew."""
        self._sim("ready")

    def sim_out(self) -> None:
        """Take the SIM out."""
        self._sim("out")

    def sim_locked(self, wants: str = "pin") -> None:
        """Put a SIM in that wants its PIN first, or its PUK."""
        if wants not in ("pin", "puk"):
            raise ValueError(f"a SIM wants its pin or its puk, not {wants!r}")
        self._sim(wants)

    def signal(self, level: int) -> None:
        """How well the network is heard: 0 to 31; 99 is not at all."""
        if not 0 <= level <= 31 and level != _NOT_HEARD:
            raise ValueError("a signal is 0 to 31, or 99")
        self.signal_level = level
        self._search()

    def lost(self) -> None:
        """Coverage ends, also in the midst of a call."""
        self.signal(_NOT_HEARD)

    def found(self) -> None:
        """Coverage is back; the module registers by itself."""
        self.signal(20)

    def refuse(self) -> None:
        """The operator refuses the SIM."""
        self.refusing = True
        self._search()

    def ignore(self) -> None:
        """The network is heard, and lets nobody in."""
        self.ignoring = True
        self._search()

    def accept(self) -> None:
        """Operator and network take it again."""
        self.refusing = self.ignoring = False
        self._search()

    def operator(self, apn: str, user: str = "", key: str = "") -> None:
        """The operator has an access point of that name, with user and password."""
        self.apns[apn] = user, key

    def power_off(self) -> None:
        """No power: nothing is left of the call."""
        self._powered = self._registered = False
        self._restart()

    def power_on(self) -> None:
        """It starts, if it had none: silence, then its words, then it looks for the network."""
        if not self._powered:
            self._start()

    def misbehave(self, way: str, times: int | None = 1, **args: int | str) -> None:
        """Go wrong as ``way`` says (see ``modem_faults``); "well" ends it. Raises ValueError."""
        self.misdoings.ask(way, times, args)
        if self.misdoings.take("reset") is not None:
            self._start()

    def _sim(self, state: str) -> None:
        self.sim = state
        self._search()

    def _search(self) -> None:
        """Registration follows from SIM, coverage and operator, after a while."""
        if not self._fit():
            self._registered = False
            self._drop()
        elif not self._registered and self._powered:
            self._after(_REGISTER_MS, self._register)
        self._changed()

    def _fit(self) -> bool:
        heard = self.in_reach
        return self.sim == "ready" and heard and not (self.refusing or self.ignoring)

    def _register(self) -> None:
        self._registered = self._fit()
        self._changed()

    def _drop(self) -> None:
        """The network has ended the call."""
        if self.carrier:
            if self._data:
                self._say(ppp.frame(ppp.LCP, ppp.TERMINATE, 1))
            self.carrier = self._data = False
            self._tell("NO CARRIER")

    def _restart(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._settings()
        self._changed()

    def _start(self) -> None:
        self._powered = self._registered = False
        self._restart()
        self._after(_BOOT_MS, self._booted)

    def _booted(self) -> None:
        self._powered = True
        for word in _BOOT_WORDS:
            if word[0] != "+" or self.sim == "ready":
                self._tell(word)
        self._search()

    def _after(self, ms: float, call: Callable[[], None]) -> None:
        self._timers.append(self._clock.call_later(ms, call))

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    # the line

    def receive(self, data: bytes) -> None:
        """Bytes from the board."""
        self._hear(data)
        self._changed()

    def _hear(self, data: bytes) -> None:
        now = self._clock.now_ms()
        quiet, self._heard_at = now - self._heard_at >= _GUARD_MS, now
        if "silent" in self.misdoings or not self._powered:
            return
        if self._data:
            self._escape(data, quiet)
            for packet in self._deframer.feed(data):
                self._packet(*packet)
            return
        if self._echo:
            self._say(data)
        for byte in data:
            if byte == 0x0D:
                self._line_ends()
            elif byte == 0x08:
                del self._text[-1:]
            elif byte >= 0x20:
                self._text.append(byte)

    def _escape(self, data: bytes, quiet: bool) -> None:
        """+++ between two silences leads to command mode; the call stays."""
        self._pluses = self._pluses + 1 if data == b"+++" and quiet else 0
        if self._pluses:
            heard = self._heard_at

            def silent_since() -> None:
                if self._data and self._heard_at == heard:
                    self._data = False
                    self._tell("OK")

            self._after(_GUARD_MS, silent_since)

    def _say(self, data: bytes) -> None:
        if "silent" not in self.misdoings:
            self._line.from_chip(data, self.baudrate)

    def _tell(self, text: str) -> None:
        self._say(f"\r\n{text}\r\n".encode())

    def _answer(self, *texts: str, ms: float = _ANSWER_MS) -> None:
        self._busy = True
        slow = self.misdoings.take("slow")

        def now() -> None:
            self._busy = False
            if self.misdoings.take("garbage") is not None:
                self._say(b"\xff\x00\x7e{\r\n\x80\xc3\r")
            if self.misdoings.take("chatty") is not None:
                self._tell('+CMTI: "SM",1')
            for text in texts:
                self._tell(text)

        self._after(ms + (slow if isinstance(slow, int) else 0), now)

    def _error(self, number: int) -> None:
        told = {0: "ERROR", 1: f"+CME ERROR: {number}", 2: f"+CME ERROR: {_WORDS[number]}"}
        self._answer(told[self._cmee])

    # commands

    def _line_ends(self) -> None:
        text = self._text.decode("latin-1").strip()
        self._text.clear()
        at = text.upper().rfind("AT")  # what came before is noise
        if at < 0:
            return
        if self._busy:
            if len(text) > at + 2:  # AT alone wakes it up, and may come as often as one likes
                self.faults.append(f"{text[at:]!r} before the answer to the last command")
            return
        self.last = text[at:]
        body = text[at + 2 :]
        name = next((n for n in sorted(COMMANDS, key=len, reverse=True) if _is(n, body)), None)
        if name is None:
            self.faults.append(f"unknown command {text[at:]!r}")
            self._answer("ERROR")
            return
        self._obey(name, body[len(name) :])

    def _obey(self, name: str, rest: str) -> None:
        if name in ("+CREG?", "+CGREG?", "+CEREG?"):
            state = _HOME if self._registered else _DENIED if self.refusing else _SEARCHING
            self._answer(f"{name[:-1]}: 0,{state}", "OK")
        elif name == "+CPIN?":
            self._pin()
        elif name == "+CSQ":
            self._answer(f"+CSQ: {self.signal_level},99", "OK")
        elif name == "+CGDCONT":
            found = re.fullmatch(r'=1,"IP","([^"]*)"', rest)
            self._apn = found[1] if found else self._apn
            self._answer("OK" if found else "ERROR")
        elif name == "+CMEE":
            good = rest in ("=0", "=1", "=2")
            self._cmee = int(rest[1]) if good else self._cmee
            self._answer("OK" if good else "ERROR")
        elif name == "D*99#":
            self._dial()
        elif name == "O":
            self._data = self.carrier
            self._answer("CONNECT" if self.carrier else "NO CARRIER")
        else:
            if name == "E":
                self._echo = rest != "0"
            elif name == "Z":
                self._echo, self._cmee = True, 0
            elif name == "H":
                self.carrier = False
            self._answer("OK")

    def _pin(self) -> None:
        if self.sim == "out":
            self._error(_NO_SIM)
        else:
            told = {"ready": "READY", "pin": "SIM PIN", "puk": "SIM PUK"}[self.sim]
            self._answer(f"+CPIN: {told}", "OK")

    def _dial(self) -> None:
        if not self._registered or self._apn not in self.apns:
            self._answer("NO CARRIER", ms=_CONNECT_MS)
            return

        def up() -> None:
            self._data = self.carrier = self._registered
            self._deframer = ppp.Deframer()

        self._answer("CONNECT 150000000", ms=_CONNECT_MS)
        self._after(_CONNECT_MS, up)

    # the other end of PPP

    def _packet(self, protocol: int, code: int, ident: int, data: bytes) -> None:
        if (protocol, code) == (ppp.LCP, ppp.TERMINATE):
            self._say(ppp.frame(ppp.LCP, ppp.TERMINATED, ident))
            self.carrier = self._data = False
            self._tell("NO CARRIER")
            self._changed()
        elif code == ppp.REQUEST:
            self._after(_ANSWER_MS, lambda: self._agree(protocol, ident, data))

    def _agree(self, protocol: int, ident: int, data: bytes) -> None:
        """Say yes to LCP, to the right password, and to the address that is handed out."""
        answer, login = ppp.ACK, self.apns[self._apn]
        if protocol == ppp.LCP:
            self._proven = login == ("", "")
        elif protocol == ppp.PAP:
            self._proven = ppp.credentials(data) == login
            answer, data = (ppp.ACK if self._proven else ppp.NAK), b"\x00"
        elif not self._proven:
            self._drop()
            return
        elif data != _ADDRESS:
            answer, data = ppp.NAK, _ADDRESS
        else:
            self.dialled.append(self._apn)
        self._say(ppp.frame(protocol, answer, ident, data))
        if answer == ppp.NAK and protocol == ppp.PAP:
            self._drop()
        self._changed()


def _is(name: str, body: str) -> bool:
    """Whether a command line is that command; only some have values."""
    rest = body[len(name) :]
    if not body.upper().startswith(name):
        return False
    return not rest or (name in ("E", "H", "+CMEE", "+CGDCONT") and rest[0] in "=01")
