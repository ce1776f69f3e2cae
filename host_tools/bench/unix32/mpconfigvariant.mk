# Without what a terminal does not use or what wants more packages. By --wrap the linker puts
# notes.c between the interpreter and its collector.
MICROPY_FORCE_32BIT = 1
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_THREAD = 0
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
FROZEN_MANIFEST = $(VARIANT_DIR)/manifest.py
MPY_LIB_DIR = $(TOP)
LDFLAGS_EXTRA += -static $(foreach name,gc_alloc gc_realloc gc_collect,-Wl,--wrap=$(name))
