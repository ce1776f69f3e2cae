"""TLS over a connection to the host: the host proves its name, the terminal proves itself.

MicroPython's own ``ssl`` does the protocol; this carries the records between it and the stream of
bytes. So the handshake waits as everything else does, its end is known before anything of the
terminal's is sent (``ssl`` does not tell), and a fault of the network is told as what it is.
TLS 1.2, as MicroPython is built [M].

Loaded only where the parameter ``tls`` is on, and only while there is a connection: one that is
kept outlives its story, and with it this module, which is emptied then. So nothing that is called
after ``start`` may ask the module for a name; constants and built-ins are none.
"""

import io
import ssl

from micropython import const

from pos import log
from pos.store import files

_CHUNK = const(512)
_CLOSE = const(4)  # the request of ioctl
# Types of records (RFC 5246, 6.2.1), and the size of what stands before each
_CHANGE_CIPHER = const(20)
_HANDSHAKE = const(22)
_APPLICATION = const(23)
_HEAD = const(5)
# How one who refuses shows it: an alert that is fatal (mbedtls), or hanging up (ECONNRESET, EPIPE)
_REFUSALS = (-0x7780, 104, 32)
# What mbedtls says of a certificate, a part of its sentence and our word. The first that fits.
_VERDICTS = (("signed", "tls_ca"), ("validity", "tls_date"), ("CN", "tls_name"))


class _Records(io.IOBase):
    """The line as ``ssl`` sees it: what the stream has brought, and the stream to write to.

    Never raises: it is called from within mbedtls. ``over``: the host's last message of the
    handshake has come; ``plain``: nothing has come yet that is TLS.
    """

    def __init__(self, stream):
        self._stream = stream
        self._data = b""
        self._at = 0
        self._head = bytearray(_HEAD)
        self._known = 0  # bytes of the head that have come
        self._left = 0  # of the record's body
        self._changed = False
        self.over = False
        self.plain = True

    def feed(self, data) -> None:
        """Bytes of the host, when all those before have been read."""
        self._data, self._at = data, 0
        if self.plain:
            self.plain = not _CHANGE_CIPHER <= data[0] <= _APPLICATION
        at = 0
        while at < len(data) and not self.over and not self.plain:
            at += self._skip(data, at)

    def _skip(self, data, at) -> int:
        """Go on in the records of a handshake; how many bytes."""
        head = self._head
        if self._known < _HEAD:
            head[self._known] = data[at]
            self._known += 1
            self._left = head[3] << 8 | head[4]
            return 1
        n = min(self._left, len(data) - at)
        self._left -= n
        if not self._left:
            self._known = 0
            # under the new keys the host says one thing only: that it has finished
            self.over = self._changed and head[0] == _HANDSHAKE
            self._changed = head[0] == _CHANGE_CIPHER
        return n

    def readinto(self, buf):
        n = min(len(buf), len(self._data) - self._at)
        if not n:
            return None
        buf[:n] = memoryview(self._data)[self._at : self._at + n]
        self._at += n
        return n

    def write(self, buf):
        try:
            self._stream.write(buf)
        except OSError as error:
            return -(error.errno or 1)
        return len(buf)

    def ioctl(self, request, arg):
        return 0 if request == _CLOSE else arg


class Tls:
    """A stream as asyncio's, over one of asyncio's that stays the caller's until ``start``.

    ``s``: the socket below.
    """

    def __init__(self, stream):
        self.s = stream.s
        self._stream = stream
        self._records = _Records(stream)
        self._ssl = None

    async def start(self, root: str, sealer, name: str) -> None:
        """Shake hands with the host of that name.

        Raises OSError, with a word ("tls_...", see ``pos.words``) where the reason is known; the
        stream is then of no use. One that hangs up refuses: not every host says it in TLS.
        """
        try:
            context = _context(root, sealer)
            self._ssl = context.wrap_socket(
                self._records, server_hostname=name, do_handshake_on_connect=False
            )
        except (ValueError, files.Damaged) as error:
            log.error("tls", "%s", str(error))
            raise OSError("tls_files")
        done = False
        try:
            await self._shake()
            done = True
        except ValueError as error:
            words = str(error).strip()
            log.warn("tls", "%s", words)
            for part, word in _VERDICTS:
                if part in words:
                    raise OSError(word)
            raise OSError("tls_ca")
        except (OSError, EOFError) as error:
            if error.args and error.args[0] not in _REFUSALS:
                raise
            raise OSError("tls_plain" if self._records.plain else "tls_refused")
        finally:
            if not done:  # also when there was no time for it
                self.close()

    async def _shake(self):
        records = self._records
        while True:
            data = self._ssl.read(1)
            await self._stream.drain()
            if records.over and data is None:
                return
            if data is not None:
                raise EOFError
            await self._more()
            if records.plain:
                raise EOFError

    async def _more(self):
        data = await self._stream.read(_CHUNK)
        if not data:
            raise EOFError
        self._records.feed(data)

    def write(self, data) -> None:
        """Send; ``drain`` waits until it has gone. Raises OSError."""
        self._ssl.write(data)

    async def drain(self) -> None:
        """Raises OSError."""
        await self._stream.drain()

    async def readexactly(self, n: int) -> bytes:
        """``n`` bytes of the host. Raises OSError, EOFError when it has hung up."""
        found = b""
        while len(found) < n:
            data = self._ssl.read(n - len(found))
            if data is None:
                await self._more()
            elif data:
                found += data
            else:
                raise EOFError
        return found

    def close(self) -> None:
        """Say good-bye; ``wait_closed`` follows."""
        if self._ssl:
            self._ssl.close()

    async def wait_closed(self) -> None:
        """Raises OSError."""
        await self._stream.wait_closed()


def _context(root, sealer):
    """What both sides are to be proven by. Raises ValueError, files.Damaged.

    Files of ``root``, DER: ``tls_ca``, ``tls_cert``, and ``tls_key``, which is sealed. Of the
    clear key a copy that cannot be wiped lives until the heap reuses its place.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    ca = files.load(root + "/tls_ca")
    if not ca:
        raise files.Damaged("tls_ca")
    context.load_verify_locations(cadata=bytes(ca))
    own = files.load(root + "/tls_cert")
    if own:
        key = sealer.open("tls", files.load(root + "/tls_key") or b"")
        try:
            context.load_cert_chain(bytes(own), bytes(key))
        finally:
            files.wipe(key)
    return context
