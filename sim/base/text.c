/* base/text: see text.h. */
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

void gable_text_free(gable_text *text)
{
    free(text->text);
    *text = (gable_text){0};
}

static bool reserve(gable_text *text, size_t more_bytes)
{
    if (text->failed)
        return false;
    size_t needed = text->length_bytes + more_bytes + 1;
    if (needed <= text->capacity_bytes)
        return true;
    size_t capacity = text->capacity_bytes ? text->capacity_bytes : 256;
    while (capacity < needed && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    char *grown = capacity < needed ? NULL : realloc(text->text, capacity);
    if (!grown) {
        text->failed = true;
        return false;
    }
    text->text = grown;
    text->capacity_bytes = capacity;
    return true;
}

void gable_text_add_n(gable_text *text, const char *more, size_t length_bytes)
{
    if (!reserve(text, length_bytes))
        return;
    memcpy(text->text + text->length_bytes, more, length_bytes);
    text->length_bytes += length_bytes;
    text->text[text->length_bytes] = '\0';
}

void gable_text_add(gable_text *text, const char *more)
{
    gable_text_add_n(text, more, strlen(more));
}

void gable_text_addf(gable_text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        text->failed = true;
    else if (reserve(text, (size_t)length)) {
        vsnprintf(text->text + text->length_bytes, (size_t)length + 1, format, again);
        text->length_bytes += (size_t)length;
    }
    va_end(again);
}

void gable_text_add_json_string(gable_text *text, const char *string)
{
    gable_text_add(text, "\"");
    for (const char *at = string; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\')
            gable_text_addf(text, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            gable_text_addf(text, "\\u%04x", byte);
        else
            gable_text_add_n(text, at, 1);
    }
    gable_text_add(text, "\"");
}

void gable_text_add_json_number(gable_text *text, double value)
{
    char digits[GABLE_NUM_TEXT_CAP];
    gable_text_add(text, isfinite(value) ? gable_num_print(value, digits) : "null");
}

size_t gable_text_utf8_bytes(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    static const struct {
        unsigned char first_low, first_high, second_low, second_high;
        size_t bytes;
    } rows[] = {
        {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (*at < rows[i].first_low || *at > rows[i].first_high)
            continue;
        if (rows[i].bytes > 1 && (at[1] < rows[i].second_low || at[1] > rows[i].second_high))
            return 0;
        for (size_t j = 2; j < rows[i].bytes; j++)
            if (at[j] < 0x80 || at[j] > 0xbf)
                return 0;
        return rows[i].bytes;
    }
    return 0;
}

/* Code point of the well-formed sequence of `n` bytes at `at`. */
static unsigned code_point(const unsigned char *at, size_t n)
{
    unsigned code = n == 1 ? at[0] : at[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        code = code << 6 | (at[i] & 0x3fu);
    return code;
}

/* Bytes at `at` (at least one) that must not reach a terminal: how many, or 0 when they may. A byte
 * that is not UTF-8 may be a C1 control of an 8-bit terminal. */
static size_t unsafe_bytes(const unsigned char *at)
{
    static const struct {
        unsigned first, last;
    } rows[] = {
        {0x0000, 0x001f}, {0x007f, 0x009f},                   /* C0, DEL, C1 */
        {0x061c, 0x061c}, {0x200e, 0x200f}, {0x202a, 0x202e}, /* marks and embeddings */
        {0x2028, 0x2029}, {0x2066, 0x2069},                   /* line ends; isolates */
    };
    size_t n = gable_text_utf8_bytes((const char *)at);
    if (n == 0)
        return 1;
    unsigned code = code_point(at, n);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (code >= rows[i].first && code <= rows[i].last)
            return n;
    return 0;
}

void gable_text_add_safe(gable_text *text, const char *string)
{
    const unsigned char *at = (const unsigned char *)string;
    while (*at) {
        size_t skip = unsafe_bytes(at);
        size_t n = skip ? skip : gable_text_utf8_bytes((const char *)at);
        gable_text_add_n(text, skip ? "?" : (const char *)at, skip ? 1 : n);
        at += n;
    }
}

void gable_text_add_quoted(gable_text *text, const char *word)
{
    gable_text_add(text, "'");
    for (; *word; word++) {
        if (*word == '\'')
            gable_text_add(text, "'\\''");
        else
            gable_text_add_n(text, word, 1);
    }
    gable_text_add(text, "'");
}

void gable_text_add_path(gable_text *text, const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "./_-+=:@%,";
    if (*path && strspn(path, plain) == strlen(path)) {
        gable_text_add(text, path);
        return;
    }
    gable_text word = {0};
    gable_text_add_quoted(&word, path);
    gable_text_add_safe(text, word.text ? word.text : "");
    text->failed |= word.failed;
    gable_text_free(&word);
}

void gable_text_make_safe(char *string)
{
    unsigned char *in = (unsigned char *)string, *out = in;
    while (*in) {
        size_t skip = unsafe_bytes(in);
        size_t n = skip ? skip : gable_text_utf8_bytes((const char *)in);
        if (skip)
            *out++ = '?';
        else {
            memmove(out, in, n);
            out += n;
        }
        in += n;
    }
    *out = '\0';
}

bool gable_text_is_name(const char *string)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
    size_t length = strlen(string);
    return length >= 1 && length <= 64 && string[0] != '.' && strspn(string, allowed) == length;
}

enum { NEAR_CAP = 48 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Optimal-string-alignment distance of two strings of at most NEAR_CAP bytes. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t rows[3][NEAR_CAP + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= n_b; j++)
        last[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        now[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t change = a[i - 1] != b[j - 1];
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + change);
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[n_b];
}

const char *gable_text_nearest(const char *wanted, const char *const *candidates, size_t count)
{
    const char *best = NULL, *prefix_of = NULL;
    size_t best_distance = 3, n_prefix = 0, n_wanted = strlen(wanted);
    if (n_wanted == 0 || n_wanted > NEAR_CAP)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (!candidates[i])
            continue;
        size_t n = strlen(candidates[i]);
        if (n > NEAR_CAP)
            continue;
        if (n > n_wanted && n_wanted >= 3 && strncmp(candidates[i], wanted, n_wanted) == 0) {
            prefix_of = candidates[i];
            n_prefix++;
        }
        size_t gap = n > n_wanted ? n - n_wanted : n_wanted - n;
        if (gap > 2)
            continue;
        size_t d = distance(wanted, n_wanted, candidates[i], n);
        if (d < best_distance && 2 * d < n) {
            best = candidates[i];
            best_distance = d;
        }
    }
    return best || n_prefix != 1 ? best : prefix_of;
}
