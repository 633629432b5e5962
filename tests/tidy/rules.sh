# Sourced by the gates. ROOT is the tree that is looked at (the selftest plants violations in another one).
# A rule reads its violations, one a line, on standard input: none is a pass.
set -u
root=${ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}
here=$(cd "$(dirname "$0")" && pwd)
cd "$root" || exit 70
tap=
tally=$(mktemp) || exit 70 # a letter a rule; a file, because a rule at the end of a pipe is a process of its own
[ "${1:-}" = --tap ] && tap=1

next_rule() {
    echo "${1:-o}" >>"$tally"
    wc -l <"$tally"
}

rule() {
    violations=$(cat)
    n_rules=$(next_rule "${violations:+b}")
    if [ -z "$violations" ]; then
        [ -z "$tap" ] || echo "ok $n_rules - $1"
        return 0
    fi
    if [ -n "$tap" ]; then
        echo "not ok $n_rules - $1"
        echo "$violations" | sed 's/^/# /'
    else
        echo "$1:"
        echo "$violations" | sed 's/^/  /'
    fi
}

skip_rule() {
    n_rules=$(next_rule s)
    if [ -n "$tap" ]; then echo "ok $n_rules - $1 # SKIP $2"; else echo "$1: skipped, $2" >&2; fi
}

# Ends the gate: the plan, or one line for people.
close_rules() {
    n_rules=$(wc -l <"$tally") n_broken=$(grep -c b "$tally")
    rm -f "$tally"
    if [ -n "$tap" ]; then
        echo "1..$n_rules"
    else
        echo "$1: $n_rules rules, $n_broken broken"
    fi
    [ "$n_broken" = 0 ]
}
