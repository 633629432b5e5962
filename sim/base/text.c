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

/* Bytes at `at` (at least one) that must not reach a terminal: how many, or 0 when they may.
 * C1 is U+0080..009F (C2 80..9F); bidi marks are U+200E/F, U+202A..E, U+2066..9 (E2 80 8E …). */
static size_t unsafe_bytes(const unsigned char *at)
{
    if (*at < 0x20 || *at == 0x7f)
        return 1;
    if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
        return 2;
    if (at[0] != 0xe2 || at[1] == 0)
        return 0;
    bool marks = at[1] == 0x80 && (at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xaa && at[2] <= 0xae));
    bool isolates = at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9;
    return marks || isolates ? 3 : 0;
}

void gable_text_add_safe(gable_text *text, const char *string)
{
    const unsigned char *at = (const unsigned char *)string;
    while (*at) {
        size_t skip = unsafe_bytes(at);
        if (skip)
            gable_text_add(text, "?");
        else
            gable_text_add_n(text, (const char *)at, 1);
        at += skip ? skip : 1;
    }
}

void gable_text_make_safe(char *string)
{
    unsigned char *in = (unsigned char *)string, *out = in;
    while (*in) {
        size_t skip = unsafe_bytes(in);
        *out++ = skip ? '?' : *in;
        in += skip ? skip : 1;
    }
    *out = '\0';
}

bool gable_text_is_name(const char *string)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
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
