/* base/dtype: see dtype.h. */
#include "base/dtype.h"

#include <stddef.h>
#include <string.h>

typedef struct dtype_row {
    const char *name;
    double bits;
    gable_mma mma;
} dtype_row;

static const dtype_row rows[GABLE_N_DTYPES] = {
#define DTYPE_ROW(symbol, name, bits, mma) [GABLE_DTYPE_##symbol] = {name, bits, GABLE_MMA_##mma},
    GABLE_DTYPE_LIST(DTYPE_ROW)
#undef DTYPE_ROW
};

static const char *const mma_keys[GABLE_N_MMA] = {
#define MMA_KEY(symbol, key) key,
    GABLE_MMA_LIST(MMA_KEY)
#undef MMA_KEY
};

static const char *const names[] = {
#define DTYPE_NAME(symbol, name, bits, mma) name,
    GABLE_DTYPE_LIST(DTYPE_NAME)
#undef DTYPE_NAME
        NULL};

/* Spellings of checkpoints and of other tools. */
static const struct {
    const char *alias;
    gable_dtype dtype;
} aliases[] = {
    {"float32", GABLE_DTYPE_FP32}, {"bfloat16", GABLE_DTYPE_BF16},  {"float16", GABLE_DTYPE_FP16},
    {"half", GABLE_DTYPE_FP16},    {"e4m3", GABLE_DTYPE_FP8},       {"fp8_e4m3", GABLE_DTYPE_FP8},
    {"fp8_e5m2", GABLE_DTYPE_FP8}, {"int4_g128", GABLE_DTYPE_INT4}, {"int4_wo", GABLE_DTYPE_INT4},
    {"int8_wo", GABLE_DTYPE_INT8}, {"bitnet", GABLE_DTYPE_TERNARY},
};

const char *gable_dtype_name(gable_dtype dtype)
{
    return rows[dtype].name;
}

const char *gable_mma_key(gable_mma mma)
{
    return mma_keys[mma];
}

double gable_dtype_bytes(gable_dtype dtype)
{
    return rows[dtype].bits / 8.0;
}

bool gable_dtype_find(const char *name, gable_dtype *dtype)
{
    for (int i = 0; i < GABLE_N_DTYPES; i++)
        if (strcmp(rows[i].name, name) == 0) {
            *dtype = (gable_dtype)i;
            return true;
        }
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (strcmp(aliases[i].alias, name) == 0) {
            *dtype = aliases[i].dtype;
            return true;
        }
    return false;
}

gable_mma gable_dtype_mma(gable_dtype weights, gable_dtype activations)
{
    /* INT4 weights are unpacked to the activations' format by every kernel that we know; the enum
     * runs from wide to narrow, but int8 beside fp8 is no wider, so integers pair only with
     * integers. */
    gable_mma w = rows[weights].mma, a = rows[activations].mma;
    if (a == GABLE_MMA_INT8 && (w == GABLE_MMA_INT8 || w == GABLE_MMA_INT4))
        return GABLE_MMA_INT8;
    if (w == GABLE_MMA_INT4 || w == GABLE_MMA_INT8)
        return a;
    return w < a ? w : a;
}

const char *const *gable_dtype_names(void)
{
    return names;
}
