"""Hardware-in-the-loop: the terminal on a bare board, its chips here; a board with an operator."""
