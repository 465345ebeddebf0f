/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_instead.c - what works instead: the same question with one thing changed, asked again.
 *
 * The table is in order of usefulness: a smaller change of the program comes before a larger one.
 */
#include "explain.h"

#include <string.h>

/* Either a flag is left out, or @make changes the question. It returns false if that makes no sense here. */
struct change {
	const char *what;
	const char *when;
	bool (*make)(struct gup_question *q, enum gup_rule rule);
	unsigned int flag;
};

static bool with_protection(struct gup_question *q, enum gup_rule rule)
{
	q->prot = GUP_PROT_READ | GUP_PROT_WRITE;
	return rule == GUP_RULE_VMA_NOT_WRITABLE || rule == GUP_RULE_VMA_NOT_READABLE || rule == GUP_RULE_FORCE_SHARED;
}

static bool touched_before(struct gup_question *q, enum gup_rule rule)
{
	q->touched = true;
	return rule == GUP_RULE_NOFAULT;
}

static bool plain_pin(struct gup_question *q, enum gup_rule rule)
{
	q->entry = GUP_PIN_USER_PAGES;
	return rule == GUP_RULE_LONGTERM_NEEDS_PIN || rule == GUP_RULE_LONGTERM_ENTRY ||
	       rule == GUP_RULE_NO_ENTRY_POINT;
}

static bool plain_get(struct gup_question *q, enum gup_rule rule)
{
	q->entry = GUP_GET_USER_PAGES;
	return rule == GUP_RULE_LONGTERM_ENTRY || rule == GUP_RULE_NO_ENTRY_POINT;
}

static bool nobody_else(struct gup_question *q, enum gup_rule rule)
{
	(void)rule;
	if (q->memory != GUP_MEMORY_HELD)
		return false;
	q->memory = GUP_MEMORY_MOVABLE;
	return true;
}

/* Refused for what is mapped there, by a rule or by the caller itself: other memory may be the way out. */
static bool is_about_mapping(enum gup_rule rule)
{
	return rule == GUP_RULE_NONE ||
	       (rule >= GUP_RULE_NO_VMA && rule != GUP_RULE_NOFAULT && rule != GUP_RULE_NOWAIT);
}

static bool is_file(const struct gup_question *q)
{
	return q->backing == GUP_BACKING_FILE || q->backing == GUP_BACKING_FSDAX;
}

static bool within_object(struct gup_question *q, enum gup_rule rule)
{
	q->beyond = false;
	return rule == GUP_RULE_BEYOND_OBJECT;
}

static bool private_mapping(struct gup_question *q, enum gup_rule rule)
{
	bool sensible = q->shared && is_file(q);

	q->shared = false;
	return sensible && is_about_mapping(rule);
}

static bool other_memory(struct gup_question *q, enum gup_backing backing, bool shared)
{
	bool sensible = q->backing != backing;

	q->backing = backing;
	q->fs[0] = '\0';
	q->shared = shared;
	q->prot = GUP_PROT_READ | GUP_PROT_WRITE;
	q->memory = GUP_MEMORY_NORMAL;
	q->beyond = false;
	return sensible;
}

static bool device_dax(struct gup_question *q, enum gup_rule rule)
{
	return rule == GUP_RULE_FSDAX_LONGTERM && other_memory(q, GUP_BACKING_DEVDAX, true);
}

static bool memfd(struct gup_question *q, enum gup_rule rule)
{
	return is_about_mapping(rule) && is_file(q) && q->shared && other_memory(q, GUP_BACKING_MEMFD, true);
}

/* In older kernels the only shared memory that io_uring takes. */
static bool huge_memfd(struct gup_question *q, enum gup_rule rule)
{
	return rule == GUP_RULE_NONE && q->shared && other_memory(q, GUP_BACKING_HUGETLB, true);
}

static bool mapped_first(struct gup_question *q, enum gup_rule rule)
{
	return rule == GUP_RULE_NO_VMA && other_memory(q, GUP_BACKING_ANON, false);
}

static bool anonymous(struct gup_question *q, enum gup_rule rule)
{
	return rule != GUP_RULE_NO_VMA && is_about_mapping(rule) && other_memory(q, GUP_BACKING_ANON, false);
}

static bool native(struct gup_question *q, enum gup_rule rule)
{
	(void)rule;
	return q->rules.release && !q->io_uring && gup_ruleset_find("native", &q->rules);
}

static const struct change changes[] = {
	{ "mmap() of memory there", "a part of the range was unmapped, or never mapped", mapped_first, 0 },
	{ "inside the file", "it can be made longer first, by ftruncate()", within_object, 0 },
	{ "PROT_READ | PROT_WRITE", "mprotect() may be called first, or the mapping made so", with_protection, 0 },
	{ "after touching the pages", "they can be written to first, or mapped with MAP_POPULATE", touched_before, 0 },
	{ "when nobody else holds the pages", "the other holder lets go soon; try again then", nobody_else, 0 },
	{ "pin_user_pages", "the caller can be changed, and unpins what it pinned", plain_pin, 0 },
	{ "get_user_pages", "the caller can be changed", plain_get, 0 },
	{ "without NOFAULT", "the caller may sleep", NULL, GUP_NOFAULT },
	{ "without NOWAIT", "the caller may sleep", NULL, GUP_NOWAIT },
	{ "without FORCE", "the memory is mapped for such an access", NULL, GUP_FORCE },
	{ "without ANON", "other memory is as good", NULL, GUP_ANON },
	{ "without DUMP", "a page of zeroes is as good", NULL, GUP_DUMP },
	{ "without HWPOISON", "-EFAULT tells enough about memory that failed", NULL, GUP_HWPOISON },
	{ "without SPLIT_PMD", "the page may be a part of a large one", NULL, GUP_SPLIT_PMD },
	{ "without INTERRUPTIBLE", "only a signal that kills need end a wait", NULL, GUP_INTERRUPTIBLE },
	{ "without HONOR_NUMA_FAULT", "the page may stay on its node", NULL, GUP_HONOR_NUMA_FAULT },
	{ "without PCI_P2PDMA", "it is no memory of a PCI device", NULL, GUP_PCI_P2PDMA },
	{ "without WRITE", "the device only reads the memory", NULL, GUP_WRITE },
	{ "without LONGTERM", "the pages are let go before the call ends, as direct I/O does", NULL, GUP_LONGTERM },
	{ "MAP_PRIVATE", "what the device writes need not reach the file", private_mapping, 0 },
	{ "a memfd, MAP_SHARED", "others must see the memory; write() it to the file afterwards", memfd, 0 },
	{ "a memfd of huge pages, MAP_SHARED", "others must see the memory, and huge pages are reserved", huge_memfd,
	  0 },
	{ "anonymous memory", "the data can be copied", anonymous, 0 },
	{ "device DAX", "the whole device can be given to one program", device_dax, 0 },
	{ "libgup's native rules", "it runs on libgup and not on a kernel", native, 0 },
};

static bool make(const struct change *change, struct gup_question *q, enum gup_rule rule)
{
	bool given = q->flags & change->flag && !q->io_uring;

	if (!change->flag)
		return change->make(q, rule);
	q->flags &= ~change->flag;
	return given;
}

int gup_find_instead(const struct gup_question *q, const struct gup_answer *refused, struct gup_instead *out, int room)
{
	int nr = 0;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]) && nr < room; i++) {
		struct gup_question changed = *q;
		struct gup_answer answer;

		if (!make(&changes[i], &changed, refused->why.rule))
			continue;
		if (!gup_ask(&changed, &answer))
			return -1;
		if (!answer.taken)
			continue;
		snprintf(out[nr].what, sizeof(out[nr].what), "%s", changes[i].what);
		out[nr++].when = changes[i].when;
	}
	return nr;
}
