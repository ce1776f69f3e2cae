"""Where the stories are, and where a failed one leaves its pictures."""

import pytest

from host_tools.build.image import BUILD
from host_tools.device.scenario import SCENARIOS


def pytest_generate_tests(metafunc):
    if "story" in metafunc.fixturenames:
        files = sorted(SCENARIOS.glob("*.yaml"))
        assert files, SCENARIOS
        metafunc.parametrize("story", files, ids=[path.stem for path in files])


@pytest.fixture
def bundle(story):
    """The folder for what a failed story has to show."""
    return BUILD / "failures" / story.stem
