"""The terminal's start: where its code comes from, then the terminal."""

import sys

# Nothing on the writable flash may take the place of the terminal's own modules.
sys.path[:] = [p for p in sys.path if p not in ("", "/")]

from pos import terminal  # noqa: E402

terminal.run()
