"""The host started alone as a program, with clients that know nothing of this project.

They are scripts for an interpreter that has pyiso8583; keys, PIN block and MAC are psec's.
"""

import ast
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools import cli

ROOT = Path(cli.__file__).resolve().parents[1]
CLIENT = ROOT / "docs" / "examples" / "sale.py"

# An echo test by pyiso8583, in 25 lines: what an engineer would write.
SCRIPT = """
import socket, sys, iso8583
n = lambda most, size: {"data_enc": "b", "len_enc": "bcd", "len_type": size, "max_len": most,
                        "len_count": "nibbles", "right_pad" if size else "left_pad": "0"}
a = lambda most: {"data_enc": "ascii", "len_enc": "bcd", "len_type": 0, "max_len": most}
b = lambda most: {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": most}
spec = {"h": b(0), "t": b(2), "p": b(8), "12": n(6, 0), "13": n(4, 0), "32": n(11, 1),
        "39": a(2), "41": a(8), "42": a(15), "60": n(30, 2)}
message, _ = iso8583.encode(
    {"t": "0820", "41": "12345678", "42": "898100012340001", "60": "00000001301"}, spec)
body = bytes.fromhex("6000030000603100310000") + bytes(message)
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as line:
    line.sendall(len(body).to_bytes(2, "big") + body)
    stream = line.makefile("rb")
    answer = stream.read(int.from_bytes(stream.read(2), "big"))
assert answer[:5].hex() == "6000000003", "TPDU not swapped"
fields, _ = iso8583.decode(answer[11:], spec)
print(fields["t"], fields["39"], fields["41"], fields["60"])
"""


class Program:
    """The host as a process; ``port`` is where it listens."""

    def __init__(self, *arguments):
        command = (sys.executable, "-m", "host_tools.cli", "acquirer", "--port", "0", *arguments)
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        said = self.process.stderr.readline()
        found = re.search(r":(\d+)", said)
        assert found, said + self.process.stderr.read()
        self.port = int(found[1])

    def stop(self):
        """Its exit code and all that it printed."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@pytest.fixture
def start(tmp_path):
    """Start a host on a database of its own."""
    running = []

    def run(*arguments):
        database = f"sqlite:///{tmp_path / 'ledger.db'}"
        running.append(Program("--db", database, *map(str, arguments)))
        return running[-1]

    yield run
    for program in running:
        program.process.kill()
        program.process.communicate()


def ask(port):
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = (sys.executable, "-I", "-c", SCRIPT, str(port))
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=clean)


def test_a_script_with_pyiso8583_gets_its_answer(start):
    host = start()
    done = ask(host.port)
    assert done.stdout.split() == ["0830", "00", "12345678", "00000001301"], done.stderr
    code, out, _ = host.stop()
    assert code == 0 and '"mti": "0830"' in out and '"event": "stopped"' in out


def test_the_documented_client_sells_and_takes_back(start):
    """``docs/examples/sale.py`` has nothing of this project, and says what the page shows."""
    tree = ast.parse(CLIENT.read_text(encoding="utf-8"))
    names = {
        alias.name for node in ast.walk(tree) if type(node) is ast.Import for alias in node.names
    }
    names |= {node.module for node in ast.walk(tree) if type(node) is ast.ImportFrom}
    assert names == {"socket", "sys", "iso8583", "psec"}
    host = start()
    command = (sys.executable, "-I", "-W", "ignore", str(CLIENT), str(host.port))
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    page = (ROOT / "docs" / "acquirer.md").read_text(encoding="utf-8")
    shown = page.split("docs/examples/sale.py 8583\n")[1].split("```")[0]
    assert done.stdout == shown, done.stderr
    code, out, _ = host.stop()
    assert code == 0 and '"event": "error"' not in out and '"event": "bad_frame"' not in out


def test_what_it_prints_with_show_and_what_the_decoder_makes_of_its_log(start, tmp_path):
    log = tmp_path / "host.jsonl"
    host = start("--show", "--log", log)
    assert ask(host.port).returncode == 0
    code, out, _ = host.stop()
    assert code == 0 and "0830 answers 00" in out and "code 301" in out and "{" not in out
    command = (sys.executable, "-m", "host_tools.cli", "decode", "iso8583", str(log))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "MTI: 0820, echo test" in done.stdout and "answer to: echo test" in done.stdout


def test_the_ledger_is_there_after_a_restart_and_its_tables_are_right(start, tmp_path):
    host = start()
    send = ("host", "client", "sale", "--amount", "12.80", "--pin", "--port")
    command = (sys.executable, "-m", "host_tools.cli")
    assert subprocess.run((*command, *send, str(host.port)), cwd=ROOT).returncode == 0
    assert host.stop()[0] == 0
    again = start()
    database = f"sqlite:///{tmp_path / 'ledger.db'}"
    assert subprocess.run((*command, "host", "db", "check", database), cwd=ROOT).returncode == 0
    assert subprocess.run((*command, *send, str(again.port)), cwd=ROOT).returncode == 0


def test_certificates_made_by_the_command_work_over_the_wire(start, tmp_path):
    command = (sys.executable, "-m", "host_tools.cli", "host")
    for words in (("init",), ("server", "127.0.0.1"), ("terminal", "TT000001")):
        made = subprocess.run((*command, "ca", *words, "--dir", str(tmp_path)), cwd=ROOT)
        assert made.returncode == 0
    ca = ("--tls-ca", tmp_path / "ca.pem")
    host = start("--tls-cert", tmp_path / "server-127.0.0.1.pem", *ca)
    own = ("--tls-cert", tmp_path / "terminal-TT000001.pem", "--tls-key")
    own = (*own, tmp_path / "terminal-TT000001.key")
    echo = (*command, "client", "echo", "--port", str(host.port), *map(str, ca))
    assert subprocess.run((*echo, *map(str, own)), cwd=ROOT).returncode == 0
    assert subprocess.run(echo, cwd=ROOT).returncode == 3
    code, out, err = host.stop()
    assert code == 0 and "over TLS" not in out and "the terminal has no certificate" in out
    assert '"certificate": "TT000001"' in out


def test_bad_options_are_told(start, tmp_path):
    for words, code in ((("--tls-ca", "x"), 2), (("--tls-cert", "x"), 1)):
        command = (sys.executable, "-m", "host_tools.cli", "acquirer", "--db", "sqlite://", *words)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == code and "Traceback" not in done.stderr
