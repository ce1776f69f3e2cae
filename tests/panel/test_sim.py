"""``taptill sim`` as a program: what it says, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TAPTILL = ROOT / ".venv" / "bin" / "taptill"


def start(*arguments):
    return subprocess.Popen(
        [str(TAPTILL), "sim", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_and_stops_cleanly(number):
    process = start("--port", "0")
    try:
        first, second = process.stdout.readline(), process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+/", first)[0]
        assert "Operator 01, password 0000" in second
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert b"<title>TapTill" in answer.read()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (0, "The terminal is off.\n", "")


def test_a_port_that_is_taken_is_told_in_a_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start("--port", str(port))
        out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert out == ""
    assert f"port {port} of 127.0.0.1 is taken" in err
    assert "Traceback" not in err


def test_an_address_that_is_not_ours_is_told_in_a_sentence():
    process = start("--host", "192.0.2.1", "--port", "0")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "cannot listen at 192.0.2.1" in err
    assert "Traceback" not in err
