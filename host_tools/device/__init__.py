"""One interface to a terminal, whatever it is made of, and what reads it from outside."""
