"""A host with a fresh ledger in memory, and a client that has signed in."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from client import Client

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.log import JsonLog
from host_tools.acquirer.server import HostThread


@pytest.fixture
def host(tmp_path):
    ledger = open_ledger(terminals=20)
    log = JsonLog(tmp_path / "host.jsonl")
    with HostThread(ledger, log) as running:
        yield running
    errors = [record for record in log.records if record["event"] == "error"]
    log.close()
    assert ledger.check() == []
    ledger.close()
    assert errors == []


@pytest.fixture
def client(host):
    with Client(host.port) as terminal:
        terminal.sign_in()
        yield terminal
