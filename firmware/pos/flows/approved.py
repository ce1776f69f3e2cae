"""How an approval is shown: what the cashier and the cardholder have to know of it."""

from pos.protocol import unionpay
from pos.words import CURRENCY, beside, money, say

_READ_MS = 60000  # a balance, or until OK


async def run(t, txn: dict) -> None:
    """Show it; a balance until a key is pressed, the rest stays while slips are printed.

    What matters most comes first: the screen has room for three or four lines.
    """
    t.buzzer.ok()
    if "balance" in txn:
        fen = txn["balance"]
        words = say("balance_none") if fen is None else CURRENCY + " " + money(fen)
        await t.show(
            "result", "ok", say("balance"), (txn["pan"],) + ((words,) if fen is None else ()), fen
        )
        await t.show("acknowledge", _READ_MS)
        return
    how, _, limit = txn["cvm"].partition(" ")
    words = say("cvm_" + how)
    if limit:
        words = beside(say("cvm_limit").format(money(int(limit))), words)
    lines = [txn["pan"], words, say("auth_code") + " " + txn.get("auth", "")]
    code = txn.get("rc", "00")
    title = "approved"
    left = txn.get("asked", 0) - txn["amount"]
    if left > 0:
        title = "approved_part"
        lines[0] = say("to_pay").format(money(left))
    elif code != "00":
        lines.insert(0, say("rc_" + unionpay.response(code)[1]))
    await t.show("result", "ok", say(title), lines, txn["amount"])
