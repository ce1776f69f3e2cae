"""Make ``tests/vectors/dialect.yaml`` anew, after a change of a message that is meant.

    .venv/bin/python tests/unit/write_dialect.py && git diff tests/vectors/dialect.yaml

The frames are the firmware's, their fields are as pyiso8583 reads them: read what has changed.
"""

import sys
from pathlib import Path
from textwrap import wrap

TESTS = Path(__file__).resolve().parents[1]
VECTORS = TESTS / "vectors" / "dialect.yaml"
HEAD = """\
# All messages that the terminal sends, of fixed inputs (tests/unit/dialect_messages.py), as the
# firmware makes them (tests/unit/write_dialect.py). Fields are as pyiso8583 reads them: digits and
# text as they are, binary ones (52, 55, 58, 59, 62, 64) and tracks in hex. TEST keys and cards.
"""


def text(frames) -> str:
    """The whole file for (name, frame) pairs."""
    import dialect_oracle

    lines = []
    for name, frame in frames:
        mti, fields = dialect_oracle.read(frame)
        lines += [f"{name}:", "  frame: >-"]
        lines += ["    " + line for line in wrap(frame.hex().upper(), 92)]
        lines += [f'  mti: "{mti}"', "  fields:"]
        lines += [f'    {number}: "{fields[number]}"' for number in sorted(fields)]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.path[:0] = [str(TESTS / "cpython_shims"), str(TESTS.parent / "firmware")]
    import dialect_messages

    VECTORS.write_text(text(dialect_messages.made()), encoding="ascii")
