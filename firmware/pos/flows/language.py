"""Which language the terminal speaks: each is named in itself."""

from pos.ui import entry
from pos.words import say

_LANGUAGES = ("en", "zh")


async def run(t) -> bool:
    """Whether one was chosen; it is spoken at once."""
    names = [say("language_" + name) for name in _LANGUAGES]
    choice = await entry.choose(t.ui, say("language"), names)
    if choice is None:
        return False
    t.params.update(language=_LANGUAGES[choice])
    t.speak(_LANGUAGES[choice])
    return True
