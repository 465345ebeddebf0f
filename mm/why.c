/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/why.c - reasons: one text for each rule, and the little formatting that a core without printf() needs.
 */
#include "internal.h"

struct rule_text {
	const char *name;
	const char *text; /* completes: "-EFAULT: ..." */
};

#define RULE(rule, words) [GUP_RULE_##rule] = { #rule, words }

static const struct rule_text rules[GUP_NR_RULES] = {
	RULE(NONE, "nothing was refused"),
	RULE(BAD_ARGUMENT, "an argument is NULL, misaligned, empty, or belongs to another machine"),
	RULE(UNKNOWN_FLAG, "a flag is unknown here, or this entry point does not take it under this contract"),
	RULE(NO_ENTRY_POINT, "the kernel of this contract has no such function"),
	RULE(NO_PAGES_ARRAY, "there is no array to put the pages into"),
	RULE(LONGTERM_NEEDS_PIN, "LONGTERM goes with pin_user_pages only, not with get_user_pages"),
	RULE(LONGTERM_ENTRY,
	     "this entry point does not take LONGTERM under this contract; use the plain or _fast form"),
	RULE(P2PDMA_LONGTERM,
	     "memory of a PCI device may go away at any time, so PCI_P2PDMA does not go with LONGTERM"),
	RULE(LOCKED_STATE, "the caller must hold mmap_lock and say so by *locked = 1"),
	RULE(RANGE_OVERFLOW, "the range wraps around the end of the address space"),
	RULE(RANGE_BEYOND_USER, "the range ends beyond user space"),
	RULE(NO_VMA, "nothing is mapped there"),
	RULE(VMA_SPECIAL, "it is a PFNMAP mapping: there are no page descriptors to hold"),
	RULE(NOT_ANONYMOUS, "it is a mapping of an object, and ANON wants anonymous memory"),
	RULE(FSDAX_LONGTERM, "a file on FS DAX may not be held for long, since its blocks are the storage and the file "
			     "system must be able to take them back; pin it briefly, or use device DAX"),
	RULE(SPLIT_PMD_HUGETLB, "SPLIT_PMD does not go with hugetlb, whose folios are never split"),
	RULE(SECRET, "it is secret memory, which only loads and stores of its application reach"),
	RULE(DIRTY_TRACKED,
	     "a shared mapping of a file that tracks what is dirty may not be held for long to write to it, since "
	     "the file system would not see the writes coming; map it privately, or pin it briefly"),
	RULE(VMA_NOT_WRITABLE, "the mapping is not writable"),
	RULE(FORCE_HUGETLB, "FORCE cannot write to a hugetlb mapping without write permission"),
	RULE(FORCE_SHARED, "FORCE cannot write to a read-only shared mapping: there is no private copy to write to"),
	RULE(VMA_NOT_READABLE, "the mapping is not readable"),
	RULE(NOFAULT, "the page is not there in the way it is needed, and NOFAULT forbids to fault it in"),
	RULE(NOWAIT, "the page is being moved, and NOWAIT forbids to wait for it"),
	RULE(DUMP_HOLE, "nobody has written there, and DUMP wants no page of zeroes"),
	RULE(POISONED, "the memory behind it has failed"),
	RULE(BEYOND_OBJECT, "it is beyond the end of the object: a load there would be a bus error"),
	RULE(STORE_ERROR, "the store of the file could not read or write the page"),
	RULE(UNMOVABLE_LONGTERM, "the page lies where it may not be held for long, and it cannot be moved"),
	RULE(MIGRATE_BUSY, "the page has to move before it may be held for long, but somebody holds it"),
	RULE(MIGRATE_TRIES, "pages that may not be held for long kept turning up"),
	RULE(PINNED, "somebody held a page of the range for longer than the call could wait"),
	RULE(NO_MEMORY, "the machine has no free frame of the kind that is needed"),
	RULE(NO_SPACE, "the DAX device or the store of the file has no free block, or the hugetlb pool no free folio"),
	RULE(COUNT_OVERFLOW, "the page is held so often that its count is at its end"),
	RULE(MM_LIMIT, "the pin would pass the limit of its address space"),
	RULE(OWNER_LIMIT, "the pin would pass the limit of its owner"),
	RULE(OWNER_LOST, "the device of its owner is lost, and gets no memory before it was reset"),
	RULE(TEST, "the test made it fail"),
};

const char *gup_rule_name(enum gup_rule rule)
{
	return (unsigned int)rule < GUP_NR_RULES ? rules[rule].name : "?";
}

void gup_text_str(struct gup_text *t, const char *s)
{
	for (; *s; s++, t->len++)
		if (t->len + 1 < t->size)
			t->buf[t->len] = *s;
	if (t->size)
		t->buf[t->len < t->size ? t->len : t->size - 1] = '\0';
}

static void text_number(struct gup_text *t, u64 n, unsigned int base)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	gup_text_str(t, digits + at);
}

void gup_text_num(struct gup_text *t, u64 n)
{
	text_number(t, n, 10);
}

static void text_hex(struct gup_text *t, u64 n)
{
	gup_text_str(t, "0x");
	text_number(t, n, 16);
}

void gup_text_site(struct gup_text *t, const void *site)
{
	char name[128];

	if (gup_port_site(site, name, sizeof(name)))
		gup_text_str(t, name);
	else
		text_hex(t, (u64)(uintptr_t)site);
}

const char *gup_errno_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{ 0, "OK" },
		{ GUP_ENOENT, "ENOENT" },
		{ GUP_EIO, "EIO" },
		{ GUP_EAGAIN, "EAGAIN" },
		{ GUP_ENOMEM, "ENOMEM" },
		{ GUP_EFAULT, "EFAULT" },
		{ GUP_EBUSY, "EBUSY" },
		{ GUP_EEXIST, "EEXIST" },
		{ GUP_ENODEV, "ENODEV" },
		{ GUP_EINVAL, "EINVAL" },
		{ GUP_ENOSPC, "ENOSPC" },
		{ GUP_EOVERFLOW, "EOVERFLOW" },
		{ GUP_EOPNOTSUPP, "EOPNOTSUPP" },
		{ GUP_EHWPOISON, "EHWPOISON" },
	};
	unsigned int i;

	for (i = 0; i < GUP_ARRAY_SIZE(names); i++)
		if (names[i].error == -error)
			return names[i].name;
	return "error";
}

size_t gup_why_str(const struct gup_why *why, char *buf, size_t size)
{
	struct gup_text t = { buf, size, 0 };

	if (!buf)
		t.size = 0;
	if (t.size)
		buf[0] = '\0';
	if (!why)
		return 0;
	gup_text_str(&t, gup_errno_name(why->error));
	gup_text_str(&t, ": ");
	gup_text_str(&t, (unsigned int)why->rule < GUP_NR_RULES ? rules[why->rule].text : "unknown rule");
	if (why->addr) {
		gup_text_str(&t, ", at address ");
		text_hex(&t, why->addr);
	}
	if (why->pfn) {
		gup_text_str(&t, ", frame ");
		gup_text_num(&t, why->pfn);
	}
	if (why->holder[0]) {
		gup_text_str(&t, ", held by \"");
		gup_text_str(&t, why->holder);
		gup_text_str(&t, why->quarantined ? "\"" GUP_TEXT_QUARANTINED : "\"");
	}
	if (why->tries > 1) {
		gup_text_str(&t, ", after ");
		gup_text_num(&t, why->tries);
		gup_text_str(&t, " tries");
	}
	return t.len;
}
