#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The demo, the bugs and a replayed order say under signals what they say without, word for word but for the times: all
# reads by io_uring are whole, and nothing is left pinned.
# Usage: test_gup.sh GUP ALARM.so

gup=$1
alarm=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

# Times and what depends on them; addresses of code.
same() {
	sed 's/[0-9.]* ms/N ms/g; s/[0-9.]* tries/N tries/g; s/0x[0-9a-f]*/0xN/g; s/[0-9.]* us\b/N us/g' "$1"
}

compare() {
	"$gup" "$@" >"$dir/calm" 2>&1
	status=$?
	env LD_PRELOAD="$alarm" "$gup" "$@" >"$dir/alarmed" 2>&1
	alarmed=$?
	same "$dir/calm" >"$dir/1"
	same "$dir/alarmed" >"$dir/2"
	if [ $status -ne 0 ] || [ $alarmed -ne 0 ] || ! diff "$dir/1" "$dir/2"; then
		echo "FAILED: gup $* ended with status $status, under signals $alarmed"
		failed=$((failed + 1))
	fi
}

for act in 1 2 3 4; do
	compare demo --act $act
done
for bug in 1 2 3 4 5 6 7 8 9 10 11; do
	compare bug $bug
done
compare replay 1
echo "16 commands, $failed failed"
[ $failed -eq 0 ]
