"""The diagnostics line from the laptop's side: commands out, answers, events and text in.

RFC 7464 on any serial port that pyserial can open: RS, a JSON object, LF; the rest is text.
"""

import contextlib
import hashlib
import hmac
import itertools
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import serial

from host_tools.ports import PortError, open_url

_LABEL = b"TapTill console 1"
_RS, _LF = 0x1E, 0x0A
_READ_S = 0.2
_RETRY_S = 0.5
_LONGEST = 1 << 16  # bytes of one line; more without an end is noise
_PATIENCE_S = 5.0

Record = dict[str, Any]


class ConsoleError(Exception):
    """The terminal cannot be asked, or does not do what was asked; the text says why."""


class Splitter:
    """Takes the bytes of the line apart: ``text`` gets its lines, ``record`` its objects."""

    def __init__(self, text: Callable[[str], None], record: Callable[[Record], None]) -> None:
        self._text, self._record = text, record
        self._line = bytearray()

    def feed(self, data: bytes) -> None:
        """The next bytes, however they are cut."""
        for byte in data:
            if byte == _RS and self._line:
                self._end()  # what stands before an object, and an object that was broken off
            if byte == _LF or len(self._line) >= _LONGEST:
                self._end()
            if byte != _LF:
                self._line.append(byte)

    def forget(self) -> None:
        """The line was cut: what came of it so far is a line of its own."""
        self._end()

    def _end(self) -> None:
        line, self._line = bytes(self._line).rstrip(b"\r"), bytearray()
        if line[:1] == bytes((_RS,)):
            with contextlib.suppress(ValueError):
                found = json.loads(line[1:])
                if isinstance(found, dict):
                    return self._record(found)
        text = line.decode("utf-8", "replace")
        text = "".join(c if c.isprintable() else "?" for c in text if c not in "\r\x1e")
        if text.strip():
            self._text(text)
        return None


def open_quietly(url: str) -> serial.SerialBase:
    """Open a port and leave the board running. Raises PortError."""
    return open_url(url, timeout=_READ_S)


class Wire:
    """A console; comes back by itself when the port was gone. Close it, or use ``with``.

    ``heard`` gets everything that is no answer: ``{"text": line}``, ``{"trace": ...}``, and
    ``{"port": "lost" | "back"}``; it is called in a thread of its own.
    """

    def __init__(
        self,
        url: str,
        heard: Callable[[Record], None] = lambda record: None,
        opener: Callable[[str], serial.SerialBase] = open_quietly,
    ) -> None:
        """Raises PortError when the port cannot be opened now."""
        self.url, self._heard, self._opener = url, heard, opener
        self._answers: dict[str, queue.Queue[Record]] = {}
        self._numbers = itertools.count(int(time.monotonic() * 1000) % 100000)
        self._splitter = Splitter(lambda line: heard({"text": line}), self._take)
        self._over = threading.Event()
        self._port: serial.SerialBase | None = opener(url)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the port."""
        self._over.set()
        self._thread.join(timeout=2)
        if self._port is not None:
            self._port.close()

    @property
    def there(self) -> bool:
        """Whether the port is open now."""
        return self._port is not None

    def ask(
        self,
        command: str,
        arguments: Record | None = None,
        part: Callable[[Record], None] = lambda record: None,
        patience_s: float = _PATIENCE_S,
    ) -> Record:
        """Have a command carried out; ``part`` gets the parts of a long answer as they come.

        ``patience_s`` counts from the last sign of life. Raises ConsoleError for silence and for a
        port that is gone; what the terminal refuses is an answer with ``error``.
        """
        name = f"{next(self._numbers)}"
        answers = self._answers[name] = queue.Queue()
        try:
            self._send({"cmd": command, "id": name, **(arguments or {})})
            while True:
                answer = answers.get(timeout=patience_s)
                if "lost" in answer:
                    raise ConsoleError("the port went away before the answer came")
                if "part" not in answer:
                    answer.pop("id", None)
                    return answer
                part(answer["part"])
        except queue.Empty:
            raise ConsoleError(
                f"no answer in {patience_s:g} s: is it the terminal's firmware that runs? At the "
                "REPL (after Ctrl-C) Ctrl-D starts it"
            ) from None
        finally:
            self._answers.pop(name, None)

    def prove(self, key: bytes | None) -> Record:
        """Say hello, and prove who asks where that is wanted; returns what the terminal is.

        Raises ConsoleError when it does not believe it.
        """
        told = self.ask("hello")
        if told.get("development") or ("challenge" not in told and "wait_s" not in told):
            return told
        if key is None:
            raise ConsoleError("this terminal wants a proof: give its console key with --key FILE")
        if "wait_s" in told:
            raise ConsoleError(f"after a wrong proof: ask again in {told['wait_s']} s")
        text = _LABEL + bytes.fromhex(told["challenge"]) + told["serial"].encode()
        proof = hmac.new(key, text, hashlib.sha256).hexdigest()
        answer = self.ask("auth", {"proof": proof})
        if "error" in answer:
            raise ConsoleError(f"the proof is wrong; ask again in {answer.get('wait_s', 0)} s")
        return told

    def _send(self, record: Record) -> None:
        data = b"\x1e" + json.dumps(record, separators=(",", ":")).encode() + b"\n"
        port = self._port
        if port is None:
            raise ConsoleError("the port is gone")
        try:
            port.write(data)
        except (OSError, ValueError) as error:
            raise ConsoleError(f"cannot write to {self.url}: {error}") from None

    def _take(self, record: Record) -> None:
        answers = self._answers.get(str(record.get("id")))
        if record.get("error") == "busy" and record.get("id") is None:  # no heap to read whose
            for waiting in list(self._answers.values()):
                waiting.put(record)
        elif answers is not None:
            answers.put(record)
        elif record.get("id") is None:
            self._heard(record)

    def _listen(self) -> None:
        for data in self._pieces():
            self._splitter.feed(data)

    def _pieces(self) -> Iterator[bytes]:
        while not self._over.is_set():
            if self._port is None:
                self._come_back()
                continue
            try:
                yield self._port.read(max(1, min(4096, getattr(self._port, "in_waiting", 1))))
            except (OSError, ValueError, TypeError):  # unplugged; pyserial says it in three ways
                self._lose()

    def _lose(self) -> None:
        port, self._port = self._port, None
        with contextlib.suppress(OSError):
            if port is not None:
                port.close()
        self._splitter.forget()
        for answers in list(self._answers.values()):
            answers.put({"lost": True})
        self._heard({"port": "lost"})

    def _come_back(self) -> None:
        try:
            self._port = self._opener(self.url)
        except (PortError, OSError):
            self._over.wait(_RETRY_S)
        else:
            self._heard({"port": "back"})
