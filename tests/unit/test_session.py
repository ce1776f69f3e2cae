"""A connection that does not come about: why, and that nothing is left open."""

import pytest

START = """
import asyncio
from pos.acquirer.session import HostError, Session

class Network:
    kept = None
    def __init__(self, error):
        self.error = error
    def unreached(self):
        pass

    async def up(self):
        raise self.error

params = {"host": "acquirer.test", "port": 8583, "connect_s": 1, "tls": 0}
async def why(error):
    session = Session(params, Network(error), "/pos", None)
    try:
        await session.connect()
    except HostError as told:
        print(told.why)
"""


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("OSError(113)", "connect"),
        ("EOFError()", "connect"),
        ("MemoryError()", "connect"),  # nothing has been sent: it is tried again later
        ("OSError('tls_ca')", "tls_ca"),
    ],
)
def test_why_there_is_no_connection(mpy, error, why):
    said = mpy(f"{START}\nasyncio.run(why({error}))").splitlines()
    assert said[-1] == why and "cannot connect" in said[0]
