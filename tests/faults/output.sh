#!/bin/sh
# tests/faults/output.sh: output that cannot be written: full disks, files that may not grow, closed pipes, system calls
# that fail under strace. Exit 4 and one line, and no file but whole ones.
set -u
. "$(dirname "$0")/tap.sh"

# ---- full disks ----
run sh -c "'$gable' $cost >/dev/full"
ok "standard output on a full disk" refused 4
run sh -c "'$gable' help >/dev/full"
ok "help on a full disk" refused 4
run "$gable" $cost -o /dev/full
ok "-o on a full disk" refused 4
# Blocks of 512 bytes: enough for the line on stderr, which is a file too.
run sh -c "ulimit -f 1; exec '$gable' $cost -o new.txt"
ok "a file of more than it may hold" refused 4
run sh -c "ulimit -f 1; exec '$gable' roofline --model llama-3.1-8b --system h100-sxm -o new.svg"
ok "a picture of more than its file may hold" refused 4
sed 's/"value": [0-9.e+-]*/"value": 1/' configs/ci/dense-decode-h100.json >moved.json
before=$(files)
run sh -c "ulimit -f 1; exec '$gable' check --update moved.json"
ok "check --update of more than its file may hold" refused 4
mkdir small
if mount -t tmpfs -o size=16k tmpfs small 2>/dev/null; then
    run "$gable" roofline --model llama-3.1-8b --system h100-sxm -o small/new.svg
    ok "a file system of 16 kB" [ "$status" = 4 ] && one_line && [ -z "$(ls small)" ]
    umount small
else
    skip "a file system of 16 kB" "no mount here"
fi
rmdir small

# ---- where nothing can be made ----
for path in /nowhere/new.txt configs /proc/new.txt ""; do
    run "$gable" $cost -o "$path"
    ok "-o \"$path\"" [ "$status" = 4 -o "$status" = 2 ] && one_line
done

# ---- pipes that nobody reads ----
sh -c "'$gable' help 2>'$work/err'; echo \$? >'$work/status'" | true
run cat "$work/status"
# Written before the reader was gone, killed as any filter is (141), or, where SIGPIPE is ignored, told (4).
ok "a pipe that closes" grep -qxE '0|4|141' "$work/out"
run sh -c "(trap '' PIPE; sleep 0.2; '$gable' hw list; echo \$? >'$work/status') | true"
status=$(cat "$work/status")
ok "a closed pipe with SIGPIPE ignored" [ "$status" = 4 ] && one_line
run sh -c "(sleep 0.2; '$gable' hw list; echo \$? >'$work/status') | true"
status=$(cat "$work/status")
ok "a closed pipe ends the program as any filter, without a word" [ "$status" = 141 -a ! -s "$work/err" ]
run sh -c "exec '$gable' $cost >&-"
ok "standard output that is closed" refused 4
run sh -c "exec '$gable' hw check - <&-"
ok "standard input that is closed" refused 3

# ---- system calls that fail ----
if strace -qq -o /dev/null true 2>/dev/null; then
    # SYSCALL ERROR COMMAND…: the first, the second … until none is left to fail
    inject() {
        call=$1 error=$2
        shift 2
        count=0
        while [ $count -lt 12 ]; do
            count=$((count + 1))
            run strace -qq -o "$work/strace" -e trace="$call" -e inject="$call:$error:when=$count" "$gable" "$@"
            grep -qE 'INJECTED|^--- SIG(INT|TERM)' "$work/strace" || break
            case $error in
            signal*) ok "$call $count meets $error: $*" [ "$(files | grep -c '\./new\.[a-z]*\.')" = 0 ] ;;
            *) ok "$call $count fails with $error: $*" refused 4 ;;
            esac
            rm -f new.*
        done
        rm -f new.*
    }
    for call in write:ENOSPC write:EIO fsync:EIO rename:EACCES fchmod:EPERM; do
        inject ${call%:*} error=${call#*:} $cost -o new.txt
    done
    inject write error=ENOSPC $cost
    inject fsync signal=INT $cost -o new.txt
    inject fsync signal=TERM $cost -o new.txt
    inject rename error=ENOSPC roofline --model llama-3.1-8b --system h100-sxm -o new.svg
else
    skip "system calls that fail" "strace may not trace here"
fi
finish
