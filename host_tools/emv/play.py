"""Card files, scripts and configurations put together for ``taptill card run``."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.emv import setting as settings
from host_tools.emv.kernels import KernelError, Kernels
from host_tools.emv.setting import Setting
from host_tools.emv.transcript import Transcript
from host_tools.vboard.cards.card import Card
from host_tools.vboard.cards.fields import read_yaml
from host_tools.vboard.cards.loader import CARDS, card_names, card_path, load_card
from host_tools.vboard.cards.script import Script, ScriptCard, is_script, load_scripts

BESIDE = "config.yaml"  # for the scripts of its directory


@dataclass(frozen=True)
class Play:
    """A card and what it is to be run with; ``name`` says which."""

    name: str
    card: Card | ScriptCard
    setting: Setting

    def run(self, kernels: Kernels, clear: bool = False) -> Transcript:
        """Run the transaction; what failed in the firmware is a difference too."""
        transcript = Transcript(self.name, self.setting, clear)
        try:
            transcript.play(kernels, self.card)
        except KernelError as error:
            transcript.difference = str(error)
        return transcript


def load(file: str, config: Path | None = None, amount: str | None = None) -> list[Play]:
    """The transactions of a card file, by name or path, or of a file of scripts.

    ``config`` is a configuration file; scripts without it take a ``config.yaml`` beside them, and
    what a script says itself goes before both. ``amount``, e.g. "12.80", goes before all. Raises
    CardFileError, ConfigError, OSError.
    """
    path = card_path(file)
    own: dict[str, Any] = {} if amount is None else {"amount": amount}
    if not is_script(read_yaml(path)):
        base = settings.read_mapping(config) if config else {}
        made = settings.make({**base, **own}, config.name if config else "configuration")
        return [Play(path.stem, load_card(file), made)]
    beside = path.with_name(BESIDE)
    if config is None and beside.is_file():
        config = beside
    base = settings.read_mapping(config) if config else {}
    return [
        Play(f"{path.stem}: {script.name}", ScriptCard(script), _made(path, script, base, own))
        for script in load_scripts(path)
    ]


def _made(path: Path, script: Script, base: dict[str, Any], own: dict[str, Any]) -> Setting:
    mapping = {**base, **script.config, **own}
    return settings.make(mapping, f"{path.name}, {script.name}", script.parts)


def described() -> list[tuple[str, str]]:
    """(name, first sentence of its head comment) of each card of ``host_tools/cards``."""
    return [(name, _sentence(CARDS / f"{name}.yaml")) for name in card_names()]


def _sentence(path: Path) -> str:
    """The first sentence behind the one that says that it is a test card."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = []
    for line in lines:
        if not line.startswith("#"):
            break
        head.append(line.lstrip("# "))
    sentences = re.split(r"(?<=\.)\s+", " ".join(head))
    return next((s for s in sentences if not s.startswith("TEST ")), "")
