#!/bin/sh
# tests/faults/fixture.sh FOLDER: FOLDER/run holds the files that the examples of the subcommands name, FOLDER/main
# stands for an older checkout.
set -eu
data=$PWD
mkdir -p "$1/run/workloads/traffic" "$1/run/configs/ci" "$1/run/hw/calibration" "$1/run/path/to"
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
cat >readings.csv <<'END'
device,framework,version,op,dtype,shape,flops,bytes,latency_us,power_w,power_limit_w
b200-sxm,trtllm,1.3.0rc15,gemm,bf16,m=4096;n=4096;k=4096,137438953472,100663296,110,900,1000
b200-sxm,trtllm,1.3.0rc15,gemm,bf16,m=1;n=4096;k=4096,33554432,33570816,9,400,1000
END
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
