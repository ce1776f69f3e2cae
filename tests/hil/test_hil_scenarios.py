"""A sample of the stories, on a bare board; ``make hil`` plays all of them."""

import pytest

from host_tools.build.image import BUILD
from host_tools.hil import run
from host_tools.hil.session import BareSession


@pytest.fixture(scope="module")
def session(bare_board):
    with BareSession(bare_board.port) as session:
        yield session


# The power goes; TLS; glyphs of every kind; the other board
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["power_cut_at_host", "tls_sale", "slips_chinese", "small_sale"])
def test_story(session, bare_board, name, monkeypatch):
    monkeypatch.setattr(run, "BUILD", BUILD / "bare")
    (result,) = run.play(session, run.chosen([name]))
    if result.why:
        pytest.fail(result.why, pytrace=False)
    assert bare_board.overruns == 0
    assert session.counts.damaged == 0
