/* Tables of cases as Check loop tests: one test a row, so that each row counts, fails and is named
 * alone; and the comparison that most of them make. */
#ifndef GABLE_TESTS_ROWS_H
#define GABLE_TESTS_ROWS_H
#include <check.h>
#include <math.h>

#define N_ROWS(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define ADD_ROWS(tcase, test, rows) tcase_add_loop_test(tcase, test, 0, N_ROWS(rows))

/* Within `tolerance` of what is expected, relative; of nothing where that is nothing. */
static inline void check_close(double got, double expected, double tolerance)
{
    ck_assert_msg(fabs(got - expected) <= tolerance * fabs(expected), "got %.17g, expected %.17g",
                  got, expected);
}

#endif
