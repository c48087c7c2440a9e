#include <png.h>

#include "rows.h"
