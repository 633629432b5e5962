/* engine/kinds_power: see kinds_power.h. A row becomes cells of the KIND that its column `op`
 * names, and that KIND makes the operator. */
#include "engine/kinds_power.h"

#include <stdio.h>
#include <string.h>

/* Letters of the column `shape`, and the columns that they stand for. */
static const struct {
    const char *letter, *column;
} letters[] = {
    {"m", "m"},       {"n", "n"},     {"k", "k"},          {"b", "batch"},    {"s", "isl"},
    {"kv", "kv_len"}, {"h", "heads"}, {"hkv", "kv_heads"}, {"d", "head_dim"}, {"w", "window"},
};

static int column_of(const gable_table_kind *kind, const char *name)
{
    for (int i = 0; i < kind->n_columns; i++)
        if (strcmp(kind->columns[i].name, name) == 0)
            return i;
    return -1;
}

/* "m=8" into the cell of m; false when it is no size that the KIND has. */
static bool take_size(const gable_table_kind *kind, char *text, gable_cells *cells)
{
    char *value = strchr(text, '=');
    if (!value)
        return false;
    *value++ = '\0';
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        if (strcmp(letters[i].letter, text) != 0)
            continue;
        int at = column_of(kind, letters[i].column);
        return at >= 0 && !kind->columns[at].label && gable_num_parse(value, &cells->number[at]) &&
               cells->number[at] >= 0.0;
    }
    return false;
}

enum { TEXT_CAP = 128, SIZES_CAP = 16 };

static const char *take_shape(const gable_table_kind *kind, const char *shape, gable_cells *cells)
{
    char text[TEXT_CAP];
    int n = 0, wanted = 0;
    for (int i = 0; i < kind->n_columns; i++)
        wanted += !kind->columns[i].label && !kind->columns[i].blank;
    if ((size_t)snprintf(text, sizeof text, "%s", shape) >= sizeof text)
        return "a shape longer than its operator has sizes";
    for (char *at = text; at && *at && n < SIZES_CAP; n++) {
        char *end = strchr(at, ';');
        if (end)
            *end++ = '\0';
        if (!take_size(kind, at, cells))
            return "a size that its operator does not have";
        at = end;
    }
    return n == wanted ? NULL : "a shape without all sizes of its operator";
}

/* "bf16/fp8" into the labels of formats, in the order of the columns; one stands for all. */
static void take_formats(const gable_table_kind *kind, char *formats, gable_cells *cells)
{
    char *at = formats;
    for (int i = 0; i < kind->n_columns; i++) {
        if (!kind->columns[i].label)
            continue;
        if (kind->columns[i].blank) {
            cells->label[i] = "";
            continue;
        }
        cells->label[i] = at;
        char *slash = strchr(at, '/');
        if (slash) {
            *slash = '\0';
            at = slash + 1;
        }
    }
}

const char *gable_make_power(const gable_cells *cells, gable_op *op)
{
    gable_cells own = {0};
    char formats[TEXT_CAP];
    const gable_table_kind *kind = gable_table_kind_find(cells->label[GABLE_POWER_OP]);
    if (!kind || kind->make == gable_make_power)
        return "an operator that no KIND stands for";
    if ((size_t)snprintf(formats, sizeof formats, "%s", cells->label[GABLE_POWER_DTYPE]) >=
        sizeof formats)
        return "unknown number format";
    const char *why = take_shape(kind, cells->label[GABLE_POWER_SHAPE], &own);
    if (why)
        return why;
    take_formats(kind, formats, &own);
    /* cppcheck-suppress returnDanglingLifetime ; reasons are literals */
    return kind->make(&own, op);
}
