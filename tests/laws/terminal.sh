#!/bin/bash
# Colour and width on a terminal and off it. Prints TAP.
cd "$(dirname "$0")/../.." || exit 70
PATH=$PWD/${BIN:-build}:$PATH
n=0
escape=$(printf '\033')
plot='gable roofline --model llama-3.1-8b --system h100-sxm --terminal'

is() { # NAME EXPECTED GOT
    n=$((n + 1))
    if [ "$2" = "$3" ]; then echo "ok $n - $1"; else printf 'not ok %d - %s\n# expected %s, got %s\n' "$n" "$1" "$2" "$3"; fi
}

colored() { if grep -q "$escape"; then echo colour; else echo plain; fi; }
terminal() { # VARIABLES…: the picture on a pseudo terminal
    env -u NO_COLOR TERM=xterm-256color "$@" script -qec "$plot" /dev/null </dev/null 2>/dev/null
}
widest() { awk '{ gsub(/[\200-\277]/, ""); if (length($0) > most) most = length($0) } END { print (most <= at) ? "within" : most }' at="$1"; }

if command -v script >/dev/null && command -v gnuplot >/dev/null; then
    is "a terminal gets colour" colour "$(terminal | colored)"
    is "NO_COLOR turns it off" plain "$(terminal NO_COLOR=1 | colored)"
    is "an empty NO_COLOR does not" colour "$(terminal NO_COLOR= | colored)"
    is "a dumb terminal gets none" plain "$(terminal TERM=dumb | colored)"
    is "frames follow one another on a terminal" 3 \
        "$(plot="$plot --animate batch=1..4" terminal | grep -c "$escape\[H$escape\[2J")"
    is "and stand below one another in a pipe" 2 "$($plot --animate batch=1..4 | grep -c "$(printf '\f')")"
    is "neither does a pipe" plain "$(env -u NO_COLOR TERM=xterm-256color sh -c "$plot" | colored)"
else
    n=$((n + 1)) && echo "ok $n - colour # SKIP no script(1) or no gnuplot"
fi
for columns in 80 100 140; do
    is "tables fit into $columns columns" within \
        "$(COLUMNS=$columns gable cost --model llama-3.1-70b --system hgx-h100-8 --tp 8 | LC_ALL=C sed -n '/^operator/,$p' |
            LC_ALL=C widest $columns)"
done
for columns in 60 80 110; do
    is "help fits into $columns columns" within \
        "$(COLUMNS=$columns gable help net | LC_ALL=C sed '/^Usage/d; /^Examples/,$d; 1d' | LC_ALL=C widest $columns)"
done
echo "1..$n"
