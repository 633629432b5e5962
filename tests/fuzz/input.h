/* What the targets of loaders share: the bytes stand in for a file, and what comes of them is
 * either a refusal that people can act on, or something that can be priced. */
#ifndef GABLE_TESTS_FUZZ_INPUT_H
#define GABLE_TESTS_FUZZ_INPUT_H
#include "engine/engine.h"
#include "fuzz.h"

/* An arena that is empty again for each input; larger than any input of the size that is tried
 * needs, so that "arena full" is a find as well. `text` is the input, NUL-terminated, in memory of
 * its own size. */
typedef struct input {
    gable_arena *arena;
    char *text;
    size_t length_bytes;
    gable_err err;
    gable_file_overlay overlay;
} input;

input input_open(const uint8_t *data, size_t size);
void input_close(input *in);

/* The bytes, NUL-terminated in memory that ends with them, so that a sanitizer sees what reads on;
 * the caller frees it. */
char *input_copy(const uint8_t *data, size_t size);

/* For targets of text alone: `check` gets the bytes, NUL-terminated in memory of their own size,
 * and an arena of `fixed_bytes` and as many times their number as `per_byte` says. That is little:
 * arenas that are full are tried as well. Returns what LLVMFuzzerTestOneInput returns. */
typedef void input_check(gable_arena *arena, const char *text, size_t size);
int input_text(const uint8_t *data, size_t size, size_t fixed_bytes, size_t per_byte,
               input_check *check);

/* Whatever is read from `path` in the arena is the text from now on. */
void input_stands_in(input *in, const char *path, const char *text, size_t length_bytes);

/* The refusal is one line for people: printable UTF-8 that says what and where.
 *   path   it begins with this and a line and column of the text; NULL: it need not */
void input_refused(const input *in, const char *path);

/* A step of `model` on `machine` is refused in words, or its price is finite, is no less than the
 * speed of light, and adds up. */
void input_priced(input *in, const gable_model *model, const gable_machine *machine);

/* Loads from the tree, which must succeed. They stay for all inputs. */
const gable_model *input_tree_model(const char *name);
const gable_machine *input_tree_machine(const char *name);

#endif
