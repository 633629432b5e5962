/* machine/edit: hardware that does not exist: any field of a loaded machine, by its path.
 *
 *   gable_edit edit;
 *   gable_edit_field f;
 *   GABLE_TRY(gable_edit_open(arena, &machine, &edit, err));     once; the machine stays as it was
 *   GABLE_TRY(gable_edit_find("accelerator.hbm.bandwidth", &f, err));              once per path
 *   GABLE_TRY(gable_edit_parse(&edit, &f, "8 TB/s", &value, err));        or "x2", "+10%", "true"
 *   GABLE_TRY(gable_edit_check(&edit, &f, value, err));          range, whole numbers, no such part
 *   gable_edit_set(&edit, &f, value);              as often as wanted: some ns, no allocation
 *   gable_engine_price(&plan, &edit.machine, &step);
 *   gable_edit_reset(&edit);                                     as opened
 *
 * A path is PART.BLOCK.KEY of the files of hw/: PART is "accelerator", "system", "host" or
 * "constants" (below); it may be left out where no other part has the same BLOCK.KEY. A plan does
 * not know the machine, so it stays valid, but for gable_engine_check when devices.count changes.
 * One gable_edit serves one thread; it points into itself, so it is never copied. It costs 0.6 MB
 * of its arena.
 *
 * What loading derives from a field follows it, as if a file with that number had been loaded:
 * the system's rate from the device's, SSDs' rate from their count, clocks and SMs of the
 * constants. Two things differ from a file, because an edit is a what-if and a file a datasheet:
 * usable memory goes with the capacity unless it is set too, and where a generation describes its
 * silicon (what kernels reach goes with the board's power, whatever the datasheet rounds to) edited
 * peaks, clocks and SM counts scale what is reached. Kernels' constants stay those of the device
 * that was loaded.
 * Room: machine. Uses: base. */
#ifndef GABLE_MACHINE_EDIT_H
#define GABLE_MACHINE_EDIT_H
#include "machine/machine.h"

enum { GABLE_EDIT_PATH_CAP = 64, GABLE_EDIT_FIELDS_CAP = 128 };

typedef enum gable_edit_part {
    GABLE_EDIT_ACCELERATOR,
    GABLE_EDIT_SYSTEM,
    GABLE_EDIT_HOST,
    GABLE_EDIT_CONSTANTS, /* last: without sources */
    GABLE_EDIT_N_PARTS
} gable_edit_part;

/* A path, resolved. Plain data: copies are fine, and it serves any machine. */
typedef struct gable_edit_field {
    char path[GABLE_EDIT_PATH_CAP]; /* in full */
    const gable_field *row;         /* dimension, range, choices, help */
    gable_edit_part part;
    int index; /* among all editable fields, 0 … gable_edit_count() - 1 */
} gable_edit_field;

/* The part "constants": what software and silicon add, as factors of what was fitted (1), and the
 * gap between the kernels of a layer in seconds. */
typedef struct gable_edit_knobs {
    double gap_s_per_layer;
    double scale_up_step_frac, scale_out_step_frac; /* of a step of a collective, and each rank */
    double collective_base_frac;                    /* of what a collective costs before it sends */
} gable_edit_knobs;

typedef struct gable_edit {
    gable_machine machine; /* price this */
    gable_machine base;    /* as opened */
    gable_accelerator accelerator;
    gable_system system;
    gable_cpu host;
    gable_constants *constants;
    const char **sources[3]; /* of accelerator, system, host: "edit" where a field was set */
    gable_edit_knobs knobs, base_knobs;
    int n_kernels; /* of collectives, copied so that knobs can scale them */
    gable_kernel_constants *kernel;
    const gable_kernel_constants **fitted;
    const gable_family *family;               /* of each */
    bool own_usable, own_scale_up, own_power; /* were set themselves, so that they do not follow */
} gable_edit;

/* How many fields can be edited, and each of them: index in 0 … count - 1, in the order of the
 * files. */
int gable_edit_count(void);
void gable_edit_at(int index, gable_edit_field *out);

/* Refuses (GABLE_INPUT) a path that is not there, with the nearest one. */
gable_status gable_edit_find(const char *path, gable_edit_field *out, gable_err *err);

/* A path that may hold '*' for any run of characters within or across steps
 * ("compute.matrix.*"); returns how many of at most `cap` fields, or refuses as gable_edit_find. */
gable_status gable_edit_find_all(const char *pattern, gable_edit_field *out, int cap, int *n,
                                 gable_err *err);

/* A private copy of `base`, whose parts must outlive it. Fails only when the arena is full. */
gable_status gable_edit_open(gable_arena *arena, const gable_machine *base, gable_edit *out,
                             gable_err *err);

/* A value as text: a quantity with its unit (or a bare number in base units), "x1.6" and "+10%" of
 * the value that is there, "x10 hbm.capacity" of another field, true or false, a choice by its
 * name. Refuses (GABLE_INPUT) others, and
 * a factor of a number that is not published. */
gable_status gable_edit_parse(const gable_edit *edit, const gable_edit_field *field,
                              const char *text, double *value, gable_err *err);

/* Whether the machine has the part, and the value is whole where it must be and in the row's range;
 * that of rates and sizes is widened a thousandfold both ways. Refuses with GABLE_INPUT. */
gable_status gable_edit_check(const gable_edit *edit, const gable_edit_field *field, double value,
                              gable_err *err);

/* Whether what is set agrees with each other, as the loader asks of files: one device has no
 * fabric, several have one with a rate. Needed after devices.count or scale_up.fabric. */
gable_status gable_edit_check_whole(const gable_edit *edit, gable_err *err);

/* Base units; 0 or 1 for true or false, the index for choices. A number that is not published is
 * 0. */
double gable_edit_get(const gable_edit *edit, const gable_edit_field *field);
double gable_edit_get_base(const gable_edit *edit, const gable_edit_field *field);

/* Sets a value that was checked, and what follows from it. The order of several does not matter. */
void gable_edit_set(gable_edit *edit, const gable_edit_field *field, double value);

/* Whether 0 means that nobody published the number, rather than none. */
bool gable_edit_unpublished(const gable_edit_field *field);

/* Back to the machine as opened. */
void gable_edit_reset(gable_edit *edit);

/* What an edit did to one field. */
typedef struct gable_edited {
    gable_edit_field field;
    double before, after;
} gable_edited;

enum { GABLE_EDITED_CAP = 96 };
typedef struct gable_edited_list {
    int n;
    gable_edited item[GABLE_EDITED_CAP];
} gable_edited_list;

/* "PATH=VALUE", checked and set; PATH may hold '*', and then factors skip what is not published.
 *   done   each field that was set is added; the last of several changes of one field stands */
gable_status gable_edit_apply(gable_edit *edit, const char *assignment, gable_edited_list *done,
                              gable_err *err);

/* The same, but a path with '*' may find nothing that is published: descriptions that fit any
 * machine. */
gable_status gable_edit_apply_known(gable_edit *edit, const char *assignment,
                                    gable_edited_list *done, gable_err *err);

/* "8 TB/s", "true", "switch", "not published". */
void gable_edit_print(const gable_edit_field *field, double value, gable_text *out);

#endif
