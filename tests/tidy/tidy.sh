#!/bin/sh
# make tidy: what the house style asks of every file and a program can see.
. "$(dirname "$0")/rules.sh"
LC_ALL=C
export LC_ALL

code=$(mktemp) && with_strings=$(mktemp) || exit 70
trap 'rm -f "$code" "$with_strings"' EXIT
sources=$(find sim -name '*.[ch]' | sort)
tests=$(find tests -name '*.[ch]' 2>/dev/null | sort)
# shellcheck disable=SC2086  # lists of paths without blanks
{
    awk -f "$here/code.awk" $sources /dev/null >"$code"
    awk -v strings=1 -f "$here/code.awk" $sources /dev/null >"$with_strings"
}

calls() { # PATTERN: calls of these functions
    grep -E "^[^:]*:[0-9]*:(.*[^A-Za-z0-9_])?($1)[ ]*\(" "$code"
}

# ---- sizes ----
# shellcheck disable=SC2086
awk 'FNR == 1 { body = 0 } /^\{$/ { start = FNR; body = 1 }
     /^\}/ && body { if (FNR - start + 1 > 70) print FILENAME ":" start ": function of " FNR - start + 1 " lines"; body = 0 }' \
    $sources $tests /dev/null | rule "function of at most 70 lines"

if command -v pmccabe >/dev/null 2>&1; then
    # The modified count: an enum switch is one decision.
    # shellcheck disable=SC2086
    pmccabe $sources 2>/dev/null | awk '$1 > 15 { print $6 " " $7 " complexity " $1 }' | rule "complexity of at most 15"
else
    skip_rule "complexity of at most 15" "no pmccabe"
fi

for file in $sources $tests; do
    most=500
    case $file in *.h) most=200 ;; esac
    n=$(wc -l <"$file")
    [ "$n" -le $most ] || echo "$file: $n lines, at most $most"
done | rule "file of at most 500 lines, header of at most 200"

# Characters, not bytes: continuation bytes of UTF-8 do not count.
# shellcheck disable=SC2086
awk '{ line = $0; gsub(/[\200-\277]/, "", line)
       if (length(line) > 100) print FILENAME ":" FNR ": " length(line) " columns"
       if (line ~ /[ \t]$/) print FILENAME ":" FNR ": blank at the end" 
       if (line ~ /\t/) print FILENAME ":" FNR ": tab" }' $sources $tests /dev/null | rule "100 columns, no tabs, no trailing blanks"

# ---- what is not called ----
calls 'sprintf|vsprintf|strcpy|strcat|strncpy|strtok|atoi|atol|atof|gets|alloca|abort|system|popen|setlocale' |
    rule "no banned call"
calls 'exit|_exit' | grep -v '^sim/cli/main\.c:' | rule "exit only in cli/main.c"
grep -E 'cJSON_GetObjectItem([^C]|$)' "$code" | rule "cJSON look-ups mind the case"
grep -E "^[^:]*:[0-9]*:(.*[^A-Za-z0-9_])?float([^A-Za-z0-9_.]|\$)" "$code" | rule "double, never float"
{
    calls 'f?printf|vf?printf|puts|fputs|fputc|putchar|fopen|fdopen|freopen|fclose|fread|fwrite|perror|getenv|secure_getenv'
    grep -E "^[^:]*:[0-9]*:(.*[^A-Za-z0-9_])?(FILE|stdout|stderr|stdin)([^A-Za-z0-9_]|\$)" "$code"
} | grep -v '^sim/cli/' | rule "streams and environment only in cli"

# ---- what is data, not code ----
chips='[abhlt][0-9]{3}|gb[23]00|mi[0-9]{3}|rubin|hopper|blackwell|ampere|gaudi'
models='llama|qwen|deepseek|mixtral|mistral|ministral|gemma|kimi|minimax|nemotron|gpt[-_]?oss|engram'
# The model room names the model_type of checkpoints; help texts and demos of the cli are written for people.
product() { # WORDS FILE
    grep -iE "^[^:]*:[0-9]*:(.*[^A-Za-z0-9])?($1)([^A-Za-z]|\$)" "$2"
}
{
    product "$chips" "$with_strings" | grep -v '^sim/cli/'
    product "$models" "$with_strings" | grep -Ev '^sim/(cli|model)/'
    product "$chips|$models" "$code" | grep '^sim/cli/'
} | rule "no product name in code"

# ---- what a newcomer reads ----
for folder in . sim hw workloads plots tests configs; do
    [ ! -d "$folder" ] || [ -s "$folder/README.md" ] || echo "$folder: no README.md"
done >"$code"
rule "every top folder has a README.md" <"$code"

close_rules tidy
