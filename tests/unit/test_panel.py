"""The panel without a board: pictures, paper, words, wallet, conversation, messages."""

import json
import re
import struct
import threading

import pytest
from PIL import Image, ImageDraw
from printer_bench import Bench

from host_tools.panel import picture, server
from host_tools.panel.hands import BadMessage, Hands
from host_tools.panel.paper import Paper
from host_tools.panel.talk import KEPT, Ring, Talk
from host_tools.panel.wallet import wallet
from host_tools.vboard.cards.loader import card_names, load_account, load_card

WORDS = json.loads((server.WEB / "words.json").read_text(encoding="utf-8"))
SOURCES = {path.name: path.read_text("utf-8") for path in server.WEB.rglob("*.*s*")}
PAGE = (server.WEB / "index.html").read_text(encoding="utf-8")


# pictures


def applied(before, frames):
    """What a page makes of frames."""
    canvas = before.copy()
    for frame in frames:
        kind, x, y, wide, high = struct.unpack_from("<BHHHH", frame)
        assert kind == picture.PIXELS
        canvas.paste(Image.frombytes("RGB", (wide, high), frame[9:]), (x, y))
    return canvas


@pytest.mark.parametrize("size", [(240, 320), (128, 64)])
def test_frames_make_the_new_picture_of_the_old_one(size):
    before = Image.new("RGB", size, "white")
    after = before.copy()
    pen = ImageDraw.Draw(after)
    pen.rectangle((3, 1, 20, 5), fill="red")
    pen.point((size[0] - 1, size[1] - 1), fill="blue")
    frames = list(picture.frames(before, after))
    assert applied(before, frames).tobytes() == after.tobytes()
    assert sum(map(len, frames)) == 9 + 18 * 5 * 3 + 9 + 3  # two rectangles, no more


def test_a_picture_that_has_not_changed_costs_nothing():
    image = Image.new("RGB", (240, 320))
    assert list(picture.frames(image, image)) == list(picture.frames(image, image.copy())) == []


def test_the_first_picture_and_one_of_another_size_come_whole():
    image = Image.new("RGB", (4, 2), "red")
    for before in (None, Image.new("RGB", (2, 4))):
        (frame,) = picture.frames(before, image)
        assert applied(Image.new("RGB", (4, 2)), [frame]).tobytes() == image.tobytes()


# paper


def rows_of(frames):
    """Slip number -> its rows, from frames that must come in order."""
    slips = {}
    for frame in frames:
        kind, number, first, dots = struct.unpack_from("<BHIH", frame)
        rows = slips.setdefault(number, bytearray())
        assert (kind, dots, first) == (2, 384, len(rows) // 48)
        rows += frame[9:]
    return slips


def test_paper_comes_out_from_behind_the_tear_bar_and_is_torn_there():
    bench = Bench()
    printer = bench.printer
    paper, seen, frames = Paper(printer), [], []
    for text in (b"ONE\n", b"TWO\n" * 8, b"\n" * 8):
        bench.send(text)
        bench.clock.advance(5000)
        paper.read()
        frames += paper.frames(seen)
    assert paper.current == 0
    covered = 88  # 11 mm
    assert paper.rows(0) == printer.slip.height - covered
    whole = printer.slip.height
    printer.tear()
    assert paper.read()
    assert not paper.read()
    frames += paper.frames(seen)
    assert (paper.current, paper.rows(0), paper.rows(1)) == (1, whole - covered, 0)
    printed = b"".join(strip.tobytes() for strip in printer.slips[0].strips)
    assert bytes(rows_of(frames)[0]) == printed
    assert paper.image(0).tobytes() == printer.slips[0].image().tobytes()


def test_paper_is_saved_as_a_picture_and_as_a_document():
    bench = Bench()
    paper = Paper(bench.printer)
    with pytest.raises(IndexError):
        paper.save(None, "png")
    bench.send(b"ONE\n" * 9)
    bench.clock.advance(5000)
    paper.read()
    assert paper.save(None, "png")[:4] == b"\x89PNG"
    assert paper.save(0, "pdf")[:5] == b"%PDF-"
    with pytest.raises(IndexError):
        paper.save(1, "png")


# words


def names(tree, before=""):
    """Dotted names of all texts of a language."""
    if not isinstance(tree, dict):
        return {before: tree}
    found = {}
    for name, inner in tree.items():
        found |= names(inner, f"{before}.{name}" if before else name)
    return found


def test_both_languages_have_the_same_words():
    english, chinese = names(WORDS["en"]), names(WORDS["zh"])
    own = {name for name in chinese if name.startswith("fields.")}  # English is the host's
    assert set(english) == set(chinese) - own
    for name in english:
        holes = [re.findall(r"[{\[]+\w+[}\]]+", str(t[name])) for t in (english, chinese)]
        assert holes[0] == holes[1], name


def test_every_word_is_used_and_every_used_word_is_there():
    english = names(WORDS["en"])
    code = PAGE + "".join(text for name, text in SOURCES.items() if name.endswith(".js"))
    used = set(re.findall(r'data-(?:t|aria|hint)="(\w+)"', PAGE))
    used |= set(re.findall(r'(?:say|action)\("([\w.]+)"', code))
    assert used <= set(english)
    for name in english:
        parent = name.partition(".")[0]
        mentioned = f'"{name}"' in code or f"`{parent}." in code or f'"{parent}"' in code
        assert mentioned or re.search(rf"`{parent.partition('_')[0]}_\$", code), name


def test_the_page_asks_nobody_else_for_anything():
    for text in (PAGE, *SOURCES.values()):
        links = re.findall(r"(?:https?:)?//[\w.]+", re.sub(r"^\s*//.*$", "", text, flags=re.M))
        assert [link for link in links if "www.w3.org" not in link] == []
    assert "style=" not in PAGE
    assert re.findall(r"\son\w+=", PAGE) == []


def luminance(colour):
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *(("ink", "page"), ("ink", "surface"), ("soft", "page"), ("soft", "surface")),
        *(("accent", "page"), ("accent", "surface"), ("accent", "wash"), ("soft", "wash")),
        *(("on-accent", "accent"), ("warn", "surface"), ("warn", "page"), ("page", "ink")),
        *(("on-body", "key"), ("soft-on-body", "body"), ("on-body", "body")),
    ],
)
def test_text_has_the_contrast_of_level_aa(theme, ink, ground):
    light, _, dark = SOURCES["base.css"].partition("prefers-color-scheme: dark")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    if theme == "dark":
        colours |= re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark)
    one, other = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    assert (one + 0.05) / (other + 0.05) >= 4.5


# wallet


def test_the_wallet_has_every_card_with_its_number_masked():
    cards = {card["name"]: card for card in wallet()}
    assert sorted(cards) == card_names()
    assert set(WORDS["en"]["cards"]) == set(cards)
    text = json.dumps(cards)
    for name in cards:
        for application in load_card(name).applications:
            assert application.pan not in text.replace(" ", "")
    phone = cards["visa_phone"]
    assert (phone["kind"], phone["scheme"]) == ("phone", "Visa")
    assert phone["number"] == "4123 45** **** 0035"
    assert cards["unionpay_expired"]["kind"] == cards["unreadable"]["kind"] == "odd"
    assert cards["unionpay_debit"]["pin"] == load_account("unionpay_debit").pin


# the conversation


def test_what_a_card_says_is_shown_without_its_number():
    card, talk = load_card("unionpay_debit"), Talk()
    aid = card.applications[0].aid
    commands = [
        b"\x00\xa4\x04\x00\x0e2PAY.SYS.DDF01\x00",
        b"\x00\xa4\x04\x00" + bytes([len(aid)]) + aid + b"\x00",
        bytes.fromhex("80A80000238321") + b"\x26" + bytes(32) + b"\x00",  # 33 bytes of PDOL data
    ]
    commands += [bytes([0, 0xB2, n, sfi << 3 | 4, 0]) for sfi in (1, 2, 3) for n in (1, 2, 3)]
    for capdu in commands:
        talk.heard("card", (card, capdu, card.exchange(capdu)))
    talk.heard("card", (card, commands[0], None))
    assert talk.work()
    assert not talk.work()
    _, entries = talk.entries.since(0)
    assert [e["kind"] for e in entries[:2]] == ["SELECT PPSE", "SELECT AID"]
    assert entries[-1]["lost"]
    text = json.dumps(entries)
    assert "621234******1232" in text
    pan = card.applications[0].pan
    assert pan not in text
    assert pan.encode().hex() not in text.lower()
    assert "Dedicated File" in text


def test_the_host_has_its_fields_named():
    talk = Talk()
    fields = {"3": "000000", "60": "22000001000600", "55": {"9F26": "00"}}
    talk.heard("host", ("request", {"mti": "0200", "fields": fields, "route": "sale"}))
    talk.heard("host", ("listening", {"port": 1}))
    talk.work()
    _, (entry,) = talk.entries.since(0)
    rows = {row["n"]: row for row in entry["fields"]}
    assert rows["3"]["name"] == "processing code"
    assert rows["60"]["parts"].startswith("type 22, batch 000001")
    assert rows["55"]["tags"][0]["name"].startswith("Application Cryptogram")
    assert (entry["dir"], entry["notes"]) == ("to_host", {"route": "sale"})


def test_a_ring_keeps_the_latest():
    ring = Ring(3)
    for n in range(1, 6):
        ring.put(n * 10)
    assert ring.since(0) == (5, [30, 40, 50])
    assert ring.since(4) == (5, [50])
    assert ring.since(5) == (5, [])
    assert KEPT >= 100


# what a page may say


class NoWorld:
    """Nothing of it may be touched by a message that is refused."""

    wallet = ({"name": "unionpay_debit"},)
    recorder = None
    hands = threading.Lock()

    class stage:
        folder = server.WEB


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "7", "null", '"down"', "[" * 4000, "x" * 5000, b"\x01\x02"),
        *('{"do": 1}', '{"do": "fly"}', '{"do": "up", "more": 1}', '{"do": null}'),
        *('{"do": "down"}', '{"do": "down", "value": "x"}', '{"do": "down", "value": "12"}'),
        *('{"do": "down", "value": ["1"]}', '{"do": "up", "value": {}}'),
        *('{"do": "tap", "value": "../issuers"}', '{"do": "tap", "value": "/etc/passwd.yaml"}'),
        *('{"do": "tap", "value": ["unionpay_debit"]}', '{"do": "battery", "value": "4"}'),
        *('{"do": "battery", "value": 400}', '{"do": "battery", "value": true}'),
        *('{"do": "printer", "value": "explode"}', '{"do": "printer", "value": null}'),
        *('{"do": "wifi", "value": "shout"}', '{"do": "host", "value": "delay x"}'),
        *('{"do": "host", "value": ""}', '{"do": "power", "value": "half"}'),
        *('{"do": "console", "value": ""}', '{"do": "pass", "value": -1}'),
    ],
)
def test_a_message_that_is_none_is_refused_in_a_sentence(text):
    with pytest.raises(BadMessage) as refused:
        Hands(NoWorld()).do(text)
    assert 10 < len(str(refused.value)) < 400
    assert "passwd" not in str(refused.value)


def test_the_console_is_for_this_machine_only():
    with pytest.raises(BadMessage, match="this machine"):
        Hands(NoWorld(), typing=False).do('{"do": "console", "value": "print(1)"}')


@pytest.mark.parametrize(
    ("host", "origin", "fits"),
    [
        ("127.0.0.1:8585", "http://127.0.0.1:8585", True),
        ("localhost:8585", "http://localhost:8585", True),
        ("[::1]:8585", "http://[::1]:8585", True),
        ("desk.example:8585", "http://desk.example:8585", True),
        ("127.0.0.1:8585", "http://127.0.0.1:9999", False),
        ("127.0.0.1:8585", "http://evil.example", False),
        ("evil.example:8585", "http://evil.example:8585", False),  # a name made to lead here
        ("127.0.0.1:8585", "null", False),
        ("127.0.0.1:8585", "", False),
        ("", "", False),
    ],
)
def test_only_our_own_page_may_drive_the_terminal(host, origin, fits):
    assert server._same_page({"host": host, "origin": origin}, "desk.example") is fits
