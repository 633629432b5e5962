#!/bin/sh
# make layers: sim/<room>/ includes only its own room and rooms below it.
. "$(dirname "$0")/rules.sh"

rooms="base machine model cost net layout engine report cli"

find sim -type f ! -name README.md | awk -v rooms="$rooms" '
    BEGIN { n = split(rooms, list, " "); for (i = 1; i <= n; i++) known[list[i]] = 1 }
    $0 == "sim/gable.h" { next }
    { n = split($0, part, "/"); if (n != 3 || !known[part[2]]) print $0 ": not directly in a room" }
    $0 !~ /\.(c|h|def)$/ { print $0 ": neither .c, .h nor .def" }' | rule "every file of sim is in a room"

find sim -type f -name '*.[ch]' | xargs grep -n '^[ \t]*#[ \t]*include[ \t]*"' /dev/null |
    awk -F: -v rooms="$rooms" '
        BEGIN {
            n = split(rooms, list, " ")
            for (i = 1; i <= n; i++) rank[list[i]] = i
            rank["gable.h"] = rank["engine"] # the public header is what the engine offers
        }
        {
            split($1, part, "/")
            own = rank[part[2]]
            target = $3
            gsub(/.*include[ \t]*"|".*/, "", target)
            split(target, to, "/")
            if ($1 == "sim/gable.h") print $1 ":" $2 ": the public header stands alone, includes " target
            else if (!(to[1] in rank)) print $1 ":" $2 ": " target " is not room/file.h"
            else if (rank[to[1]] > own) print $1 ":" $2 ": " part[2] " is below " to[1] ", includes " target
        }' | rule "no include goes up"

grep -n '#[ \t]*include[ \t]*<gsl/' sim/*/*.[ch] /dev/null | grep -v '^sim/engine/' | rule "GSL only in engine"
grep -n '#[ \t]*include[ \t]*<\(cjson/\)*cJSON' sim/*/*.[ch] /dev/null | grep -v '^sim/base/' |
    rule "cJSON only in base"

close_rules layers
