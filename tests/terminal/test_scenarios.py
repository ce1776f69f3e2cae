"""Every story of ``tests/vectors/scenarios`` is played on a terminal of its own.

On the virtual board, or with pytest's ``--board`` on a bare one.
"""

import pytest

from host_tools.device import scenario


def test_story(story, bundle, taptill_core):
    try:
        scenario.play(scenario.load(story), bundle, taptill_core)
    except (scenario.ScenarioError, scenario.ScenarioFailed) as error:
        pytest.fail(str(error), pytrace=False)
