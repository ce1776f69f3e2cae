"""Ways in which the model of a cellular module can go wrong on request."""

MISBEHAVIOURS = {
    "silent": "neither hears nor answers until told to be well",
    "garbage": "noise comes before an answer",
    "chatty": "the news of a short message comes before an answer",
    "slow": "an answer comes `ms` (3000) later",
    "reset": "it starts anew by itself, now; a call that was up ends without a word",
}
_SLOW_MS = 3000


class Faults:
    """The misbehaviours that are due."""

    def __init__(self) -> None:
        self._due: dict[str, tuple[int | None, int]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._due

    def ask(self, name: str, times: int | None, args: dict[str, int | str]) -> None:
        """Go wrong as ``name`` says, ``times`` times (None: for good); "well" ends all of it.

        Raises ValueError, with a sentence, for a name or an argument that is not known.
        """
        if name == "well":
            self._due.clear()
            return
        if name not in MISBEHAVIOURS:
            can = ", ".join(MISBEHAVIOURS)
            raise ValueError(f"the modem cannot misbehave as {name!r}; it can: {can}, well")
        if set(args) - ({"ms"} if name == "slow" else set()):
            raise ValueError(f"misbehaviour {name!r} does not take {', '.join(sorted(args))}")
        self._due[name] = (None if name == "silent" else times), int(args.get("ms", _SLOW_MS))

    def take(self, name: str) -> int | None:
        """The argument of ``name`` if it is due now (and count it down), else None."""
        if name not in self._due:
            return None
        times, value = self._due[name]
        if times is not None:
            self._due[name] = times - 1, value
            if times <= 1:
                del self._due[name]
        return value
