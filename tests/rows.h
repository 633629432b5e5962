/* Tables of cases as Check loop tests: one test a row, so that each row counts, fails and is named
 * alone. */
#ifndef GABLE_TESTS_ROWS_H
#define GABLE_TESTS_ROWS_H
#include <check.h>

#define N_ROWS(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define ADD_ROWS(tcase, test, rows) tcase_add_loop_test(tcase, test, 0, N_ROWS(rows))

#endif
