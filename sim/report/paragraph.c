/* report/paragraph: see paragraph.h. */
#include "report/paragraph.h"

#include <string.h>

/* Columns of `n` bytes of UTF-8: continuation bytes take none. */
static int columns_of(const char *text, size_t n)
{
    int columns = 0;
    for (size_t i = 0; i < n; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

void gable_paragraph(gable_text *out, const char *text, int indent, int width)
{
    gable_text safe = {0};
    gable_text_add_safe(&safe, text);
    int column = 0;
    for (const char *at = safe.text ? safe.text : ""; *at;) {
        at += strspn(at, " ");
        size_t n = strcspn(at, " ");
        int columns = columns_of(at, n);
        if (!n)
            break;
        if (column > 0 && column + 1 + columns > width) {
            gable_text_add(out, "\n");
            column = 0;
        }
        if (column > 0)
            gable_text_add(out, " ");
        else
            gable_text_addf(out, "%*s", indent, "");
        column += columns + (column > 0 ? 1 : indent);
        gable_text_add_n(out, at, n);
        at += n;
    }
    gable_text_add(out, "\n");
    out->failed = out->failed || safe.failed;
    gable_text_free(&safe);
}
