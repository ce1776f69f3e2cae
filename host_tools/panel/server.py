"""The web server of the panel: one page, its files, and one WebSocket for each page that is open.

Whoever reaches the WebSocket can type at the board, so a page from elsewhere must not: the Origin
has to be the address in Host, and Host an IP address, localhost or the name given, for a foreign
name could be made to lead here.
"""

import asyncio
import ipaddress
import json
from contextlib import suppress
from pathlib import Path

import fontpkg_ibm_plex_mono
import fontpkg_ibm_plex_sans
import pylopdf_fonts_zh_cn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from host_tools.panel.cursor import Cursor
from host_tools.panel.hands import BadMessage, Hands
from host_tools.panel.world import World

WEB = Path(__file__).parent / "web"
_PAUSE_S = 1 / 30
_FONTS = {
    "sans.ttf": Path(fontpkg_ibm_plex_sans.ROOT) / "files" / "IBMPlexSans[wdth,wght].ttf",
    "mono.ttf": Path(fontpkg_ibm_plex_mono.ROOT) / "files" / "IBMPlexMono-Regular.ttf",
    "mono-medium.ttf": Path(fontpkg_ibm_plex_mono.ROOT) / "files" / "IBMPlexMono-Medium.ttf",
    "chinese.otf": Path(pylopdf_fonts_zh_cn.sans_path()),
}
_POLICY = "; ".join(
    (
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "font-src 'self'"),
        *("img-src 'self' data:", "connect-src 'self'", "base-uri 'none'", "form-action 'none'"),
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_MEDIA = {"png": "image/png", "pdf": "application/pdf"}


def make_app(world: World, name: str = "", typing: bool = True) -> Starlette:
    """The application; ``name`` is one more host name that may stand in Host."""

    async def slips(request: Request) -> Response:
        number, kind = request.path_params["number"], request.path_params["kind"]
        if kind not in _MEDIA or not (number == "all" or number.isdecimal()):
            return PlainTextResponse("There is no such thing.", 404)
        try:
            wanted = None if number == "all" else int(number[:6])
            data = await run_in_threadpool(world.paper.save, wanted, kind)
        except IndexError:
            return PlainTextResponse("There is no such paper.", 404)
        headers = {"Content-Disposition": f'attachment; filename="slip-{number}.{kind}"'}
        return Response(data, media_type=_MEDIA[kind], headers=headers)

    async def socket(ws: WebSocket) -> None:
        if not _same_page(ws.headers, name):
            await ws.close(4403)  # before it is accepted: 403
            return
        await ws.accept()
        await _Page(world, ws, typing).serve()

    return Starlette(
        routes=[
            Route("/fonts/{font}", _font),
            Route("/slips/{number}.{kind}", slips),
            WebSocketRoute("/live", socket),
            Mount("/", StaticFiles(directory=WEB, html=True)),
        ],
        middleware=[],
    )


def guarded(app: ASGIApp, name: str = "") -> ASGIApp:
    """``app`` with the headers of every answer, for those who ask for it by an address of ours."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        if not _own_name(Headers(scope=scope).get("host", ""), name):
            refusal = PlainTextResponse("Ask for this page by its IP address or localhost.", 421)
            return await refusal(scope, receive, send)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await app(scope, receive, with_headers)
        return None

    return run


async def _font(request: Request) -> Response:
    path = _FONTS.get(request.path_params["font"])
    if path is None:
        return PlainTextResponse("There is no such font.", 404)
    return FileResponse(path, media_type=f"font/{path.suffix[1:]}")


def _own_name(host: str, name: str) -> bool:
    """Whether Host cannot be a foreign name that leads here."""
    bare = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if bare.lower() in ("localhost", name.lower() or "localhost"):
        return True
    try:
        ipaddress.ip_address(bare.strip("[]"))
    except ValueError:
        return False
    return True


def _same_page(headers: Headers, name: str) -> bool:
    host, origin = headers.get("host", ""), headers.get("origin", "")
    return _own_name(host, name) and origin in (f"http://{host}", f"https://{host}")


class _Page:
    """One page that is open: a task that sends, and the loop that obeys."""

    def __init__(self, world: World, ws: WebSocket, typing: bool) -> None:
        self._world, self._ws = world, ws
        self._cursor, self._hands = Cursor(world, typing), Hands(world, typing)
        self._changed = asyncio.Event()
        self._errors: list[str] = []

    async def serve(self) -> None:
        """Until the page goes."""
        loop = asyncio.get_running_loop()

        def changed() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._changed.set)

        self._world.watch(changed)
        self._changed.set()
        tasks = {asyncio.create_task(self._send()), asyncio.create_task(self._obey())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._world.unwatch(changed)
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                    await task
            await run_in_threadpool(self._hands.let_go)

    async def _obey(self) -> None:
        while True:
            message = await self._ws.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            try:
                await run_in_threadpool(self._hands.do, text if text is not None else b"")
            except BadMessage as error:
                self._errors.append(str(error))
                self._changed.set()

    async def _send(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            errors, self._errors = self._errors, []
            for why in errors:
                await self._ws.send_json({"is": "error", "why": why})
            for message in self._cursor.news():
                if isinstance(message, bytes):
                    await self._ws.send_bytes(message)
                else:
                    await self._ws.send_text(json.dumps(message, ensure_ascii=False))
            await asyncio.sleep(_PAUSE_S)
