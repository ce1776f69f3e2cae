"""The terminal's side of TLS, on MicroPython's own ``ssl``: who is believed, and what is said."""

import shutil
import socket
import threading

import pytest

from host_tools.acquirer import tls
from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread
from host_tools.device.tls_files import TlsFiles, TlsFilesError

NAME = "acquirer.test"

# Connects to 127.0.0.1 as to a host of the name, says "done" or why not; then one byte and back
PROGRAM = """
import asyncio, os
from pos.store import files
from pos.store.seal import Sealer
sealer = Sealer(bytes(32))
from pos import log
log.level = 3
{files}
from pos.acquirer.tls import Tls
async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", {port})
    line = Tls(writer)
    try:
        await asyncio.wait_for(line.start({root!r}, sealer, {name!r}), {seconds})
        print("done")
        {then}
    except (OSError, EOFError, asyncio.TimeoutError) as error:
        print("why", str(error) or type(error).__name__)
    line.close()
    await line.wait_closed()
asyncio.run(main())
"""
# an echo test, as the acquirer's page has it
ECHO = (
    "0034600003000060310031000008200000000000C00010313233343536373838393831303030313233343030"
    "30310011000000013010"
)
EXCHANGE = """line.write(bytes.fromhex({frame!r}))
        await line.drain()
        print((await line.readexactly(2)).hex())"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A CA with certificates, among them some that are of no use; another CA with the same."""
    made = tmp_path_factory.mktemp("tls")
    for place in (made, made / "other"):
        tls.make_ca(place)
        tls.make_server(place, NAME)
        tls.make_terminal(place, "TT1")
    tls.make_server(made, "elsewhere.test")
    tls.make_terminal(made, "OLD", days=-1)
    old = made / "old"
    old.mkdir()
    for file in ("ca.pem", "ca.key"):
        shutil.copy(made / file, old)
    tls.make_server(old, NAME, days=-1)
    return made


class Terminal:
    """What a terminal with such files makes of a host at ``port``."""

    def __init__(self, mpy, tmp_path):
        self._mpy, self._root = mpy, str(tmp_path)

    def connect(self, port, ca, cert=None, *, name=NAME, then="pass", spoil="", seconds=10):
        files = TlsFiles.read(ca, cert, cert and cert.with_suffix(".key"))
        return self._mpy(
            PROGRAM.format(
                files=files.script(self._root) + spoil,
                root=self._root,
                port=port,
                name=name,
                then=then,
                seconds=seconds,
            )
        ).splitlines()


@pytest.fixture
def terminal(mpy, tmp_path):
    return Terminal(mpy, tmp_path)


@pytest.fixture
def serve(folder):
    """Starts a host with the certificate of that file."""
    running = []

    def start(cert="server-acquirer.test", ca="ca.pem"):
        cert = folder / f"{cert}.pem"
        context = tls.server_context(cert, cert.with_suffix(".key"), ca and folder / ca)
        running.append(HostThread(open_ledger(), tls=context))
        return running[-1]

    yield start
    for host in running:
        host.stop()
        host.ledger.close()


def test_both_sides_are_proven_before_anything_is_sent(terminal, serve, folder):
    host = serve()
    lines = terminal.connect(host.port, folder / "ca.pem", folder / "terminal-TT1.pem")
    assert lines == ["done"]
    seen = host.log.wait(lambda r: r["event"] == "connect")
    assert (seen["certificate"], seen["protocol"]) == ("TT1", "TLSv1.2")
    host.log.wait(lambda r: r["event"] == "close")  # said good-bye, and nothing before it


def test_bytes_go_there_and_back(terminal, serve, folder):
    host = serve()
    lines = terminal.connect(
        host.port,
        folder / "ca.pem",
        folder / "terminal-TT1.pem",
        then=EXCHANGE.format(frame=ECHO),
    )
    assert lines[0] == "done" and int(lines[1], 16) > 40


REFUSALS = {
    "host of another name": ("ca", "TT1", "server-elsewhere.test", "tls_name", "CN"),
    "host of another CA": ("ca", "TT1", "other/server-acquirer.test", "tls_ca", "signed"),
    "host whose time is up": ("ca", "TT1", "old/server-acquirer.test", "tls_date", "expired"),
    "terminal without a certificate": ("ca", None, "server-acquirer.test", "tls_refused", ""),
    "terminal of another CA": ("ca", "other", "server-acquirer.test", "tls_refused", ""),
    "terminal whose time is up": ("ca", "OLD", "server-acquirer.test", "tls_refused", ""),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_who_does_not_prove_itself_is_told_apart(terminal, serve, folder, case):
    ca, own, server, why, words = REFUSALS[case]
    host = serve(server)
    certs = {None: None, "other": folder / "other" / "terminal-TT1.pem"}
    cert = certs.get(own, folder / f"terminal-{own}.pem")
    lines = terminal.connect(host.port, folder / f"{ca}.pem", cert)
    assert lines[-1] == f"why {why}"
    assert words in "".join(lines[:-1])
    assert host.log.wait(lambda r: r["event"] == "refused")


@pytest.fixture
def answer(folder):
    """Starts something that talks to one who connects by a function of the socket; its port."""
    doors = []

    def start(talk):
        door = socket.create_server(("127.0.0.1", 0))
        doors.append(door)

        def run():
            try:
                with door.accept()[0] as sock:
                    talk(sock)
            except OSError:  # the terminal does not like it either
                pass

        threading.Thread(target=run, daemon=True).start()
        return door.getsockname()[1]

    yield start
    for door in doors:
        door.close()


def test_a_refusal_that_is_said_in_tls(terminal, answer, folder):
    cert = folder / "server-acquirer.test.pem"
    context = tls.server_context(cert, cert.with_suffix(".key"), folder / "ca.pem")
    port = answer(lambda sock: context.wrap_socket(sock, server_side=True))
    assert terminal.connect(port, folder / "ca.pem") == ["why tls_refused"]


def test_what_is_no_tls(terminal, answer, folder):
    def http(sock):
        sock.recv(100)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    assert terminal.connect(answer(http), folder / "ca.pem") == ["why tls_plain"]


def test_one_who_hangs_up_on_the_greeting(terminal, answer, folder):
    assert terminal.connect(answer(lambda sock: sock.recv(1000)), folder / "ca.pem") == [
        "why tls_plain"
    ]


def test_one_who_says_nothing_is_left(terminal, answer, folder):
    ended = threading.Event()

    def silent(sock):
        while sock.recv(1000):
            pass
        ended.set()

    lines = terminal.connect(answer(silent), folder / "ca.pem", seconds=0.2)
    assert lines == ["why TimeoutError"]
    assert ended.wait(10)


def test_bytes_that_come_one_by_one(terminal, answer, serve, folder):
    """Records are cut anywhere on the way, also within their five first bytes."""
    host = serve()

    def relay(sock):
        with socket.create_connection(("127.0.0.1", host.port)) as there:
            there.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=pump, args=(sock, there, 4096), daemon=True).start()
            pump(there, sock, 1)

    def pump(source, target, size):
        try:
            while data := source.recv(size):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    lines = terminal.connect(
        answer(relay),
        folder / "ca.pem",
        folder / "terminal-TT1.pem",
        then=EXCHANGE.format(frame=ECHO),
    )
    assert lines[0] == "done" and int(lines[1], 16) > 40


SPOILT = {
    "no CA": "os.remove({ca!r})",
    "CA damaged": "open({ca!r}, 'r+b').write(b'x')",
    "CA no certificate": "files.save({ca!r}, b'0000')",
    "no key": "os.remove({key!r})",
    "key damaged": "files.save({key!r}, bytes(176))",
    "key of another device": "files.save({key!r}, Sealer(bytes(16)).seal('tls', bytes(100)))",
    "key no key": "files.save({key!r}, sealer.seal('tls', bytes(100)))",
}


@pytest.mark.parametrize("case", SPOILT)
def test_damaged_files_never_lead_to_less(terminal, answer, folder, tmp_path, case):
    spoil = SPOILT[case].format(ca=f"{tmp_path}/tls_ca", key=f"{tmp_path}/tls_key")
    got = []
    port = answer(lambda sock: got.append(sock.recv(100)))
    lines = terminal.connect(
        port, folder / "ca.pem", folder / "terminal-TT1.pem", spoil="\n" + spoil
    )
    assert lines[-1] == "why tls_files"
    assert " E tls: " in lines[-2]
    assert got in ([], [b""])  # not one byte


def test_no_key_in_what_is_shown(folder):
    cert = folder / "terminal-TT1.pem"
    files = TlsFiles.read(folder / "ca.pem", cert, cert.with_suffix(".key"))
    assert files.key and repr(files.key) not in repr(files) and "key" not in repr(files)


def test_files_that_are_of_no_use_are_named(folder, tmp_path):
    ca, cert = folder / "ca.pem", folder / "terminal-TT1.pem"
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for files, sentence in (
        ((ca, cert, None), "needs its key"),
        ((tmp_path / "none.pem", None, None), "No such file"),
        ((empty, None, None), "is no certificate"),
        ((ca, cert, empty), "is no unencrypted private key"),
        ((ca, cert, folder / "ca.key"), "is not the key of"),
    ):
        with pytest.raises(TlsFilesError, match=sentence):
            TlsFiles.read(*files)
