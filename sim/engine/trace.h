/* engine/trace: recorded requests as a simulation takes them. Three forms, told apart by what is in
 * the file:
 *   CSV  TIMESTAMP,ContextTokens,GeneratedTokens           the Azure LLM inference traces: a date
 * and
 *                                                          a time of day, or seconds
 *   CSV  timestamp,input_length,output_length[,hash_ids]   Mooncake's columns: milliseconds;
 * hash_ids
 *                                                          are numbers parted by blanks
 *   JSON lines {"timestamp", "input_length", "output_length", "hash_ids"}   Mooncake's own form
 * hash_ids name the blocks of GABLE_TRACE_BLOCK_TOKENS tokens that a prompt is made of, prefix
 * included: prompts that begin alike share their first ones.
 * Room: engine. Uses: engine/simulate. Formats: facts/network.md 7; workloads/traffic/README.md. */
#ifndef GABLE_ENGINE_TRACE_H
#define GABLE_ENGINE_TRACE_H
#include "engine/simulate.h"

enum { GABLE_TRACE_BLOCK_TOKENS = 512 };

/* Arrivals count from the first. Blocks of request i: block[block_at[i]] to block[block_at[i + 1]],
 * not included; block_at is NULL where the trace has none. Lives in its arena. */
typedef struct gable_trace {
    gable_requests requests;
    size_t *block_at; /* n + 1 */
    double *block;    /* whole numbers */
} gable_trace;

/* Reads up to `most` requests (0: all). Refuses with GABLE_INPUT and "file:line: …": rows out of
 * order, tokens that are no whole numbers of at least 1, dates that are none, unknown columns. */
gable_status gable_trace_read(gable_arena *arena, const char *path, size_t most, gable_trace *out,
                              gable_err *err);

/* The same from text (length_bytes, and a NUL after it); `file` is the label for messages. */
gable_status gable_trace_parse(gable_arena *arena, const char *file, const char *text,
                               size_t length_bytes, size_t most, gable_trace *out, gable_err *err);

/* Which tokens of each prompt a cache of prefixes holds already when it arrives, into
 * requests.cached (taken from the arena): its leading blocks that are there; the cache keeps the
 * `tokens` used last, and one token is always computed. Blocks count as there as soon as the prompt
 * that brings them arrives. Returns the share of all prompt tokens in *hit_frac. Refuses with
 * GABLE_INPUT a trace without blocks. */
gable_status gable_trace_prefixes(gable_arena *arena, gable_trace *trace, double tokens,
                                  double *hit_frac, gable_err *err);

#endif
