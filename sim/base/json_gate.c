/* base/json_gate: see json_gate.h. A recursive-descent scan without recursion: a stack of open
 * brackets of at most GABLE_JSON_DEPTH_CAP. */
#include "base/json_gate.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

typedef struct scan {
    gable_json_gate *gate;
    gable_err *err;
    size_t at;
    char open[GABLE_JSON_DEPTH_CAP];
    int depth;
    /* What a pick needs: in its list; the place of the element; what its key has said. */
    bool in_list, refused, accepted;
    size_t element;
} scan;

void gable_json_gate_position(const char *text, size_t offset_bytes, size_t *line, size_t *column)
{
    size_t start = 0;
    *line = 1;
    for (size_t i = 0; i < offset_bytes; i++)
        if (text[i] == '\n') {
            (*line)++;
            start = i + 1;
        }
    *column = offset_bytes - start + 1;
}

static gable_status refuse(const scan *s, size_t at, const char *what)
{
    size_t line, column;
    gable_json_gate_position(s->gate->text, at, &line, &column);
    return gable_fail(s->err, GABLE_INPUT, "%s:%zu:%zu: %s", s->gate->file,
                      s->gate->lines_before + line, column, what);
}

static char peek(const scan *s)
{
    return s->gate->text[s->at];
}

/* The NUL after the text ends it. */
static void skip_blanks(scan *s)
{
    const char *at = s->gate->text + s->at;
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
        at++;
    s->at = (size_t)(at - s->gate->text);
}

/* \uDC00 to \uDFFF; stops at the text's NUL. */
static bool is_low_surrogate(const char *at)
{
    return at[0] == '\\' && at[1] == 'u' && (at[2] == 'd' || at[2] == 'D') && at[3] &&
           strchr("cdefCDEF", at[3]) && isxdigit((unsigned char)at[4]) &&
           isxdigit((unsigned char)at[5]);
}

static gable_status scan_unicode_escape(scan *s)
{
    const char *hex = s->gate->text + s->at + 2;
    for (int i = 0; i < 4; i++)
        if (!isxdigit((unsigned char)hex[i]))
            return refuse(s, s->at, "bad \\u escape, expected four hexadecimal digits");
    char digits[5] = {hex[0], hex[1], hex[2], hex[3], '\0'};
    long code = strtol(digits, NULL, 16);
    if (code == 0)
        return refuse(s, s->at, "U+0000 in a string");
    if (code >= 0xdc00 && code <= 0xdfff)
        return refuse(s, s->at, "lone low surrogate");
    s->at += 6;
    if (code < 0xd800 || code > 0xdbff)
        return GABLE_OK;
    if (!is_low_surrogate(s->gate->text + s->at))
        return refuse(s, s->at, "high surrogate without its low surrogate");
    s->at += 6;
    return GABLE_OK;
}

/* What ends a run of bytes that mean themselves; UTF-8 has been checked by then. */
#define EIGHT(x) x, x, x, x, x, x, x, x
static const unsigned char ends_run[256] = {
    EIGHT(1), EIGHT(1), EIGHT(1), EIGHT(1), ['"'] = 1, ['\\'] = 1, [0x7f] = 1};
#undef EIGHT

static size_t count_plain(const char *at)
{
    size_t n = 0;
    while (!ends_run[(unsigned char)at[n]])
        n++;
    return n;
}

static gable_status scan_string(scan *s)
{
    size_t start = s->at++;
    for (;;) {
        s->at += count_plain(s->gate->text + s->at);
        if (s->at >= s->gate->length_bytes)
            return refuse(s, start, "string without its closing quote");
        unsigned char byte = (unsigned char)peek(s);
        if (byte == '"') {
            s->at++;
            return GABLE_OK;
        }
        if (byte < 0x20 || byte == 0x7f)
            return refuse(s, s->at, "control character in a string, expected an escape");
        char escape = s->gate->text[s->at + 1];
        if (escape == 'u')
            GABLE_TRY(scan_unicode_escape(s));
        else if (escape && strchr("\"\\/bfnrt", escape))
            s->at += 2;
        else
            return refuse(s, s->at, "bad escape in a string");
    }
}

static size_t count_digits(const char *at)
{
    size_t n = 0;
    while (at[n] >= '0' && at[n] <= '9')
        n++;
    return n;
}

/* 64 characters with an exponent of two digits stay far from both ends of a double's range. */
static gable_status check_magnitude(const scan *s, size_t start)
{
    const char *text = s->gate->text;
    if (!isfinite(strtod(text + start, NULL)))
        return refuse(s, start, "number beyond the range of a double");
    /* 1e-400 would silently become 0: a zero is one whose digits are all zero. */
    size_t zeros = strspn(text + start, "-0.");
    if (strtod(text + start, NULL) == 0.0 && isdigit((unsigned char)text[start + zeros]))
        return refuse(s, start, "number too small for a double");
    return GABLE_OK;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? and at most 64 characters, so that no parser is
 * strained. */
static gable_status scan_number(scan *s)
{
    const char *text = s->gate->text;
    size_t start = s->at;
    s->at += peek(s) == '-';
    size_t whole = count_digits(text + s->at);
    if (whole == 0)
        return refuse(s, start, "bad number, expected a digit after the sign");
    if (whole > 1 && peek(s) == '0')
        return refuse(s, start, "bad number, leading zero");
    s->at += whole;
    if (peek(s) == '.') {
        size_t fraction = count_digits(text + s->at + 1);
        if (fraction == 0)
            return refuse(s, start, "bad number, expected a digit after the point");
        s->at += 1 + fraction;
    }
    size_t exponent = 0;
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        s->at += peek(s) == '+' || peek(s) == '-';
        exponent = count_digits(text + s->at);
        if (exponent == 0)
            return refuse(s, start, "bad number, expected a digit in the exponent");
        s->at += exponent;
    }
    if (s->at - start > 64)
        return refuse(s, start, "number of more than 64 characters");
    return exponent > 2 ? check_magnitude(s, start) : GABLE_OK;
}

static bool take_word(scan *s, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(s->gate->text + s->at, word, n) != 0)
        return false;
    char after = s->gate->text[s->at + n];
    if (isalnum((unsigned char)after) || after == '_')
        return false;
    s->at += n;
    return true;
}

/* Python's json writes these. A 0 and blanks are written over the word, which cJSON reads and keeps
 * every position, and its place is marked as null. */
static bool take_python_word(scan *s)
{
    static const char *const words[] = {"-Infinity", "Infinity", "NaN"};
    gable_json_gate *gate = s->gate;
    for (size_t i = 0; gate->python && i < sizeof words / sizeof words[0]; i++) {
        size_t start = s->at;
        if (!take_word(s, words[i]))
            continue;
        memset(gate->text + start, ' ', s->at - start);
        gate->text[start] = '0';
        gate->places[gate->n_places - 1].is_null = true;
        return true;
    }
    return false;
}

static gable_status scan_scalar(scan *s)
{
    char c = peek(s);
    if (c == '"')
        return scan_string(s);
    if (take_python_word(s))
        return GABLE_OK;
    if (c == '-' || isdigit((unsigned char)c))
        return scan_number(s);
    if (take_word(s, "true") || take_word(s, "false") || take_word(s, "null"))
        return GABLE_OK;
    if (s->at >= s->gate->length_bytes)
        return refuse(s, s->at, "the text ends where a value is expected");
    return refuse(s, s->at, "expected a value (object, array, string, number, true, false, null)");
}

/* Blocks lie one after another in the arena: nobody else takes from it during a scan. */
static gable_status note_place(scan *s, size_t key_at)
{
    enum { BLOCK = 256 };
    gable_json_gate *gate = s->gate;
    if (gate->n_places % BLOCK == 0 && gate->n_places >= gate->n_places_cap) {
        gable_json_place *block;
        GABLE_TRY(gable_arena_take(gate->arena, BLOCK, sizeof *block, &block, s->err));
        gate->places = gate->places ? gate->places : block;
        gate->n_places_cap += BLOCK;
    }
    gate->places[gate->n_places++] =
        (gable_json_place){.offset_bytes = s->at, .key_offset_bytes = key_at};
    return GABLE_OK;
}

/* ---- elements that are left out ---- */

/* Whether the string at `at`, which has been scanned, is `word`, letter by letter. */
static bool is_string(const char *at, const char *word)
{
    size_t n = strlen(word);
    return at[0] == '"' && strncmp(at + 1, word, n) == 0 && at[n + 1] == '"';
}

/* What an element's key says; a string with escapes is kept. */
static void ask_pick(scan *s, const char *value)
{
    const gable_json_pick *pick = s->gate->pick;
    size_t n = count_plain(value + 1);
    if (value[1 + n] != '"' || pick->wanted(pick->with, value + 1, n))
        s->accepted = true;
    else
        s->refused = true;
}

/* After the opening of a value, or a whole scalar: enters the list, an element of it, its key. */
static void watch_value(scan *s, size_t key_at, size_t value_at, bool opened)
{
    const gable_json_pick *pick = s->gate->pick;
    const char *key = s->gate->text + key_at, *value = s->gate->text + value_at;
    if (opened && s->depth == 2)
        s->in_list = *value == '[' && s->open[0] == '}' && is_string(key, pick->list);
    if (!s->in_list || s->depth != 3 || s->open[2] != '}')
        return;
    if (opened) {
        s->element = s->gate->n_places - 1;
        s->refused = s->accepted = false;
    } else if (*value == '"' && is_string(key, pick->key)) {
        ask_pick(s, value);
    }
}

/* A closing bracket is at s->at: what is in an element that nobody wants has no places. */
static void watch_closing(scan *s)
{
    gable_json_gate *gate = s->gate;
    if (s->depth == 2)
        s->in_list = false;
    if (!s->in_list || s->depth != 3 || !s->refused || s->accepted)
        return;
    gate->places[s->element].left_out = true;
    gate->places[s->element].end_bytes = s->at + 1;
    gate->n_places = s->element + 1;
    gate->n_left_out++;
    s->refused = false;
}

/* A key and its colon; leaves `at` on the value. */
static gable_status scan_key(scan *s, size_t *key_at)
{
    skip_blanks(s);
    *key_at = s->at;
    if (peek(s) != '"')
        return refuse(s, s->at, "expected a key in double quotes");
    GABLE_TRY(scan_string(s));
    skip_blanks(s);
    if (peek(s) != ':')
        return refuse(s, s->at, "expected ':' after a key");
    s->at++;
    return GABLE_OK;
}

/* One value, or the opening of one. *opened tells that a bracket with content was entered. */
static gable_status scan_value(scan *s, size_t key_at, bool *opened)
{
    skip_blanks(s);
    GABLE_TRY(note_place(s, key_at));
    *opened = false;
    char c = peek(s);
    if (c != '{' && c != '[')
        return scan_scalar(s);
    if (s->depth == GABLE_JSON_DEPTH_CAP)
        return refuse(s, s->at, "nested deeper than 32");
    char close = c == '{' ? '}' : ']';
    s->at++;
    skip_blanks(s);
    if (peek(s) == close) {
        s->at++;
        return GABLE_OK;
    }
    s->open[s->depth++] = close;
    *opened = true;
    return GABLE_OK;
}

/* After a complete value: commas and closings, up to the next value or the end of the root. */
static gable_status scan_after_value(scan *s, bool *more)
{
    *more = false;
    while (s->depth > 0) {
        skip_blanks(s);
        char close = s->open[s->depth - 1];
        if (peek(s) == ',') {
            s->at++;
            skip_blanks(s);
            if (peek(s) == close)
                return refuse(s, s->at, "comma before a closing bracket");
            *more = true;
            return GABLE_OK;
        }
        if (peek(s) != close)
            return refuse(s, s->at, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
        if (s->gate->pick)
            watch_closing(s);
        s->at++;
        s->depth--;
    }
    return GABLE_OK;
}

/* Eight bytes at once that are ASCII and none of them NUL. */
static bool eight_plain(const char *at)
{
    const uint64_t high = 0x8080808080808080u, ones = 0x0101010101010101u;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return ((word | (word - ones)) & high) == 0;
}

static gable_status check_bytes(const scan *s)
{
    const gable_json_gate *gate = s->gate;
    if (strncmp(gate->text, "\xef\xbb\xbf", 3) == 0)
        return refuse(s, 0, "byte-order mark, expected plain UTF-8");
    for (size_t i = 0; i < gate->length_bytes;) {
        if (i + 8 <= gate->length_bytes && eight_plain(gate->text + i)) {
            i += 8;
            continue;
        }
        size_t n = gable_text_utf8_bytes(gate->text + i);
        if (n == 0)
            return refuse(s, i, gate->text[i] ? "invalid UTF-8" : "NUL byte");
        i += n;
    }
    return GABLE_OK;
}

gable_status gable_json_gate_scan(gable_json_gate *gate, gable_err *err)
{
    scan s = {.gate = gate, .err = err};
    GABLE_TRY(check_bytes(&s));
    bool more = true;
    while (more) {
        size_t key_at = 0;
        bool opened;
        if (s.depth > 0 && s.open[s.depth - 1] == '}')
            GABLE_TRY(scan_key(&s, &key_at));
        GABLE_TRY(scan_value(&s, key_at, &opened));
        if (gate->pick)
            watch_value(&s, key_at, gate->places[gate->n_places - 1].offset_bytes, opened);
        if (!opened)
            GABLE_TRY(scan_after_value(&s, &more));
    }
    skip_blanks(&s);
    if (s.at < gate->length_bytes)
        return refuse(&s, s.at, "text after the end of the document");
    return GABLE_OK;
}
