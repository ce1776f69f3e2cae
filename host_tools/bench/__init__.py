"""What a sale costs: bytes, time on the wires, instructions, heap. Figures, not a test."""
