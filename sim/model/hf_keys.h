/* model/hf_keys: concepts of Hugging Face configs and the keys that families use for them. A new
 * spelling is one more string in a row. Private to the importer. Source: facts/models.md 9.
 * Room: model. Uses: nothing. */
#ifndef GABLE_MODEL_HF_KEYS_H
#define GABLE_MODEL_HF_KEYS_H

/* X(symbol, keys in order of preference …) */
#define HF_KEY_LIST(X)                                                                             \
    X(LAYERS, "num_hidden_layers", "layer_num")                                                    \
    X(HIDDEN, "hidden_size")                                                                       \
    X(VOCAB, "vocab_size")                                                                         \
    X(CONTEXT, "max_position_embeddings")                                                          \
    X(TIED_KEY, "tie_word_embeddings")                                                             \
    X(MTP, "num_mtp_modules", "num_nextn_predict_layers", "mtp_num_hidden_layers")                 \
    X(HYPER, "hc_mult")                                                                            \
    X(CANVAS, "canvas_length")                                                                     \
    X(HEADS, "num_attention_heads", "head_num")                                                    \
    X(KV_HEADS, "num_key_value_heads", "kv_head_num")                                              \
    X(HEAD_DIM, "head_dim", "attention_head_dim", "head_size")                                     \
    X(V_HEAD_DIM, "v_head_dim")                                                                    \
    X(GLOBAL_HEAD_DIM, "global_head_dim")                                                          \
    X(GLOBAL_KV_HEADS, "num_global_key_value_heads")                                               \
    X(SWA_HEADS, "swa_num_attention_heads")                                                        \
    X(SWA_KV_HEADS, "swa_num_key_value_heads")                                                     \
    X(SWA_HEAD_DIM, "swa_head_dim")                                                                \
    X(SWA_V_HEAD_DIM, "swa_v_head_dim")                                                            \
    X(SWA_SINKS, "add_swa_attention_sink_bias")                                                    \
    X(FULL_SINKS, "add_full_attention_sink_bias")                                                  \
    X(K_EQ_V, "attention_k_eq_v")                                                                  \
    X(GATED_KEY, "attn_output_gate", "attention_output_gate", "mla_use_output_gate")               \
    X(QK_NORM_KEY, "use_qk_norm")                                                                  \
    X(BIAS, "attention_bias", "qkv_bias")                                                          \
    X(WINDOW, "sliding_window", "sliding_window_size")                                             \
    X(CHUNK_WINDOW, "attention_chunk_size")                                                        \
    X(USE_WINDOW, "use_sliding_window")                                                            \
    X(WINDOW_FROM, "max_window_layers")                                                            \
    X(WINDOW_EVERY, "sliding_window_pattern")                                                      \
    X(LAYER_TYPES, "layer_types")                                                                  \
    X(SWA_LAYERS, "hybrid_layer_pattern")                                                          \
    X(FULL_EVERY, "full_attention_interval")                                                       \
    X(ATTENTION_TYPES, "attn_type_list")                                                           \
    X(Q_RANK, "q_lora_rank")                                                                       \
    X(KV_RANK, "kv_lora_rank")                                                                     \
    X(NOPE_DIM, "qk_nope_head_dim", "qk_head_dim")                                                 \
    X(ROPE_DIM, "qk_rope_head_dim", "qk_pos_emb_head_dim")                                         \
    X(INDEX_HEADS, "index_n_heads")                                                                \
    X(INDEX_DIM, "index_head_dim")                                                                 \
    X(INDEX_TOPK, "index_topk")                                                                    \
    X(INDEX_TYPES, "indexer_types")                                                                \
    X(INDEX_EVERY, "index_topk_freq")                                                              \
    X(INDEX_OFFSET, "index_skip_topk_offset")                                                      \
    X(OUT_GROUPS, "o_groups")                                                                      \
    X(OUT_RANK, "o_lora_rank")                                                                     \
    X(RATIOS, "compress_ratios")                                                                   \
    X(SPARSE, "sparse_attention_config")                                                           \
    X(LINEAR, "linear_attn_config")                                                                \
    X(GDN_KEY_HEADS, "linear_num_key_heads")                                                       \
    X(GDN_HEADS, "linear_num_value_heads")                                                         \
    X(GDN_KEY_DIM, "linear_key_head_dim")                                                          \
    X(GDN_VALUE_DIM, "linear_value_head_dim")                                                      \
    X(CONV, "linear_conv_kernel_dim", "conv_kernel")                                               \
    X(SSM_HEADS, "mamba_num_heads")                                                                \
    X(SSM_HEAD_DIM, "mamba_head_dim")                                                              \
    X(SSM_STATE, "ssm_state_size")                                                                 \
    X(SSM_GROUPS, "n_groups")                                                                      \
    X(SSM_CHUNK, "chunk_size")                                                                     \
    X(SSM_DTYPE, "mamba_ssm_cache_dtype", "mamba_ssm_dtype")                                       \
    X(HYBRID, "hybrid_override_pattern")                                                           \
    X(BLOCK_TYPES, "layers_block_type")                                                            \
    X(BLOCKS_KEY, "block_configs")                                                                 \
    X(WIDTH, "intermediate_size_mlp", "dense_intermediate_size", "intermediate_size")              \
    X(EXPERTS, "n_routed_experts", "num_local_experts", "num_experts", "expert_num")               \
    X(ACTIVE, "num_experts_per_tok", "num_experts_per_token", "top_k_experts",                     \
      "experts_per_token", "topk")                                                                 \
    X(EXPERT_WIDTH, "moe_intermediate_size", "moe_ffn_hidden_size")                                \
    X(PLAIN_WIDTH, "intermediate_size")                                                            \
    X(SHARED, "n_shared_experts", "num_shared_experts")                                            \
    X(SHARED_WIDTH, "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size",      \
      "share_expert_dim", "shared_intermediate_size")                                              \
    X(LATENT, "moe_latent_size", "routed_expert_hidden_size")                                      \
    X(GROUPS, "n_group", "num_expert_group")                                                       \
    X(TOP_GROUPS, "topk_group")                                                                    \
    X(HASH_LAYERS, "num_hash_layers")                                                              \
    X(FIRST_MOE, "first_k_dense_replace", "dense_layers")                                          \
    X(MOE_FREQ, "moe_layer_freq")                                                                  \
    X(MOE_TYPES, "mlp_layer_types")                                                                \
    X(MOE_STEP, "decoder_sparse_step", "interleave_moe_layer_step")                                \
    X(DENSE_LAYERS, "mlp_only_layers")                                                             \
    X(MOE_BLOCK, "enable_moe_block")                                                               \
    X(MLP_BIAS, "mlp_bias")                                                                        \
    X(DTYPE, "torch_dtype", "dtype")                                                               \
    X(EXPERT_DTYPE, "expert_dtype")                                                                \
    X(QUANT, "quantization_config")

typedef enum hf_key {
#define HF_ENUM(symbol, ...) HF_##symbol,
    HF_KEY_LIST(HF_ENUM)
#undef HF_ENUM
        HF_N_KEYS
} hf_key;

#endif
