#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Wrong input of the command line: exit status 2, nothing on stdout, one sentence on stderr that says what to do.
# And what is asked for help, version or the list must come on stdout with status 0.
# Usage: test_cli.sh GUP

gup=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
checks=0

fail() {
	echo "FAILED: gup $*"
	sed 's/^/  stdout: /' "$dir/out"
	sed 's/^/  stderr: /' "$dir/err"
	failed=$((failed + 1))
}

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
told '^7  get-released-by-unpin ' bugs
[ "$("$gup" bugs | wc -l)" -eq 7 ] || fail 'bugs: not 7 lines'

refused 'say what to do'
refused "no command 'demos'" demos
refused "option '--wrong'" --wrong
refused "option '-x'" -x

refused "option '--wrong'" demo --wrong
refused "option '-q'" demo -q
refused 'needs a value' demo --map
refused 'needs a value' demo --act
for act in 0 4 -1 12 1x '' ' 1'; do
	refused 'give --act 1, 2 or 3' demo --act "$act"
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
for bug in 0 8 -1 1x x 99999999999999999999 ''; do
	refused "lists them" bug -- "$bug"
done

if [ -e /dev/full ]; then
	checks=$((checks + 1))
	"$gup" bugs >/dev/full 2>"$dir/err"
	[ $? -eq 1 ] && grep -q 'could not be written' "$dir/err" || fail 'bugs >/dev/full'
fi

echo "$checks checks, $failed failed"
[ $failed -eq 0 ]
