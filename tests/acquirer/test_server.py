"""The server under bad frames, many clients, and as a program; the log; the database file."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from client import HEADER, PAN, PIN, TPDU, Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_tools.acquirer import keystore
from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread

START = 100_000_000


def alive(host) -> bool:
    with Client(host.port) as terminal:
        return terminal.sign_in()[39] == "00"


def body(message: bytes, tpdu=TPDU, header=HEADER) -> bytes:
    data = tpdu + header + message
    return len(data).to_bytes(2, "big") + data


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"\x00\x00", "length 0"),
        (b"\xff\xff", "length 65535"),
        (b"\x00\x14" + bytes(20), "length 20"),
        (body(bytes(10), tpdu=b"\x61" + bytes(4)), "TPDU"),
        (body(bytes(10), header=b"\x60\x31\x00\x3f\x00\x00"), "header"),
        (body(b"\x0a\x00" + bytes(8)), "Ft at 0"),
        (body(b"\x02\x10" + bytes(8)), "not a request"),
        (body(b"\x02\x00\x80" + bytes(7)), "field 1 is not"),
        (body(b"\x02\x00" + bytes(8)), "F41"),
        (b"\x00\x40" + bytes(10), "stream ended"),
    ],
)
def test_frames_that_cannot_be_answered(host, frame, why):
    with Client(host.port) as terminal:
        terminal.send(frame)
        terminal.sock.shutdown(socket.SHUT_WR)
        assert terminal.sock.recv(10) == b""
    record = host.log.wait(lambda record: record["event"] == "bad_frame")
    assert why in record["why"]
    assert alive(host)


def test_broken_field_is_answered_30(host, client):
    good = client.pack("0200", client.sale_fields(1000), mac=True)
    cut = good[2:-60]
    client.send(len(cut).to_bytes(2, "big") + cut)
    reply = client.receive()
    assert (reply["t"], reply[39], reply[11]) == ("0210", "30", "000002")
    at = good.index(b"12345678")
    client.send(good[:at] + b"\x00" + good[at + 1 :])
    assert client.receive()[39] == "30"
    assert client.sale(1000)[39] == "00"


def test_frame_in_single_bytes(client):
    for octet in client.pack("0200", client.sale_fields(1000), mac=True):
        client.send(bytes([octet]))
    assert client.receive()[39] == "00"


def test_many_frames_at_once(client):
    client.send(
        b"".join(client.pack("0200", client.sale_fields(1000), mac=True) for _ in range(5))
    )
    assert [client.receive()[11] for _ in range(5)] == [f"{number:06d}" for number in range(2, 7)]


@given(data=st.data())
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_sale_never_hurts(host, client, data):
    """A good sale with bytes changed, cut or added: never approved, never an unforeseen error."""
    good = client.pack("0200", client.sale_fields(1000), mac=True)
    frame = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        # From the header on: a changed TPDU comes back changed.
        frame[data.draw(st.integers(7, len(frame) - 1))] = data.draw(st.integers(0, 255))
    frame = frame[: data.draw(st.integers(20, len(frame)))] + data.draw(st.binary(max_size=4))
    client.connect()
    client.send((len(frame) - 2).to_bytes(2, "big") + frame[2:])
    client.sock.shutdown(socket.SHUT_WR)
    try:
        assert client.receive()[39] != "00" or frame[13:] == good[13:]
    except EOFError:
        pass
    assert not [record for record in host.log.records if record["event"] == "error"]


@given(junk=st.binary(max_size=200))
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_junk_message_never_hurts(host, junk):
    with Client(host.port) as terminal:
        terminal.send(body(b"\x02\x00" + junk.ljust(8, b"\0")))
        terminal.sock.shutdown(socket.SHUT_WR)
        try:
            assert terminal.receive()[39] in ("30", "97", "03", "A0")
        except EOFError:
            pass
    assert not [record for record in host.log.records if record["event"] == "error"]
    assert host.ledger.transactions() == []


def test_twenty_clients_at_once(host):
    def work(number: int) -> list[str]:
        with Client(host.port, terminal=str(12345678 + number)) as terminal:
            terminal.sign_in()
            return [terminal.sale(100)[39] for _ in range(10)]

    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(work, range(20)))
    assert codes == [["00"] * 10] * 20
    assert host.ledger.balance(PAN) == START - 20 * 10 * 100
    assert len({row.rrn for row in host.ledger.transactions()}) == 200


def test_same_trace_on_two_connections_is_booked_once(host, client):
    frame = client.pack("0200", client.sale_fields(1000), mac=True)
    others = [Client(host.port, mak=client.mak).connect() for _ in range(8)]
    for other in others:
        other.send(frame)
    codes = sorted(other.receive()[39] for other in others)
    for other in others:
        other.close()
    assert codes == ["00"] + ["94"] * 7
    assert host.ledger.balance(PAN) == START - 1000


def test_log_is_masked(host, client, tmp_path):
    from client import pin_block

    client.sale(1000, f35=f"{PAN}D30122011234567890")
    client.sale(1000, pin="987654")
    client.reverse(client.sale_fields(1000))
    client.send(b"\x00\x40" + PAN.encode() * 4)
    host.log.wait(lambda record: record["event"] == "bad_frame")
    text = (tmp_path / "host.jsonl").read_text()
    records = [json.loads(line) for line in text.splitlines()]
    assert {"request", "reply", "bad_frame"} <= {record["event"] for record in records}
    assert "621234******1232" in text
    secrets = [PAN, PAN[6:12], f'"{PIN}"', "987654", "3012201", client.mak.hex(), client.pik.hex()]
    secrets.append(pin_block(client.pik, PIN, PAN))
    assert [secret for secret in secrets if secret.lower() in text.lower()] == []
    assert set(re.findall(r"(?<!\d)\d{16,19}(?!\d)", text)) == {"2600000000000000"}


def test_nothing_secret_in_the_database_file(tmp_path, monkeypatch):
    monkeypatch.delenv(keystore.ENVIRONMENT, raising=False)
    file = tmp_path / "host.db"
    ledger = open_ledger(f"sqlite:///{file}")
    with HostThread(ledger) as host, Client(host.port) as terminal:
        terminal.sign_in()
        terminal.sale(1000)
    ledger.close()
    data = b"".join(
        part.read_bytes() for part in tmp_path.glob("host.db*") if part.suffix != ".key"
    )
    tmk = bytes.fromhex("11111111111111112222222222222222")
    # The PIN of the second card: that of the first is part of the terminal's number.
    for secret in (
        PAN.encode(),
        b"654321",
        tmk,
        tmk.hex().encode(),
        terminal.mak,
        terminal.pik,
    ):
        assert secret not in data
    key_file = tmp_path / "host.db.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert key_file.read_text().strip() not in data.decode("latin-1")


def test_ledger_survives_a_restart(tmp_path, monkeypatch):
    monkeypatch.delenv(keystore.ENVIRONMENT, raising=False)
    url = f"sqlite:///{tmp_path / 'host.db'}"
    ledger = open_ledger(url)
    with HostThread(ledger) as host, Client(host.port) as terminal:
        terminal.sign_in()
        fields = terminal.sale_fields(1000)
        assert terminal.exchange("0200", fields, mac=True)[39] == "00"
    ledger.close()
    ledger = open_ledger(url)
    with HostThread(ledger) as host:
        terminal.port = host.port
        assert terminal.connect().reverse(fields)[39] == "00"
        terminal.close()
    assert ledger.balance(PAN) == START
    assert ledger.check() == []
    ledger.close()


def test_database_of_another_key_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(keystore.ENVIRONMENT, "11" * 32)
    ledger = open_ledger(f"sqlite:///{tmp_path / 'host.db'}")
    ledger.close()
    monkeypatch.setenv(keystore.ENVIRONMENT, "22" * 32)
    with pytest.raises(keystore.KeyStoreError):
        open_ledger(f"sqlite:///{tmp_path / 'host.db'}")


@pytest.mark.parametrize("text", ["", "xyz", "11" * 31])
def test_malformed_master_key(tmp_path, monkeypatch, text):
    monkeypatch.setenv(keystore.ENVIRONMENT, text)
    with pytest.raises(keystore.KeyStoreError):
        keystore.load(tmp_path / "unused")


def test_key_file_that_others_can_read_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv(keystore.ENVIRONMENT, raising=False)
    keystore.load(tmp_path / "key")
    os.chmod(tmp_path / "key", 0o644)
    with pytest.raises(keystore.KeyStoreError, match="readable by others"):
        keystore.load(tmp_path / "key")


def test_as_a_program(tmp_path):
    source = (
        "import sys; from host_tools.acquirer.app import run_acquirer\n"
        f"run_acquirer(0, 'sqlite:///{tmp_path}/a.db', faults=['answer 91 mti=0200'],"
        f" log_path=__import__('pathlib').Path('{tmp_path}/log'),"
        " on_ready=lambda port: print(port, flush=True))"
    )
    program = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    try:
        with Client(int(program.stdout.readline())) as terminal:
            terminal.sign_in()
            assert [terminal.sale(1000)[39] for _ in range(2)] == ["91", "00"]
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 0
    finally:
        program.kill()
        program.wait()
        program.stdout.close()
