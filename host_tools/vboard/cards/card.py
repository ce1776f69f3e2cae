"""A contactless card: what the antenna sees, and the commands it answers (ISO/IEC 7816-4)."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from host_tools.vboard.cards import apdu, ber, issuing
from host_tools.vboard.cards.apdu import Command, Refusal
from host_tools.vboard.cards.application import Application

PPSE = b"2PAY.SYS.DDF01"
DEFAULT_THINK_MS = {"SELECT PPSE": 5.0, "SELECT AID": 8.0, "GPO": 40.0}
OTHER_THINK_MS = 4.0
# Class and instruction of what only the issuer may do
_ISSUERS = (
    *((0x84, issuing.BLOCK), (0x84, issuing.UNBLOCK), (0x84, issuing.CARD_BLOCK)),
    *((0x84, issuing.PIN), (0x04, issuing.PUT_DATA)),
)


@dataclass(frozen=True)
class Face:
    """ISO/IEC 14443-3 and -4: type "A" (uid, atqa, sak, ats) or "B" (atqb, attrib_res)."""

    technology: str
    uid: bytes = b""
    atqa: bytes = b""
    sak: int = 0
    ats: bytes = b""
    atqb: bytes = b""
    attrib_res: bytes = b""


@dataclass(frozen=True)
class Fault:
    """``command`` is not carried out but answered with ``answer`` (None: not at all).

    ``nth`` counts the commands of this name from 1; None means every one.
    """

    command: str
    answer: bytes | None
    nth: int | None = None


@dataclass(repr=False, eq=False)
class Card:
    """Keeps its transaction counter while the object lives; the rest is lost with the field.

    ``chaining``: answers longer than so many bytes come in parts (61xx, GET RESPONSE).
    ``exact_le``: Le must be the length of the answer (6Cxx tells it), 00 is not enough.
    ``log`` holds one line for each command, e.g. "GPO 9000", never any data.
    """

    name: str
    face: Face
    applications: list[Application]
    faults: list[Fault] = field(default_factory=list)
    think: dict[str, float] = field(default_factory=dict)
    chaining: int | None = None
    exact_le: bool = False

    def __post_init__(self) -> None:
        self.log: list[str] = []
        self._count: Counter[str] = Counter()
        self.power_off()

    def __repr__(self) -> str:
        return f"<Card {self.name} {self.applications}>"

    # -- ISO/IEC 14443 -------------------------------------------------------

    @property
    def technology(self) -> str:
        """Type "A" or "B"."""
        return self.face.technology

    @property
    def uid(self) -> bytes:
        """4, 7 or 10 bytes (type A)."""
        return self.face.uid

    @property
    def atqa(self) -> bytes:
        """2 bytes, most significant first (type A)."""
        return self.face.atqa

    @property
    def sak(self) -> int:
        """0x20 set: the card has ISO/IEC 14443-4 (type A)."""
        return self.face.sak

    @property
    def ats(self) -> bytes:
        """Answer to select, its length byte included (type A)."""
        return self.face.ats

    @property
    def atqb(self) -> bytes:
        """12 bytes from 0x50 on (type B)."""
        return self.face.atqb

    @property
    def attrib_res(self) -> bytes:
        """Answer to ATTRIB (type B)."""
        return self.face.attrib_res

    def power_off(self) -> None:
        """Nothing is selected any more."""
        self._selected: Application | None = None
        self._found: tuple[bytes, int] | None = None  # the last name given, and where it led
        self._rest = b""  # of an answer in parts
        self._kept: tuple[Command, bytes] | None = None  # done, but asked with a wrong Le

    # -- ISO/IEC 7816-4 ------------------------------------------------------

    def think_ms(self, capdu: bytes) -> float:
        """How long the chip computes over ``capdu``."""
        name = apdu.name(capdu)
        default = DEFAULT_THINK_MS.get(name, OTHER_THINK_MS)
        return self.think.get(name, default)

    def exchange(self, capdu: bytes) -> bytes | None:
        """Answer one command APDU with response data and status word; None: mute."""
        name = apdu.name(capdu)
        self._count[name] += 1
        for fault in self.faults:
            if fault.command == name and fault.nth in (None, self._count[name]):
                self.log.append(f"{name} fault")
                return fault.answer
        try:
            data, sw = self._in_parts(self._answer(apdu.parse(capdu)))
        except Refusal as refusal:
            data, sw = refusal.data, refusal.sw
        self.log.append(f"{name} {sw:04X}")
        return data + sw.to_bytes(2, "big")

    def _in_parts(self, data: bytes) -> tuple[bytes, int]:
        """What fits of an answer, and the status word."""
        limit = self.chaining or len(data)
        self._rest = data[limit:]
        if not self._rest:
            return data, apdu.OK
        return data[:limit], apdu.MORE_DATA | min(len(self._rest), 256) & 0xFF

    def _answer(self, command: Command) -> bytes:
        """Carry out a command, once, however often it is asked with another Le."""
        asked = replace(command, le=None)
        if self._kept is not None and self._kept[0] == asked:
            data = self._kept[1]
        else:
            data = self._carry_out(command)
        self._kept = None
        if command.le is None:
            if data:
                raise Refusal(apdu.WRONG_LENGTH)
            return data
        right = len(data) == command.le if self.exact_le else len(data) <= command.le
        if not right:
            self._kept = (asked, data)
            raise Refusal(apdu.WRONG_LE | len(data) & 0xFF)
        return data

    def _carry_out(self, command: Command) -> bytes:
        if command.cla not in (0x00, 0x80, 0x04, 0x84):
            raise Refusal(apdu.UNKNOWN_CLA)
        known: dict[tuple[int, int], Callable[[Command], bytes]] = {
            (0x00, 0xA4): self._select,
            (0x80, 0xA8): self._get_processing_options,
            (0x00, 0xB2): self._read_record,
            (0x80, 0xCA): self._get_data,
            (0x80, 0xAE): self._generate_ac,
            (0x00, 0xC0): self._get_response,
            (0x00, 0x82): lambda command: self._application().issued.authenticate(command),
        }
        for cla, ins in _ISSUERS:
            known[cla, ins] = lambda command: self._application().issued.carry_out(command)
        run = known.get((command.cla, command.ins))
        if run is None:
            other_class = any((cla, command.ins) in known for cla in (0x00, 0x80, 0x04, 0x84))
            raise Refusal(apdu.UNKNOWN_CLA if other_class else apdu.UNKNOWN_INS)
        if command.ins != 0xC0:
            self._rest = b""
        return run(command)

    def _select(self, command: Command) -> bytes:
        if command.p1 != 0x04 or command.p2 not in (0x00, 0x02):
            raise Refusal(apdu.WRONG_P1P2)
        if not 5 <= len(command.data) <= 16 or command.le is None:
            raise Refusal(apdu.WRONG_LENGTH)
        if any(application.issued.dead for application in self.applications):
            raise Refusal(apdu.NO_FUNCTION)
        wanted = command.data
        if wanted == PPSE and command.p2 == 0x00:
            self._selected = self._found = None
            entries = b"".join(a.directory_entry() for a in self.applications)
            directory = ber.tlv("A5", ber.tlv("BF0C", entries))
            return ber.tlv("6F", ber.tlv("84", PPSE) + directory)
        start = 0
        if command.p2 == 0x02 and self._found is not None and self._found[0] == wanted:
            start = self._found[1] + 1
        for at, application in list(enumerate(self.applications))[start:]:
            if application.aid.startswith(wanted):
                self._selected, self._found = application, (wanted, at)
                return application.select()
        raise Refusal(apdu.FILE_NOT_FOUND)

    def _application(self) -> Application:
        if self._selected is None:
            raise Refusal(apdu.CONDITIONS_NOT_SATISFIED)
        return self._selected

    def _get_processing_options(self, command: Command) -> bytes:
        if command.p1 or command.p2:
            raise Refusal(apdu.WRONG_P1P2)
        if command.le is None:
            raise Refusal(apdu.WRONG_LENGTH)
        return self._application().get_processing_options(command.data)

    def _read_record(self, command: Command) -> bytes:
        if command.p2 & 0x07 != 0x04 or not command.p1:
            raise Refusal(apdu.WRONG_P1P2)
        if command.data:
            raise Refusal(apdu.WRONG_LENGTH)
        return self._application().read_record(command.p2 >> 3, command.p1)

    def _get_data(self, command: Command) -> bytes:
        tag = command.p1 << 8 | command.p2
        return self._application().get_data(f"{tag:02X}")

    def _generate_ac(self, command: Command) -> bytes:
        application = self._application()
        if command.le is None:
            raise Refusal(apdu.WRONG_LENGTH)
        return application.generate_ac(command)

    def _get_response(self, command: Command) -> bytes:
        """ISO/IEC 7816-4, 11.8.1: the rest of an answer that came in parts."""
        if not self._rest:
            raise Refusal(apdu.CONDITIONS_NOT_SATISFIED)
        if command.p1 or command.p2 or command.data:
            raise Refusal(apdu.WRONG_P1P2)
        return self._rest
