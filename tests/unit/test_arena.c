/* base/arena: capacity, alignment, overflow, marks. */
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "rows.h"
#include "wrap.h"

static gable_err err;
static gable_arena arena;

static void open_arena(void)
{
    err = (gable_err){0};
    ck_assert_int_eq(gable_arena_init(&arena, 4096, &err), GABLE_OK);
}

static void close_arena(void)
{
    gable_arena_free(&arena);
}

START_TEST(gives_zeroed_aligned_blocks_apart)
{
    unsigned char *last = NULL;
    for (size_t size = 1; size < 40; size++) {
        unsigned char *block = gable_arena_alloc(&arena, 1, size);
        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq((uintptr_t)block % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            ck_assert_uint_eq(block[i], 0);
        ck_assert(!last || block >= last + size - 1);
        memset(block, 0xff, size);
        last = block;
    }
}
END_TEST

START_TEST(full_is_null_and_stays_usable)
{
    ck_assert_ptr_null(gable_arena_alloc(&arena, 1, 4097));
    ck_assert_ptr_nonnull(gable_arena_alloc(&arena, 1, 4000));
    ck_assert_ptr_null(gable_arena_alloc(&arena, 1, 200));
    ck_assert_ptr_nonnull(gable_arena_alloc(&arena, 1, 96));
    ck_assert_ptr_null(gable_arena_alloc(&arena, 1, 1));
}
END_TEST

START_TEST(products_that_overflow_are_null)
{
    ck_assert_ptr_null(gable_arena_alloc(&arena, SIZE_MAX / 2 + 1, 2)); /* wraps to 0 */
    ck_assert_ptr_null(gable_arena_alloc(&arena, SIZE_MAX, SIZE_MAX));
    ck_assert_ptr_null(gable_arena_alloc(&arena, SIZE_MAX, 1)); /* rounding up would wrap */
    ck_assert_ptr_null(gable_arena_alloc(&arena, SIZE_MAX - 8, 1));
    ck_assert_uint_eq(arena.used_bytes, 0);
}
END_TEST

START_TEST(take_says_that_it_is_full)
{
    double *block = NULL;
    ck_assert_int_eq(gable_arena_take(&arena, 4, sizeof *block, &block, &err), GABLE_OK);
    ck_assert_ptr_nonnull(block);
    ck_assert_int_eq(gable_arena_take(&arena, 4096, sizeof *block, &block, &err), GABLE_INTERNAL);
    ck_assert_ptr_null(block);
    ck_assert_ptr_nonnull(strstr(err.text, "arena full"));
}
END_TEST

START_TEST(copies_end_with_nul)
{
    ck_assert_str_eq(gable_arena_copy(&arena, "hello there", 5), "hello");
    ck_assert_str_eq(gable_arena_copy(&arena, "", 0), "");
    ck_assert_ptr_null(gable_arena_copy(&arena, "x", 5000));
}
END_TEST

START_TEST(marks_give_back_and_zero)
{
    gable_arena_alloc(&arena, 1, 100);
    size_t mark = gable_arena_mark(&arena);
    char *scratch = gable_arena_alloc(&arena, 1, 500);
    memset(scratch, 'x', 500);
    gable_arena_release(&arena, mark);
    ck_assert_uint_eq(gable_arena_mark(&arena), mark);
    const char *again = gable_arena_alloc(&arena, 1, 500);
    ck_assert_ptr_eq(again, scratch);
    for (int i = 0; i < 500; i++)
        ck_assert_int_eq(again[i], 0);
}
END_TEST

START_TEST(no_memory_is_an_error)
{
    gable_arena none;
    gable_wrap_fail_after(0);
    gable_status status = gable_arena_init(&none, 4096, &err);
    gable_wrap_off();
    ck_assert_int_eq(status, GABLE_INTERNAL);
    ck_assert_ptr_nonnull(strstr(err.text, "out of memory"));
    ck_assert_ptr_null(none.base);
    ck_assert_ptr_null(gable_arena_alloc(&none, 1, 1));
    gable_arena_free(&none);
}
END_TEST

/* DESIGN 5: what prices takes its memory from an arena; an arena takes none from the system. */
START_TEST(takes_from_the_system_once)
{
    long before = gable_wrap_count();
    for (int i = 0; i < 50; i++)
        gable_arena_alloc(&arena, 1, 16);
    ck_assert_int_eq(gable_wrap_count() - before, 0);
}
END_TEST

START_TEST(free_is_safe_on_zeroed)
{
    gable_arena zeroed = {0};
    gable_arena_free(&zeroed);
    gable_arena_free(&zeroed);
    ck_assert_ptr_null(zeroed.base);
}
END_TEST

Suite *gable_suite_arena(void);
Suite *gable_suite_arena(void)
{
    Suite *suite = suite_create("arena");
    TCase *tcase = tcase_create("arena");
    tcase_add_checked_fixture(tcase, open_arena, close_arena);
    tcase_add_test(tcase, gives_zeroed_aligned_blocks_apart);
    tcase_add_test(tcase, full_is_null_and_stays_usable);
    tcase_add_test(tcase, products_that_overflow_are_null);
    tcase_add_test(tcase, take_says_that_it_is_full);
    tcase_add_test(tcase, copies_end_with_nul);
    tcase_add_test(tcase, marks_give_back_and_zero);
    tcase_add_test(tcase, no_memory_is_an_error);
    tcase_add_test(tcase, takes_from_the_system_once);
    tcase_add_test(tcase, free_is_safe_on_zeroed);
    suite_add_tcase(suite, tcase);
    return suite;
}
