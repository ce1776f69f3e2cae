"""What the models with a line share: ways to go wrong on request, and when each is due."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass
class _Fault:
    times: int | None  # None: until told otherwise
    value: int | bytes


class Faults:
    """The misbehaviours of one chip that are due."""

    def __init__(
        self, chip: str, ways: Mapping[str, str], arguments: Mapping[str, tuple[str, int | str]]
    ) -> None:
        """``ways``: names and what each means; ``arguments``: name and default of its one
        argument, a number or, where the default is text, bytes in hex.
        """
        self._chip, self._ways, self._arguments = chip, ways, arguments
        self._due: dict[str, _Fault] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._due

    def ask(self, name: str, times: int | None, args: dict[str, int | str]) -> None:
        """Go wrong as ``name`` says, ``times`` times (None: for good); "well" ends all of it.

        Raises ValueError, with a sentence, for a name or an argument that is not known.
        """
        if name == "well":
            self._due.clear()
            return
        if name not in self._ways:
            can = ", ".join(self._ways)
            raise ValueError(f"the {self._chip} cannot misbehave as {name!r}; it can: {can}, well")
        key, default = self._arguments.get(name, ("", 0))
        if set(args) - {key}:
            unknown = ", ".join(sorted(set(args) - {key}))
            raise ValueError(f"misbehaviour {name!r} does not take {unknown}")
        given = args.get(key, default)
        value = bytes.fromhex(str(given)) if isinstance(default, str) else int(given)
        self._due[name] = _Fault(None if name == "silent" else times, value)

    def take(self, name: str) -> int | bytes | None:
        """The argument of ``name`` if it is due now (and count it down), else None."""
        fault = self._due.get(name)
        if fault is None:
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                del self._due[name]
        return fault.value
