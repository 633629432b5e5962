/* report/labels: names beside their points without overlaps: each label takes the nearest free
 * place on rings around its point. */
#include <math.h>
#include <string.h>

#include "report/picture.h"

void gable_labels_take(gable_label_map *map, const gable_box *box)
{
    if (map->n_taken < map->cap_taken)
        map->taken[map->n_taken++] = *box;
}

static bool overlap(const gable_box *a, const gable_box *b)
{
    return a->left < b->right && b->left < a->right && a->bottom < b->top && b->bottom < a->top;
}

bool gable_labels_free(const gable_label_map *map, const gable_box *box)
{
    const gable_box *area = &map->area;
    if (box->left < area->left || box->right > area->right || box->bottom < area->bottom ||
        box->top > area->top)
        return false;
    for (int i = 0; i < map->n_taken; i++)
        if (overlap(box, &map->taken[i]))
            return false;
    return true;
}

/* The box whose nearest edge or corner lies `distance` from the point in a direction. */
static gable_box box_toward(const gable_label_map *map, const gable_label *label, double distance,
                            double angle)
{
    double width = (double)strlen(label->text) * map->char_px, height = map->line_px;
    double dx = cos(angle), dy = sin(angle);
    double x = label->at_x + dx * distance + dx * width / 2.0;
    double y = label->at_y + dy * distance + dy * height / 2.0;
    return (gable_box){x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0};
}

static void place(gable_label_map *map, gable_label *label)
{
    /* Right first: names read on from their point; then alternating away from it. */
    static const double degrees[] = {0.0,   -30.0, -60.0, -90.0, 30.0,   180.0,  150.0,
                                     210.0, 240.0, 60.0,  90.0,  -120.0, -150.0, 120.0};
    const double radian = acos(-1.0) / 180.0;
    for (int ring = 0; ring < 8; ring++)
        for (size_t i = 0; i < COUNT_OF(degrees); i++) {
            double distance = label->radius + 3.0 + 13.0 * ring;
            gable_box box = box_toward(map, label, distance, degrees[i] * radian);
            if (!gable_labels_free(map, &box))
                continue;
            label->box = box;
            label->placed = true;
            gable_labels_take(map, &box);
            return;
        }
}

void gable_labels_place(gable_label_map *map, gable_label *labels, int n_labels)
{
    for (int i = 0; i < n_labels; i++)
        place(map, &labels[i]);
}
