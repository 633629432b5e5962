/* base/units: see units.h. A unit is a row; a prefix is a row; the grammar is number, blank,
 * prefix, unit. */
#include "base/units.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"

typedef struct dim_row {
    const char *ending, *unit, *example;
} dim_row;

static const dim_row dims[GABLE_N_DIMS] = {
#define DIM_ROW(symbol, ending, unit, example) [GABLE_DIM_##symbol] = {ending, unit, example},
    GABLE_DIM_LIST(DIM_ROW)
#undef DIM_ROW
};

/* Small prefixes divide by a whole power of ten, so that "50 us" is the double nearest to 5e-5. */
typedef struct prefix_row {
    const char *text;
    double factor, divisor;
} prefix_row;

/* Two-letter prefixes first, so that "Mi" is not read as "M" and a stray "i". */
static const prefix_row prefixes[] = {
    {"Ki", 0x1p10, 1.0}, {"Mi", 0x1p20, 1.0}, {"Gi", 0x1p30, 1.0}, {"Ti", 0x1p40, 1.0},
    {"Pi", 0x1p50, 1.0}, {"", 1.0, 1.0},      {"k", 1e3, 1.0},     {"M", 1e6, 1.0},
    {"G", 1e9, 1.0},     {"T", 1e12, 1.0},    {"P", 1e15, 1.0},    {"E", 1e18, 1.0},
    {"m", 1.0, 1e3},     {"u", 1.0, 1e6},     {"µ", 1.0, 1e6},     {"n", 1.0, 1e9},
    {"p", 1.0, 1e12},
};

typedef struct unit_row {
    const char *text;
    gable_dim dim;
    double factor;
} unit_row;

static const unit_row units[] = {
    {"", GABLE_DIM_COUNT, 1.0},
    {"B", GABLE_DIM_BYTES, 1.0},
    {"b", GABLE_DIM_BYTES, 0.125},
    {"B/s", GABLE_DIM_BYTES_PER_S, 1.0},
    {"b/s", GABLE_DIM_BYTES_PER_S, 0.125},
    {"bps", GABLE_DIM_BYTES_PER_S, 0.125},
    {"FLOP", GABLE_DIM_FLOPS, 1.0},
    {"FLOPs", GABLE_DIM_FLOPS, 1.0},
    {"FLOP/s", GABLE_DIM_FLOPS_PER_S, 1.0},
    {"FLOPS", GABLE_DIM_FLOPS_PER_S, 1.0},
    {"OP/s", GABLE_DIM_FLOPS_PER_S, 1.0},
    {"OPS", GABLE_DIM_FLOPS_PER_S, 1.0},
    {"op/s", GABLE_DIM_OPS_PER_S, 1.0},
    {"s", GABLE_DIM_SECONDS, 1.0},
    {"min", GABLE_DIM_SECONDS, 60.0},
    {"h", GABLE_DIM_SECONDS, 3600.0},
    {"Hz", GABLE_DIM_HERTZ, 1.0},
    {"W", GABLE_DIM_WATTS, 1.0},
    {"J", GABLE_DIM_JOULES, 1.0},
    {"J/bit", GABLE_DIM_JOULES_PER_BIT, 1.0},
    {"$", GABLE_DIM_USD, 1.0},
    {"$/h", GABLE_DIM_USD_PER_H, 1.0},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

const char *gable_dim_ending(gable_dim dim)
{
    return dims[dim].ending;
}

const char *gable_dim_unit(gable_dim dim)
{
    return dims[dim].unit;
}

const char *gable_dim_example(gable_dim dim)
{
    return dims[dim].example;
}

/* Splits "3.35 TB/s" into the number and the rest; false when there is no plain number in front. */
static bool split_number(const char *text, double *number, const char **rest)
{
    char digits[64];
    size_t n = strspn(text, "0123456789.-");
    if ((text[n] == 'e' || text[n] == 'E') &&
        (isdigit((unsigned char)text[n + 1]) ||
         ((text[n + 1] == '+' || text[n + 1] == '-') && isdigit((unsigned char)text[n + 2])))) {
        n += 2;
        n += strspn(text + n, "0123456789");
    }
    if (n == 0 || n >= sizeof digits)
        return false;
    memcpy(digits, text, n);
    digits[n] = '\0';
    if (!gable_num_parse(digits, number))
        return false;
    *rest = text + n + (text[n] == ' ');
    return true;
}

/* "1 mb" is no thousandth of a bit: less than one byte is a slip of the shift key. */
static bool may_be(const unit_row *unit, const prefix_row *prefix)
{
    bool of_bytes = unit->dim == GABLE_DIM_BYTES || unit->dim == GABLE_DIM_BYTES_PER_S;
    return prefix->divisor <= 1.0 || !of_bytes;
}

static const unit_row *find_unit(const char *text, double *factor, double *divisor)
{
    for (size_t p = 0; p < COUNT_OF(prefixes); p++) {
        size_t length = strlen(prefixes[p].text);
        if (strncmp(text, prefixes[p].text, length) != 0)
            continue;
        for (size_t u = 0; u < COUNT_OF(units); u++)
            if (strcmp(text + length, units[u].text) == 0 && may_be(&units[u], &prefixes[p])) {
                *factor = prefixes[p].factor * units[u].factor;
                *divisor = prefixes[p].divisor;
                return &units[u];
            }
    }
    return NULL;
}

/* A bare prefix ("989T") stands for the unit only where the dimension is a count. */
static bool same_dim(gable_dim found, gable_dim wanted)
{
    return found == wanted || (found == GABLE_DIM_COUNT && wanted == GABLE_DIM_NONE);
}

gable_units_result gable_units_parse(const char *text, gable_dim dim, bool bare_ok, double *value)
{
    double number, factor = 1.0, divisor = 1.0;
    const char *rest;
    if (!split_number(text, &number, &rest))
        return GABLE_UNITS_NOT_A_NUMBER;
    if (*rest == '\0') {
        if (!bare_ok && dim != GABLE_DIM_NONE && dim != GABLE_DIM_COUNT)
            return GABLE_UNITS_MISSING_UNIT;
    } else {
        const unit_row *unit = find_unit(rest, &factor, &divisor);
        if (!unit)
            return GABLE_UNITS_UNKNOWN_UNIT;
        if (!same_dim(unit->dim, dim))
            return GABLE_UNITS_WRONG_DIM;
    }
    if (fabs(number * factor / divisor) > 1e30)
        return GABLE_UNITS_RANGE;
    *value = number * factor / divisor;
    return GABLE_UNITS_OK;
}

static const char *dim_of_text(const char *text)
{
    double number, factor, divisor;
    const char *rest;
    if (!split_number(text, &number, &rest))
        return NULL;
    const unit_row *unit = find_unit(rest, &factor, &divisor);
    return unit && unit->dim != GABLE_DIM_COUNT ? dims[unit->dim].unit : NULL;
}

/* The unit of `dim` that `text` is but for upper and lower case; "" when there is none. Never bits
 * for bytes. */
static void add_mended(const char *text, gable_dim dim, char *out, size_t out_bytes)
{
    double number;
    const char *rest;
    char spelled[32];
    bool small = dim == GABLE_DIM_SECONDS || dim == GABLE_DIM_JOULES_PER_BIT;
    if (!split_number(text, &number, &rest) || strlen(text) > 40)
        return;
    if (strcmp(rest, "%") == 0 && dim == GABLE_DIM_NONE)
        snprintf(out, out_bytes, "; did you mean \"%.6g\"?", number / 100.0);
    for (size_t p = 0; p < COUNT_OF(prefixes); p++)
        for (size_t u = 0; u < COUNT_OF(units); u++) {
            bool apt = same_dim(units[u].dim, dim) && units[u].factor >= 1.0 &&
                       (*prefixes[p].text == '\0' || small == (prefixes[p].divisor > 1.0));
            snprintf(spelled, sizeof spelled, "%s%s", prefixes[p].text, units[u].text);
            if (apt && strcasecmp(rest, spelled) == 0) {
                snprintf(out, out_bytes, "; did you mean \"%.*s%s\"?", (int)(rest - text), text,
                         spelled);
                return;
            }
        }
}

void gable_units_explain(gable_units_result result, const char *text, gable_dim dim, char *out,
                         size_t out_bytes)
{
    const char *example = dims[dim].example;
    const char *given = dim_of_text(text);
    char mended[80] = "";
    switch (result) {
    case GABLE_UNITS_OK:
        snprintf(out, out_bytes, "a good quantity");
        break;
    case GABLE_UNITS_NOT_A_NUMBER:
        snprintf(out, out_bytes, "expected a quantity such as \"%s\", got \"%.60s\"", example,
                 text);
        break;
    case GABLE_UNITS_UNKNOWN_UNIT:
        add_mended(text, dim, mended, sizeof mended);
        snprintf(out, out_bytes, "unknown unit in \"%.60s\", expected a quantity such as \"%s\"%s",
                 text, example, mended);
        break;
    case GABLE_UNITS_WRONG_DIM:
        if (dim == GABLE_DIM_COUNT && text[strspn(text, "0123456789. ")] == 'B')
            snprintf(mended, sizeof mended, "; a billion is G");
        snprintf(out, out_bytes, "\"%.60s\" is in %s, expected %s such as \"%s\"%s", text,
                 given ? given : "no unit", dims[dim].unit[0] ? dims[dim].unit : "a plain number",
                 example, mended);
        break;
    case GABLE_UNITS_MISSING_UNIT:
        snprintf(out, out_bytes, "\"%.60s\" has no unit, expected a quantity such as \"%s\"", text,
                 example);
        break;
    case GABLE_UNITS_RANGE:
        snprintf(out, out_bytes, "\"%.60s\" is beyond 1e30", text);
        break;
    }
}

typedef struct print_step {
    double from;
    const char *prefix;
} print_step;

static const print_step print_steps[] = {
    {1e18, "E"}, {1e15, "P"}, {1e12, "T"}, {1e9, "G"},  {1e6, "M"},   {1e3, "k"},
    {1.0, ""},   {1e-3, "m"}, {1e-6, "u"}, {1e-9, "n"}, {1e-12, "p"},
};

/* Seconds, FLOP and bytes below one are printed with small prefixes; money and plain numbers are
 * not. */
static bool takes_prefix(gable_dim dim, double value)
{
    if (dim <= GABLE_DIM_COUNT || dim == GABLE_DIM_USD || dim == GABLE_DIM_USD_PER_H)
        return false;
    return dim == GABLE_DIM_SECONDS
               ? value < 1.0
               : value >= 1.0 || dim == GABLE_DIM_JOULES || dim == GABLE_DIM_JOULES_PER_BIT;
}

char *gable_units_print(double value, gable_dim dim, int digits, char *out)
{
    const char *unit = dims[dim].unit;
    double size = fabs(value), from = 1.0;
    const char *prefix = "";
    if (size > 0.0 && takes_prefix(dim, size)) {
        size_t last = COUNT_OF(print_steps) - (dim == GABLE_DIM_JOULES_PER_BIT ? 1 : 2);
        size_t i = 0;
        /* 999.96 with 4 digits rounds to 1000: round before choosing the prefix. */
        double rounded = size * (1.0 + 0.5 * pow(10.0, -digits));
        while (i < last && rounded < print_steps[i].from)
            i++;
        from = print_steps[i].from;
        prefix = print_steps[i].prefix;
    }
    char number[24];
    snprintf(number, sizeof number, "%.*g", digits, value / from);
    if (strchr(number, 'e'))
        snprintf(number, sizeof number, "%.0f", value / from);
    snprintf(out, GABLE_UNITS_TEXT_CAP, "%s%s%s%s", number, *prefix || *unit ? " " : "", prefix,
             unit);
    return out;
}
