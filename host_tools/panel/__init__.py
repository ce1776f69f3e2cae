"""The terminal in the browser: a virtual board and an acquiring host behind one page."""
