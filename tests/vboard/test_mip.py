"""What people who develop add to a board: ``mpremote mip`` with boards/package.json.

The packages are doubles of this test's own, from an index of its own: micropython-lib's index is
not asked. What is shown is that the declaration is one that mip takes, and where it installs.
"""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from idle import IDLE

from host_tools import boards
from host_tools.build.image import cross_compile

PACKAGE = boards.BOARDS / "package.json"


@pytest.fixture
def index(tmp_path):
    """An index of packages as micropython.org/pi/v2 has it, with a double of each that we name."""
    answers = {}
    for name, version in json.loads(PACKAGE.read_text(encoding="utf-8"))["deps"]:
        cross_compile(f"DOUBLE = {name!r}\n", name, tmp_path / f"{name}.mpy")
        data = (tmp_path / f"{name}.mpy").read_bytes()
        short = hashlib.sha256(data).hexdigest()[:8]
        answers[f"/file/{short[:2]}/{short}"] = data
        entry = {"v": 1, "version": "0", "hashes": [[f"{name}.mpy", short]]}
        answers[f"/package/6/{name}/{version}.json"] = json.dumps(entry).encode()

    class Index(BaseHTTPRequestHandler):
        def do_GET(self):
            data = answers.get(self.path)
            self.send_response(404 if data is None else 200)
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_packages_are_installed_and_can_be_imported(bench, index):
    b = bench(IDLE + "print('program runs')\nasyncio.run(main())\n")
    b.said("program runs")
    told = b.mpremote("mip", "--index", index, "install", str(PACKAGE))
    for name, _ in json.loads(PACKAGE.read_text(encoding="utf-8"))["deps"]:
        assert f"Installing: /lib/{name}.mpy" in told
        assert b.mpremote("exec", f"import {name}; print({name}.DOUBLE)") == f"{name}\n"
    assert "Exists: /lib/" in b.mpremote("mip", "--index", index, "install", str(PACKAGE))
