// Counts the calls by which a program allocates memory, on all of its threads.
//
// Linked into an executable, these definitions of malloc and its relatives take the place of glibc's for the whole
// program, its shared libraries too.

#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

/// Starts counting from 0.
void allocations_start(void);

/// The same, but counts only what this program and Swift's libraries allocate.
void allocations_start_own(void);

/// Stops counting; returns how many allocations there were.
long allocations_stop(void);

/// Writes where the first allocations came from to standard error.
void allocations_print_first(void);

#endif
