#define _GNU_SOURCE
#include "allocations.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 4, FRAMES = 16 };

static atomic_bool counting;
static bool counts_libraries;
static atomic_long count;
static void *frames[KEPT][FRAMES];
static int depths[KEPT];

static void note(void *caller);

// Whether the caller is this program, or Swift's own libraries, which allocate for it.
static bool is_own(void *caller) {
  Dl_info library, program;
  if (!dladdr(caller, &library) || !dladdr((void *)note, &program)) return true;
  const char *slash = strrchr(library.dli_fname, '/');
  const char *name = slash ? slash + 1 : library.dli_fname;
  return library.dli_fbase == program.dli_fbase || strncmp(name, "libswift", 8) == 0 ||
         strncmp(name, "libFoundation", 13) == 0;
}

static void note(void *caller) {
  if (!atomic_load_explicit(&counting, memory_order_relaxed)) return;
  if (!counts_libraries && !is_own(caller)) return;
  long number = atomic_fetch_add(&count, 1);
  if (number < KEPT) depths[number] = backtrace(frames[number], FRAMES);
}

static void start(bool with_libraries) {
  counts_libraries = with_libraries;
  // The first call loads a library, and so allocates.
  depths[0] = backtrace(frames[0], FRAMES);
  atomic_store(&count, 0);
  atomic_store(&counting, 1);
}

void allocations_start(void) { start(true); }

void allocations_start_own(void) { start(false); }

long allocations_stop(void) {
  atomic_store(&counting, 0);
  return atomic_load(&count);
}

void allocations_print_first(void) {
  for (long i = 0; i < KEPT && i < atomic_load(&count); i++) {
    backtrace_symbols_fd(frames[i], depths[i], 2);
  }
}

// What glibc calls its own functions.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
  note(__builtin_return_address(0));
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  note(__builtin_return_address(0));
  return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
  note(__builtin_return_address(0));
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  note(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  note(__builtin_return_address(0));
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
  note(__builtin_return_address(0));
  void *memory = __libc_memalign(alignment, size);
  if (memory == NULL) return ENOMEM;
  *result = memory;
  return 0;
}
