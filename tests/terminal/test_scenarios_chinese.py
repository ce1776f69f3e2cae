"""Stories told in Chinese: those of ``tests/vectors/scenarios`` on a terminal that speaks it.

CHOSEN, and the stories that are written in Chinese, go through every entry of the menu;
``--every-story`` plays all that can be told so.
"""

import functools
import re
from collections import Counter
from dataclasses import replace

import menu_paths
import pytest
from pos import words
from pos.flows import settings

from host_tools.build.image import BUILD
from host_tools.device import scenario, translate
from host_tools.device.scenario import SCENARIOS

# The fewest, and of those the shortest, that enter every entry of the menu
CHOSEN = (
    *("balance", "battery_low", "instalment", "menu_echo_test", "menu_host", "menu_sale"),
    *("moto_refund", "offline_voice", "operators", "preauth_completion", "preauth_notice"),
    *("preauth_void", "print_menu", "query_and_totals", "refund_too_much", "reprint_by_number"),
    *("self_test_again", "settings", "settle_balanced", "settle_foreign", "training_of_all"),
)
LEFT_OUT = {
    "cell_first_start": "the first start asks for the language; this one chooses Chinese",
    "first_start": "the first start asks for the language",
    "settings_language": "it changes the language itself",
    "small_sale": "the pages of the small display end elsewhere in Chinese",
    "terminal_without_keys": "the first start asks for the language",
}
# What the menu tells first where that is not the story of its entry
FIRST = {"log_off": "care", "lock": "unlock"}
_TOLD = re.compile(r"story: pos\.(?:flows|console)\.(\w+)\.run: \d+ bytes free")


@functools.cache
def stories():
    return {path.stem: scenario.load(path) for path in sorted(SCENARIOS.glob("*.yaml"))}


def is_chinese(story):
    return story.terminal is not None and story.terminal.get("language") == "zh"


def pytest_generate_tests(metafunc):
    if "told_in_chinese" in metafunc.fixturenames:
        every = metafunc.config.getoption("every_story")
        names = [path.stem for path in sorted(SCENARIOS.glob("*.yaml"))] if every else CHOSEN
        metafunc.parametrize("told_in_chinese", [name for name in names if name not in LEFT_OUT])


def test_story_in_chinese(told_in_chinese, taptill_core):
    story = scenario.load(SCENARIOS / f"{told_in_chinese}.yaml")
    bundle = BUILD / "failures" / f"{told_in_chinese}_chinese"
    try:
        story = translate.translated(story)
        noisy = replace(story, terminal={**story.terminal, "log_level": 3})

        def also(stage):
            lines = [line for lines in stage.screens for line in lines]
            lines += stage.paper().splitlines()
            return translate.strays(story, lines) + other_choices(story, stage.device.console())

        scenario.play(noisy, bundle, taptill_core, also=also)
    except (scenario.ScenarioError, scenario.ScenarioFailed) as error:
        pytest.fail(str(error), pytrace=False)


def other_choices(story, console):
    """What the menu told that is not what ``menu_paths`` makes of the keys, in words."""
    told = _TOLD.findall(console)
    after = [told[i + 1] for i, name in enumerate(told[:-1]) if name == "menu"]
    after = [name for name in after if name not in ("power", "idle")]  # nothing was chosen
    names = [choice.story.partition(":")[0] for choice in menu_paths.chosen(story)]
    wanted = [FIRST.get(name, name) for name in names if name]
    if "training" in wanted:  # its terminal has the usual log
        wanted = wanted[: wanted.index("training") + 1]
    return [] if after == wanted else [f"the menu should have told {wanted}, not {after}"]


def test_every_entry_of_the_menu_is_entered_in_chinese():
    played = [story for name, story in stories().items() if name in CHOSEN or is_chinese(story)]
    entered = {choice for story in played for choice in menu_paths.chosen(story)}
    missing = [f"{c.page} {c.word}" for c in menu_paths.entries() if c not in entered]
    assert missing == []


def test_no_chosen_story_is_superfluous():
    """Each enters something that no other one does."""
    told = stories()
    chosen = {name: set(menu_paths.chosen(told[name])) for name in CHOSEN}
    chosen |= {n: set(menu_paths.chosen(s)) for n, s in told.items() if is_chinese(s)}
    entered = Counter(choice for choices in chosen.values() for choice in choices)
    assert [n for n in CHOSEN if all(entered[choice] > 1 for choice in chosen[n])] == []


def test_every_setting_is_changed_in_chinese():
    """Each is on a screen with two values at least; what else is in the list, with its name."""
    assert "settings" in CHOSEN
    steps = [step.value for step in stories()["settings"].steps if step.name == "screen"]
    texts = {text for value in steps for text in (value if type(value) is list else [value])}
    for row in settings._TABLE.strip().split("\n"):
        label = words.say("set_" + row.split()[0]) + ": "
        assert len([text for text in texts if text.startswith(label)]) > 1, label
    for story in settings._STORIES.split():
        assert {words.say(story), story.capitalize()} & texts, story


def test_what_the_keys_of_a_story_choose():
    steps = [
        scenario.Step("1", "keys", "1M#"),
        scenario.Step("2", "screen", "Print"),
        scenario.Step("3", "keys", "13"),  # the page of prints, and there the last settlement
        scenario.Step("4", "keys", "2M#1CM4"),
        scenario.Step("5", "power", "cut"),
        scenario.Step("6", "keys", "1M9"),
    ]
    story = replace(scenario.load(SCENARIOS / "menu_sale.yaml"), steps=steps)
    words = [choice.word for choice in menu_paths.chosen(story)]
    assert words == ["menu_print", "menu_last", "menu_print", "menu_preauth"]
    small = replace(story, board="virtual_small", steps=[scenario.Step("1", "keys", "M94")])
    assert [choice.story for choice in menu_paths.chosen(small)] == ["", "query:all"]


def test_every_story_is_told_in_chinese_or_left_out_by_name():
    told = stories()
    assert set(LEFT_OUT) <= set(told)
    for name, story in told.items():
        if name not in LEFT_OUT:
            assert is_chinese(translate.translated(story))
