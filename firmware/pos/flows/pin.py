"""The cardholder's PIN."""

from pos.ui import entry


async def run(t, txn: dict):
    """ASCII digits in a bytearray that the caller wipes, empty without a PIN; None: cancelled."""
    t.buzzer.ok()
    return await entry.pin(t.ui, txn["amount"], txn["pan"])
