"""Building what a board boots: fonts, compiled firmware, images."""
