#include "wrap.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { NEVER = -1 };

static atomic_long left = NEVER, count; /* sweeps allocate in threads */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

void gable_wrap_fail_after(long n)
{
    left = n;
}

void gable_wrap_off(void)
{
    left = NEVER;
}

long gable_wrap_count(void)
{
    return count;
}

static int refused(void)
{
    count++;
    if (left == NEVER)
        return 0;
    if (left > 0) {
        left--;
        return 0;
    }
    errno = ENOMEM;
    return 1;
}

void *__wrap_malloc(size_t size)
{
    return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refused() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return refused() ? NULL : __real_realloc(old, size);
}
