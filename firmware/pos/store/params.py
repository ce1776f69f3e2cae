"""Terminal parameters (``name=value`` lines, then a CRC-32) and the trace number counter."""

from pos.store import files

# Name, lowest and highest number (n) or shortest and longest text (t), default. Amounts in fen.
TABLE = """
terminal_id:t:8:8:
merchant_id:t:15:15:
merchant_name:t:0:40:
host:t:0:64:
port:n:0:65535:0
tls:n:0:1:0
tpdu:t:10:10:6000030000
header:t:12:12:603100310000
currency:t:3:3:156
batch:n:1:999999:1
amount_max:n:1:999999999999:5000000
no_pin_max:n:0:999999999999:100000
no_sign_max:n:0:999999999999:100000
copies:n:1:3:2
key_mode:n:1:5:3
partial:n:0:1:0
manual:n:0:1:1
tips:n:0:1:1
tip_max:n:0:99:20
offline:n:0:1:1
offline_max:n:1:99:50
batch_max:n:1:500:500
settled:n:0:999999:0
details:n:0:1:0
auto_off:n:0:1:0
no_pin_on:n:0:1:1
no_sign_on:n:0:1:1
cdcvm_on:n:0:1:1
redials:n:0:9:1
support:t:0:14:
fee_debit:n:0:10000:0
fee_credit:n:0:10000:0
fee_cap:n:0:999999999999:0
password_min:n:4:8:6
lock_min:n:0:60:0
sound:n:0:1:1
pin_bypass:n:0:1:1
pin_scrambled:n:0:1:0
connect_s:n:1:120:10
answer_s:n:5:180:60
reversal_tries:n:1:9:3
last_date:t:8:8:
language:t:2:2:en
network:t:3:4:wifi
theme:n:0:1:0
large:n:0:1:0
log_level:n:0:3:1
training:n:0:1:0
serial:t:1:20:
battery_min:n:0:50:10
clean_paper:n:0:9999:300
clean_cards:n:0:99999:5000
service_months:n:0:99:12
"""


def _row(name) -> tuple:
    """(default, low, high) of a parameter; raises ValueError(name)."""
    at = TABLE.find("\n%s:" % name)
    if at < 0:
        raise ValueError(name)
    kind, low, high, default = TABLE[at + len(name) + 2 : TABLE.find("\n", at + 1)].split(":")
    return int(default) if kind == "n" else default, int(low), int(high)


class Params:
    """``params["host"]``; a parameter that was never set has the default of ``TABLE``.

    Raises files.Damaged when the file in ``root`` is not what was written: no default may take the
    place of a terminal number.
    """

    def __init__(self, root: str):
        self._path = root + "/params"
        self._values = {}
        data = files.load(self._path)
        for line in bytes(data or b"").decode().split("\n"):
            name, _, value = line.partition("=")
            if "\n%s:" % name in TABLE:
                self._values[name] = type(_row(name)[0])(value)

    def __contains__(self, name: str) -> bool:
        """Whether it was ever set."""
        return name in self._values

    def __getitem__(self, name: str):
        value = self._values.get(name)
        return _row(name)[0] if value is None else value

    def update(self, **values) -> None:
        """Set parameters, all or none of them, durable when this returns.

        Raises ValueError(name) for a wrong type or size, or when there is no such parameter.
        """
        for name, value in values.items():
            default, low, high = _row(name)
            if type(value) is not type(default):
                raise ValueError(name)
            size = len(value) if isinstance(value, str) else value
            if (value != default and not low <= size <= high) or "\n" in str(value):
                raise ValueError(name)
        merged = self._values.copy()
        merged.update(values)
        lines = ["%s=%s\n" % item for item in merged.items()]
        files.save(self._path, "".join(lines).encode())
        self._values = merged


class Counters:
    """The trace number (STAN, field 11), kept in ``root``; raises files.Damaged."""

    def __init__(self, root: str):
        self._path = root + "/stan"
        data = files.load(self._path)
        self.stan = int.from_bytes(data, "big") if data else 0  # the last one given out

    def next_stan(self) -> int:
        """The next of 1..999999, then 1 again: on flash before it is returned, so never reused."""
        stan = self.stan % 999999 + 1
        files.put(self._path, stan.to_bytes(3, "big"))
        self.stan = stan
        return stan
