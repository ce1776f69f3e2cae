"""The project's own files: pinned requirements, a Makefile that explains itself."""

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from sources import ROOT

REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)==([0-9][A-Za-z0-9.!+]*)")
_RULE = re.compile(r"^([A-Za-z0-9_-]+)\s*:(?![:=])(.*)$", re.MULTILINE)


def unpinned(text):
    """Lines of a requirements file that are anything but ``name==version``."""
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    return [line for line in lines if line and not _PINNED.fullmatch(line)]


def pins(text):
    """Canonical name -> version."""
    found = (_PINNED.fullmatch(line.strip()) for line in text.splitlines())
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def uncovered(requirements, pinned):
    """Requirements that no pin satisfies."""
    found = []
    for requirement in map(Requirement, requirements):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            found.append(str(requirement))
    return found


def undocumented(text):
    """Targets of a Makefile that ``make help`` cannot explain."""
    return [match[1] for match in _RULE.finditer(text) if not re.search(r"## \S", match[2])]


def not_phony(text):
    """Targets with a comment that would be taken for a file of their name."""
    phony = re.search(r"^\.PHONY:(.*)$", text, re.MULTILINE)
    declared = phony[1].split() if phony else []
    return [match[1] for match in _RULE.finditer(text) if match[1] not in declared]


def test_every_requirement_is_pinned():
    assert unpinned(REQUIREMENTS) == []


@pytest.mark.parametrize("line", ["rich", "rich>=15", "rich==15.*", "-r other.txt", "./dir"])
def test_an_unpinned_requirement_is_found(line):
    assert unpinned(f"ruff==0.17.6\n{line}  # why\n") == [line]


def test_the_pins_cover_what_the_project_declares():
    declared = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]
    assert uncovered(declared, pins(REQUIREMENTS)) == []


def test_the_pins_cover_what_their_packages_need():
    pinned = pins(REQUIREMENTS)
    needed = {n for name in pinned for n in metadata.requires(name) or ()}
    assert uncovered(sorted(needed), pinned) == []


@pytest.mark.parametrize("needed", ["typer", "rich>=16", "rich<15; python_version >= '3'"])
def test_an_uncovered_requirement_is_found(needed):
    assert len(uncovered([needed, "rich>=15"], {"rich": "15.0.0"})) == 1


def test_a_requirement_for_another_system_is_not():
    assert uncovered(["colorama; sys_platform == 'none'", "x; extra == 'y'"], {}) == []


def test_every_make_target_is_explained_and_phony():
    assert _RULE.search(MAKEFILE)
    assert undocumented(MAKEFILE) == []
    assert not_phony(MAKEFILE) == []


def test_a_make_target_without_a_comment_is_found():
    text = ".PHONY: a c\nA := b: c\na: b  ## Does a\nb:\n\tx: y\nc: ##\n"
    assert undocumented(text) == ["b", "c"]
    assert not_phony(text) == ["b"]


def test_targets_call_the_command():
    """What a target does is written in Python, where it can be tested."""
    recipes = dict(re.findall(r"^([a-z]+):.*\n((?:\t.*\n)*)", MAKEFILE, re.MULTILINE))
    for name in ("demo", "test", "check", "build", "acquirer", "board"):
        assert recipes[name] == f"\t@$(TAPTILL) {name} $(ARGS)\n"
