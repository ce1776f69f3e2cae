"""The meter of the whole terminal's heap: what it reads, and what it says where it cannot."""

import pytest

from host_tools.bench import frozen, mpy


def test_what_is_missing_is_named_with_what_installs_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    (report,) = frozen.measure()
    (row,) = report.rows
    assert row.value is None
    assert row.note.startswith("make, gcc, apt-get missing; on Debian: apt-get install make gcc")


def test_a_step_that_fails_is_told_by_its_last_words(monkeypatch, tmp_path):
    monkeypatch.setattr(frozen, "_HOME", tmp_path)
    with pytest.raises(mpy.MeterError, match=r"one failed, see .*one\.log: so it is$"):
        frozen._run("one", ["sh", "-c", "echo begun; echo so it is >&2; exit 3"], tmp_path)


def test_each_phase_is_what_was_written_since_the_one_before(monkeypatch, tmp_path):
    monkeypatch.setattr(frozen, "_HOME", tmp_path)
    notes = frozen._Notes()
    file = tmp_path / "notes"
    file.write_text("300 3840 90 pos.hw\n500 16 20 pos.log\n400 16 95 main\n")
    notes.end("start")
    with file.open("a") as more:
        more.write("450 64 10 asyncio.core\n")
    notes.end("sale")
    assert notes.phases == [
        frozen.Phase("start", 500, "pos.log", 3840, 95),
        frozen.Phase("sale", 450, "asyncio.core", 64, 10),
    ]


def test_the_smallest_heap_is_the_one_below_which_the_story_fails(monkeypatch):
    told = []

    def story(kilobytes):
        told.append(kilobytes)
        if kilobytes < 47:
            raise TimeoutError

    monkeypatch.setattr(frozen, "story", story)
    assert frozen.smallest(0) == 47
    assert frozen.smallest(1024 * 64) == frozen._LEAST_KB  # what is taken off is added to it
    assert min(told) > 0


def test_a_story_that_is_told_in_no_heap_is_no_measurement(monkeypatch):
    def story(kilobytes):
        raise TimeoutError

    monkeypatch.setattr(frozen, "story", story)
    with pytest.raises(mpy.MeterError, match="told in no heap below 72 KB"):
        frozen.smallest(0)
