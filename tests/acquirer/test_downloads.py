"""Downloads, status upload and what the header asks a terminal to do, over TCP."""

import re
from pathlib import Path

import pytest
import yaml
from client import EXPIRY, PAN
from pyemv import tlv
from settlement_client import Manager
from sqlalchemy import delete

from host_tools.acquirer import security, settings
from host_tools.acquirer.handlers import downloads, management, settlement
from host_tools.acquirer.models_settings import EmvRecord
from host_tools.acquirer.seed import MERCHANT_ID

ROOT = Path(__file__).resolve().parents[2]
YAML = yaml.safe_load((ROOT / "host_tools/emv/terminal.yaml").read_text(encoding="utf-8"))
TERMINAL = "12345678"


@pytest.fixture
def client(host):
    with Manager(host.port) as terminal:
        terminal.sign_in()
        yield terminal


def parameters(field: bytes) -> dict[str, str]:
    """As a terminal reads it, by the sizes of the reference."""
    sizes = {"11": 2, "12": 2, "13": 1, "14": 14, "15": 14, "16": 14, "17": 14, "18": 1, "19": 2}
    sizes |= {"20": 1, "21": 1, "22": 40, "23": 1, "24": 1, "25": 1, "26": 8, "27": 2}
    found, at = {}, 0
    while at < len(field):
        tag = field[at : at + 2].decode()
        found[tag] = field[at + 2 : at + 2 + sizes[tag]].decode("gbk")
        at += 2 + sizes[tag]
    assert list(found) == list(sizes)
    return found


def test_parameters(client):
    found = parameters(client.ask_for("0800", "360"))
    assert found["22"] == "TAPTILL TEST SHOP".ljust(40)
    assert (found["11"], found["14"], found["23"], found["26"]) == ("60", " " * 14, "3", "F" * 8)
    assert client.manage("0800", "361")[39] == "00"


def test_parameters_of_terminal_merchant_and_all(host, client):
    host.ledger.set_parameter("11", "45")
    host.ledger.set_parameter("27", "05", MERCHANT_ID)
    host.ledger.set_parameter("27", "07", TERMINAL)
    host.ledger.set_parameter("27", "01", "12345679")
    host.ledger.set_parameter("22", "咖啡" * 10, MERCHANT_ID)
    found = parameters(client.ask_for("0800", "360"))
    assert (found["11"], found["27"], found["22"]) == ("45", "07", "咖啡" * 10)
    client.terminal = "12345680"
    assert parameters(client.ask_for("0800", "360"))["27"] == "05"


@pytest.mark.parametrize(
    ("name", "value"),
    [("11", "5"), ("11", "5x"), ("26", "GG000000"), ("22", "x" * 41), ("FF8058", "1000")],
)
def test_bad_parameters(host, name, value):
    with pytest.raises(ValueError):
        host.ledger.set_parameter(name, value)
    with pytest.raises(KeyError):
        host.ledger.set_parameter("99", "1")


def test_contactless(host, client):
    host.ledger.set_parameter("FF8058", "000000030000", TERMINAL)
    field = client.ask_for("0800", "394")
    assert field[:1] == b"1"
    # The tags say "constructed", the values are text all the same: one level is read.
    found, at = {}, 1
    while at < len(field):
        size = field[at + 3]
        found[field[at : at + 3].hex().upper()] = field[at + 4 : at + 4 + size]
        at += 4 + size
    assert found == {
        "FF805D": b"0",
        "FF8058": b"000000030000",
        "FF8054": b"1",
        "FF8057": b"1",
        "FF8059": b"000000100000",
        "FF805A": b"1",
    }
    assert client.manage("0800", "395")[39] == "00"


def listed(client, code: str, first: str) -> list[dict[str, bytes]]:
    """All entries of a query, as a terminal collects them."""
    found, part = [], b"2"
    while part == b"2":
        field = client.ask_for("0820", code, b"1%02d" % len(found))
        part, rest = field[:1], field[1:]
        for piece in rest.split(bytes.fromhex(first))[1:]:
            found.append(tlv.decode(bytes.fromhex(first) + piece))
    assert part == (b"1" if found else b"0")
    return found


def test_ca_keys(client):
    entries = listed(client, "372", "9F0605")
    assert len(entries) == len(YAML["ca_keys"])
    for entry in entries:
        assert list(entry) == ["9F06", "9F22", "DF05"] and len(entry["DF05"]) == 8
        asked = b"".join(
            bytes.fromhex(tag) + bytes([len(entry[tag])]) + entry[tag] for tag in ("9F06", "9F22")
        )
        field = client.ask_for("0800", "370", asked)
        assert field[:1] == b"1"
        key = tlv.decode(field[1:])
        assert list(key) == ["9F06", "9F22", "DF05", "DF06", "DF07", "DF02", "DF04", "DF03"]
        assert {tag: key[tag] for tag in entry} == entry and len(key["DF03"]) == 20
    assert client.ask_for("0820", "372", b"1%02d" % len(entries)) == b"0"
    assert client.manage("0800", "371")[39] == "00"


def test_applications(client):
    entries = listed(client, "382", "9F06")
    assert {entry["9F06"].hex().upper() for entry in entries} == {
        aid["aid"] for aid in YAML["aids"]
    }
    for aid in YAML["aids"]:
        name = bytes.fromhex(aid["aid"])
        field = client.ask_for("0800", "380", b"\x9f\x06" + bytes([len(name)]) + name)
        record = tlv.decode(field[1:], simple=True)
        assert (field[:1], record["9F06"], record["9F2A"]) == (b"1", name, bytes([aid["kernel"]]))
        assert record["DF11"].hex().upper() == aid["tac"]["default"]
        assert record["DF21"].hex() == f"{aid['cvm_limit']:012d}"
        for tag, value in aid.get("tags", {}).items():
            assert record[tag].hex().upper() == value
    assert client.manage("0800", "381")[39] == "00"


def test_more_than_one_message_holds(host, client):
    with host.ledger.begin() as work:
        for index in range(60):
            name = bytes.fromhex(f"9F0605A000000999 9F2201{index:02X}")
            told = name + b"\xdf\x05\x0820301231"
            record = EmvRecord(kind="capk", key=name.hex().upper(), listed=told, data=told)
            work.session.add(record)
    entries = listed(client, "372", "9F0605")
    assert len(entries) == 60 + len(YAML["ca_keys"])
    assert len({(entry["9F06"], entry["9F22"]) for entry in entries}) == len(entries)


def test_nothing_to_load(host, client):
    with host.ledger.begin() as work:
        work.session.execute(delete(EmvRecord))
    for code in ("372", "382"):
        assert client.ask_for("0820", code, b"100") == b"0"
    assert client.ask_for("0800", "370", bytes.fromhex("9F0605A0000003339F220101")) == b"0"
    assert client.ask_for("0800", "380", bytes.fromhex("9F0607A0000003330101")) == b"0"
    assert client.ask_for("0800", "390", b"100") == b"000"


def black_list(client) -> tuple[list[str], int]:
    """(entries, messages)."""
    found, part, messages = [], "2", 0
    while part == "2":
        field = client.ask_for("0800", "390", b"1%02d" % len(found)).decode()
        part, count, rest = field[0], int(field[1:3]), field[3:]
        for _ in range(count):
            size = int(rest[:2])
            found.append(rest[2 : 2 + size])
            assert len(found[-1]) == size
            rest = rest[2 + size :]
        assert rest == ""
        messages += 1
    return found, messages


def test_black_list(host, client):
    host.ledger.set_black_list(["62999", "621234567890"])
    assert black_list(client) == (["621234567890", "62999"], 1)
    assert client.manage("0800", "391")[39] == "00"
    host.ledger.set_black_list(f"62{number:09d}" for number in range(90))
    found, messages = black_list(client)
    assert (len(found), messages) == (90, 3)


@pytest.mark.parametrize("digits", ["123", "1234567890123", "62x999"])
def test_bad_black_list(host, digits):
    with pytest.raises(ValueError):
        host.ledger.set_black_list([digits])


def test_a_card_of_the_black_list_is_refused(host, client):
    assert client.sale(1000)[39] == "00"
    host.ledger.set_black_list([PAN[:12]])
    assert client.sale(1000)[39] == "04"
    host.ledger.set_black_list([PAN[:11] + "9"])
    assert client.sale(1000)[39] == "00"


@pytest.mark.parametrize(
    ("mti", "code", "what"),
    [
        ("0820", "372", b""),
        ("0820", "372", b"200"),
        ("0820", "382", b"1000"),
        ("0820", "382", b"1a0"),
        ("0800", "390", b"1"),
        ("0800", "370", b"\x9f\x06\x05\xa0"),
        ("0800", "380", b""),
        ("0820", "362", b""),
        ("0820", "362", b"\x00\x01"),
    ],
)
def test_broken_requests(host, client, mti, code, what):
    assert client.manage(mti, code, f62=what.hex())[39] == "30"
    record = host.log.wait(lambda record: record["event"] == "reply" and "why" in record)
    assert record["why"].startswith("F62 at ")


def test_status(host, client):
    assert host.ledger.status(TERMINAL) is None
    for text in ("011021031041051", "0110210310410511160"):
        reply = client.manage("0820", "362", f62=text.encode().hex())
        assert (reply["t"], reply[39]) == ("0830", "00")
    assert host.ledger.status(TERMINAL)[0] == "0110210310410511160"


# docs/acquirer.md

DOC = (ROOT / "docs" / "acquirer.md").read_text(encoding="utf-8")


def table(section: str, columns: int) -> list[list[str]]:
    """All rows of this many columns in a section, without heads."""
    text = DOC.split(f"## {section}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows if len(row) == columns]


def test_documented_parameters():
    rows = {row[0]: row[1:4] for row in table("Downloads", 5)}
    known = settings.DOWNLOADED | settings.CONTACTLESS_TAGS
    words = {tag: word for word, tag in settings.WORDS.items()}
    assert set(words) == {*known, settings.DOUBLE_MAK} and len(words) == len(settings.WORDS)
    for tag, (size, value) in known.items():
        assert rows[tag] == [words[tag], str(size), value]
    tags = {tag for tag in rows if re.fullmatch(r"\d\d|FF[0-9A-F]{4}", tag)}
    assert tags == set(known)


def test_documented_digits():
    rows = {row[0]: (row[1], row[2]) for row in table("Downloads", 4) if row[0].isdigit()}
    words = {digit: word for word, digit in settings.DEMANDS.items()}
    assert rows == {digit: (words[digit], what) for digit, what in settings.ASKED.items()}


def test_documented_key_modes():
    rows = {row[0]: row[2] for row in table("Keys", 5)[2:]}
    assert rows == {
        code: ", ".join(str(size) for size in sizes) for code, sizes in security.KEY_SIZES.items()
    }


def test_documented_messages():
    rows = DOC.split("## What it answers")[1].split("### ")[0] + DOC.split("## Downloads")[1]
    for route in (*management.ROUTES, *downloads.ROUTES, *settlement.ROUTES):
        assert route.code is not None
        if not 203 <= int(route.code) <= 206:
            assert route.code in rows, route.name


# digit P of the header

ENDS = {
    "1": lambda c: c.manage("0800", "361"),
    "2": lambda c: c.manage("0820", "362", f62=b"0110".hex()),
    "3": lambda c: c.sign_in(),
    "4": lambda c: c.manage("0800", "371"),
    "5": lambda c: c.manage("0800", "381"),
    "7": lambda c: c.manage("0800", "391"),
    "9": lambda c: c.manage("0800", "395"),
}


def test_all_digits_have_an_end():
    assert set(ENDS) == set(settings.ASKED)


@pytest.mark.parametrize("digit", sorted(ENDS))
def test_a_digit_stays_until_it_is_done(host, client, digit):
    assert client.manage("0820", "301") and client.action == "0"
    host.ledger.ask(TERMINAL, digit)
    sent = [
        lambda: client.manage("0820", "301"),
        lambda: client.sale(1000),
        lambda: client.sale(1051),
        lambda: client.sale(1000, f4=""),
        lambda: client.exchange("0200", client.sale_fields(1000)),
        lambda: client.manage("0800", "999"),
        lambda: client.manage("0800", "360"),
    ]
    codes = []
    for send in sent:
        codes.append(send()[39])
        assert client.action == digit
    assert codes == ["00", "00", "51", "30", "A0", "40", "00"]
    assert ENDS[digit](client)[39] == "00"
    assert client.action == "0"
    assert host.ledger.asked(TERMINAL) == ""


def test_digits_one_after_the_other_each_once_and_only_for_one_terminal(host, client):
    for digit in "7247":
        host.ledger.ask(TERMINAL, digit)
    seen = []
    for _ in range(4):
        client.manage("0820", "301")
        seen.append(client.action)
        if client.action != "0":
            ENDS[client.action](client)
    assert seen == ["7", "2", "4", "0"]
    host.ledger.ask("12345679", "1")
    client.manage("0820", "301")
    assert client.action == "0"
    with pytest.raises(KeyError):
        host.ledger.ask("00000000", "1")
    for digit in ("0", "6", "12"):
        with pytest.raises(ValueError):
            host.ledger.ask(TERMINAL, digit)


# IC script result


def result(client, icc="DF3105200000000F", **changes):
    fields = {2: PAN, 3: "000000", 4: "000000001000", 11: client.next_trace(), 14: EXPIRY}
    fields |= {22: "071", 23: "001", 25: "00", 41: client.terminal, 42: client.merchant}
    fields |= {49: "156", 55: icc, 60: f"22{client.batch}951"}
    fields |= {int(name[1:]): value for name, value in changes.items()}
    kept = {number: value for number, value in fields.items() if value}
    return client.exchange("0620", kept, mac=True), kept


def test_script_result(host, client):
    reply, fields = result(client)
    assert (reply["t"], reply[39], reply["mac_ok"]) == ("0630", "00", True)
    assert client.exchange("0620", fields, mac=True)[39] == "00"
    assert host.ledger.script_results(TERMINAL) == [bytes.fromhex("200000000F")]
    assert result(client, f2="")[0][39] == "00"
    assert len(host.ledger.script_results(TERMINAL)) == 2


def test_a_script_result_told_again_under_another_trace_counts_once(host, client):
    for _ in range(2):
        assert result(client, f61=f"{client.batch}000001")[0][39] == "00"
    assert len(host.ledger.script_results(TERMINAL)) == 1
    result(client, f61=f"{client.batch}000002")
    assert len(host.ledger.script_results(TERMINAL)) == 2


def test_script_results_that_are_none(host, client):
    assert result(client, icc="9F2608" + "00" * 8)[0][39] == "30"
    assert result(client, icc="")[0][39] == "30"
    reply = client.exchange("0620", result(client)[1] | {11: "000900"})
    assert reply[39] == "A0"
    assert len(host.ledger.script_results(TERMINAL)) == 1
