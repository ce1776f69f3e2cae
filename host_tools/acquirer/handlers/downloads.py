"""What a terminal loads: parameters, CA public keys, applications, black list, contactless limits.

An answer begins with its part (reference, section 12, and [M] where that says nothing): one digit,
0 nothing, 1 this is the last, 2 more to come. Each download has its end message, after which the
host asks for it no longer (digit P of the header).
"""

from collections.abc import Callable

from pyemv import tlv

from host_tools.acquirer import settings
from host_tools.acquirer.dialect import FIELDS, FormatError
from host_tools.acquirer.handlers.common import Answer, Context, Route
from host_tools.acquirer.models_settings import AID, CAPK
from host_tools.vboard.cards import ber

NOTHING, LAST, MORE = b"0", b"1", b"2"
_ROOM = FIELDS[62][2]
_QUERY = 3  # "1NN"
_HEAD = 3  # of the black list: part and two digits, how many
_MOST = 99


def parameters(ctx: Context) -> Answer:
    """0800, F60.3 360: ASCII tags of two digits with values of fixed size, no part digit."""
    values = settings.parameters(ctx.work.session, ctx.terminal, ctx.merchant)
    field = b"".join(
        tag.encode() + _gbk(values[tag], size) for tag, (size, _) in settings.DOWNLOADED.items()
    )
    return Answer("00", {62: field})


def _gbk(text: str, size: int) -> bytes:
    """``text`` in GBK, filled up with spaces; what does not fit is left off, by characters."""
    data = text.encode("gbk", "replace")
    while len(data) > size:
        text = text[:-1]
        data = text.encode("gbk", "replace")
    return data.ljust(size)


def contactless(ctx: Context) -> Answer:
    """0800, F60.3 394: part and TLV with ASCII values."""
    values = settings.parameters(ctx.work.session, ctx.terminal, ctx.merchant)
    data = b"".join(ber.tlv(tag, values[tag].encode()) for tag in settings.CONTACTLESS_TAGS)
    return Answer("00", {62: LAST + data})


def _list_of(kind: str) -> Callable[[Context], Answer]:
    def listed(ctx: Context) -> Answer:
        """0820, F60.3 372 and 382: which records there are, from the one that F62 asks for."""
        entries = settings.emv_list(ctx.work.session, kind)[_already(ctx) :]
        part, sent = _fit(entries, len(LAST), _MOST)
        return Answer("00", {62: part + b"".join(sent)})

    return listed


def _record_of(kind: str, wanted: tuple[str, ...]) -> Callable[[Context], Answer]:
    def record(ctx: Context) -> Answer:
        """0800, F60.3 370 and 380: the record that the data objects of F62 name."""
        key = b"".join(ber.tlv(tag, _objects(ctx).get(tag, b"")) for tag in wanted)
        data = settings.emv_record(ctx.work.session, kind, key)
        return Answer("00", {62: NOTHING if data is None else LAST + data})

    return record


def black_list(ctx: Context) -> Answer:
    """0800, F60.3 390: leading digits of cards, each with two digits of length before it [M]."""
    every = settings.black_list(ctx.work.session)
    entries = [f"{len(digits):02d}{digits}".encode() for digits in every[_already(ctx) :]]
    part, sent = _fit(entries, _HEAD, _MOST)
    return Answer("00", {62: part + f"{len(sent):02d}".encode() + b"".join(sent)})


def _already(ctx: Context) -> int:
    """How many entries the terminal has: F62 is ``1NN``. FormatError when it is not."""
    asked = ctx.request.need(62)
    if len(asked) != _QUERY or asked[:1] != b"1" or not asked.isdigit():
        raise FormatError("62", 0, "not 1 and two digits", ctx.request)
    return int(asked[1:])


def _objects(ctx: Context) -> dict[str, bytes]:
    try:
        return tlv.decode(ctx.request.need(62))
    except tlv.DecodeError:
        raise FormatError("62", 0, "not BER-TLV", ctx.request) from None


def _fit(entries: list[bytes], head: int, most: int) -> tuple[bytes, list[bytes]]:
    """(part, the entries that go into one F62 behind ``head`` bytes)."""
    sent: list[bytes] = []
    size = head
    for entry in entries[:most]:
        if size + len(entry) > _ROOM:
            break
        sent.append(entry)
        size += len(entry)
    if not sent:
        return NOTHING, sent
    return LAST if len(sent) == len(entries) else MORE, sent


def _end_of(digit: str) -> Callable[[Context], Answer]:
    def ended(ctx: Context) -> Answer:
        """0800: the terminal has loaded all of it."""
        settings.done(ctx.terminal, digit)
        return Answer("00")

    return ended


def _routes(name: str, get: Callable[[Context], Answer], code: int, digit: str) -> list[Route]:
    """A download and its end message, whose code is one higher."""
    return [
        Route(name, get, "0800", kind="00", code=f"{code}"),
        Route(f"{name} end", _end_of(digit), "0800", kind="00", code=f"{code + 1}"),
    ]


ROUTES = (
    *_routes("parameters", parameters, 360, settings.PARAMETERS),
    *_routes("CA key", _record_of(CAPK, ("9F06", "9F22")), 370, settings.CAPKS),
    Route("CA keys", _list_of(CAPK), "0820", kind="00", code="372"),
    *_routes("application", _record_of(AID, ("9F06",)), 380, settings.AIDS),
    Route("applications", _list_of(AID), "0820", kind="00", code="382"),
    *_routes("black list", black_list, 390, settings.BLACK_LIST),
    *_routes("contactless", contactless, 394, settings.CONTACTLESS),
)
