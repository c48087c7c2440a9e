// What threads that work together ask of the core and of the system.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

// Tells the core that this is a waiting loop.
static inline void spin_hint(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Keeps the calling thread on one processor, if the system lets it; glibc's own function is not there for Swift.
static inline void stay_on_processor(int processor) {
  unsigned long set[16] = {0};
  const int bits = 8 * sizeof(unsigned long);
  if (processor < 0 || processor >= 16 * bits) return;
  set[processor / bits] = 1UL << processor % bits;
  syscall(SYS_sched_setaffinity, 0, sizeof set, set);
}
