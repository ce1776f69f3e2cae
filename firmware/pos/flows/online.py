"""What the stories that ask the host share: the session, the keys, and a failure said in words."""

import os

from pos.acquirer.session import HostError, Session
from pos.protocol import unionpay
from pos.store.files import wipe
from pos.ui.frame import FAULT, OK
from pos.words import say

_READ_MS = 10000
_ASK_MS = 60000
_SIGN_IN = 3  # digit P of the header: the host wants a new sign-in


class Line:
    """The host for as long as one story lasts."""

    def __init__(self, t):
        self._t = t
        if t.training:
            from pos.acquirer.practice import Host

            self.session = Host(t.params)
        else:
            self.session = Session(t.params, t.network, t.root, t.sealer)

    def keys(self):
        """The keys, as they are on flash; what opens them is loaded now."""
        from pos.store.keys import Keys

        return Keys(self._t.root, self._t.sealer())

    def mak(self, keys=None) -> bytearray:
        """The clear MAC key (of ``keys``), for the caller to wipe; raises as ``Keys.mak``."""
        keys = keys or self.keys()
        self.session.sm4 = keys.sm4()
        return keys.mak()

    async def ask(self, request: tuple, mak=None) -> dict:
        """Exchange one message; keeps the host's sign on the screen true.

        Raises HostError. What the host wants besides (digit P of the header) is noted.
        """
        t = self._t
        try:
            answer = await self.session.exchange(request, mak)
        except HostError:
            t.ui.set_status(host=FAULT)
            raise
        t.ui.set_status(network=OK, host=OK)
        t.action = self.session.action
        if unionpay.response(answer[39])[0] == "S" or t.action == _SIGN_IN:
            t.signed_in = False
        return answer

    async def sealed(self, mti: str, fields: dict) -> dict:
        """Exchange one message that carries a MAC, and hang up; raises as ``ask``."""
        mak = self.mak()
        try:
            return await self.ask(self.session.request(mti, fields, mak), mak)
        finally:
            wipe(mak)
            await self.session.close()


async def ready(t, begins: bool = True, uploads: bool = True) -> bool:
    """Whether something may go to the host; what stands in its way is done first.

    ``begins``: a transaction is to begin, for which there must be room in the batch; ``uploads``:
    what was approved here goes before it.
    """
    if not t.signed_in and not await t.tell("sign_in"):
        return False
    if t.journal.pending() and not await t.tell("reversal"):
        return False
    if "script" in os.listdir(t.root) and not await t.tell("script"):
        return False
    if uploads and t.journal.waiting() and not await t.tell("upload"):
        return False
    if begins and (t.journal.settling or t.journal.count >= t.params["batch_max"]):
        return await _settled(t)
    return True


async def obey(t) -> None:
    """Do what the host's answers ask for, one after the other, each at most once."""
    done = [0]
    while t.action not in done:
        action = t.action
        done.append(action)
        t.action = 0
        if action != _SIGN_IN or not t.signed_in:
            await t.tell("download", action)


async def _settled(t) -> bool:
    """The batch takes no more: settle it, if the cashier agrees."""
    if t.journal.settling:
        return await t.tell("settle", "resume")
    t.buzzer.bad()
    key = await t.show("message", "warn", say("menu_settle"), say("settle_full"), _ASK_MS)
    return key == "E" and await t.tell("settle")


async def explain(t, title: str, error: HostError) -> None:
    """Say in words why the host could not be asked."""
    t.buzzer.bad()
    await t.show("message", "bad", title, say("host_" + error.why), _READ_MS)
