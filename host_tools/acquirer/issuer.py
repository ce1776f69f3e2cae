"""The issuer behind the host: card status, cryptogram, PIN and funds."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from host_tools.acquirer import cryptograms, security, settings
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
PIN_ENTERED = "1"
_ARQC = 0x80


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


def read_card(request: Message, keys: WorkingKeys) -> Card:
    """The card of a payment: PAN, expiry from F14 or track 2, chip data from F55.

    Raises FormatError as read_pan does, and when a chip entry mode (F22) comes without F55.
    """
    pan = read_pan(request, keys)
    expiry = request.fields.get(14)
    if expiry is None and 35 in request:
        expiry = _clear_track(request, keys).partition("=")[2][:4]
    chip = request.need(22)[:2] in CHIP_ENTRY
    return Card(pan, expiry, request.icc() if chip or 55 in request else None)


def _clear_track(request: Message, keys: WorkingKeys) -> str:
    track = request.fields[35]
    if request.fields.get(53, "000")[2] != "1":
        return track
    try:
        return security.decrypt_track(keys.tdk, track, keys.sm4)
    except ValueError:
        raise FormatError("35", 0, "cannot be decrypted", request) from None


class Issuer:
    """Decides on one card payment inside one unit of work."""

    def __init__(self, work: Work, keys: WorkingKeys, now: datetime) -> None:
        self._work = work
        self._keys = keys
        self._now = now

    def authorise(
        self, request: Message, card: Card, amount: int
    ) -> tuple[str | None, Account | None]:
        """(None, account) to approve ``amount`` fen, else (response code, account or None).

        The order: card known (14), black list (04), its status, expiry (54), cryptogram (05), PIN
        (55, 75, 99), funds (51). A wrong cryptogram costs no PIN try. Raises FormatError for F55
        with holes.
        """
        account = self._work.account(card.pan)
        if account is None:
            return "14", None
        if settings.black_listed(self._work.session, card.pan):
            return BLACK_LISTED, account
        code = (
            STATUS_CODES.get(account.status, "62")
            or self._check_expiry(account, card)
            or self._check_cryptogram(request, account, card, amount)
            or self._check_pin(request, account, card)
            or ("51" if account.book.balance < amount else None)
        )
        return code, account

    def _check_expiry(self, account: Account, card: Card) -> str | None:
        differs = card.expiry is not None and card.expiry != account.expiry
        return "54" if differs or account.expiry < self._now.strftime("%y%m") else None

    def _check_cryptogram(
        self, request: Message, account: Account, card: Card, amount: int
    ) -> str | None:
        if card.icc is None:
            return None
        issuer_key = self._work.session.get(IssuerKey, card.pan[:6])
        if issuer_key is None:
            return "15"
        imk = self._work.keys.unwrap(f"{issuer_key.bin} imk", issuer_key.imk)
        psn = request.fields.get(23, account.psn)[-2:]
        genuine = _genuine(request, card.icc, imk, card.pan, psn)
        online = card.icc["9F27"][0] & 0xC0 == _ARQC
        same_amount = card.icc["9F02"] == bytes.fromhex(f"{amount:012d}")
        return None if genuine and online and same_amount else "05"

    def _check_pin(self, request: Message, account: Account, card: Card) -> str | None:
        if request.need(22)[2] != PIN_ENTERED and not security.has_pin(request.fields):
            return None
        if not security.has_pin(request.fields):
            request.need(52)
        if account.pin_value is None:
            return None
        if account.pin_failures >= MAX_PIN_FAILURES:
            return "75"
        try:
            pin = security.open_pin(self._keys, request.fields, card.pan)
        except PinBlockError:
            return "99"
        value = self._work.keys.pin_value(account.pin_salt, card.pan, pin)
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
