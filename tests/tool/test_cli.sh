#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Wrong input of the command line: exit status 2, nothing on stdout, one sentence on stderr that says what to do.
# And what is asked for help, version or the list must come on stdout with status 0.
# Usage: test_cli.sh GUP

. "$(dirname "$0")/checks"

# refused PATTERN ARGUMENTS...
refused() {
	pattern=$1
	shift
	checks=$((checks + 1))
	"$gup" "$@" >"$dir/out" 2>"$dir/err"
	status=$?
	if [ $status -ne 2 ] || [ -s "$dir/out" ] || [ "$(wc -l <"$dir/err")" -ne 1 ] || ! grep -q -e "$pattern" "$dir/err"; then
		fail "$* (status $status, wanted 2 and '$pattern')"
	fi
}

# told PATTERN ARGUMENTS...
told() {
	pattern=$1
	shift
	checks=$((checks + 1))
	"$gup" "$@" >"$dir/out" 2>"$dir/err"
	status=$?
	if [ $status -ne 0 ] || [ -s "$dir/err" ] || ! grep -q -e "$pattern" "$dir/out"; then
		fail "$* (status $status, wanted 0 and '$pattern')"
	fi
}

echo data >"$dir/file"
: >"$dir/empty"
mkdir "$dir/directory"
mkfifo "$dir/pipe"

told 'Usage: gup COMMAND' --help
told 'Usage: gup COMMAND' -h
told '^gup [0-9]*\.[0-9]*\.[0-9]*$' --version
told 'Usage: gup demo' demo --help
told 'Usage: gup bugs' bugs --help
told 'Usage: gup bug ' bug --help
told '^ 7  get-released-by-unpin ' bugs
told '^11  stale-registration ' bugs
[ "$("$gup" bugs | wc -l)" -eq 11 ] || fail 'bugs: not 11 lines'

refused 'say what to do'
refused "no command 'demos'" demos
refused "option '--wrong'" --wrong
refused "option '-x'" -x

refused "option '--wrong'" demo --wrong
refused "option '-q'" demo -q
refused 'needs a value' demo --map
refused 'needs a value' demo --act
for act in 0 5 -1 12 1x '' ' 1'; do
	refused 'give --act 1, 2, 3 or 4' demo --act "$act"
done
refused 'one file too many' demo "$dir/file" "$dir/file"
refused 'does not exist' demo "$dir/missing"
refused 'does not exist' demo ''
refused 'is a directory' demo "$dir/directory"
refused 'is empty' demo "$dir/empty"
refused 'not a regular file' demo "$dir/pipe"
refused 'not a regular file' demo /dev/null
refused 'cannot be written' demo "$dir/file" --map "$dir/missing/map.svg"
refused 'cannot be written' demo "$dir/file" --map "$dir/directory"
refused 'name another file' demo "$dir/file" --map "$dir/file"
refused 'leave out --act' demo "$dir/file" --map "$dir/map.svg" --act 1
[ "$(cat "$dir/file")" = data ] || fail 'demo: FILE was overwritten'
[ ! -e "$dir/map.svg" ] || fail 'demo: a map was made for a refused call'

if [ "$(id -u)" -ne 0 ]; then
	chmod 000 "$dir/file"
	refused 'may not be read' demo "$dir/file"
fi

refused "takes no '1'" bugs 1
refused "option '--all'" bugs --all
refused 'number or name of one bug' bug
refused 'number or name of one bug' bug 1 2
for bug in 0 12 -1 1x x 99999999999999999999 ''; do
	refused "lists them" bug -- "$bug"
done

told 'Usage: gup device' device --help
told '^io_uring ' device
told '^rdma ' device
told '^xdp ' device
told '4194304 of 4194304 bytes right' device io_uring
[ "$(grep -c ' of 4194304 bytes right' "$dir/out")" -eq 2 ] || fail 'device io_uring: looked at twice'
grep -q 'has let go: 0 pins' "$dir/out" || fail 'device io_uring: something is pinned'
refused "no device 'disk'" device disk
refused 'one device too many' device rdma io_uring
refused "option '--wrong'" device --wrong
refused 'say that instead' device --partner </dev/null

told 'Usage: gup replay' replay --help
refused 'number of one schedule' replay
refused 'number of one schedule' replay 1 2
for schedule in 0 -1 1x x 99999999999999999999 ''; do
	refused 'number of one schedule' replay -- "$schedule"
done
"$gup" replay 1 2>"$dir/err" | grep -q . || fail 'replay 1 says nothing'
grep -q 'all have ended' "$dir/err" || fail 'replay 1 has no trace'

# A folder for a driver: once with a file that has everything, once with one that lacks something.
cat >"$dir/good.c" <<'END'
#include <linux/mm.h>
int good_pin(unsigned long addr, struct page **pages) { return pin_user_pages_fast(addr, 1, FOLL_WRITE, pages); }
END
cat >"$dir/bad.c" <<'END'
#include <linux/mm.h>
#include "private.h"
int bad_pin(struct nobody_knows *it) { return no_such_function(it->field); }
END
cd "$dir" || exit 1
told 'Usage: gup driver new' driver --help
told 'Usage: gup driver new' driver new --help
told 'good.c compiles as it is' driver new good good.c
told 'no_such_function() *line 3' driver new bad bad.c
grep -q 'private.h' "$dir/out" || fail 'driver new: the private header is not named'
refused 'exists' driver new good good.c
refused "say 'gup driver new" driver
refused "say 'gup driver new" driver old
refused 'NAME for the test' driver new
refused 'NAME for the test' driver new name
refused 'no good name' driver new 1x good.c
refused 'no C file' driver new name file
refused 'cannot be read' driver new name missing.c
refused 'no compat layer' driver new name good.c --kernel 5.2
refused 'needs a value' driver new name good.c --kernel
refused 'no directory' driver new name good.c -I missing
refused 'no option' driver new name good.c --wrong
refused 'one argument too many' driver new name good.c good.c
cd / || exit 1

# Bugs 8 to 11 by number and by name: there and then gone, nothing held.
number=8
for name in freed-under-device copy-to-user-leak vma-checked-then-pinned stale-registration; do
	for bug in $number $name; do
		told "^$name: " bug "$bug"
		[ "$(grep -c '^ *=> the bug is ' "$dir/out")" -eq 2 ] || fail "bug $bug: two halves expected"
		[ "$(grep -c 'Afterwards: 0 pins left' "$dir/out")" -eq 2 ] || fail "bug $bug: something is held"
	done
	number=$((number + 1))
done

if [ -e /dev/full ]; then
	checks=$((checks + 1))
	"$gup" bugs >/dev/full 2>"$dir/err"
	[ $? -eq 1 ] && grep -q 'could not be written' "$dir/err" || fail 'bugs >/dev/full'
fi

report
