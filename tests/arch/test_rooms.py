"""The rules of the rooms hold in the tree, and their checkers can tell when they do not."""

import re

import pytest
import rooms
import sources
from sources import Source


def test_rooms_import_only_what_they_may():
    assert [v for s in sources.firmware() for v in rooms.imports_between_rooms(s)] == []


@pytest.mark.parametrize(
    "module, text",
    [
        ("pos.protocol.bcd", "from pos import log"),
        ("pos.crypto.des", "import pos.aio"),
        ("pos.emv.entry", "def go():\n    from pos.store import journal"),
        ("pos.drivers.pn532", "from pos.store import params"),
        ("pos.store.keys", "from pos.ui.frame import Ui"),
        ("pos.ui.frame", "from pos.crypto import mac"),
        ("pos.acquirer.session", "from pos.flows import sale"),
        ("pos.slips.sale", "from pos.crypto import des"),
        ("pos.flows.sale", "from pos.drivers.pn532 import Pn532"),
        ("pos.flows.sale", "from pos import hw"),
        ("pos.flows.sale", "from pos import terminal"),
        ("pos.hw", "from pos import terminal"),
        ("pos.hw", "from pos import *"),
        ("pos.aio", "from pos import log"),
        ("pos.log", "from pos import aio"),
        ("pos.ui.frame", "from ..drivers import ili9341"),
        ("pos.ui.frame", "__import__('pos.hw')"),
        ("pos.ui.frame", "__import__(name)"),
        ("pos.attic.old", "x = 1"),
        ("main", "from pos import hw"),
    ],
)
def test_a_forbidden_import_is_found(module, text):
    assert len(rooms.imports_between_rooms(Source(module, text))) == 1


@pytest.mark.parametrize(
    "module, text",
    [
        ("pos.protocol.bcd", "from pos.protocol.errors import BadBytes\nimport struct"),
        ("pos.store.keys", "from . import files\nfrom ..crypto import des"),
        ("pos.terminal", "from pos import hw, log\n__import__(name)"),
        ("main", "from pos import terminal"),
    ],
)
def test_an_allowed_import_is_not(module, text):
    assert rooms.imports_between_rooms(Source(module, text)) == []


def test_the_platform_is_known_only_where_it_may_be():
    assert [v for s in sources.firmware() for v in rooms.imports_of_platform(s)] == []


@pytest.mark.parametrize(
    "module, text",
    [
        ("pos.protocol.tlv", "import asyncio"),
        ("pos.crypto.des", "from os import urandom"),
        ("pos.emv.kernel7", "import time"),
        ("pos.slips.sale", "import sys"),
        ("pos.acquirer.messages", "import socket"),
        ("pos.terminal", "import machine"),
        ("pos.flows.sale", "from machine import Pin"),
        ("pos.drivers.pn532", "from umachine import UART"),
        ("pos.acquirer.session", "import network"),
        ("pos.store.keys", "import esp32"),
        ("pos.terminal", "import board"),
        ("pos.flows.sale", "import struct"),
        ("pos.flows.sign_in", "import socket"),
        ("main", "import machine"),
    ],
)
def test_a_forbidden_platform_module_is_found(module, text):
    assert len(rooms.imports_of_platform(Source(module, text))) == 1


@pytest.mark.parametrize(
    "module, text",
    [
        ("pos.hw", "import board\nimport esp32\nimport machine\nimport network"),
        ("pos.acquirer.session", "import asyncio\nimport ssl"),
        ("pos.protocol.iso8583", "from micropython import const\nimport struct"),
    ],
)
def test_an_allowed_platform_module_is_not(module, text):
    assert rooms.imports_of_platform(Source(module, text)) == []


def test_no_room_imports_itself_by_way_of_others():
    assert rooms.cycles(sources.firmware()) == []


def test_a_cycle_is_found_once():
    ring = [
        Source("pos.ui.frame", "from pos import aio"),
        Source("pos.aio", "from pos.store import files"),
        Source("pos.store.files", "import pos.ui.canvas"),
        Source("pos.log", "from pos import aio"),
    ]
    assert rooms.cycles(ring) == ["aio -> store -> ui -> aio"]


def test_host_tools_take_only_protocol_and_crypto_from_the_firmware():
    assert rooms.imports_from_firmware(sources.host_tools()) == []


@pytest.mark.parametrize(
    "module, text",
    [
        ("host_tools.device.virtual", "from pos.store import journal"),
        ("host_tools.vboard.chips.pn532", "from pos.protocol import pn532_frame"),
        ("host_tools.vboard.cards.card", "def f():\n    import pos.protocol.tlv"),
        ("host_tools.acquirer.wire", "from pos.crypto.mac import pos_ecb"),
        ("host_tools.acquirer.wire", "from host_tools.helper import pack"),
        ("host_tools.acquirer.wire", "import host_tools.helper"),
    ],
)
def test_a_host_tool_that_takes_too_much_is_found(module, text):
    helper = Source("host_tools.helper", "from pos.protocol.iso8583 import pack")
    assert len(rooms.imports_from_firmware([Source(module, text), helper])) == 1


def test_boards_are_data():
    boards = [sources.read(p, sources.ROOT) for p in sorted(sources.BOARDS.rglob("*.py"))]
    assert boards
    assert [s.at(line, name) for s in boards for line, name in s.imports()] == []


def rooms_of_table(text):
    """The rooms in the first column of the table in CONTRIBUTING.md."""
    rows = re.findall(r"^\| (`[^|]*)\|", text, re.MULTILINE)
    return {room for row in rows for room in re.findall(r"`(\w+)`", row)}


def test_contributing_lists_the_same_rooms():
    text = (sources.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert rooms_of_table(text) == set(rooms.MAY_IMPORT) - {"main"}


def test_only_the_first_column_counts():
    assert rooms_of_table("| room | may |\n| `a`, `b` | `c` |\n") == {"a", "b"}
