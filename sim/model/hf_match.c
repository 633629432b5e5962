/* model/hf_match: exclusion patterns of quantised checkpoints against module paths. A small matcher
 * of our own: the C library's regular expressions may take exponential time and memory on hostile
 * patterns. */
#include <ctype.h>
#include <string.h>

#include "model/hf.h"

/* More steps than any honest pattern needs on a path of 100 bytes; beyond, it is not understood. */
enum { STEPS_CAP = 20000 };

typedef struct matcher {
    bool regex;
    int steps;
} matcher;

static bool match_here(matcher *m, const char *p, const char *s);

/* (a|b|c): literals only. Tries each, then the rest of the pattern. */
static bool match_group(matcher *m, const char *p, const char *s)
{
    const char *close = strchr(p, ')'); /* is_readable saw it */

    for (const char *at = p + 1; at <= close;) {
        size_t n = strcspn(at, "|)");
        if (strncmp(at, s, n) == 0 && match_here(m, close + 1, s + n))
            return true;
        at += n + 1;
    }
    return false;
}

static bool match_any(matcher *m, const char *rest, const char *s)
{
    for (;; s++) {
        if (match_here(m, rest, s))
            return true;
        if (*s == '\0' || m->steps > STEPS_CAP)
            return false;
    }
}

/* Length of what stands for "anything" at the start of a pattern; 0 when nothing does. */
static size_t wildcard(const matcher *m, const char *p)
{
    if (m->regex)
        return p[0] == '.' && p[1] == '*' ? 2 : 0;
    return *p == '*';
}

/* One literal, "." or escape of the pattern against one byte; moves the pattern on. */
static bool match_byte(const matcher *m, const char **p, char c)
{
    bool any = m->regex && **p == '.';

    if (m->regex && **p == '\\') /* is_readable saw what comes after */
        (*p)++;
    bool same = c != '\0' && (any || **p == c);
    (*p)++;
    return same;
}

/* Length of what stands for a number at the start of a pattern: "\d+" or "[0-9]+". */
static size_t number(const char *p)
{
    return strncmp(p, "\\d+", 3) == 0 ? 3 : strncmp(p, "[0-9]+", 6) == 0 ? 6 : 0;
}

static bool match_here(matcher *m, const char *p, const char *s)
{
    while (*p) {
        size_t n = wildcard(m, p);
        if (++m->steps > STEPS_CAP)
            return false;
        if (n > 0)
            return match_any(m, p + n, s);
        if (m->regex && *p == '(')
            return match_group(m, p, s);
        if (m->regex && number(p) > 0) {
            size_t digits = strspn(s, "0123456789");
            return digits > 0 && match_here(m, p + number(p), s + digits);
        }
        if (m->regex && strcmp(p, "$") == 0)
            return *s == '\0';
        if (!match_byte(m, &p, *s++))
            return false;
    }
    /* a module's name also stands for what is inside it */
    return *s == '\0' || *s == '.' || m->regex;
}

/* The pattern as whole components anywhere in the path: "gate" is in "mlp.gate" but not in
 * "mlp.gate_proj". */
static bool holds_components(const char *pattern, const char *module)
{
    size_t n = strlen(pattern);

    if (n == 0)
        return false;
    for (const char *at = strstr(module, pattern); at; at = strstr(at + 1, pattern))
        if ((at == module || at[-1] == '.') && (at[n] == '\0' || at[n] == '.'))
            return true;
    return false;
}

/* Only . .* \d+ [0-9]+ \\. ^ at the start, $ at the end and flat groups of literals: anything
 * else would silently match less than its writer meant. */
static bool is_readable(const char *p)
{
    for (; *p; p++) {
        if (number(p) > 0) {
            p += number(p) - 1;
        } else if (*p == '\\') { /* "\w" is a class, not a w */
            if (p[1] == '\0' || isalnum((unsigned char)p[1]))
                return false;
            p++;
        } else if (*p == '(') {
            size_t n = strcspn(p + 1, "()*?+[]{}\\.^$");
            if (p[1 + n] != ')')
                return false;
            p += 1 + n;
        } else if (p[0] == '.' && p[1] == '*') {
            p++;
        } else if (strchr("[]{}+?*|)^", *p) || (*p == '$' && p[1] != '\0')) {
            return false;
        }
    }
    return true;
}

bool gable_hf_match(const char *pattern, const char *module, bool *ok)
{
    matcher m = {.regex = strncmp(pattern, "re:", 3) == 0};
    const char *start = m.regex ? pattern + 3 : pattern;

    if (m.regex && *start == '^')
        start++;
    if (m.regex ? !is_readable(start) : strpbrk(pattern, "?[") != NULL) {
        *ok = false;
        return false;
    }
    if (!m.regex && !strchr(pattern, '*'))
        return holds_components(pattern, module);
    bool matches = match_here(&m, start, module);
    *ok = *ok && m.steps <= STEPS_CAP;
    return matches;
}
