"""Every story of ``tests/vectors/scenarios`` is played on a terminal of its own."""

import pytest

from host_tools.device import scenario


def test_story(story, bundle):
    try:
        scenario.play(scenario.load(story), bundle)
    except (scenario.ScenarioError, scenario.ScenarioFailed) as error:
        pytest.fail(str(error), pytrace=False)
