#!/bin/sh
# tests/faults/fixture.sh FOLDER: FOLDER/run holds the files that the examples of the subcommands name, FOLDER/main
# stands for an older checkout.
set -eu
data=$PWD
mkdir -p "$1/run/workloads/traffic" "$1/run/configs/ci" "$1/run/hw/calibration" "$1/run/hw/power" "$1/run/path/to"
ln -s "$data" "$1/main"
cd "$1/run"
cp -R "$data/configs/sweeps" configs/
cp "$data"/configs/ci/dense-decode-h100.json "$data"/configs/ci/dense-decode-a100.json configs/ci/
cp "$data/tests/fuzz/corpus/model/hf-companion-nvfp4" both
tr '\036' '\n' <both | sed -n 1p >path/to/config.json
tr '\036' '\n' <both | sed -n 2p >path/to/hf_quant_config.json
rm both
for trace in "$data"/workloads/traffic/*.jsonl "$data"/workloads/traffic/*.csv; do
    [ ! -f "$trace" ] || head -40 "$trace" >"workloads/traffic/${trace##*/}"
done
cp "$data/hw/accelerators/h100-sxm.json" my-gpu.json

# A table of products whose times are a roofline and a launch, so that fits converge.
awk 'BEGIN {
    print "device,framework,version,kernel,dtype,m,n,k,latency_us"
    for (m = 1; m <= 16384; m *= 4)
        for (n = 1024; n <= 8192; n *= 2)
            for (k = 1024; k <= 8192; k *= 8) {
                math = 2 * m * n * k / 6e14; bytes = 2 * (m * n + n * k + m * k) / 2.6e12
                printf "h100-sxm,trtllm,1.0,cublas,bf16,%d,%d,%d,%.4f\n", m, n, k, 4 + 1e6 * (math > bytes ? math : bytes)
            }
}' >measured.csv
cut -d, -f1-8 measured.csv >gemm.csv
cp gemm.csv shapes.csv
# Experts, balanced, whose times are their weights and a launch.
awk 'BEGIN {
    print "device,framework,version,kernel,dtype,dist,tokens,hidden,inter,topk,experts,tp,ep,gemms,latency_us"
    for (tokens = 1; tokens <= 4096; tokens *= 4)
        for (inter = 768; inter <= 1536; inter *= 2)
            for (ep = 1; ep <= 8; ep *= 2)
                printf "h200-sxm,sglang,0.5.10,triton,bf16,balanced,%d,2048,%d,8,128,1,%d,3,%.3f\n", tokens, inter, ep,
                    12 + 128 / ep * 3 * 2048 * inter * 2 / 4e12 * 1e6 * (tokens < 16 ? tokens / 16 : 1)
}' >experts.csv
# Power that grows with the rate of bytes and of operations: more than the hundred readings that a fit asks for.
awk 'BEGIN {
    print "device,framework,version,op,dtype,shape,flops,bytes,latency_us,power_w,power_limit_w"
    for (m = 1; m <= 16384; m *= 2)
        for (n = 1024; n <= 8192; n *= 2)
            for (k = 1024; k <= 8192; k *= 2) {
                flops = 2 * m * n * k; bytes = 2 * (m * n + n * k + m * k)
                us = 4 + 1e6 * (flops / 1.8e15 > bytes / 6.4e12 ? flops / 1.8e15 : bytes / 6.4e12)
                printf "b200-sxm,trtllm,1.3.0rc15,gemm,bf16,m=%d;n=%d;k=%d,%.0f,%.0f,%.3f,%.1f,1000\n", m, n, k, flops, bytes, us,
                    180 + 3.2e-13 * flops / us * 1e6 + 4.5e-11 * bytes / us * 1e6
            }
}' >readings.csv
cat >runs.csv <<'END'
device,system,framework,model,precision,tp,ep,isl,osl,concurrency,ttft_ms,tpot_ms
h100-sxm,hgx-h100-8,vllm,llama-3.1-8b,bf16,1,1,1024,256,8,120,9
h100-sxm,hgx-h100-8,vllm,llama-3.1-8b,bf16,1,1,1024,256,32,400,12
END
GABLE_DATA=$data "$data/${BIN:-build}/gable" net traffic --system hgx-h100-8 --nodes 2 --pattern ring --bytes 1GiB -o ring.json
for when in before after; do
    GABLE_DATA=$data "$data/${BIN:-build}/gable" cost --model llama-3.1-8b --system h100-sxm --stack ideal \
        --batch $([ $when = before ] && echo 1 || echo 8) --format json -o $when.json
done
