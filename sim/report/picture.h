/* report/picture: the figures of a roofline before anything is drawn, and where their labels go.
 * Private to report. Room: report. Uses: every room below. */
#ifndef GABLE_REPORT_PICTURE_H
#define GABLE_REPORT_PICTURE_H
#include "report/internal.h"
#include "report/plot.h"

/* One matrix unit in use: dense peak of the datasheet, and what the best kernel among the operators
 * reaches. */
typedef struct gable_flat {
    gable_mma mma;
    double spec_flops_per_s, expected_flops_per_s;
    double flops; /* of all steps: the unit with most of them sets the zones */
} gable_flat;

/* One operator of one step. */
typedef struct gable_point {
    const char *name;
    int i_step, i_name;       /* i_name: the same for one operator in all steps, 0 the heaviest */
    double x_flops_per_byte;  /* FLOP per byte of memory */
    double y_flops_per_s;     /* reached on one device */
    double l2_flops_per_byte; /* FLOP per byte that its kernels ask of L2; 0: not known */
    double share_frac;        /* of the step's time */
    double roof_frac;         /* of the datasheet's roof at this intensity */
} gable_point;

enum { GABLE_POINTS_CAP = 256 };

typedef struct gable_picture {
    const gable_roofline_request *request;
    int n_flats;
    gable_flat flats[GABLE_N_MMA]; /* lowest first */
    int i_main;                    /* the flat of most FLOPs */
    double hbm_bytes_per_s, hbm_expected_bytes_per_s;
    double l2_bytes_per_s;   /* 0: not published */
    double link_bytes_per_s; /* 0: nothing goes over the wire */
    int n_points;            /* heaviest first */
    gable_point *points;
    int n_small; /* operators left out: too short to see */
    double x_min, x_max, y_min, y_max;
} gable_picture;

/* Operators with less of their step's time are left out of pictures. */
#define GABLE_POINT_SHARE_MIN 0.0005

gable_status gable_picture_make(gable_arena *arena, const gable_roofline_request *request,
                                gable_picture *out, gable_err *err);

/* Highest dense peak of the units in use. */
double gable_picture_top(const gable_picture *picture);

/* A rectangle, and a label with its anchor, in pixels of the canvas; y grows upwards. */
typedef struct gable_box {
    double left, bottom, right, top;
} gable_box;

typedef struct gable_label {
    const char *text;
    double at_x, at_y, radius; /* the point that it names */
    gable_box box;             /* where the text goes, once placed */
    bool placed;
} gable_label;

typedef struct gable_label_map {
    gable_box area; /* labels stay inside */
    double char_px, line_px;
    gable_box *taken; /* roofs, points and labels that are there */
    int n_taken, cap_taken;
} gable_label_map;

/* Marks a rectangle as taken; silently full when cap_taken is reached (labels may then overlap,
 * nothing worse). */
void gable_labels_take(gable_label_map *map, const gable_box *box);

/* Whether a rectangle is inside the area and overlaps nothing that is taken. */
bool gable_labels_free(const gable_label_map *map, const gable_box *box);

/* Finds the nearest free place around each label's point, in order; a label without one stays
 * unplaced. */
void gable_labels_place(gable_label_map *map, gable_label *labels, int n_labels);

#endif
