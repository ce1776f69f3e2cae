// Takes notes of the heap. The linker puts these functions between the interpreter and its
// collector (--wrap), so nothing of MicroPython's source is changed.
//
// HEAP_NOTES  file to which a line is added after each collection:
//             bytes live, largest allocation and deepest C stack since the line before, module
// HEAP_EVERY  collect when so many bytes have been allocated, however much is free; not in the
//             midst of the virtual board's own modules, which an ESP32 has in C
// VBOARD_ROM, VBOARD_SHIM  when they name files these are mapped, as an ESP32 maps its flash

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "py/gc.h"
#include "py/mpstate.h"
#include "py/obj.h"
#include "py/runtime.h"

void *__real_gc_alloc(size_t n_bytes, unsigned int alloc_flags);
void *__real_gc_realloc(void *ptr, size_t n_bytes, bool allow_move);
void __real_gc_collect(void);

// Those that begin with _ besides
#define BOARD "machine network esp32 select socket time"

static int notes = -1;
static size_t every, since, largest, deepest;

static void map(const char *name) {
    const char *path = getenv(name);
    struct stat found;
    int file = path && path[0] == '/' ? open(path, O_RDONLY) : -1;
    if (file >= 0 && fstat(file, &found) == 0) {
        char place[32];
        void *at = mmap(NULL, found.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        snprintf(place, sizeof(place), "%lu,%lu", (unsigned long)at, (unsigned long)found.st_size);
        setenv(name, place, 1);
    }
    if (file >= 0) {
        close(file);
    }
}

__attribute__((constructor)) static void begin(void) {
    map("VBOARD_ROM");
    map("VBOARD_SHIM");
    const char *path = getenv("HEAP_NOTES"), *bytes = getenv("HEAP_EVERY");
    notes = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
    every = bytes ? strtoul(bytes, NULL, 10) : 0;
}

static const char *module(void) {
    mp_obj_dict_t *globals = mp_globals_get();
    mp_map_elem_t *name = globals
        ? mp_map_lookup(&globals->map, MP_OBJ_NEW_QSTR(MP_QSTR___name__), MP_MAP_LOOKUP) : NULL;
    return name && mp_obj_is_str(name->value) ? mp_obj_str_get_str(name->value) : "-";
}

void __wrap_gc_collect(void) {
    gc_info_t info;
    __real_gc_collect();
    since = 0;
    if (notes < 0) {
        return;
    }
    gc_info(&info);
    dprintf(notes, "%u %u %u %s\n", (unsigned)info.used, (unsigned)largest, (unsigned)deepest,
        module());
    largest = deepest = 0;
}

static void note(size_t n_bytes) {
    char here;
    if (MP_STATE_THREAD(gc_lock_depth) > 0) {
        return;
    }
    size_t depth = MP_STATE_THREAD(stack_top) - &here;
    deepest = depth > deepest ? depth : deepest;
    largest = n_bytes > largest ? n_bytes : largest;
    since += n_bytes;
    if (every && since >= every) {
        const char *name = module();
        if (name[0] != '_' && !strstr(BOARD, name)) {
            gc_collect();
        }
    }
}

void *__wrap_gc_alloc(size_t n_bytes, unsigned int alloc_flags) {
    note(n_bytes);
    return __real_gc_alloc(n_bytes, alloc_flags);
}

void *__wrap_gc_realloc(void *ptr, size_t n_bytes, bool allow_move) {
    note(n_bytes);
    return __real_gc_realloc(ptr, n_bytes, allow_move);
}
