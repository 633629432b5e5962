/* layout/families: see families.h. */
#include "layout/families.h"

/* What in a model asks for kernels that others do without. */
static bool has_latent(const gable_layer *layer)
{
    return layer->mixer.kind >= GABLE_MIXER_MLA && layer->mixer.kind <= GABLE_MIXER_MSA;
}

static bool has_state(const gable_layer *layer)
{
    return gable_mixer_has_state(&layer->mixer);
}

static bool has_experts(const gable_layer *layer)
{
    return layer->ffn.kind == GABLE_FFN_MOE || layer->ffn.kind == GABLE_FFN_LATENT_MOE;
}

/* Runs of families, as GABLE_FAMILY_LIST has them. */
static const struct {
    gable_family first, last;
    bool (*asks)(const gable_layer *layer);
} rows[] = {
    {GABLE_FAMILY_MOE, GABLE_FAMILY_MOE, has_experts},
    {GABLE_FAMILY_MOE_WIDE, GABLE_FAMILY_MOE_WIDE, has_experts},
    {GABLE_FAMILY_MOE_DISPATCH, GABLE_FAMILY_MOE_PREPARE, has_experts},
    {GABLE_FAMILY_LATENT_CONTEXT, GABLE_FAMILY_LATENT_GENERATION, has_latent},
    {GABLE_FAMILY_MLA_CONTEXT, GABLE_FAMILY_MSA_GENERATION, has_latent},
    {GABLE_FAMILY_LINEAR_CONV, GABLE_FAMILY_LINEAR_UPDATE, has_state},
};

static gable_families run(gable_family first, gable_family last)
{
    return (((gable_families)2 << last) - 1) & ~(((gable_families)1 << first) - 1);
}

gable_families gable_layout_families(const gable_model *model)
{
    gable_families out = GABLE_ALL_FAMILIES;
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        bool asked = false;
        for (int k = 0; k < model->n_kinds && !asked; k++)
            asked = rows[r].asks(&model->kinds[k]);
        if (!asked)
            out &= ~run(rows[r].first, rows[r].last);
    }
    if (model->hyper_streams <= 1)
        out &= ~run(GABLE_FAMILY_MHC_PRE, GABLE_FAMILY_MHC_POST);
    return out;
}
