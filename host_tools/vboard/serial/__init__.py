"""The board as a tool on the other end of a USB cable sees it: lines, boot loader, flash."""
