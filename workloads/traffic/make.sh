#!/bin/sh
# workloads/traffic/make.sh: writes the example traces beside it. They are drawn, not recorded: a linear
# congruential generator of our own (Park and Miller 1988) gives the same bytes with every awk.
set -eu
cd "$(dirname "$0")"

random='
function uniform() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 }
function exponential(mean) { return -mean * log(uniform()) }
function normal() { return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform()) }
# A whole number, log-normal about `median`, from `least` to `most`.
function length_of(median, sigma, least, most,   x) {
    x = int(median * exp(sigma * normal()) + 0.5)
    return x < least ? least : x > most ? most : x
}'

# Code completion: long prompts, short answers, 300 of them at 2.5 a second.
awk -v seed=20231116 "$random"'
BEGIN {
    print "TIMESTAMP,ContextTokens,GeneratedTokens"
    for (i = 0; i < 300; i++) {
        printf "2024-01-01 %02d:%02d:%010.7f,%d,%d\n", 12 + int(t / 3600), int(t / 60) % 60, t % 60,
            length_of(1500, 0.8, 8, 7000), length_of(14, 0.9, 1, 600)
        t += exponential(0.4)
    }
}' >code.csv

# Conversations: 60 of them, up to 8 turns each, half a minute between turns; a turn sends all that was said before.
# Two system prompts of 1024 tokens are shared by all. A block of 512 tokens has a number for each way of coming to it.
awk -v seed=20250225 "$random"'
BEGIN {
    for (c = 0; c < 60; c++) {
        arrival = 300 * uniform()
        turns = 1 + int(8 * uniform())
        tokens = 1024
        n = 2
        shared = uniform() < 0.7 ? 0 : 2
        block[0] = shared
        block[1] = shared + 1
        for (k = 0; k < turns; k++) {
            tokens += length_of(250, 1.0, 8, 20000)
            answer = length_of(220, 0.7, 1, 2000)
            for (; n * 512 < tokens; n++) block[n] = 4 + next_block++
            ids = block[0]
            for (i = 1; i < n; i++) ids = ids ", " block[i]
            printf "%d\t%d\t{\"timestamp\": %d, \"input_length\": %d, \"output_length\": %d, \"hash_ids\": [%s]}\n",
                arrival * 1000, c, arrival * 1000, tokens, answer, ids
            if (tokens % 512 != 0) n--   # the last block grows: with more in it it is another one
            tokens += answer
            arrival += answer * 0.02 + exponential(30)
        }
    }
}' | LC_ALL=C sort -n -k1,1 -k2,2 | cut -f3 >conversation.jsonl
