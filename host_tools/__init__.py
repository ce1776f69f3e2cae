"""TapTill's host tools: the virtual board, the acquiring host and the command line."""
