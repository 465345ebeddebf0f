#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_tables.sh PROGRAM DOCUMENT [--write]: the tables in DOCUMENT, between "<!-- NAME -->" and "<!-- end -->", are what
# PROGRAM prints for NAME. With --write they are put there.
set -u

[ $# -ge 2 ] || { echo "usage: test_tables.sh PROGRAM DOCUMENT [--write]" >&2; exit 2; }
program=$1 document=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$document" "$work/now"
failed=0

for name in entries changes rules; do
	"$program" "$name" >"$work/$name" || exit 1
	grep -q "^<!-- $name -->$" "$document" || { echo "$document has no place for the table of $name" >&2; exit 1; }
	awk -v name="$name" -v table="$work/$name" '
		!inside { print }
		$0 == "<!-- " name " -->" { inside = 1; while ((getline line < table) > 0) print line }
		$0 == "<!-- end -->" && inside { inside = 0; print }' "$work/now" >"$work/next"
	if ! cmp -s "$work/now" "$work/next"; then
		[ "${3:-}" = --write ] || { echo "$document: the table of $name is not what the rows of mm/contract.c say:" \
			"run tests/contract/test_tables.sh $program $document --write" >&2; diff "$work/now" "$work/next" >&2; }
		failed=1
	fi
	mv "$work/next" "$work/now"
done
[ "${3:-}" = --write ] || exit $failed
cat "$work/now" >"$document"
