/* engine/trace: see trace.h. */
#include "engine/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* A number of a row, or why not; where it stands is known to the form's reader. */
typedef struct trace_row {
    double arrival_s, prompt, answer;
} trace_row;

static const double most_tokens = 1e9, most_seconds = 1e12, ms = 1e-3;

static bool is_whole(double x, double least, double most)
{
    return x >= least && x <= most && floor(x) >= x;
}

/* ---- dates ---- */

/* Digits at *at, as many as `width`; moves on. */
static bool take_digits(const char **at, int width, double *out)
{
    *out = 0.0;
    for (int i = 0; i < width; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *out = 10.0 * *out + (**at - '0');
    }
    return true;
}

static bool take_char(const char **at, const char *any_of)
{
    if (!**at || !strchr(any_of, **at))
        return false;
    (*at)++;
    return true;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar (H. Hinnant, "chrono-compatible
 * low-level date algorithms": days_from_civil). */
static double days_of(double year, double month, double day)
{
    double y = month <= 2.0 ? year - 1.0 : year;
    double era = floor(y / 400.0), of_era = y - era * 400.0;
    double of_year = floor((153.0 * (month + (month > 2.0 ? -3.0 : 9.0)) + 2.0) / 5.0) + day - 1.0;
    double days = of_era * 365.0 + floor(of_era / 4.0) - floor(of_era / 100.0) + of_year;
    return era * 146097.0 + days - 719468.0;
}

static bool parse_day(const char **at, double *days)
{
    double year, month, day;
    bool ok = take_digits(at, 4, &year) && take_char(at, "-") && take_digits(at, 2, &month) &&
              take_char(at, "-") && take_digits(at, 2, &day);
    if (!ok || !is_whole(month, 1.0, 12.0) || !is_whole(day, 1.0, 31.0))
        return false;
    *days = days_of(year, month, day);
    return true;
}

static bool parse_time_of_day(const char **at, double *whole_s, double *frac_s)
{
    double hour, minute, second, scale = 1.0;
    bool ok = take_digits(at, 2, &hour) && take_char(at, ":") && take_digits(at, 2, &minute) &&
              take_char(at, ":") && take_digits(at, 2, &second);
    if (!ok || hour > 23.0 || minute > 59.0 || second > 60.0)
        return false;
    *whole_s = hour * 3600.0 + minute * 60.0 + second;
    *frac_s = 0.0;
    if (take_char(at, "."))
        for (; **at >= '0' && **at <= '9'; (*at)++)
            *frac_s += (scale *= 0.1) * (**at - '0');
    return true;
}

/* "2023-11-16 18:17:03.9799600", a T between the two, "Z" or "+00:00" after them. Whole seconds and
 * what is beyond them stay apart: a double does not hold both to a microsecond. */
static bool parse_date(const char *text, double *whole_s, double *frac_s)
{
    const char *at = text;
    double days;
    if (!parse_day(&at, &days) || !take_char(&at, " T") || !parse_time_of_day(&at, whole_s, frac_s))
        return false;
    *whole_s += days * 86400.0;
    return *at == '\0' || strcmp(at, "Z") == 0 || strcmp(at, "+00:00") == 0;
}

/* ---- rows ---- */

static gable_status take_memory(gable_arena *arena, size_t n, size_t n_blocks, gable_trace *out,
                                gable_err *err)
{
    *out = (gable_trace){0};
    GABLE_TRY(gable_requests_init(arena, n, &out->requests, err));
    if (n_blocks == 0)
        return GABLE_OK;
    GABLE_TRY(gable_arena_take(arena, n + 1, sizeof *out->block_at, &out->block_at, err));
    return gable_arena_take(arena, n_blocks, sizeof *out->block, &out->block, err);
}

/* Why a row is refused, and in which of its columns (arrival, prompt, answer); NULL: taken. */
static const char *take_row(gable_trace *trace, size_t i, const trace_row *row, int *column)
{
    gable_requests *r = &trace->requests;
    *column = 0;
    if (!isfinite(row->arrival_s) || fabs(row->arrival_s) > most_seconds)
        return "expected a time";
    if (i > 0 && row->arrival_s < r->arrival_s[i - 1])
        return "earlier than the row before it; sort the trace";
    *column = 1;
    if (!is_whole(row->prompt, 1.0, most_tokens))
        return "expected a whole number of tokens from 1 to 1e9";
    *column = 2;
    if (!is_whole(row->answer, 1.0, most_tokens))
        return "expected a whole number of tokens from 1 to 1e9";
    r->arrival_s[i] = row->arrival_s;
    r->prompt[i] = (int32_t)row->prompt;
    r->answer[i] = (int32_t)row->answer;
    return NULL;
}

/* Arrivals count from the first. */
static void settle(gable_trace *trace)
{
    gable_requests *r = &trace->requests;
    double first_s = r->arrival_s[0];
    for (size_t i = 0; i < r->n; i++)
        r->arrival_s[i] -= first_s;
}

/* ---- CSV ---- */

typedef struct trace_form {
    const char *column[3]; /* arrival, prompt, answer */
    double unit_s;
} trace_form;
static const trace_form forms[] = {{{"TIMESTAMP", "ContextTokens", "GeneratedTokens"}, 1.0},
                                   {{"timestamp", "input_length", "output_length"}, ms}};
enum { N_FORMS = sizeof forms / sizeof forms[0] };

static gable_status find_form(const gable_csv *csv, const trace_form **out, size_t *column,
                              gable_err *err)
{
    const trace_form *form = &forms[0];
    for (size_t i = 0; i < N_FORMS; i++)
        if (gable_csv_column(csv, forms[i].column[0]) < csv->n_columns)
            form = &forms[i];
    for (int k = 0; k < 3; k++)
        GABLE_TRY(gable_csv_need(csv, form->column[k], &column[k], err));
    *out = form;
    return GABLE_OK;
}

/* Numbers parted by blanks, brackets around them or not, appended to the blocks. */
static gable_status take_hashes(const gable_csv *csv, size_t row, size_t column, gable_trace *out,
                                gable_err *err)
{
    const char *at = csv->cells[row * csv->n_columns + column];
    size_t n = out->block_at[row];
    for (;;) {
        at += strspn(at, " [],");
        size_t length = strspn(at, "0123456789");
        if (length == 0 || length > 15)
            break;
        out->block[n++] = strtod(at, NULL);
        at += length;
    }
    out->block_at[row + 1] = n;
    return *at ? gable_csv_fail(csv, row, column, err, "expected whole numbers parted by blanks")
               : GABLE_OK;
}

/* The first row's whole seconds are `zero_s`: times are told from there. */
static bool parse_arrival(const char *text, double unit_s, bool first, double *zero_s, double *out)
{
    double whole, frac;
    if (gable_num_parse(text, out)) {
        *out *= unit_s;
        return true;
    }
    if (!parse_date(text, &whole, &frac))
        return false;
    if (first)
        *zero_s = whole;
    *out = whole - *zero_s + frac;
    return true;
}

static gable_status read_csv_row(const gable_csv *csv, size_t i, const trace_form *form,
                                 const size_t *column, double *zero_s, gable_trace *out,
                                 gable_err *err)
{
    const char *const *cells = &csv->cells[i * csv->n_columns];
    trace_row row = {0.0, -1.0, -1.0};
    int where;
    if (!parse_arrival(cells[column[0]], form->unit_s, i == 0, zero_s, &row.arrival_s))
        return gable_csv_fail(csv, i, column[0], err,
                              "expected a date and a time, or a number, got \"%.40s\"",
                              cells[column[0]]);
    gable_num_parse(cells[column[1]], &row.prompt);
    gable_num_parse(cells[column[2]], &row.answer);
    const char *why = take_row(out, i, &row, &where);
    return why ? gable_csv_fail(csv, i, column[where], err, "%s, got \"%.40s\"", why,
                                cells[column[where]])
               : GABLE_OK;
}

static size_t count_hashes(const gable_csv *csv, size_t column, size_t n)
{
    size_t blanks = 0;
    for (size_t i = 0; column < csv->n_columns && i < n; i++)
        blanks += strlen(csv->cells[i * csv->n_columns + column]) / 2 + 1;
    return blanks;
}

static gable_status read_csv(gable_arena *arena, const char *path, const char *text,
                             size_t length_bytes, size_t most, gable_trace *out, gable_err *err)
{
    gable_csv csv;
    const trace_form *form;
    size_t column[3];
    double zero_s = 0.0;
    GABLE_TRY(gable_csv_parse(arena, path, text, length_bytes, &csv, err));
    GABLE_TRY(find_form(&csv, &form, column, err));
    size_t hashes = gable_csv_column(&csv, "hash_ids");
    size_t n = most > 0 && most < csv.n_rows ? most : csv.n_rows;
    if (n == 0)
        return gable_fail(err, GABLE_INPUT, "%s:1: a trace without requests", path);
    GABLE_TRY(take_memory(arena, n, count_hashes(&csv, hashes, n), out, err));
    for (size_t i = 0; i < n; i++) {
        GABLE_TRY(read_csv_row(&csv, i, form, column, &zero_s, out, err));
        if (out->block_at)
            GABLE_TRY(take_hashes(&csv, i, hashes, out, err));
    }
    settle(out);
    return GABLE_OK;
}

/* ---- JSON lines ---- */

static gable_status take_line_blocks(const gable_json *list, size_t i, gable_trace *out,
                                     gable_err *err)
{
    size_t n = out->block_at[i];
    for (const gable_json *id = list ? list->child : NULL; id; id = id->next) {
        if (id->type != GABLE_JSON_NUMBER || !is_whole(id->number, 0.0, 1e15))
            return gable_json_fail(id, err, "expected a whole number from 0 to 1e15");
        out->block[n++] = id->number;
    }
    out->block_at[i + 1] = n;
    return GABLE_OK;
}

static gable_status read_line(const gable_json *line, size_t i, gable_trace *out, gable_err *err)
{
    const trace_form *form = &forms[N_FORMS - 1];
    const gable_json *value[3];
    trace_row row;
    int where;
    if (line->type != GABLE_JSON_OBJECT)
        return gable_json_fail(line, err, "expected an object");
    for (int k = 0; k < 3; k++) {
        value[k] = gable_json_get(line, form->column[k]);
        if (!value[k])
            return gable_json_fail(line, err, "missing key \"%s\"", form->column[k]);
        if (value[k]->type != GABLE_JSON_NUMBER)
            return gable_json_fail(value[k], err, "expected a number, got %s",
                                   gable_json_type_text(value[k]->type));
    }
    row = (trace_row){form->unit_s * value[0]->number, value[1]->number, value[2]->number};
    const char *why = take_row(out, i, &row, &where);
    if (why)
        return gable_json_fail(value[where], err, "%s, got %g", why, value[where]->number);
    const gable_json *hashes = gable_json_get(line, "hash_ids");
    if (hashes && hashes->type != GABLE_JSON_ARRAY)
        return gable_json_fail(hashes, err, "expected an array, got %s",
                               gable_json_type_text(hashes->type));
    return out->block_at ? take_line_blocks(hashes, i, out, err) : GABLE_OK;
}

static size_t count_bytes(const char *text, size_t length_bytes, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < length_bytes; i++)
        n += text[i] == c;
    return n;
}

/* One past the end of the line at `at`. */
static const char *line_end(const char *at, const char *end)
{
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    return stop ? stop : end;
}

static bool is_blank(const char *at, const char *stop)
{
    while (at < stop && strchr(" \t\r", *at))
        at++;
    return at == stop;
}

static gable_status read_lines(gable_arena *arena, const char *path, const char *text,
                               size_t length_bytes, size_t most, gable_trace *out, gable_err *err)
{
    const char *end = text + length_bytes;
    size_t n = 0, n_lines = count_bytes(text, length_bytes, '\n') + 1, line = 0;
    bool blocks = strstr(text, "\"hash_ids\"") != NULL;
    n_lines = most > 0 && most < n_lines ? most : n_lines;
    GABLE_TRY(take_memory(arena, n_lines,
                          blocks ? count_bytes(text, length_bytes, ',') + n_lines : 0, out, err));
    for (const char *at = text; at < end && n < n_lines; line++) {
        const char *stop = line_end(at, end);
        const gable_json *root;
        size_t mark = gable_arena_mark(arena);
        if (!is_blank(at, stop)) {
            GABLE_TRY(
                gable_json_parse_line(arena, path, line, at, (size_t)(stop - at), &root, err));
            GABLE_TRY(read_line(root, n++, out, err));
        }
        gable_arena_release(arena, mark);
        at = stop + 1;
    }
    if (n == 0)
        return gable_fail(err, GABLE_INPUT, "%s:1: a trace without requests", path);
    out->requests.n = n;
    settle(out);
    return GABLE_OK;
}

gable_status gable_trace_parse(gable_arena *arena, const char *file, const char *text,
                               size_t length_bytes, size_t most, gable_trace *out, gable_err *err)
{
    bool lines = text[strspn(text, " \t\r\n")] == '{';
    return lines ? read_lines(arena, file, text, length_bytes, most, out, err)
                 : read_csv(arena, file, text, length_bytes, most, out, err);
}

gable_status gable_trace_read(gable_arena *arena, const char *path, size_t most, gable_trace *out,
                              gable_err *err)
{
    const char *text;
    size_t length_bytes;
    GABLE_TRY(gable_file_read(arena, path, GABLE_FILE_CAP_CSV_BYTES, &text, &length_bytes, err));
    return gable_trace_parse(arena, path, text, length_bytes, most, out, err);
}
