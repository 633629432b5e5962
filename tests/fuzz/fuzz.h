/* What every fuzz target shares. A target states what must hold for any bytes; it is built for
 * libFuzzer by `make fuzz`, and with replay.c as a program that runs the corpus in `make check`. */
#ifndef GABLE_TESTS_FUZZ_H
#define GABLE_TESTS_FUZZ_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
