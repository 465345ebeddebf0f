#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# No room to write, and nobody who reads: every command says so in one sentence and ends with status 1, and a file or a
# folder that was begun is not left behind as if it were whole.
# Usage: test_full.sh GUP BENCH

gup=$(realpath "$1")
bench=$(realpath "$2")
dir=$(mktemp -d)
trap 'umount "$dir/full" 2>/dev/null; rm -rf "$dir"' EXIT
failed=0
checks=0

# The full disk is a small file system that only this script sees.
if [ -z "${GUP_TEST_PRIVATE:-}" ]; then
	rm -rf "$dir"
	if ! unshare --mount true 2>/dev/null; then
		echo "skipped: a file system of one's own cannot be mounted here"
		exit 77
	fi
	GUP_TEST_PRIVATE=yes exec unshare --mount "$0" "$@"
fi

fail() {
	echo "FAILED: $*"
	sed 's/^/  stderr: /' "$dir/err"
	failed=$((failed + 1))
}

# says_so WHAT STATUS: status 1, and the last line of stderr is one that tells what to do.
says_so() {
	checks=$((checks + 1))
	[ "$2" -eq 1 ] || fail "$1 ended with status $2, not 1"
	tail -n 1 "$dir/err" | grep -q 'could not be written\|cannot be made here' || fail "$1 does not say what failed"
	[ "$3" = any ] || [ "$(wc -l <"$dir/err")" -eq 1 ] || fail "$1 says more than one sentence"
}

# ---- stdout ----

commands() {
	cat <<'LIST'
--help
--version
bugs
bug 1
demo --help
demo --act 2
driver --help
driver new --help
contract
contract 6.1
contract --diff 5.2 native
explain --help
explain --kernel 6.8 write anon
explain --kernel 6.8 write anon,r
LIST
}

mkfifo "$dir/gone"
while read -r command; do
	# shellcheck disable=SC2086 # words
	"$gup" $command >/dev/full 2>"$dir/err"
	says_so "gup $command >/dev/full" $? one
	# shellcheck disable=SC2086
	"$gup" $command >&- 2>"$dir/err"
	says_so "gup $command >&-" $? one
	# shellcheck disable=SC2086
	(
		trap '' PIPE
		# The reader is gone before the command begins.
		{ cat "$dir/gone" && "$gup" $command 2>"$dir/err"; echo $? >&3; } | { exec <&-; : >"$dir/gone"; }
	) 3>"$dir/status"
	says_so "gup $command into a closed pipe" "$(cat "$dir/status")" one
done <<END_OF_LIST
$(commands)
END_OF_LIST
"$gup" replay 1 >/dev/full 2>"$dir/err"
says_so 'gup replay 1 >/dev/full' $? any

# ---- files ----

# leave_room KIB
leave_room() {
	head -c $(((64 - $1) * 1024)) /dev/zero >"$dir/full/zeroes" 2>/dev/null
}

mkdir "$dir/full"
mount -t tmpfs -o size=64k,nr_inodes=64 tmpfs "$dir/full" || exit 77
leave_room 4
"$gup" demo --act 2 --map "$dir/full/map.svg" >"$dir/out" 2>"$dir/err" && fail 'demo --map on a full disk succeeds'
grep -q "could not be written to its end" "$dir/out" || fail 'demo --map on a full disk does not say so'
[ ! -e "$dir/full/map.svg" ] || fail 'demo --map leaves half a picture'
grep -c '  0  ok$' "$dir/out" | grep -qx 1 || fail 'demo --map on a full disk leaves pins'
"$gup" demo --act 2 --map /dev/full >"$dir/out" 2>"$dir/err" && fail 'demo --map /dev/full succeeds'
[ -c /dev/full ] || fail 'demo --map /dev/full removes the device'
checks=$((checks + 2))

leave_room 0
"$bench" "$dir/full/results.csv" >/dev/null 2>"$dir/err"
says_so 'gup-bench on a full disk' $? one
[ ! -e "$dir/full/results.csv" ] || fail 'gup-bench leaves half a table'

# ---- gup driver new, with less and less room ----

cat >"$dir/good.c" <<'END'
#include <linux/mm.h>
#include "private/one.h"
int good_pin(unsigned long addr, struct page **pages) { return pin_user_pages_fast(addr, 1, FOLL_WRITE, pages); }
END
cd "$dir/full" || exit 1
for room in 0 4 8 12 16 20 24 28; do
	rm -rf made
	leave_room $room
	if "$gup" driver new made ../good.c >"$dir/out" 2>"$dir/err"; then
		[ -s made/made_test.c ] || fail "driver new with $room KiB succeeds, but its test is empty"
		checks=$((checks + 1))
	else
		says_so "gup driver new with $room KiB" $? one
		[ ! -e made ] || fail "driver new with $room KiB leaves a folder"
	fi
done
rm -rf zeroes made
"$gup" driver new made ../good.c >/dev/full 2>"$dir/err"
says_so 'gup driver new >/dev/full' $? one
if [ ! -s made/made_test.c ] || [ -e made/errors ]; then
	fail 'driver new >/dev/full: the folder is not whole'
fi
rm -rf made
mount -o remount,ro "$dir/full"
"$gup" driver new made ../good.c >"$dir/out" 2>"$dir/err"
says_so 'gup driver new in a folder that is read-only' $? one
cd / || exit 1

echo "$checks checks, $failed failed"
[ $failed -eq 0 ]
