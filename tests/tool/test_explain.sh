#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# gup contract and gup explain: verdicts with their rules and exit statuses, histories, what works instead, wrong input.
# Usage: test_explain.sh GUP

. "$(dirname "$0")/checks"

# run STATUS ARGUMENTS...: and nothing on stderr unless the status is 2, and then one line of it and no other.
run() {
	wanted=$1
	shift
	checks=$((checks + 1))
	"$gup" "$@" >"$dir/out" 2>"$dir/err"
	status=$?
	lines=$(wc -l <"$dir/err")
	[ $status -eq "$wanted" ] || fail "$* ended with status $status, not $wanted"
	if [ "$wanted" -eq 2 ]; then
		[ ! -s "$dir/out" ] || fail "$* says more than its sentence"
		[ "$lines" -eq 1 ] || fail "$* does not say one sentence on stderr"
	else
		[ "$lines" -eq 0 ] || fail "$* complains"
	fi
}

# says PATTERN: in what the last command printed.
says() {
	checks=$((checks + 1))
	cat "$dir/out" "$dir/err" | grep -q -e "$1" || fail "...: '$1' is not there"
}

silent_on() {
	checks=$((checks + 1))
	! grep -q -e "$1" "$dir/out" || fail "...: '$1' is there"
}

# ---- contract ----

run 0 contract --help
says 'Usage: gup contract'
run 0 contract
says '^Contracts: .*linux-5.2.*native'
says '^Releases:  5.2 to '
for name in linux-5.2 5.2 linux-6.1 linux-6.12 6.12 native 6.8 6.8.0-52-generic linux-6.18; do
	run 0 contract "$name"
	says '^all entry points'
done
run 0 contract 6.1
says '^linux-6.1$'
says '^  LONGTERM goes with.*: yes, since 5.'
says '^  the kernel has this function: yes, since 5.6$'
run 0 contract native
silent_on ' since '
run 0 contract --diff 6.1 6.1
says '^no rule differs'
run 0 contract --diff 6.1 6.4
says '^pin_user_pages_unlocked'
says '^  it takes LONGTERM$'
says '^    linux-6.1   no$'
says '^    linux-6.4   yes, since 6'
silent_on '^    linux-5'
for name in 5.1 2.6 6.99 7 linux '' 6 6.x linux-native 6.8x; do
	run 2 contract -- "$name"
	says 'no kernel whose rules are known; give linux-5.2'
done
run 2 contract 6.1 6.2
run 2 contract --diff
run 2 contract --diff 6.1
says 'give both'
run 2 contract --diff 6.1 nothing
run 2 contract --wrong

# ---- explain: verdicts ----

# taken KERNEL FLAGS MAPPING [OPTION...]
taken() {
	kernel=$1
	shift
	run 0 explain --kernel "$kernel" "$@"
	says '^    TAKEN'
}

# refused KERNEL ERRNO RULE FLAGS MAPPING [OPTION...]
refused() {
	kernel=$1 error=$2 rule=$3
	shift 3
	run 1 explain --kernel "$kernel" "$@"
	says "^    REFUSED: -$error, $rule$"
}

for mapping in anon shared-anon shared:anon memfd private:memfd tmpfs devdax zero anon,w; do
	for kernel in 5.2 6.1 6.8 6.18 native; do
		taken "$kernel" write,longterm $mapping
		taken "$kernel" write $mapping
	done
done
for kernel in 5.4 6.1 6.12 native; do
	refused "$kernel" EFAULT NO_VMA longterm none
	refused "$kernel" EFAULT VMA_SPECIAL write pfnmap
	refused "$kernel" EFAULT VMA_NOT_WRITABLE write,longterm anon,r
	refused "$kernel" EFAULT VMA_NOT_WRITABLE write,longterm anon,none
	refused "$kernel" EFAULT VMA_NOT_READABLE longterm anon,none
	refused "$kernel" EFAULT VMA_NOT_READABLE 0 memfd,w
	refused "$kernel" EOPNOTSUPP FSDAX_LONGTERM longterm dax:xfs
	refused "$kernel" EOPNOTSUPP FSDAX_LONGTERM write,longterm private:dax:ext4
	taken "$kernel" 0 anon,r
	taken "$kernel" write dax:ext4
	taken "$kernel" write,force anon,r
	refused "$kernel" EFAULT FORCE_SHARED write,force memfd,r
done
taken 6.1 WRITE,LongTerm anon
taken 6.1 FOLL_WRITE,foll_longterm anon
taken 6.8 write,longterm private:dax:ext4 --touched --entry pin_user_pages_fast
refused 6.8 EOPNOTSUPP FSDAX_LONGTERM write,longterm private:dax:ext4 --touched
refused 6.8 EFAULT NOFAULT write,nofault anon
says 'after touching the pages'
taken 6.8 write,nofault anon --touched

# Files that are written back: the rule is from 6.5, and only for shared mappings that are written to for long.
for fs in ext4 xfs btrfs; do
	refused 6.8 EFAULT DIRTY_TRACKED write,longterm shared:$fs
	says '^    It is so since 6.5'
	says '^      linux 5.2 to 6.4  *taken$'
	for what in 'without WRITE' 'without LONGTERM' 'MAP_PRIVATE' 'a memfd, MAP_SHARED' 'anonymous memory'; do
		says "^      $what  "
	done
	silent_on 'native rules'
	for kernel in 5.2 6.1 6.4; do
		taken $kernel write,longterm shared:$fs
	done
	for flags in write longterm 0; do
		taken 6.12 $flags shared:$fs
	done
	taken 6.12 write,longterm private:$fs
	refused 6.12 EFAULT VMA_NOT_WRITABLE write,longterm shared:$fs,r
	refused native EFAULT DIRTY_TRACKED write,longterm $fs
	refused 6.1 EOPNOTSUPP 'by io_uring itself' io_uring private:$fs
	taken 6.5 io_uring private:$fs
	refused 6.5 EFAULT DIRTY_TRACKED io_uring shared:$fs
done
for flags in 0 write longterm write,longterm; do
	refused 6.12 EFAULT SECRET $flags secret
	says '^      linux 5.2 to 5.13  *no such memory$'
	run 1 explain --kernel 5.4 $flags secret
	says '^    REFUSED: no such memory$'
done

# Huge pages.
for kernel in 5.2 5.8 6.1 6.12 native; do
	for mapping in hugetlb shared:hugetlb; do
		taken "$kernel" write,longterm $mapping
		taken "$kernel" io_uring $mapping
	done
done
refused 6.12 ENOMEM NO_MEMORY longterm hugetlb --memory movable
taken 6.12 0 hugetlb --memory movable
refused 6.12 EOPNOTSUPP SPLIT_PMD_HUGETLB split_pmd hugetlb
refused 5.8 EOPNOTSUPP 'by io_uring itself' io_uring memfd
says '^      a memfd of huge pages, MAP_SHARED  '

# Each flag has its word, and what it refuses goes away without it.
for flag in write force longterm nofault nowait dump hwpoison split_pmd interruptible pci_p2pdma; do
	run 0 explain --kernel 6.12 $flag anon --touched
done
refused 6.12 EFAULT NOT_ANONYMOUS anon memfd
says '^      without ANON  '
refused 6.12 EFAULT DUMP_HOLE dump anon
says '^      without DUMP  '
refused 6.1 EINVAL UNKNOWN_FLAG pci_p2pdma anon
says '^      without PCI_P2PDMA  '

# Where the pages lie, and who holds them.
taken 6.8 write,longterm anon --memory cma
says 'after the pages were moved'
taken 6.8 write,longterm memfd --memory movable
says 'after the pages were moved'
taken 6.8 write anon --memory cma
silent_on 'moved'
taken 6.8 write,longterm zero
silent_on 'moved'
taken 6.8 write,longterm anon --memory normal
silent_on 'moved'
refused 6.8 ENOMEM MIGRATE_BUSY write,longterm anon --memory held
says '^    It is so since 5.13'
says '^      linux 5.2 to 5.12  *taken$'
says 'when nobody else holds the pages'
taken 5.4 write,longterm anon --memory held
taken 5.4 write,longterm anon --memory movable
silent_on 'moved'

# Entry points, and the name that an older kernel has for one.
refused 6.8 EINVAL LONGTERM_NEEDS_PIN longterm anon --entry get_user_pages
says '^      pin_user_pages  '
refused 6.1 EINVAL LONGTERM_ENTRY longterm anon --entry pin_user_pages_unlocked
says '^      linux .* to 6.[1-4]  *-EINVAL, LONGTERM_ENTRY  <- asked$'
says '^      linux 6.[2-5] to .*  taken$'
refused 6.8 EINVAL NO_ENTRY_POINT 0 anon --entry pin_user_pages_locked
refused 5.4 EINVAL NO_ENTRY_POINT 0 anon --entry pin_user_pages
taken 6.1 write anon --entry pin_user_pages_fast
says '^    It is so since 5.6'
says '^      linux 5.2 to 5.5  *-EINVAL, NO_ENTRY_POINT$'
taken 5.4 write anon
says '^get_user_pages(WRITE), linux-5.4$'
taken 5.10 write anon
says '^pin_user_pages(WRITE), linux-5.10$'

# What works instead: what helps, and nothing that does not.
refused 6.8 EOPNOTSUPP FSDAX_LONGTERM write,longterm dax:ext4
for what in 'without LONGTERM' 'a memfd, MAP_SHARED' 'anonymous memory' 'device DAX'; do
	says "^      $what  "
done
silent_on 'without WRITE'
silent_on 'native rules'
refused 6.8 EFAULT VMA_NOT_WRITABLE write anon,r
says '^      PROT_READ | PROT_WRITE  '
says '^      without WRITE  '
silent_on 'without LONGTERM'

# io_uring looks itself, in older kernels.
refused 5.8 EOPNOTSUPP 'by io_uring itself' io_uring memfd
says '^      linux 5.2 to 5.13  *-EOPNOTSUPP, by io_uring itself  <- asked$'
taken 5.14 io_uring memfd
taken 5.8 io_uring anon
refused 5.8 EFAULT VMA_NOT_WRITABLE io_uring anon,r
silent_on 'without WRITE'

# It pins by the fast form since 6.10.
refused 6.9 EOPNOTSUPP FSDAX_LONGTERM io_uring private:dax:ext4 --touched
taken 6.10 io_uring private:dax:ext4 --touched
says '^    It is so since 6.10'

# The kernel that is running, or the nearest one.
run 0 explain write anon
says '^pin_user_pages(WRITE), linux-[0-9]*\.[0-9]*$'

# One that has no rules of its own.
if setarch --uname-2.6 true 2>/dev/null; then
	checks=$((checks + 1))
	setarch --uname-2.6 "$gup" explain write anon >"$dir/out" 2>"$dir/err" || fail 'explain on an old kernel'
	says '^(the running kernel 2.6.* has no rules here; those of linux-5.2 are used)$'
fi
run 0 explain --kernel 6.1 write anon
silent_on 'has no rules here'

# ---- explain: wrong input ----

run 0 explain --help
says 'Usage: gup explain'
run 2 explain
says 'give FLAGS and one MAPPING'
run 2 explain write
run 2 explain write anon anon
run 2 explain --kernel 4.19 write anon
says "'4.19' is no kernel whose rules are known; give linux-5.2"
for flags in '' ',' 'write,' ',write' wri writes write+longterm -1; do
	run 2 explain -- "$flags" anon
	says 'is no flag; give some of write, force, longterm'
done
for mapping in '' an anonymous shared: private:shared:anon dax shared:; do
	run 2 explain write "$mapping"
	says 'is no mapping that is known; give one of anon, shared-anon, memfd'
done
for prot in '' rwx x R; do
	run 2 explain write "anon,$prot"
	says 'is no protection; give r, w, rw or none'
done
run 2 explain write private:devdax
says "cannot be mapped private; leave out 'private:'"
run 2 explain write private:shared-anon
run 2 explain write shared:none
run 2 explain --entry pin_pages write anon
says 'is no entry point; give one of get_user_pages'
run 2 explain --memory high write anon
says 'give --memory normal, cma, movable or held'
for mapping in dax:xfs devdax secret pfnmap none; do
	for memory in cma movable held; do
		run 2 explain --memory $memory write $mapping
		says 'leave out --memory'
	done
done
run 2 explain --memory cma write hugetlb
says 'leave out --memory'
run 2 explain --touched write none
says 'leave out --touched'
run 2 explain --entry pin_user_pages_fast io_uring anon
says 'leave out --entry'
run 2 explain --kernel
says 'needs a value'
run 2 explain --wrong write anon

# ---- explain --pid: wrong input ----

for pid in 0 -1 x '' 1x 99999999999999999999; do
	run 2 explain --pid "$pid" 0x1000 4K
	says 'is no process; give --pid a number'
done
run 2 explain --pid $$ 0x1000
says 'give ADDR and LEN'
run 2 explain --pid $$ 0x1000 4K write more
for addr in x '' -1 0x 7fg 0x1ffffffffffffffff; do
	run 2 explain --pid $$ -- "$addr" 4K
	says 'is no address'
done
for length in x '' -1 4KB K 4Q 0x1ffffffffffffffff; do
	run 2 explain --pid $$ -- 0x1000 "$length"
	says 'is no length'
done
run 2 explain --pid $$ 0x1000 0
says 'a range of 0 bytes'
run 2 explain --pid $$ 0x1000 99999999999999G
says 'longer than an address space'
run 2 explain --pid $$ 0xfffffffffffff000 8K
says 'wrap around'
run 2 explain --pid $$ 0xffffffffffffffff 1
says 'wrap around'
for option in --touched '--memory cma'; do
	# shellcheck disable=SC2086 # an option and its value
	run 2 explain $option --pid $$ 0x1000 4K
	says 'leave out --memory and --touched'
done
run 2 explain --pid $$ 0x1000 4K wri
says 'is no flag'
sh -c : &
gone=$!
wait $gone
run 2 explain --pid $gone 0x1000 4K
says "there is no process $gone"
if [ -r /proc/2/maps ] && [ "$(cat /proc/2/comm)" = kthreadd ]; then
	run 2 explain --pid 2 0x1000 4K
	says 'has no memory of its own'
fi

# As somebody else.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	cat >"$dir/nobody" <<'END2'
#!/bin/sh
exec setpriv --bounding-set=-all --inh-caps=-all --clear-groups --reuid=65534 --regid=65534 "$@"
END2
	chmod 755 "$dir" "$dir/nobody"
	if "$dir/nobody" test -x "$gup"; then
		"$dir/nobody" "$gup" explain --pid $$ 0x1000 4K >"$dir/out" 2>"$dir/err"
		[ $? -eq 2 ] || fail 'explain --pid of another user does not end with status 2'
		says 'run as its user or as root'
	fi
fi

report
