"""The issuer behind the host: card status, cryptogram, PIN and funds."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from pyemv import tlv

from host_tools.acquirer import cryptograms, scripts, security, settings
from host_tools.acquirer.dialect import FormatError, Message
from host_tools.acquirer.ledger import Work
from host_tools.acquirer.models import Account, IssuerKey
from host_tools.acquirer.security import PinBlockError, WorkingKeys

MAX_PIN_FAILURES = 3
# Account status -> response code; a status that is not here is "restricted card".
STATUS_CODES = {"active": None, "lost": "41", "stolen": "43", "dormant": "21", "expired": "54"}
BLACK_LISTED = "04"
# Of F22: the entry modes that come with chip data, and the digit that says a PIN was typed.
CHIP_ENTRY = ("05", "07")
MANUAL_ENTRY = "01"
PIN_ENTERED = "1"
_ARQC, _TC = 0x80, 0x40
_APPROVED_OFFLINE = b"Y1"  # authorisation response code 8A
_APPROVAL = b"00"  # the response code in the issuer's answer to the card


@dataclass(frozen=True, repr=False)
class Card:
    """What a request says about its card. ``icc`` is None without field 55."""

    pan: str
    expiry: str | None
    icc: dict[str, bytes] | None


def read_pan(request: Message, keys: WorkingKeys) -> str:
    """The PAN from F2 or track 2 (decrypted if F53 says so).

    Raises FormatError when there is none and when the two differ.
    """
    pan = request.fields.get(2)
    if 35 in request:
        track_pan = _clear_track(request, keys).partition("=")[0]
        if not track_pan.isdigit() or (pan or track_pan) != track_pan:
            raise FormatError("35", 0, "not the card of F2", request)
        pan = track_pan
    if not pan:
        raise FormatError("2", 0, "no PAN and no track 2", request)
    return pan


def read_card(request: Message, keys: WorkingKeys, chip: bool = True) -> Card:
    """The card of a payment: PAN, expiry from F14 or track 2, chip data from F55.

    Raises FormatError as read_pan does, and with ``chip`` when a chip entry mode (F22) comes
    without F55.
    """
    pan = read_pan(request, keys)
    expiry = request.fields.get(14)
    if expiry is None and 35 in request:
        expiry = _clear_track(request, keys).partition("=")[2][:4]
    needed = chip and request.need(22)[:2] in CHIP_ENTRY
    return Card(pan, expiry, request.icc() if needed or 55 in request else None)


def check_by_hand(request: Message) -> None:
    """Mail or telephone order (F25 08, 18): typed in by hand, F2 and F14, nothing of the card.

    Raises FormatError.
    """
    if request.need(22)[:2] != MANUAL_ENTRY:
        raise FormatError("22", 0, "not typed in by hand", request)
    request.need(2)
    request.need(14)
    if security.has_pin(request.fields) or any(number in request for number in (35, 36, 55)):
        raise FormatError("22", 0, "a card that is not there gave data", request)


def _clear_track(request: Message, keys: WorkingKeys) -> str:
    track = request.fields[35]
    if request.fields.get(53, "000")[2] != "1":
        return track
    try:
        # A short track is filled up on the left with F before it is encrypted.
        return security.decrypt_track(keys.tdk, track, keys.sm4).lstrip("F")
    except ValueError:
        raise FormatError("35", 0, "cannot be decrypted", request) from None


class Issuer:
    """Decides on one card payment inside one unit of work."""

    def __init__(self, work: Work, keys: WorkingKeys, now: datetime) -> None:
        self._work = work
        self._keys = keys
        self._now = now

    def authorise(
        self, request: Message, card: Card, amount: int, held: int = 0
    ) -> tuple[str | None, Account | None]:
        """(None, account) to approve ``amount`` fen, else (response code, account or None).

        The order: card known (14), black list (04), its status, expiry (54), cryptogram (05), PIN
        (55, 75, 99), funds with what is ``held`` for it (51). A wrong cryptogram costs no PIN try.
        Raises FormatError for F55 with holes.
        """
        account = self._work.account(card.pan)
        if account is None:
            return "14", None
        if settings.black_listed(self._work.session, card.pan):
            return BLACK_LISTED, account
        code = (
            STATUS_CODES.get(account.status, "62")
            or self._check_expiry(account, card)
            or self._check_cryptogram(request, account, card, amount, _ARQC)
            or self.check_pin(request, account, card.pan)
            or ("51" if account.book.balance + held < amount else None)
        )
        return code, account

    def accept(
        self, request: Message, card: Card, amount: int
    ) -> tuple[str | None, Account | None]:
        """As ``authorise``, for what the chip approved offline: only card (14) and chip data (05).

        The money is owed whatever status and balance say. 8A must be Y1, the cryptogram a TC.
        """
        account = self._work.account(card.pan)
        if account is None:
            return "14", None
        offline = card.icc is not None and card.icc.get("8A") == _APPROVED_OFFLINE
        wrong = self._check_cryptogram(request, account, card, amount, _TC)
        return wrong or (None if offline else "05"), account

    def answer_icc(self, request: Message, account: Account, card: Card) -> bytes | None:
        """Field 55 of an approval: 91, and a script that waits for this card. None without chip.

        The script stays pending until the terminal has reported that it was executed. Commands
        without a MAC get one.
        """
        if card.icc is None:
            return None
        imk, psn = self._card_key(request, account, card)
        data = tlv.encode({"91": cryptograms.answer(imk, card.pan, psn, card.icc, _APPROVAL)})
        script = self._work.pending_script(account)
        if script is not None:
            icc = card.icc
            script.sent = True
            data += scripts.complete(
                script.template,
                lambda head, rest: cryptograms.command_mac(imk, card.pan, psn, icc, head + rest),
            )
        return data

    def _card_key(self, request: Message, account: Account, card: Card) -> tuple[bytes, str]:
        """(issuer master key, PSN) for the cryptograms of a card; an empty key: no such issuer."""
        issuer_key = self._work.session.get(IssuerKey, card.pan[:6])
        psn = request.fields.get(23, account.psn)[-2:]
        if issuer_key is None:
            return b"", psn
        return self._work.keys.unwrap(f"{issuer_key.bin} imk", issuer_key.imk), psn

    def _check_expiry(self, account: Account, card: Card) -> str | None:
        differs = card.expiry is not None and card.expiry != account.expiry
        return "54" if differs or account.expiry < self._now.strftime("%y%m") else None

    def _check_cryptogram(
        self, request: Message, account: Account, card: Card, amount: int, kind: int
    ) -> str | None:
        if card.icc is None:
            return None
        imk, psn = self._card_key(request, account, card)
        if not imk:
            return "15"
        genuine = _genuine(request, card.icc, imk, card.pan, psn)
        wanted = card.icc["9F27"][0] & 0xC0 == kind
        same_amount = card.icc["9F02"] == bytes.fromhex(f"{amount:012d}")
        return None if genuine and wanted and same_amount else "05"

    def check_pin(self, request: Message, account: Account, pan: str) -> str | None:
        """None when the PIN is right or none was typed, else 55, 75 or 99."""
        if request.need(22)[2] != PIN_ENTERED and not security.has_pin(request.fields):
            return None
        if not security.has_pin(request.fields):
            request.need(52)
        if account.pin_value is None:
            return None
        if account.pin_failures >= MAX_PIN_FAILURES:
            return "75"
        try:
            pin = security.open_pin(self._keys, request.fields, pan)
        except PinBlockError:
            return "99"
        value = self._work.keys.pin_value(account.pin_salt, pan, pin)
        if hmac.compare_digest(value, account.pin_value):
            account.pin_failures = 0
            return None
        account.pin_failures += 1
        return "75" if account.pin_failures >= MAX_PIN_FAILURES else "55"


def _genuine(request: Message, icc: dict[str, bytes], imk: bytes, pan: str, psn: str) -> bool:
    """Whether 9F26 is the card's. FormatError for a tag that is missing or 9F10 not known."""
    for tag in (*cryptograms.AC_TAGS, "9F10", "9F26", "9F27"):
        if not icc.get(tag):
            raise FormatError("55", 0, f"tag {tag} is absent", request)
    try:
        expected = cryptograms.expected(imk, pan, psn, icc)
    except cryptograms.UnknownCryptogram as error:
        raise FormatError("55", 0, str(error), request) from None
    return hmac.compare_digest(expected, icc["9F26"])
