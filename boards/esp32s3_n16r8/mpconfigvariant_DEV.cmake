# make BOARD_VARIANT=DEV: the image for people who develop, with a REPL beside the terminal
set(MICROPY_FROZEN_MANIFEST ${CMAKE_CURRENT_LIST_DIR}/manifest_dev.py)
