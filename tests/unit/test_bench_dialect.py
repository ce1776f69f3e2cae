"""The bench of messages and keys: what it measures runs, and what it says without instruments."""

import json
import subprocess
from pathlib import Path

import pytest

from host_tools.bench import dialect, mpy, report


@pytest.fixture(scope="module", autouse=True)
def built():
    mpy.prepare()


OURS = [work for work in dialect.WORKS if not work.package]


@pytest.fixture
def alone(monkeypatch):
    """No valgrind, no packages, no WebAssembly."""
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(dialect, "fetch", lambda name, pins, *options: f"{pins[0]} is far away")


def test_what_is_ours_is_measured_offline(alone):
    (told,) = dialect.measure()
    rows = [row for row in told.rows if not row.what.startswith(" ")]
    assert [row.what for row in rows[:-2]] == [work.what for work in OURS]
    assert all(row.value is None and "valgrind" in row.note for row in rows[:-2])
    assert [row.note for row in rows[-2:]] == [
        f"{dialect.PACKAGES[0]} is far away",
        f"{dialect.WASM[0]} is far away",
    ]
    allocated = [row for row in told.rows if row.what.startswith("  allocated")]
    assert len(allocated) == len(OURS)
    assert all(row.value and row.verdict != "missed" for row in allocated)
    assert "far away" in report.table(told) and "messages and keys" in report.as_json([told])


def test_figures_of_a_work(monkeypatch):
    """Twice the work less once, over how often: whatever the start has taken."""
    work = OURS[0]
    monkeypatch.setattr(mpy, "has_valgrind", lambda: True)
    monkeypatch.setattr(
        mpy, "instructions", lambda programs: [10_000, 10_000 + 300 * work.n][: len(programs)]
    )
    found = dialect._on_board([work], True)
    assert found[work.what][0] == 300 and found[work.what][1] > 0


def test_without_the_network_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(dialect, "_PYPI", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    said = dialect.fetch("packages", ("pyDes==2.0.1",))
    assert said == "pyDes==2.0.1 could not be fetched; the bench needs PyPI for them"
    assert not (tmp_path / "packages" / "pins").exists()


def test_the_32_bit_meter_is_given_the_firmware(monkeypatch):
    found = []

    def run(command, *, input, **options):
        programs = json.loads(input)
        tree = programs[0].partition("'/input/")[2].partition("'")[0]
        found.append((Path(command[-1]) / tree / "pos" / "crypto").is_dir())
        said = "".join(json.dumps(["allocated 48", "", 900 + 100 * n]) + "\n" for n in (0, 5))
        return subprocess.CompletedProcess(command, 0, said, "")

    monkeypatch.setattr(subprocess, "run", run)
    assert dialect._on_wasm([OURS[0]]) == {OURS[0].what: (500 / OURS[0].n, 48)}
    assert found == [True]
