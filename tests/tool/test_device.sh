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
case $device in
rdma)
	[ "$(grep -c ' 4194304 of 4194304 bytes right' "$dir/out")" -eq 2 ] || fail "device rdma: bytes right twice"
	late='One more write of the other process: -E'
	;;
xdp) # only root receives
	ways=4
	! grep -q 'lets only root receive' "$dir/out" || ways=2
	[ "$(grep -c ' \([0-9]*\) of \1 bytes right' "$dir/out")" -eq $ways ] || fail "device xdp: bytes right $ways times"
	late='One more frame: -ECANCELED'
	;;
esac
grep -q 'has let go: 0 pins' "$dir/out" || fail "device $device: something is pinned"
grep -q "$late" "$dir/out" || fail "device $device: what comes late"
grep -q 'Afterwards: 0 pins left' "$dir/out" || fail "device $device: something is held"
# A system that has no namespaces for us, if we can be on one.
# shellcheck disable=SC2016 # for the other shell
none='echo 0 >/proc/sys/user/max_net_namespaces && echo yes && exec "$0" device xdp'
if [ "$device" = xdp ]; then
	unshare -Ur sh -c "$none" "$gup" >"$dir/out" 2>"$dir/err"
	status=$?
	if grep -q yes "$dir/out"; then
		checks=$((checks + 1))
		if [ $status -ne 2 ] || ! grep -q 'no network namespaces.*(-ENOSPC)' "$dir/err"; then
			fail "device xdp: no namespaces"
		fi
	fi
fi
report
