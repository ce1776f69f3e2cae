"""How far one page has seen, and what it has to be sent next."""

from collections.abc import Iterator
from typing import Any

from PIL import Image

from host_tools.panel import picture
from host_tools.panel.world import LOGIN, World

_ENTRIES = 100  # of the conversation in one message


class Cursor:
    """One page's place in everything; a page that is slow skips pictures, never words."""

    def __init__(self, world: World, typing: bool) -> None:
        self._world = world
        self._hello: dict[str, Any] | None = {
            "is": "hello",
            "wallet": world.wallet,
            "login": LOGIN,
            "dots": world.paper.dots,
            "typing": typing,
        }
        self._picture: Image.Image | None = None
        self._state: dict[str, Any] | None = None
        self._lines: list[str] = []
        self._rows: list[int] = []
        self._entries = self._text = 0
        self._tones = world.tones.count  # a sound is not heard twice

    def news(self) -> Iterator[bytes | dict[str, Any]]:
        """Messages that bring the page up to date: frames as bytes, others for JSON."""
        world = self._world
        if self._hello is not None:
            yield self._hello
            self._hello = None
        now, state = world.picture, world.state
        if state != self._state:
            self._state = state
            yield {"is": "state", **state}
        if world.lines != self._lines:
            self._lines = world.lines
            yield {"is": "screen", "lines": self._lines}
        yield from picture.frames(self._picture, now)
        self._picture = now
        yield from world.paper.frames(self._rows)
        yield from self._said()

    def _said(self) -> Iterator[dict[str, Any]]:
        world = self._world
        self._entries, entries = world.talk.entries.since(self._entries)
        for at in range(0, len(entries), _ENTRIES):
            yield {"is": "talk", "entries": entries[at : at + _ENTRIES]}
        self._text, text = world.console.since(self._text)
        if text:
            yield {"is": "console", "text": "".join(text)}
        self._tones, tones = world.tones.since(self._tones)
        for tone in tones:
            yield {"is": "tone", **tone}
