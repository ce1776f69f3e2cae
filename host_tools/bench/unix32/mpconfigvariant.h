// A unix port whose heap is like that of an ESP32: 4-byte words, floats of 32 bits, short paths.

#include <limits.h>
#undef PATH_MAX
#define PATH_MAX (128)

#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#include "variants/mpconfigvariant_common.h"
