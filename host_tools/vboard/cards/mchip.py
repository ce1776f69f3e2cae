"""Mastercard M/Chip (C-2): the cryptogram comes from GENERATE AC, with CDA when it is asked for.

[M], from memory: the layout of 9F10 (key, version, CVR, dynamic number, counters) and of the CVR.
"""

from dataclasses import dataclass

from host_tools.vboard.cards import apdu, ber
from host_tools.vboard.cards.apdu import Command, Refusal
from host_tools.vboard.cards.application import CID, DECLINE, OFFLINE, ONLINE, Application

_TYPE, _CDA = 0xC0, 0x10  # P1 of GENERATE AC
_WANTED = {0x00: DECLINE, 0x40: OFFLINE, 0x80: ONLINE}
_CVR = {ONLINE: 0xA0, OFFLINE: 0x90, DECLINE: 0x80}  # byte 1 of 6
_CVR_CDA = 0x40  # byte 2
_COUNTERS = bytes(7) + b"\xff"


@dataclass(repr=False, eq=False, kw_only=True)
class MChip(Application):
    """EMV mode, or an AIP without it: then the reader has nothing to go on with."""

    cdol: bytes = b""  # CDOL1 (8C)

    def _processing_options(self, values: dict[str, bytes], asked: bytes) -> bytes:
        self._asked = asked
        self._generated = False
        self.certify()
        if self.gpo_format == 1:
            return ber.tlv("80", self.aip + self.afl())
        return ber.tlv("77", ber.tlvs(self.told({"82": self.aip, "94": self.afl()})))

    def generate_ac(self, command: Command) -> bytes:
        """One cryptogram a transaction (EMV Book 3, 6.5.5; C-2)."""
        if not self.initiated or self._generated or not self.cdol:
            raise Refusal(apdu.CONDITIONS_NOT_SATISFIED)
        wanted = _WANTED.get(command.p1 & _TYPE)
        if wanted is None or command.p1 & ~(_TYPE | _CDA) or command.p2:
            raise Refusal(apdu.WRONG_P1P2)
        if len(command.data) != sum(length for _, length in ber.dol(self.cdol)):
            raise Refusal(apdu.WRONG_LENGTH)
        self._generated = True
        values = ber.dol_values(self.cdol, command.data)
        decided = self._decide(wanted, int(values["9F02"].hex()))
        # An AAC is never signed (EMV Book 2, 6.6.1)
        cda = self.oda if command.p1 & _CDA and decided != DECLINE else None
        atc = self.atc.to_bytes(2, "big")
        second = _CVR_CDA if cda else 0
        iad = bytes([self.dki, self.cvn, _CVR[decided], second]) + bytes(6) + _COUNTERS
        ac = self.cryptogram({**values, "82": self.aip, "9F36": atc}, iad)
        cid = bytes([CID[decided]])
        if cda is None:
            if self.gpo_format == 1:
                return ber.tlv("80", cid + atc + ac + iad)
            answer = {"9F27": cid, "9F36": atc, "9F26": ac, "9F10": iad}
            return ber.tlv("77", ber.tlvs(self.told(answer)))
        first, last = self.told({"9F27": cid, "9F36": atc}), self.told({"9F10": iad})
        hashed = self._asked + command.data + ber.tlvs(first) + ber.tlvs(last)
        signature = cda.combined(atc, cid, ac, hashed, values["9F37"])
        return ber.tlv("77", ber.tlvs({**first, "9F4B": signature, **last}))

    def _decide(self, wanted: str, amount: int) -> str:
        """Card risk management: never more than the terminal wants, TC over ARQC over AAC."""
        if DECLINE in (wanted, self.decision):
            return DECLINE
        may = self.decision == OFFLINE and amount <= self.offline_limit
        return OFFLINE if wanted == OFFLINE and may else ONLINE
