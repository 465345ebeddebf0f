#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Each "    $ gup ..." in a document, and the indented lines below it: the command still prints that.
# Usage: test_explain_doc.sh GUP DOCUMENT
# With --fix after that, the document's lines are replaced by what is printed now.

gup=$1
document=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# The document as it should be: what follows a command is its output.
while IFS= read -r line || [ -n "$line" ]; do
	case $line in
	'    $ gup '*)
		skipping=yes
		printf '%s\n' "$line"
		# shellcheck disable=SC2086 # words
		"$gup" ${line#'    $ gup '} </dev/null 2>&1 | sed 's/^/    /; s/ *$//'
		;;
	'    '* | '')
		[ "$skipping" = yes ] || printf '%s\n' "$line"
		;;
	*)
		[ "$skipping" != yes ] || echo
		skipping=no
		printf '%s\n' "$line"
		;;
	esac
done <"$document" >"$dir/now"

if [ "$3" = --fix ]; then
	cat "$dir/now" >"$document"
	exit
fi
commands=$(grep -c '^    \$ gup ' "$document")
[ "$commands" -gt 0 ] || exit 1
if ! diff -u "$document" "$dir/now"; then
	echo "$document is not what the command prints; run $0 $gup $document --fix, and read what changed."
	exit 1
fi
echo "$commands commands print what $document says"
