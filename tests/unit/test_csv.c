/* base/csv: RFC 4180 as it is read and written, and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "rows.h"
#include "scratch.h"

static gable_csv csv;
static gable_err err;

static gable_status parse_n(const char *text, size_t length_bytes)
{
    csv = (gable_csv){0};
    err = (gable_err){0};
    return gable_csv_parse(scratch_arena(), "t.csv", text, length_bytes, &csv, &err);
}

/* The table as "a|b;1|2;": names, then rows. */
static const char *shown(void)
{
    gable_text text = {0};
    for (size_t i = 0; i < csv.n_columns; i++)
        gable_text_addf(&text, "%s%s", i ? "|" : "", csv.names[i]);
    for (size_t i = 0; i < csv.n_rows * csv.n_columns; i++)
        gable_text_addf(&text, "%s%s", i % csv.n_columns ? "|" : ";", csv.cells[i]);
    const char *kept = gable_arena_copy(scratch_arena(), text.text, text.length_bytes);
    gable_text_free(&text);
    return kept;
}

static const struct {
    const char *text, *table;
} good[] = {
    {"a,b\n1,2\n", "a|b;1|2"},
    {"a,b\n1,2", "a|b;1|2"}, /* no line end at the end */
    {"a,b\r\n1,2\r\n", "a|b;1|2"},
    {"a\n1\n2\n3\n", "a;1;2;3"},
    {"a,b\n", "a|b"},
    {"a,b", "a|b"},
    {"a,b\n,\n", "a|b;|"},
    {"a,b\n\"x,y\",z\n", "a|b;x,y|z"},
    {"a,b\n\"say \"\"hi\"\"\",z\n", "a|b;say \"hi\"|z"},
    {"a,b\n\"two\nlines\",z\n", "a|b;two\nlines|z"},
    {"a,b\n\"cr\r\nlf\",z\n", "a|b;cr\r\nlf|z"},
    {"\"a\",\"b,c\"\n1,2\n", "a|b,c;1|2"},
    {"a,b\n\"\",\"\"\n", "a|b;|"},
    {"a,b\n \"x\",\xc3\xa9\n", NULL}, /* a blank before a quote: refused below */
    {"a,b\n x , y \n", "a|b; x | y "},
    {"a,b\n\xc3\xa9,\xe2\x82\xac\n", "a|b;\xc3\xa9|\xe2\x82\xac"},
};

START_TEST(reads)
{
    gable_status status = parse_n(good[_i].text, strlen(good[_i].text));
    if (!good[_i].table) {
        ck_assert_int_eq(status, GABLE_INPUT);
        return;
    }
    ck_assert_msg(status == GABLE_OK, "%s", err.text);
    ck_assert_str_eq(shown(), good[_i].table);
    ck_assert_str_eq(csv.file, "t.csv");
}
END_TEST

static const struct {
    const char *text, *start;
    size_t length_bytes; /* 0: strlen */
} bad[] = {
    {"", "t.csv:1: ", 0},
    {"\n", "t.csv:1: ", 0},
    {"a,b\n1\n", "t.csv:2: 1 cells, expected 2", 0},
    {"a,b\n1,2\n1,2,3\n", "t.csv:3: 3 cells, expected 2", 0},
    {"a,b\n1,2\n\n", "t.csv:3: ", 0},
    {"a,b\n\"x\n\n\",2\n1\n", "t.csv:5: 1 cells", 0}, /* lines inside quotes count */
    {"a,a\n1,2\n", "t.csv:1: column \"a\" twice", 0},
    {"a,\n1,2\n", "t.csv:1: column 2 has no name", 0},
    {"a,b\nx\"y,2\n", "t.csv:2: ", 0},
    {"a,b\n\"x\"y,2\n", "t.csv:2: ", 0},
    {"a,b\n\"x,2\n", "t.csv:3: ", 0}, /* never closed: the end of the file */
    {"a,b\n1,2\"\n", "t.csv:2: ", 0},
    {"a,b\r1,2\r", "t.csv:1: ", 0},
    {"a,b\n1,2\r", "t.csv:2: ", 0},
    {"a,b\n\xff,2\n", "t.csv:2: invalid UTF-8", 0},
    {"a,b\n1,\xe2\x82", "t.csv:2: invalid UTF-8", 0},
    {"a,b\n1,\0\n", "t.csv:2: NUL", 8},
};

START_TEST(refuses)
{
    size_t length = bad[_i].length_bytes ? bad[_i].length_bytes : strlen(bad[_i].text);
    ck_assert_int_eq(parse_n(bad[_i].text, length), GABLE_INPUT);
    ck_assert_msg(strncmp(err.text, bad[_i].start, strlen(bad[_i].start)) == 0,
                  "expected %s…, got %s", bad[_i].start, err.text);
}
END_TEST

START_TEST(knows_lines_and_columns)
{
    const char *text = "name,value\n\"two\nlines\",1\nx,2\n";
    size_t column = 99;
    ck_assert_int_eq(parse_n(text, strlen(text)), GABLE_OK);
    ck_assert_uint_eq(csv.n_rows, 2);
    ck_assert_uint_eq(csv.lines[0], 2);
    ck_assert_uint_eq(csv.lines[1], 4);
    ck_assert_uint_eq(gable_csv_column(&csv, "value"), 1);
    ck_assert_uint_eq(gable_csv_column(&csv, "Value"), 2); /* none */
    ck_assert_int_eq(gable_csv_need(&csv, "value", &column, &err), GABLE_OK);
    ck_assert_uint_eq(column, 1);
    ck_assert_int_eq(gable_csv_fail(&csv, 1, 1, &err, "got %d", 2), GABLE_INPUT);
    ck_assert_str_eq(err.text, "t.csv:4: value: got 2");
}
END_TEST

START_TEST(suggests_columns)
{
    size_t column;
    ck_assert_int_eq(parse_n("latency_us,device\n", 18), GABLE_OK);
    ck_assert_int_eq(gable_csv_need(&csv, "latncy_us", &column, &err), GABLE_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "\"latncy_us\""));
    ck_assert_ptr_nonnull(strstr(err.text, "\"latency_us\""));
}
END_TEST

START_TEST(wide_tables_are_refused_at_once)
{
    gable_text text = {0};
    for (int i = 0; i < 300000; i++)
        gable_text_addf(&text, "%sc%d", i ? "," : "", i);
    ck_assert_int_eq(parse_n(text.text, text.length_bytes), GABLE_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "columns"));
    gable_text_free(&text);
}
END_TEST

static const char *const cells[] = {
    "",  "plain", "with,comma", "with \"quotes\"", "two\nlines", "cr\r", "\"", "\"\"", " blanks ",
    ",", "\r\n",  "=1+1",       "\xc3\xa9",
};

/* Whatever is written is read as it was. */
START_TEST(writes_what_it_reads)
{
    gable_text text = {0};
    gable_text_add(&text, "a,b\n");
    gable_csv_add_cell(&text, cells[_i]);
    gable_text_add(&text, ",x\n");
    ck_assert_msg(parse_n(text.text, text.length_bytes) == GABLE_OK, "%s", err.text);
    ck_assert_uint_eq(csv.n_rows, 1);
    ck_assert_str_eq(csv.cells[0], cells[_i]);
    ck_assert_str_eq(csv.cells[1], "x");
    gable_text_free(&text);
}
END_TEST

START_TEST(quotes_only_where_needed)
{
    gable_text text = {0};
    gable_csv_add_cell(&text, "plain text");
    gable_csv_add_cell(&text, "a,b");
    gable_csv_add_cell(&text, "say \"x\"");
    ck_assert_str_eq(text.text, "plain text\"a,b\"\"say \"\"x\"\"\"");
    gable_text_free(&text);
}
END_TEST

START_TEST(full_arena_is_an_error)
{
    int n_full = 0;
    for (size_t bytes = 16;; bytes += 16) {
        gable_arena small;
        err = (gable_err){0};
        ck_assert_int_eq(gable_arena_init(&small, bytes, &err), GABLE_OK);
        gable_status status = gable_csv_parse(&small, "t.csv", "a,b\n1,2\n", 8, &csv, &err);
        gable_arena_free(&small);
        if (status == GABLE_OK)
            break;
        ck_assert_int_eq(status, GABLE_INTERNAL);
        n_full++;
    }
    ck_assert_int_gt(n_full, 3);
}
END_TEST

START_TEST(reads_files)
{
    const char *path = scratch_file("t.csv", "a,b\n1,2\n", 8);
    err = (gable_err){0};
    ck_assert_msg(gable_csv_read(scratch_arena(), path, &csv, &err) == GABLE_OK, "%s", err.text);
    ck_assert_str_eq(csv.file, path);
    ck_assert_str_eq(shown(), "a|b;1|2");
}
END_TEST

Suite *gable_suite_csv(void);
Suite *gable_suite_csv(void)
{
    Suite *suite = suite_create("csv");
    TCase *read = tcase_create("read"), *write = tcase_create("write");
    ADD_ROWS(read, reads, good);
    ADD_ROWS(read, refuses, bad);
    tcase_add_test(read, knows_lines_and_columns);
    tcase_add_test(read, suggests_columns);
    tcase_add_test(read, wide_tables_are_refused_at_once);
    tcase_add_test(read, full_arena_is_an_error);
    tcase_add_test(read, reads_files);
    ADD_ROWS(write, writes_what_it_reads, cells);
    tcase_add_test(write, quotes_only_where_needed);
    tcase_add_checked_fixture(read, scratch_open, scratch_close);
    tcase_add_checked_fixture(write, scratch_open, scratch_close);
    suite_add_tcase(suite, read);
    suite_add_tcase(suite, write);
    return suite;
}
