"""How the cardholder is verified: by PIN, by signature, by both or by nothing."""

from os import urandom

from pos.emv.outcome import CDCVM, ONLINE_PIN, SIGNATURE
from pos.protocol import unionpay
from pos.store.files import wipe
from pos.ui import entry


async def run(t, txn: dict, cvm: int):
    """ASCII digits in a bytearray that the caller wipes, empty without a PIN; None: cancelled.

    ``cvm`` is what card and kernel have agreed on; the merchant's parameters say the rest. Sets
    ``cvm`` of ``txn``: how (pin, none, cdcvm, signature), ``_sign`` behind it where it is signed
    for besides, else the limit (fen) up to which it need not be.
    """
    pin = bytearray()
    how = "none"
    if cvm == SIGNATURE:
        how = "signature"
    elif cvm == CDCVM and t.params["cdcvm_on"]:
        how = "cdcvm"
    elif cvm == ONLINE_PIN or cvm == CDCVM:
        how = "signature"
        if not unionpay.is_kind(txn["kind"], "A"):  # an advice has no PIN
            t.buzzer.ok()
            pad = _scrambled() if t.params["pin_scrambled"] else None
            must = not t.params["pin_bypass"]
            pin = await entry.pin(t.ui, txn["amount"], txn["pan"], 0, must, pad)
            if pad:
                wipe(pad)
            if pin is None:
                return None
            if pin:
                how = "pin"
    txn["cvm"] = how + _signature(t.params, txn, how)
    return pin


def _scrambled() -> bytearray:
    """The digits 0 to 9 in an order that nobody knows."""
    pad = bytearray(range(10))
    for i in range(9, 0, -1):
        j = int.from_bytes(urandom(2), "big") % (i + 1)
        pad[i], pad[j] = pad[j], pad[i]
    return pad


def _signature(params, txn, how) -> str:
    """What stands behind ``how``: that it is signed for, or the limit because of which not."""
    if how not in ("pin", "none"):
        return ""
    limit = params["no_sign_max"]
    if not params["no_sign_on"] or txn["amount"] > limit or txn["kind"] == "refund":
        return "_sign"
    if how == "none":
        limit = min(limit, params["no_pin_max"])
    return " %d" % limit if txn["amount"] <= limit else ""
