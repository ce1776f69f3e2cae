"""The panel as a page sees it: a sale, bad messages, pages that come and go."""

import io
import json
import re
import struct
import time
import urllib.error
import urllib.request

import pytest
from panel_bench import served
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

DEADLINE_S = 20.0
PAN = "6212345678901232"


class Page:
    """What a page knows: it takes in everything that comes, and can wait for some of it."""

    def __init__(self, port, **headers):
        origin = headers.pop("origin", f"http://127.0.0.1:{port}")
        url = f"ws://127.0.0.1:{port}/live"
        self.line = connect(url, origin=origin, max_size=None, **headers)
        self.state, self.lines, self.errors, self.entries = {}, [], [], []
        self.hello, self.text, self.rows, self.frames = None, "", 0, 0
        self.glass = None
        self.raw = []

    def __enter__(self):
        self.ws = self.line.__enter__()
        return self

    def __exit__(self, *error):
        self.line.__exit__(*error)

    def do(self, name, value=None):
        self.ws.send(json.dumps({"do": name, "value": value}))

    def type(self, keys):
        for key in keys:
            self.do("down", key)
            self.do("up", key)

    def wait(self, what):
        until = time.monotonic() + DEADLINE_S
        while not what(self):
            self.take(self.ws.recv(timeout=max(0.01, until - time.monotonic())))

    def see(self, *texts):
        self.wait(lambda page: all(text in "\n".join(page.lines) for text in texts))

    def take(self, message):
        if isinstance(message, bytes):
            return self.frame(message)
        self.raw.append(message)
        values = json.loads(message)
        match values.pop("is"):
            case "hello":
                self.hello = values
            case "state":
                self.state = values
                if self.glass is None:
                    self.glass = Image.new("RGB", tuple(values["screen"]))
            case "screen":
                self.lines = values["lines"]
            case "talk":
                self.entries += values["entries"]
            case "console":
                self.text += values["text"]
            case "error":
                self.errors.append(values["why"])
        return None

    def frame(self, data):
        if data[0] == 1:
            x, y, wide, high = struct.unpack_from("<HHHH", data, 1)
            self.glass.paste(Image.frombytes("RGB", (wide, high), data[9:]), (x, y))
            self.frames += 1
        else:
            assert data[0] == 2
            self.rows += (len(data) - 9) // 48


@pytest.fixture(scope="module")
def panel():
    with served() as terminal:
        yield terminal


@pytest.fixture
def page(panel):
    with Page(panel.port) as page:
        page.wait(lambda page: page.state and page.lines)
        yield page


def get(panel, path, **headers):
    request = urllib.request.Request(panel.address + path, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers, answer.read()


def test_a_sale_by_keys(panel, page):
    page.see("Operator")
    page.type("01E0000E")
    page.see("TEST SHOP")
    page.type("128000E")
    page.see("Tap the card", "1,280.00")
    page.do("tap", "unionpay_debit")
    page.wait(lambda page: page.state["reader"]["cards"] == ["unionpay_debit"])
    page.see("Enter PIN")
    page.do("remove", "unionpay_debit")
    page.wait(lambda page: not page.state["reader"]["cards"])
    page.type("123456E")
    page.see("Tear off")
    page.wait(lambda page: page.rows > 500)
    page.do("tear")
    page.wait(lambda page: page.state["slip"] == 1)
    assert page.errors == []
    kept(panel)
    mtis = [entry["mti"] for entry in page.entries if "mti" in entry]
    assert mtis[-2:] == ["0200", "0210"]
    kinds = [entry["kind"] for entry in page.entries if entry["chan"] == "card"]
    assert kinds[:3] == ["SELECT PPSE", "SELECT AID", "GET PROCESSING OPTIONS"]
    assert any(entry["chan"] == "reader" for entry in page.entries)
    # the page has the very pixels of the display
    assert page.glass.tobytes() == panel.world.device.screenshot().tobytes()
    assert panel.world.device.board.faults == []
    page.type("E")
    page.see("TEST SHOP")
    everything = "".join(page.raw)
    assert "621234******1232" in everything
    assert PAN not in everything.replace(" ", "")
    assert not re.search(r"\b6212345678901232D", everything)


def kept(panel):
    """Paper as a file; what is no paper is not there."""
    headers, png = get(panel, "slips/0.png")
    assert headers["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(png)).width == 464
    _, pdf = get(panel, "slips/all.pdf")
    assert pdf.startswith(b"%PDF-")
    for path in ("slips/99.png", "slips/0.exe", "slips/-1.png", "slips/x.png", "../server.py"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(panel, path)
        assert refused.value.code == 404


def test_bad_messages_are_answered_and_nothing_dies(page):
    for text in ("{", "[]", '{"do": "fly"}', '{"do": "tap", "value": "x"}', b"\x00\x01"):
        page.ws.send(text)
    page.wait(lambda page: len(page.errors) == 5)
    page.do("power", "sideways")
    page.wait(lambda page: len(page.errors) == 6)
    page.do("printer", "near_end")
    page.wait(lambda page: page.state["printer"]["low"])
    page.do("printer", "new_paper")
    page.wait(lambda page: not page.state["printer"]["low"])


def test_a_message_that_is_far_too_long_ends_that_page_only(panel, page):
    with Page(panel.port) as other:
        other.ws.send("x" * 100_000)
        with pytest.raises(ConnectionClosed):
            other.wait(lambda _: False)
    page.do("printer", "open_cover")
    page.wait(lambda page: page.state["printer"]["open"])
    page.do("printer", "close_cover")
    page.wait(lambda page: not page.state["printer"]["open"])


def test_the_modem_loses_its_network_and_its_sim(page):
    page.wait(lambda page: page.state and page.state["modem"] == {"sim": "ready", "signal": True})
    page.do("modem", "lost")
    page.wait(lambda page: not page.state["modem"]["signal"])
    page.do("modem", "sim_out")
    page.wait(lambda page: page.state["modem"]["sim"] == "out")
    for back in ("found", "sim_in"):
        page.do("modem", back)
    page.wait(lambda page: page.state["modem"] == {"sim": "ready", "signal": True})


def test_two_pages_see_the_same(panel, page):
    with Page(panel.port) as other:
        other.wait(lambda page: page.state and page.lines)
        page.do("wifi", "drop")
        for one in (page, other):
            one.wait(lambda page: not page.state["wifi"])
        other.do("wifi", "restore")
        for one in (page, other):
            one.wait(lambda page: page.state["wifi"])
        assert other.entries[: len(page.entries)] == page.entries
        assert other.glass.size == (240, 320)


def test_a_page_that_vanishes_lets_go_of_its_keys(panel, page):
    with Page(panel.port) as other:
        other.do("down", "5")
        page.wait(lambda page: page.state["keys"] == "5")
        other.ws.socket.close()  # no goodbye
    page.wait(lambda page: page.state["keys"] == "")
    page.do("down", "C")
    page.do("up", "C")
    assert page.errors == []


def test_the_host_goes_wrong_as_asked(page):
    page.do("host", "delay 5 mti=0200 count=always")
    page.wait(lambda page: page.state["host"]["faults"] == ["delay 5 mti=0200 count=always"])
    page.do("host", "stop")
    page.wait(lambda page: page.state["host"]["down"])
    page.do("host", "well")
    page.wait(lambda page: page.state["host"] == {"down": False, "faults": []})


def test_power_comes_and_goes_and_the_console_tells(page):
    page.do("power", "cut")
    page.wait(lambda page: not page.state["power"])
    page.wait(lambda page: page.lines == [])
    assert page.glass.getbbox() is None  # dark
    page.do("down", "1")  # nobody scans it
    page.do("up", "1")
    page.do("power", "on")
    page.see("Operator")
    before = len(page.text)
    page.do("console", "\x03")
    page.wait(lambda page: ">>>" in page.text[before:])
    page.do("console", "print(6*7)\r")
    page.wait(lambda page: "42" in page.text[before:])
    page.do("reset")
    page.see("Operator")


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", None])
def test_a_page_from_elsewhere_cannot_drive_it(panel, origin):
    with pytest.raises(InvalidStatus) as refused, Page(panel.port, origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_every_answer_has_its_policy(panel):
    for path in ("", "js/app.js", "fonts/sans.ttf", "words.json"):
        headers, _ = get(panel, path)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(panel, "", Host="evil.example")
    assert refused.value.code == 421
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(panel, "fonts/other.ttf")
    assert refused.value.code == 404
