"""The diagnostics console: what ``taptill console`` is made of."""
