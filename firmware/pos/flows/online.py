"""What every story that asks the host begins with: signed in, and nothing left to be reversed."""

from pos.acquirer.session import HostError
from pos.protocol import unionpay
from pos.store.files import wipe
from pos.ui import screens as show
from pos.ui.frame import FAULT, OK
from pos.ui.strings import say

_READ_MS = 10000


async def ready(t) -> bool:
    """Whether an online transaction may begin; what stands in its way is done first."""
    if not t.signed_in and not await t.tell("sign_in"):
        return False
    return not t.journal.pending() or await t.tell("reversal")


async def ask_host(t, request: tuple, mak=None) -> dict:
    """Exchange one message; wipes ``mak``, keeps the host's sign on the screen true.

    Raises HostError. An answer that demands a new sign-in is noted.
    """
    try:
        answer = await t.session.exchange(request, mak)
    except HostError:
        t.ui.set_status(host=FAULT)
        raise
    finally:
        if mak:
            wipe(mak)
    t.ui.set_status(host=OK)
    if unionpay.response(answer[39])[0] == "S" or t.session.action == 3:
        t.signed_in = False
    return answer


async def explain(t, title: str, error: HostError) -> None:
    """Say in words why the host could not be asked."""
    t.buzzer.bad()
    await show.message(t.ui, "bad", title, say("host_" + error.why), _READ_MS)


async def refused(t, title: str, code: str) -> None:
    """Say what the host's response code means."""
    t.buzzer.bad()
    words = "{} ({})".format(unionpay.response(code)[1], code)
    await show.message(t.ui, "bad", title, words, _READ_MS)
