/* report/page: the self-contained page of `gable report`. The page holds the program's own rooms,
 * compiled to WebAssembly (plots/page), and the data files; gable_page_ask is what the page calls
 * there, and what tests call here: one function, two compilers. Room: report. Uses: every room
 * below. */
#ifndef GABLE_REPORT_PAGE_H
#define GABLE_REPORT_PAGE_H
#include "machine/power.h"
#include "report/plot.h"

/* Models and machines that were asked about last; give it zeroed memory. Everything lives in its
 * arena, which the caller owns. */
typedef struct gable_page {
    gable_arena *arena;
    const char *hw, *workloads; /* data folders */
    size_t start_bytes;         /* arena mark below model and machine */
    size_t loaded_bytes;        /* arena mark above them: what one question needs comes after it */
    char key[3][256];           /* model, system, stack that are loaded */
    const gable_model *model;
    gable_machine machine;
    gable_power power;
} gable_page;

/* What a question may hold: model, system, stack, phase, batch, context, new_tokens, ranks, nodes,
 * formats, as in `gable cost`. */
extern const gable_schema gable_page_schema;

/* The answer to a question ("gable.page/1", `length_bytes` and a NUL): {"verdict": why
 * it takes that long, "cost": as `gable cost --format json`, "roofline": as `gable roofline
 * --format json`}. Loads model and machine unless they are those of the last question. Refuses with
 * GABLE_INPUT. */
gable_status gable_page_ask(gable_page *page, const char *question, size_t length_bytes,
                            gable_text *out, gable_err *err);

/* What `gable report` writes. */
typedef struct gable_page_request {
    const char *template_path;  /* the page without its data, as `make` builds it */
    const char *hw, *workloads; /* data folders: what is in them goes into the page */
    const char *model, *system; /* names, or paths whose files go into the page as well */
    const char *stack;          /* with the step below: what the page shows first */
    const gable_scenario
        *scenario; /* phase, batch, tokens, skew and ranks of it; n_new 0: as the model decodes */
    int n_nodes;
    const char *checkpoint;                 /* a row of workloads/checkpoints.csv; NULL: none */
    const char *weights, *activations, *kv; /* names of formats; NULL: the checkpoint's */
} gable_page_request;

/* Appends the page: the template, with the data files and the first question in its middle. Text of
 * data files cannot end the element that it stands in. Refuses with GABLE_INPUT; GABLE_OUTPUT when
 * the template is not there, and says how to get it. */
gable_status gable_page_write(gable_arena *arena, const gable_page_request *request,
                              gable_text *out, gable_err *err);

/* Appends JSON text as content of an HTML script element: white space outside strings goes, and
 * every '<' of a string becomes \u003c, so that neither an end tag nor a comment can begin. */
void gable_page_add_data(gable_text *out, const char *json, size_t length_bytes);

#endif
