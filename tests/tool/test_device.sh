#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The story of a device: status 0, every byte right twice, nothing held. Skipped where the device cannot be had: one sentence
# that says why.
# Usage: test_device.sh GUP DEVICE

device=$2
. "$(dirname "$0")/checks"

"$gup" device "$device" >"$dir/out" 2>"$dir/err"
status=$?
if [ $status -eq 2 ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" -eq 1 ]; then
	echo "skipped: $(cat "$dir/err")"
	exit 77
fi
checks=1
[ $status -eq 0 ] || fail "device $device ended with status $status"
[ "$(grep -c ' 4194304 of 4194304 bytes right' "$dir/out")" -eq 2 ] || fail "device $device: bytes right twice"
grep -q 'has let go: 0 pins' "$dir/out" || fail "device $device: something is pinned"
grep -q 'One more write of the other process: -E' "$dir/out" || fail "device $device: a late write"
grep -q 'Afterwards: 0 pins left' "$dir/out" || fail "device $device: something is held"
report
