"""The laptop's end of the diagnostics line: framing, reconnecting, decoding, what is typed."""

import json
import os
import pty
import select
import threading
import tty

import pytest

from host_tools.console import show
from host_tools.console.commands import UsageError, parse
from host_tools.console.decode import Live
from host_tools.console.wire import ConsoleError, Splitter, Wire
from host_tools.ports import PortError

DEADLINE_S = 10


def split(*pieces):
    found = []
    splitter = Splitter(found.append, found.append)
    for piece in pieces:
        splitter.feed(piece)
    splitter.forget()
    return found


def test_text_and_objects_are_told_apart_however_they_are_cut():
    whole = b'12 W host: 1\r\n\x1e{"id": "1"}\nlate \x1e{"a": [1]}\n\x1e{"broken\x1e{"b": 2}\nrest'
    wanted = ["12 W host: 1", {"id": "1"}, "late ", {"a": [1]}, '{"broken', {"b": 2}, "rest"]
    assert split(whole) == wanted
    assert split(*(bytes((byte,)) for byte in whole)) == wanted
    assert split(b"\x1b[2J\x07\n", b"\x1e[1]\n") == ["?[2J?", "[1]"]
    assert len(split(b"x" * 200000)) > 1  # without an end: noise, not memory


class Echo:
    """A pseudo-terminal at which something answers ``{"ok": true}`` to everything."""

    def __init__(self, link):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.slave, self.link = slave, link
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))
        self.over, self.told = os.pipe()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while self.over not in select.select([self.master, self.over], [], [])[0]:
            record = json.loads(os.read(self.master, 4096).strip(b"\x1e\n"))
            answer = {"id": record["id"], "ok": True}
            os.write(self.master, b"\x1e" + json.dumps(answer).encode() + b"\n")

    def unplug(self):
        self.link.unlink()
        os.close(self.told)
        self.thread.join()
        os.close(self.over)
        os.close(self.slave)
        os.close(self.master)


def test_a_port_that_goes_away_is_waited_for(tmp_path):
    link, heard, told = tmp_path / "tty", [], threading.Condition()

    def hear(record):
        with told:
            heard.append(record)
            told.notify_all()

    with pytest.raises(PortError, match="no serial port"):
        Wire(str(link))
    port = Echo(link)
    with Wire(str(link), hear) as wire:
        assert wire.ask("status") == {"ok": True}
        port.unplug()
        with told:
            assert told.wait_for(lambda: {"port": "lost"} in heard, DEADLINE_S)
        with pytest.raises(ConsoleError, match="gone"):
            wire.ask("status")
        port = Echo(link)
        with told:
            assert told.wait_for(lambda: {"port": "back"} in heard, DEADLINE_S)
        assert wire.ask("status") == {"ok": True}
    port.unplug()


@pytest.mark.parametrize(
    ("line", "asks", "arguments"),
    [
        ("status", "status", {}),
        ("self-test", "selftest", {}),
        ("log debug", "log", {"level": 3}),
        ("journal 20", "journal", {"start": -20}),
        ("journal all", "journal", {"start": 0}),
        ("trace off", "trace", {"kinds": []}),
        ("trace 8583 apdu", "trace", {"kinds": ["8583", "apdu"]}),
        ("nfc 10", "nfc", {"seconds": 10}),
        ("printer ask", "printer", {"print": False}),
        ("crash forget", "crash", {"forget": True}),
    ],
)
def test_what_is_typed(line, asks, arguments):
    order = parse(line)
    assert (order.command.asks, order.arguments) == (asks, arguments)


@pytest.mark.parametrize(
    "line", ["nosuch", "status now", "log loud", "journal -1", "trace wifi", "nfc 0", "log 'a"]
)
def test_what_cannot_be_typed_is_told(line):
    with pytest.raises(UsageError):
        parse(line)


def event(kind, out, data, hidden=0):
    return {"trace": kind, "out": out, "hex": data, "ms": 1, "hidden": hidden}


def test_what_is_traced_is_decoded():
    live = Live()
    fci = "6F118407A0000003330101A5069F38039F02069000"
    assert "SELECT" in live.lines(event("apdu", True, "00A4040007A000000333010100"))[0]
    assert any("9F38" in line for line in live.lines(event("apdu", False, fci)))
    gpo = live.lines(event("apdu", True, "80A8000008830600000012800000"))
    assert any("9F02" in line and "1280.00" in line for line in gpo)  # by the card's own list
    assert live.lines(event("pn532", True, "0000ff02fed4022a00"))[0].endswith("GetFirmwareVersion")
    assert "more bytes" in live.lines(event("pn532", False, "4100", 7))[-1]
    assert "cannot be decoded" in live.lines(event("8583", True, "zz"))[0]
    tree = live.tree(event("8583", False, ""))
    assert tree["hex"] == "" and "decoded" in tree


def test_reasons_are_said_in_words():
    assert "Wi-Fi" in show.reason("net_password")
    assert "refused" in show.reason("[Errno 111] ECONNREFUSED")
    assert "name" in show.reason("-202")
    assert show.reason("tls_date").startswith("The host's certificate has expired")
    assert show.reason("paper", "printer_").startswith("The paper is out")
    assert "flows.pin" in show.failed({"error": "busy", "why": "flows.pin"})
