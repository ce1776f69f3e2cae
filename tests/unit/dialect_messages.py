"""Every message of the dialect that the terminal sends, of fixed inputs, from the firmware's code.

Runs on CPython and on MicroPython; ``tests/vectors/dialect.yaml`` has what must come out, and
``write_dialect.py`` makes that file anew.
"""

from pos.acquirer import card_data, downloads, financial, messages, settling
from pos.crypto import mac, pin_block, track
from pos.protocol import iso8583, unionpay

PARAMS = {
    "terminal_id": "12345678",
    "merchant_id": "898100012340001",
    "batch": 7,
    "currency": "156",
    "key_mode": 3,
    "partial": 0,
    "tpdu": "6000030000",
    "header": "603100310000",
    # what the status tells
    "answer_s": 60,
    "connect_s": 10,
    "redials": 3,
    "support": "4008888",
    "tips": 1,
    "tip_max": 20,
    "manual": 1,
    "auto_off": 0,
    "merchant_name": "TAPTILL TEST SHOP",
    "reversal_tries": 3,
    "offline": 1,
    "offline_max": 50,
}
# TEST keys of the reference, section 5, and of its SM4 example
PIK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
MAK = bytes.fromhex("0123456789ABCDEF")
TDK = bytes.fromhex("89ABCDEF0123456776543210FEDCBA98")
SM4_KEY = bytes.fromhex("F351D490994603795C6EBEE8FAEBB481")
PIN = b"123456"
PAN, EXPIRY = "6212345678901232", "3012"
TAGS = {
    0x57: "6212345678901232D30122011234567890",
    0x5F34: "01",
    0x9F26: "1122334455667788",
    0x9F27: "80",
    0x9F10: "07010103A0000001",
    0x9F37: "A1B2C3D4",
    0x9F36: "0005",
    0x95: "0000000000",
    0x9A: "261124",
    0x9C: "00",
    0x9F02: "000000128000",
    0x5F2A: "0156",
    0x82: "7C00",
    0x9F1A: "0156",
    0x9F03: "000000000000",
    0x9F33: "E0E1C8",
    0x9F34: "020000",
    0x9F35: "22",
    0x9F1E: "3132333435363738",
    0x84: "A000000333010101",
    0x9F09: "0030",
    0x9F41: "00000042",
    0x9F63: "30313036343130303030303030303030",
}
CHIP = ("sale", "balance", "preauth", "preauth_add", "instalment", "ec_sale")
SCRIPT_RESULT = bytes.fromhex("2011223344")
# Status, messages with F62, and what they ask for
ASKED = {
    "capk": b"\x9f\x06\x05\xa0\x00\x00\x03\x33\x9f\x22\x01\x0b",
    "capk_query": b"100",
    "aid": b"\x9f\x06\x08\xa0\x00\x00\x03\x33\x01\x01\x01",
    "aid_query": b"112",
    "blocked": b"100",
}
PLAIN = (
    "echo parameters parameters_end capk capk_end capk_query aid aid_end aid_query blocked "
    "blocked_end limits limits_end"
)
SIGN_INS = (("des", 1), ("3des", 3), ("track", 4), ("sm4", 5))


def kinds():
    """The kinds that move money or hold it, or ask for it."""
    for row in unionpay.TRANSACTIONS.strip().split("\n"):
        name, mti, f3, _, _, _, flags = row.split()
        if "M" in flags and "=" not in f3:
            yield name, flags


def transaction(kind: str) -> dict:
    """A transaction of a kind, as the journal has it."""
    txn = {
        "kind": kind, "trace": 42, "amount": 128000, "batch": 7, "months": 12, "tip": 12800,
        "base": 115200, "org": "CUP", "state": "approved",
    }  # fmt: skip
    flags = unionpay.transaction(kind)[5]
    if any(flag in flags for flag in "VHFZa"):  # a voice authorisation has a code as well
        txn.update(
            orig_batch=7,
            orig_trace=9,
            orig_date="1123",
            orig_rrn="632710000009",
            orig_auth="246810",
        )
    return txn


def card(kind: str):
    """A card as its kind is paid with: held to the reader, or typed, its own or the original's."""
    if kind not in CHIP:
        return card_data.Card(PAN, EXPIRY)
    found = card_data.card({tag: bytes.fromhex(value) for tag, value in TAGS.items()})
    if kind == "ec_sale":  # an advice has no track; the card approved it
        found.track2 = ""
        found.f55 += b"\x8a\x02Y1"
    return found


def frame(mti: str, fields: dict, mak=None, sm4: bool = False) -> bytes:
    """The bytes on the wire, sealed with ``mak``."""
    if mak:
        fields[64] = b"00000000"
    message = iso8583.pack(unionpay.PROFILE, mti, fields)
    if mak:
        mac.seal(mak, message, sm4)
    header = bytes.fromhex(PARAMS["header"])
    return bytes(unionpay.frame(bytes.fromhex(PARAMS["tpdu"]), header, message))


def _financial():
    block = pin_block.encrypt(PIK, bytearray(PIN), PAN)
    for kind, flags in kinds():
        pin = block if kind in CHIP and "A" not in flags else None
        txn = transaction(kind)
        yield kind, frame(*financial.request(PARAMS, txn, card(kind), pin), mak=MAK)
        if "R" in flags:
            txn["f55"] = card(kind).f55
            yield (
                "reversal " + kind,
                frame(*financial.reversal(PARAMS, txn, card(kind), "98"), mak=MAK),
            )
    yield from _sales(block)
    for kind in ("sale", "preauth"):
        txn = dict(transaction(kind), absent=1)
        message = financial.request(PARAMS, txn, card_data.Card(PAN, EXPIRY))
        yield kind + " moto", frame(*message, mak=MAK)


def _sales(block):
    """A sale in all key modes, in part, and its reversal after an answer that was not sealed."""
    txn = transaction("sale")
    single = pin_block.encrypt(PIK[:8], bytearray(PIN), PAN)
    yield "sale des", frame(*financial.request(PARAMS, txn, card("sale"), single, "0"), mak=MAK)
    swiped = card("sale")
    swiped.track2 = track.encrypt(TDK, swiped.track2)
    message = financial.request(PARAMS, transaction("sale"), swiped, block, "6", True)
    yield "sale track", frame(*message, mak=MAK)
    chinese = card("sale")
    chinese.track2 = track.encrypt(SM4_KEY, chinese.track2, sm4=True)
    pin = pin_block.encrypt(SM4_KEY, bytearray(PIN), PAN, True)
    message = financial.request(PARAMS, transaction("sale"), chinese, pin, "3", True)
    yield "sale sm4", frame(*message, mak=SM4_KEY, sm4=True)
    part = dict(PARAMS, partial=1)
    yield (
        "sale partial",
        frame(*financial.request(part, transaction("sale"), card("sale")), mak=MAK),
    )
    txn = dict(transaction("sale"), entry="071", auth="A1B2C3", f55=card("sale").f55)
    yield "reversal a0", frame(*financial.reversal(PARAMS, txn, card("sale"), "A0"), mak=MAK)
    txn["rrn"] = "632910000042"
    message = financial.script(PARAMS, txn, card("sale"), 50, SCRIPT_RESULT)
    yield "script", frame(*message, mak=MAK)


def _management():
    for name, mode in SIGN_INS:
        params = dict(PARAMS, key_mode=mode)
        yield "sign_in " + name, frame(*messages.sign_in(params, 1, "01", "TT00000001"))
    yield "sign_off", frame(*messages.plain(PARAMS, "sign_off", None, 43))
    for kind in PLAIN.split():
        yield kind, frame(*messages.plain(PARAMS, kind, ASKED.get(kind)))
    yield "status", frame(*messages.plain(PARAMS, "status", downloads.status(PARAMS, 123)))


def _settlement():
    sums = {"debits": 12, "debit_fen": 1536000, "credits": 2, "credit_fen": 25600}
    yield "settlement", frame(*settling.settlement(PARAMS, 60, "01", sums))
    items = "".join(settling.item(dict(transaction("sale"), trace=n), PAN) for n in range(1, 9))
    yield "upload", frame(*settling.upload(PARAMS, 61, items))
    for balanced, name in ((True, "balanced"), (False, "unequal")):
        txn = dict(transaction("sale"), entry="071")
        message = settling.chip(PARAMS, txn, card("sale"), balanced)
        yield "upload chip " + name, frame(*message)
        yield "upload end " + name, frame(*settling.end(PARAMS, 62, 12, balanced))
    for kind, flags in kinds():
        if "A" in flags:
            txn = transaction(kind)
            yield "upload " + kind, frame(*settling.advice(PARAMS, txn, card(kind)))


def made():
    """(name, frame) of all of them."""
    yield from _financial()
    yield from _management()
    yield from _settlement()
