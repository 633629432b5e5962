/* engine/prefixes: which prompts of a trace begin like earlier ones: a cache of blocks that drops
 * those used longest ago. See trace.h. */
#include <math.h>

#include "engine/trace.h"

enum { NONE = -1 };

/* Blocks as indices 0 … n - 1 through an open hash table; a list of those in the cache, the last
 * used first. */
typedef struct prefix_cache {
    size_t n_slots; /* a power of two, at least twice the blocks */
    int32_t *slot;  /* n_slots: index or NONE */
    double *name;   /* of each index */
    int32_t *newer, *older;
    bool *in;
    int32_t newest, oldest, n_names;
    double n_in, most;
} prefix_cache;

static gable_status take_cache(gable_arena *arena, size_t n_blocks, double most, prefix_cache *out,
                               gable_err *err)
{
    *out = (prefix_cache){.n_slots = 16, .newest = NONE, .oldest = NONE, .most = most};
    while (out->n_slots < 2 * n_blocks)
        out->n_slots *= 2;
    GABLE_TRY(gable_arena_take(arena, out->n_slots, sizeof *out->slot, &out->slot, err));
    GABLE_TRY(gable_arena_take(arena, n_blocks + 1, sizeof *out->name, &out->name, err));
    GABLE_TRY(gable_arena_take(arena, n_blocks + 1, sizeof *out->newer, &out->newer, err));
    GABLE_TRY(gable_arena_take(arena, n_blocks + 1, sizeof *out->older, &out->older, err));
    GABLE_TRY(gable_arena_take(arena, n_blocks + 1, sizeof *out->in, &out->in, err));
    for (size_t i = 0; i < out->n_slots; i++)
        out->slot[i] = NONE;
    return GABLE_OK;
}

static int32_t index_of(prefix_cache *c, double name)
{
    uint64_t hash = (uint64_t)name * 0x9e3779b97f4a7c15u; /* Fibonacci hashing: Knuth 6.4 */
    size_t at = (size_t)(hash >> 20) & (c->n_slots - 1);
    while (c->slot[at] != NONE && fabs(c->name[c->slot[at]] - name) > 0.5)
        at = (at + 1) & (c->n_slots - 1);
    if (c->slot[at] == NONE) {
        c->name[c->n_names] = name;
        c->slot[at] = c->n_names++;
    }
    return c->slot[at];
}

static void unlink_block(prefix_cache *c, int32_t i)
{
    int32_t newer = c->newer[i], older = c->older[i];
    *(newer == NONE ? &c->newest : &c->older[newer]) = older;
    *(older == NONE ? &c->oldest : &c->newer[older]) = newer;
    c->in[i] = false;
    c->n_in -= 1.0;
}

static void use_block(prefix_cache *c, int32_t i)
{
    if (c->in[i])
        unlink_block(c, i);
    c->newer[i] = NONE;
    c->older[i] = c->newest;
    *(c->newest == NONE ? &c->oldest : &c->newer[c->newest]) = i;
    c->newest = i;
    c->in[i] = true;
    c->n_in += 1.0;
    while (c->n_in > c->most)
        unlink_block(c, c->oldest);
}

/* Blocks of request i from the last to the first, so that what a prompt begins with stays longest.
 */
static double hits_of(prefix_cache *c, const gable_trace *trace, size_t i)
{
    size_t first = trace->block_at[i], last = trace->block_at[i + 1], hits = first;
    while (hits < last && c->in[index_of(c, trace->block[hits])])
        hits++;
    for (size_t k = last; k > first; k--)
        use_block(c, index_of(c, trace->block[k - 1]));
    return (double)(hits - first);
}

gable_status gable_trace_prefixes(gable_arena *arena, gable_trace *trace, double tokens,
                                  double *hit_frac, gable_err *err)
{
    prefix_cache cache;
    gable_requests *r = &trace->requests;
    double prompts = 0.0, hits = 0.0;
    if (!trace->block_at)
        return gable_fail(err, GABLE_INPUT,
                          "the trace has no hash_ids: nothing tells which prompts begin alike");
    GABLE_TRY(gable_arena_take(arena, r->n, sizeof *r->cached, &r->cached, err));
    size_t mark = gable_arena_mark(arena);
    GABLE_TRY(take_cache(arena, trace->block_at[r->n], floor(tokens / GABLE_TRACE_BLOCK_TOKENS),
                         &cache, err));
    for (size_t i = 0; i < r->n; i++) {
        double known = hits_of(&cache, trace, i) * GABLE_TRACE_BLOCK_TOKENS;
        r->cached[i] = (int32_t)fmin(known, r->prompt[i] - 1.0);
        prompts += r->prompt[i];
        hits += r->cached[i];
    }
    *hit_frac = hits / prompts;
    gable_arena_release(arena, mark);
    return GABLE_OK;
}
