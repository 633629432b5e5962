/* Allocation failures on demand, for code that is linked into a test program (-Wl,--wrap). */
#ifndef GABLE_TESTS_WRAP_H
#define GABLE_TESTS_WRAP_H
#include <stddef.h>

/* The next `n` allocations succeed, and every one after them fails, until gable_wrap_off. */
void gable_wrap_fail_after(long n);
void gable_wrap_off(void);

/* Allocations since the program started: the difference of two calls is what a stretch of code
 * took. */
long gable_wrap_count(void);

#endif
