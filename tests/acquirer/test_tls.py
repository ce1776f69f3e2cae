"""TLS with certificates on both sides: who gets in, who does not, and what the log says of it."""

import shutil
import socket
import ssl
import subprocess
import warnings

import pytest
from client import Client
from typer.testing import CliRunner

from host_tools import cli
from host_tools.acquirer import tls
from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread

SERIAL = "TT000001"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A CA, a host's and a terminal's certificate; another CA with the same."""
    made = tmp_path_factory.mktemp("tls")
    for place in (made, made / "other"):
        tls.make_ca(place)
        tls.make_server(place, "localhost")
        tls.make_terminal(place, SERIAL)
    tls.make_terminal(made, "EXPIRED", days=-1)
    return made


@pytest.fixture
def host(folder):
    server = folder / "server-localhost.pem"
    context = tls.server_context(server, server.with_suffix(".key"), folder / "ca.pem")
    ledger = open_ledger()
    with HostThread(ledger, tls=context) as running:
        yield running
    ledger.close()


def client_context(folder, cert=None, ca="ca.pem"):
    context = ssl.create_default_context(cafile=str(folder / ca))
    if cert is not None:
        context.load_cert_chain(folder / f"{cert}.pem", folder / f"{cert}.key")
    return context


def connect(host, context):
    sock = socket.create_connection(("127.0.0.1", host.port), timeout=10)
    return context.wrap_socket(sock, server_hostname="localhost")


def test_a_terminal_signs_in_and_pays(host, folder):
    client = Client(host.port)
    with connect(host, client_context(folder, f"terminal-{SERIAL}")) as client.sock:
        assert client.sign_in()[39] == "00"
        reply = client.sale(12800)
        assert reply[39] == "00" and reply["mac_ok"]
    seen = host.log.wait(lambda r: r["event"] == "connect")
    assert (seen["certificate"], seen["protocol"]) == (SERIAL, "TLSv1.3")


REFUSED = {
    "no certificate": (None, "ca.pem", "the terminal has no certificate"),
    "foreign": (
        f"other/terminal-{SERIAL}",
        "ca.pem",
        "the terminal's certificate is another CA's",
    ),
    "expired": ("terminal-EXPIRED", "ca.pem", "the terminal's certificate has expired"),
    "a host's": ("server-localhost", "ca.pem", "the certificate is not a terminal's"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_who_is_refused_is_logged_in_words(host, folder, name):
    cert, ca, why = REFUSED[name]
    # in TLS 1.3 a client learns of it with its first read
    try:
        with connect(host, client_context(folder, cert, ca)) as sock:
            sock.sendall(bytes(2))
            answer = sock.recv(1)
    except (ssl.SSLError, ConnectionError):
        answer = b""
    assert answer == b""
    assert host.log.wait(lambda r: r["event"] == "refused")["why"] == why
    assert not [r for r in host.log.records if r["event"] in ("connect", "error")]


def test_a_terminal_that_does_not_trust_the_host(host, folder):
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(host, client_context(folder / "other", f"terminal-{SERIAL}"))
    assert (
        host.log.wait(lambda r: r["event"] == "refused")["why"]
        == "the terminal does not know our CA"
    )


def test_a_host_of_another_name_is_not_trusted(host, folder):
    context = client_context(folder, f"terminal-{SERIAL}")
    sock = socket.create_connection(("127.0.0.1", host.port), timeout=10)
    with sock, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(sock, server_hostname="elsewhere.test")


def test_old_versions_of_tls_are_refused(host, folder):
    context = client_context(folder, f"terminal-{SERIAL}")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(host, context)
    assert (
        host.log.wait(lambda r: r["event"] == "refused")["why"] == "a TLS version that is too old"
    )


def test_bytes_that_are_no_tls(host):
    with socket.create_connection(("127.0.0.1", host.port), timeout=10) as sock:
        sock.sendall(bytes.fromhex("003460000300006031003100") + bytes(42))
        while sock.recv(100):
            pass
    assert host.log.wait(lambda r: r["event"] == "refused")["why"] in (
        "that is not TLS",
        "record layer failure",
    )


def test_one_who_says_nothing_keeps_nobody_waiting(host, folder):
    with socket.create_connection(("127.0.0.1", host.port), timeout=10):
        with connect(host, client_context(folder, f"terminal-{SERIAL}")):
            assert host.log.wait(lambda r: r["event"] == "connect")["certificate"] == SERIAL


def test_without_a_ca_any_terminal_gets_in(folder):
    server = folder / "server-localhost.pem"
    ledger = open_ledger()
    with HostThread(
        ledger, tls=tls.server_context(server, server.with_suffix(".key"), None)
    ) as host:
        with connect(host, client_context(folder)):
            assert host.log.wait(lambda r: r["event"] == "connect")["certificate"] == ""
    ledger.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program openssl")
def test_openssl_agrees(host, folder):
    command = ("openssl", "s_client", "-connect", f"127.0.0.1:{host.port}", "-verify_return_error")
    files = ("-CAfile", folder / "ca.pem", "-servername", "localhost")
    own = ("-cert", folder / f"terminal-{SERIAL}.pem", "-key", folder / f"terminal-{SERIAL}.key")
    done = subprocess.run((*command, *files, *own), input=b"", capture_output=True, timeout=30)
    assert b"Verify return code: 0 (ok)" in done.stdout, done.stderr.decode()
    assert host.log.wait(lambda r: r["event"] == "connect")["certificate"] == SERIAL


# the CA as a program


@pytest.fixture
def ca(tmp_path):
    return lambda *words: CliRunner().invoke(
        cli.app, ["host", "ca", *words, "--dir", str(tmp_path)]
    )


def test_files_are_for_their_owner_and_not_written_over(ca, tmp_path):
    for words in (("init",), ("server", "127.0.0.1"), ("terminal", SERIAL)):
        assert ca(*words).exit_code == 0
        before = {file: file.read_bytes() for file in tmp_path.iterdir()}
        again = ca(*words)
        assert again.exit_code == 1 and "is there already and is not written over" in again.stderr
        assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert {oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()} == {"0o600"}
    assert len(list(tmp_path.iterdir())) == 6


def test_no_certificate_without_a_ca_and_none_with_a_name_that_is_a_path(ca, tmp_path):
    assert "taptill host ca init" in ca("terminal", SERIAL).stderr
    ca("init")
    result = ca("terminal", "../x")
    assert result.exit_code == 1 and len(list(tmp_path.iterdir())) == 2


def test_files_that_cannot_be_used_are_told(folder, tmp_path):
    cert = folder / "server-localhost.pem"
    with pytest.raises(tls.TlsError, match=r"nothing\.key"):
        tls.server_context(cert, tmp_path / "nothing.key", None)
    wrong = folder / f"terminal-{SERIAL}.key"
    with pytest.raises(tls.TlsError, match="KEY_VALUES_MISMATCH"):
        tls.server_context(cert, wrong, None)


def test_reasons_of_a_handshake():
    assert tls.why(TimeoutError()) == "the handshake took too long"
    assert tls.why(ConnectionResetError()) == "the connection broke in the handshake"
