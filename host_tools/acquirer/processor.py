"""From a request frame to its reply: decode, check, find the handler, commit, MAC.

Synchronous and free of sockets; safe to call from several threads.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from host_tools.acquirer import dialect, security
from host_tools.acquirer.dialect import FormatError, Message
from host_tools.acquirer.handlers import Answer, Context, find_route
from host_tools.acquirer.keystore import KeyStore
from host_tools.acquirer.ledger import Ledger, Work
from host_tools.acquirer.models import Terminal
from host_tools.acquirer.security import WorkingKeys
from host_tools.acquirer.wire import Frame, FrameError

BAD_FORMAT, NOT_SUPPORTED, BAD_MAC, HOST_FAULT = "30", "40", "A0", "96"
UNKNOWN_TERMINAL, UNKNOWN_MERCHANT = "97", "03"
# Fields that an answer repeats from its request.
_ECHOED = (3, 4, 11, 25, 41, 42, 49, 60)
# Messages without F11 that are answered all the same.
_WITHOUT_TRACE = ("0800", "0820")


@dataclass(frozen=True)
class HostConfig:
    """What this host says of itself, and its clock. All values TEST."""

    acquirer_id: str = "99990001"
    # F44: issuer at 0 and acquirer at 11, 8 digits each.
    issuer_id: str = "99990010"
    clock: Callable[[], datetime] = datetime.now


@dataclass
class Reply:
    """An answer that can still be changed (a scenario may want to) before it is encoded.

    ``keys``: those of its MAC, None when it carries none; ``action``: digit P of its header;
    ``why``: field, offset and reason of a format error.
    """

    request: Frame
    message: Message
    keys: WorkingKeys | None = field(default=None, repr=False)
    route: str = ""
    action: str = "0"
    why: str = ""

    @property
    def terminal_id(self) -> str:
        """F41, "" when the request did not say."""
        return self.message.fields.get(41, "")

    def encode(self) -> bytes:
        """The reply frame; with F64 when the request carried a valid one."""
        if self.keys is None:
            return self.request.answer(dialect.encode(self.message), self.action).encode()
        fields = self.message.fields | {64: bytes(dialect.MAC_SIZE)}
        covered = dialect.mab(dialect.encode(replace(self.message, fields=fields)))
        value = security.mac(self.keys.mak, covered, self.keys.sm4)
        return self.request.answer(covered + value, self.action).encode()


class Processor:
    """Answers requests against one ledger."""

    def __init__(self, ledger: Ledger, config: HostConfig | None = None) -> None:
        self._ledger = ledger
        self._config = config or HostConfig()

    def process(self, frame: Frame, note: Callable[[Exception], None]) -> tuple[Message, Reply]:
        """The request as far as it could be read, and its reply; the ledger is committed.

        ``note`` is told of an exception that nobody foresaw (answered 96). Raises FrameError for a
        message that cannot be answered: no request MTI, or broken before its trace.
        """
        request = Message("")
        try:
            request = dialect.decode(frame.message)
            _check_request(request)
            return request, self._commit(frame, request)
        except FormatError as error:
            seen = request if request.mti else error.partial
            if not _answerable(seen):
                raise FrameError(str(error)) from None
            reply = self.reply(frame, seen, Answer(BAD_FORMAT))
            reply.why, reply.action = str(error), self._asked(seen)
            return seen, reply
        except FrameError:
            raise
        except Exception as error:
            note(error)
            return request, self.reply(frame, request, Answer(HOST_FAULT))

    def _commit(self, frame: Frame, request: Message) -> Reply:
        try:
            with self._ledger.begin() as work:
                return self._answer(work, frame, request)
        except IntegrityError:
            # Two connections brought the same trace at once: the second one now sees the first.
            with self._ledger.begin() as work:
                return self._answer(work, frame, request)

    def _asked(self, request: Message) -> str:
        """Digit P for a terminal whose message went wrong."""
        return (self._ledger.asked(request.fields.get(41, "")) or "0")[0]

    def _answer(self, work: Work, frame: Frame, request: Message) -> Reply:
        terminal = work.terminal(request.need(41))
        if terminal is None:
            return self.reply(frame, request, Answer(UNKNOWN_TERMINAL))
        reply = self._answer_to(terminal, work, frame, request)
        reply.action = (terminal.asked or "0")[0]
        return reply

    def _answer_to(self, terminal: Terminal, work: Work, frame: Frame, request: Message) -> Reply:
        merchant = work.merchant(request.need(42))
        if merchant is None or terminal.merchant_id != merchant.id:
            return self.reply(frame, request, Answer(UNKNOWN_MERCHANT))
        keys = _working_keys(work.keys, terminal)
        route = find_route(request)
        wants_mac = 64 in request or (route is not None and route.mac)
        if wants_mac and not _mac_fits(frame, request, keys):
            return self.reply(frame, request, Answer(BAD_MAC))
        mac_keys = keys if 64 in request else None
        if route is None:
            return self.reply(frame, request, Answer(NOT_SUPPORTED), mac_keys)
        for number in route.needs:
            request.need(number)
        now = self._config.clock()
        answer = route.handler(Context(request, work, terminal, merchant, keys, now))
        return self.reply(frame, request, answer, mac_keys, route.name)

    def reply(
        self,
        frame: Frame,
        request: Message,
        answer: Answer,
        keys: WorkingKeys | None = None,
        route: str = "",
    ) -> Reply:
        """The reply to ``request`` that carries ``answer``; nothing is looked at or booked."""
        now = self._config.clock()
        fields: dict[int, Any] = {n: request.fields[n] for n in _ECHOED if n in request}
        fields |= {12: now.strftime("%H%M%S"), 13: now.strftime("%m%d"), 39: answer.code}
        fields[32] = self._config.acquirer_id
        if 3 in request:
            fields[15] = now.strftime("%m%d")
            fields[44] = f"{self._config.issuer_id:<11}{self._config.acquirer_id}"
        fields |= answer.fields
        mti = f"{int(request.mti) + 10:04d}"
        return Reply(frame, Message(mti, fields), keys, route)


def _is_request(mti: str) -> bool:
    return len(mti) == 4 and mti[0] == "0" and mti[3] == "0" and int(mti[2]) % 2 == 0


def _answerable(partial: Message) -> bool:
    return _is_request(partial.mti) and (11 in partial or partial.mti in _WITHOUT_TRACE)


def _check_request(request: Message) -> None:
    if not _is_request(request.mti):
        raise FrameError("MTI at 0: not a request")


def _working_keys(keys: KeyStore, terminal: Terminal) -> WorkingKeys:
    """The keys of the last sign-in; empty ones when the terminal is not signed in."""
    pik, mak, tdk = (
        keys.unwrap(f"{terminal.id} {name}", wrapped) if wrapped else b""
        for name, wrapped in (("pik", terminal.pik), ("mak", terminal.mak), ("tdk", terminal.tdk))
    )
    return WorkingKeys(pik, mak, tdk, sm4=terminal.key_mode == security.SM)


def _mac_fits(frame: Frame, request: Message, keys: WorkingKeys) -> bool:
    if not keys.mak or 64 not in request:
        return False
    mab = dialect.mab(frame.message)
    return security.mac_fits(keys.mak, mab, request.fields[64], keys.sm4)
