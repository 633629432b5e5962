/* The few functions of cJSON that sim/base/json.c calls, for WebAssembly: Debian has no cJSON there. They read only
 * what the gate of sim/base/json_gate.c has passed, so nothing is checked again: grammar, escapes, UTF-8, numbers and
 * depth (32) are as they should be. */
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    const char *at;
    bool failed; /* out of memory */
} reader;

static void skip_blanks(reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

static unsigned hex4(const char *digits)
{
    char text[5] = {digits[0], digits[1], digits[2], digits[3], '\0'};
    return (unsigned)strtoul(text, NULL, 16);
}

static char *put_utf8(char *to, unsigned code)
{
    static const unsigned char lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    int n = code < 0x80 ? 1 : (code < 0x800 ? 2 : (code < 0x10000 ? 3 : 4));
    for (int i = n - 1; i > 0; i--, code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3F));
    to[0] = (char)(lead[n] | code);
    return to + n;
}

/* Behind "\u": one code point, of two units where the first is a high surrogate. */
static char *read_unicode(reader *r, char *to)
{
    unsigned code = hex4(r->at);
    r->at += 4;
    if (code >= 0xD800 && code < 0xDC00) {
        code = 0x10000 + ((code & 0x3FF) << 10) + (hex4(r->at + 2) & 0x3FF);
        r->at += 6;
    }
    return put_utf8(to, code);
}

static char *read_string(reader *r)
{
    static const char escapes[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    const char *end = r->at + 1;
    while (*end != '"')
        end += *end == '\\' ? 2 : 1;
    char *text = malloc((size_t)(end - r->at)), *to = text;
    r->failed = r->failed || !text;
    for (r->at++; text && *r->at != '"';) {
        if (*r->at != '\\') {
            *to++ = *r->at++;
            continue;
        }
        char c = r->at[1];
        const char *escape = strchr(escapes, c);
        r->at += 2;
        if (c == 'u')
            to = read_unicode(r, to);
        else
            *to++ = escape ? meanings[escape - escapes] : c;
    }
    if (text)
        *to = '\0';
    r->at = end + 1;
    return text;
}

static cJSON *read_value(reader *r);

/* Behind '{' or '[': the children, and what closes them. */
static void read_children(reader *r, cJSON *parent, char close)
{
    cJSON **link = &parent->child, *last = NULL;
    for (skip_blanks(r); !r->failed && *r->at != close; skip_blanks(r)) {
        char *key = NULL;
        if (*r->at == ',') {
            r->at++;
            continue;
        }
        if (close == '}') {
            key = read_string(r);
            skip_blanks(r);
            r->at++; /* the colon */
        }
        cJSON *child = read_value(r);
        if (!child) {
            free(key);
            return;
        }
        child->string = key;
        child->prev = last;
        *link = last = child;
        link = &child->next;
    }
    r->at++;
}

static cJSON *read_value(reader *r)
{
    cJSON *item = calloc(1, sizeof *item);
    skip_blanks(r);
    r->failed = r->failed || !item;
    if (!item)
        return NULL;
    if (*r->at == '{' || *r->at == '[') {
        item->type = *r->at == '{' ? cJSON_Object : cJSON_Array;
        r->at++;
        read_children(r, item, item->type == cJSON_Object ? '}' : ']');
    } else if (*r->at == '"') {
        item->type = cJSON_String;
        item->valuestring = read_string(r);
    } else if (strchr("-0123456789", *r->at)) {
        char *end;
        item->type = cJSON_Number;
        item->valuedouble = strtod(r->at, &end);
        r->at = end;
    } else {
        item->type = *r->at == 't' ? cJSON_True : (*r->at == 'f' ? cJSON_False : cJSON_NULL);
        r->at += strcspn(r->at, " \t\r\n,]}");
    }
    return item;
}

cJSON *cJSON_ParseWithLengthOpts(const char *value, size_t buffer_length, const char **return_parse_end,
                                 cJSON_bool require_null_terminated)
{
    (void)buffer_length, (void)return_parse_end, (void)require_null_terminated;
    reader r = {.at = value};
    cJSON *root = read_value(&r);
    if (r.failed) {
        cJSON_Delete(root);
        return NULL;
    }
    return root;
}

void cJSON_Delete(cJSON *item)
{
    while (item) {
        cJSON *next = item->next;
        cJSON_Delete(item->child);
        free(item->valuestring);
        free(item->string);
        free(item);
        item = next;
    }
}

#define IS(name, wanted)                                                                                               \
    cJSON_bool cJSON_Is##name(const cJSON *item)                                                                       \
    {                                                                                                                  \
        return item && (item->type & 0xFF) == (wanted);                                                                \
    }
IS(Object, cJSON_Object)
IS(Array, cJSON_Array)
IS(String, cJSON_String)
IS(Number, cJSON_Number)
IS(True, cJSON_True)

cJSON_bool cJSON_IsBool(const cJSON *item)
{
    return item && (item->type & (cJSON_True | cJSON_False)) != 0;
}
