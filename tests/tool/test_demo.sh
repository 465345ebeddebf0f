#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The demo on files of awkward sizes and on a whole library: status 0, the table complete, the SHA-256 that sha256sum
# finds, and a map that is well-formed and shows all three panels.
# Usage: test_demo.sh GUP

gup=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

fail() {
	echo "FAILED: $*"
	sed 's/^/  /' "$dir/out" "$dir/err"
	failed=$((failed + 1))
}

expect() {
	[ "$(grep -c -e "$2" "$dir/out")" -eq "$1" ] || fail "'$2' should be there $1 times"
}

play() {
	"$gup" demo "$@" >"$dir/out" 2>"$dir/err"
	status=$?
	[ $status -eq 0 ] || fail "gup demo $* ended with status $status"
	# AddressSanitizer says this of every fiber; those here are announced to it.
	sed -i '/ASan doesn.t fully support makecontext/d' "$dir/err"
	[ ! -s "$dir/err" ] || fail "gup demo $* complained"
	expect 0 'NOT AS IT MUST BE'
	expect 0 'BROKEN'
}

# A page and a byte, a byte, whole pages.
for bytes in 4097 1 65536; do
	head -c $bytes "$gup" >"$dir/file"
	play "$dir/file" --act 2
	copies=$((8192 / ((bytes + 4095) / 4096)))
	expect 2 "SHA-256 without libgup: $(sha256sum <"$dir/file" | cut -d' ' -f1)"
	expect 3 "SHA-256 right in $copies of $copies copies"
done

# Larger than the buffer: its beginning is used.
yes 'the quick brown fox' | head -c 34603008 >"$dir/file"
echo end >>"$dir/file"
play "$dir/file" --act 2
expect 2 "SHA-256 without libgup: $(head -c 33554432 "$dir/file" | sha256sum | cut -d' ' -f1)"
expect 3 'SHA-256 right in 1 of 1 copies'

play --map "$dir/map.svg"
expect 4 '^ACT '
expect 4 ' 0  ok$'
expect 6 '0 pins left, every count of the machine verified'
python3 - "$dir/map.svg" <<'END' || fail 'the map is not what it should be'
import sys, xml.etree.ElementTree as tree
texts = [t.text for t in tree.parse(sys.argv[1]).iter('{http://www.w3.org/2000/svg}text')]
for panel in ('1. Before', '2. Without the rule (linux-5.2)', '3. With the rule (linux-6.12)'):
    assert texts.count(panel) == 1, panel
assert texts.count('Held by the disk: 32.0 MiB, of which in the camera\'s area: 0.0 MiB') == 1
assert texts.count('Held by the disk: 0.0 MiB, of which in the camera\'s area: 0.0 MiB') == 1
END

# As an ordinary user with little lockable memory the disk takes its buffers a few at a time.
as_nobody() {
	setpriv --bounding-set=-all --inh-caps=-all --clear-groups --reuid=65534 --regid=65534 "$@"
}

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && as_nobody test -x "$gup"; then
	as_nobody "$gup" demo --act 2 >"$dir/out" 2>"$dir/err" || fail 'gup demo --act 2 as nobody'
	expect 3 'SHA-256 right in'
	expect 1 ' 0  ok$'
fi

[ $failed -eq 0 ]
