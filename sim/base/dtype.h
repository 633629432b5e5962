/* base/dtype: number formats: what an element occupies, and which matrix unit it runs on.
 * Bits include the scales (facts/models.md 4.18): NVFP4 is 4 bits + one E4M3 per 16 = 4.5.
 * Room: base. Uses: nothing. */
#ifndef GABLE_BASE_DTYPE_H
#define GABLE_BASE_DTYPE_H
#include <stdbool.h>

/* Rates that a datasheet prints, widest first. X(symbol, key in hw/accelerators) */
#define GABLE_MMA_LIST(X)                                                                          \
    X(FP64, "fp64")                                                                                \
    X(FP32, "fp32")                                                                                \
    X(TF32, "tf32")                                                                                \
    X(BF16, "bf16")                                                                                \
    X(FP16, "fp16")                                                                                \
    X(FP8, "fp8")                                                                                  \
    X(INT8, "int8")                                                                                \
    X(FP6, "fp6")                                                                                  \
    X(FP4, "fp4")                                                                                  \
    X(INT4, "int4")

typedef enum gable_mma {
#define GABLE_MMA_ENUM(symbol, key) GABLE_MMA_##symbol,
    GABLE_MMA_LIST(GABLE_MMA_ENUM)
#undef GABLE_MMA_ENUM
        GABLE_N_MMA
} gable_mma;

/* X(symbol, name, bits per element with scales, matrix unit when both operands have the format)
 * fp8_block has an fp32 scale per 128 x 128, fp8_ue8m0 one byte instead; fp8_group an fp32 scale
 * per 128 elements of a token (DeepSeek's activations); int4 is group 128 with an fp16 scale;
 * int4_g32 has one per 32 (Kimi-K2.5); ternary packs 2 bits (BitNet) and runs on int8; q*_k and
 * iq*_xxs are GGUF blocks of 256 with their scales (66, 84, 98, 110, 144, 176, 210 B), q8_0 blocks
 * of 32 (34 B): weights alone; mla_fp8 and v4_kv are packed cache entries (656 B / 576 el, 584 B /
 * 512 el). */
#define GABLE_DTYPE_LIST(X)                                                                        \
    X(FP32, "fp32", 32.0, FP32)                                                                    \
    X(TF32, "tf32", 32.0, TF32)                                                                    \
    X(BF16, "bf16", 16.0, BF16)                                                                    \
    X(FP16, "fp16", 16.0, FP16)                                                                    \
    X(FP8, "fp8", 8.0, FP8)                                                                        \
    X(FP8_BLOCK, "fp8_block", 8.0 + 32.0 / (128.0 * 128.0), FP8)                                   \
    X(FP8_UE8M0, "fp8_ue8m0", 8.0 + 8.0 / (128.0 * 128.0), FP8)                                    \
    X(FP8_GROUP, "fp8_group", 8.25, FP8)                                                           \
    X(MXFP8, "mxfp8", 8.25, FP8)                                                                   \
    X(INT8, "int8", 8.0, INT8)                                                                     \
    X(FP6, "fp6", 6.0, FP6)                                                                        \
    X(MXFP6, "mxfp6", 6.25, FP6)                                                                   \
    X(FP4, "fp4", 4.0, FP4)                                                                        \
    X(NVFP4, "nvfp4", 4.5, FP4)                                                                    \
    X(MXFP4, "mxfp4", 4.25, FP4)                                                                   \
    X(INT4, "int4", 4.125, INT4)                                                                   \
    X(INT4_G32, "int4_g32", 4.5, INT4)                                                             \
    X(IQ2_XXS, "iq2_xxs", 66.0 * 8.0 / 256.0, INT4)                                                \
    X(Q2_K, "q2_k", 84.0 * 8.0 / 256.0, INT4)                                                      \
    X(IQ3_XXS, "iq3_xxs", 98.0 * 8.0 / 256.0, INT4)                                                \
    X(Q3_K, "q3_k", 110.0 * 8.0 / 256.0, INT4)                                                     \
    X(Q4_K, "q4_k", 144.0 * 8.0 / 256.0, INT4)                                                     \
    X(Q5_K, "q5_k", 176.0 * 8.0 / 256.0, INT4)                                                     \
    X(Q6_K, "q6_k", 210.0 * 8.0 / 256.0, INT4)                                                     \
    X(Q8_0, "q8_0", 34.0 * 8.0 / 32.0, INT4)                                                       \
    X(TERNARY, "ternary", 2.0, INT8)                                                               \
    X(MLA_FP8, "mla_fp8", 656.0 * 8.0 / 576.0, BF16)                                               \
    X(V4_KV, "v4_kv", 584.0 * 8.0 / 512.0, BF16)

typedef enum gable_dtype {
#define GABLE_DTYPE_ENUM(symbol, name, bits, mma) GABLE_DTYPE_##symbol,
    GABLE_DTYPE_LIST(GABLE_DTYPE_ENUM)
#undef GABLE_DTYPE_ENUM
        GABLE_N_DTYPES
} gable_dtype;

const char *gable_dtype_name(gable_dtype dtype);
const char *gable_mma_key(gable_mma mma);

/* Bytes per element, scales included. */
double gable_dtype_bytes(gable_dtype dtype);

/* Finds a format by its name, or an alias that checkpoints use (float16, e4m3, fp8_e4m3, bfloat16
 * …). Returns false when the name is unknown. */
bool gable_dtype_find(const char *name, gable_dtype *dtype);

/* Matrix unit that a product of these operands runs on: the wider operand decides, so weight-only
 * formats run at the activations' rate (facts/models.md 4.18). */
gable_mma gable_dtype_mma(gable_dtype weights, gable_dtype activations);

/* NULL-terminated list of all names, for options and suggestions. */
const char *const *gable_dtype_names(void);

#endif
