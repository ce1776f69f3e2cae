"""From a clone to a running board: images, the boot loader, files."""
