"""Waiting for the cashier."""

from pos.ui import entry


async def run(t, timeout_ms: int):
    """The key that begins something, or None after ``timeout_ms`` without any."""
    return await entry.idle(t.ui, t.params["merchant_name"], timeout_ms)
