/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/alloc.c - memory of the user of pins: counted, made to fail, and freed once.
 *
 * The memory is the host's, so that a sanitizer of the host sees what is done beyond its end or after it was freed.
 * The record of a block outlives it: whoever frees it again learns who did so first.
 */
#include <stdlib.h>

#include "kit.h"

void *gup_test_alloc(struct gup_test *t, size_t bytes, const void *site)
{
	struct gup_kit_alloc *a;

	if (gup_kit_step(t, GUP_TEST_FAIL_ALLOC))
		return NULL;
	a = malloc(sizeof(*a));
	if (!a)
		return NULL;
	*a = (struct gup_kit_alloc){ t->allocs, calloc(1, bytes ? bytes : 1), bytes, ++t->clock, site, NULL };
	if (!a->p) {
		free(a);
		return NULL;
	}
	t->allocs = a;
	return a->p;
}

/* The newest block at @p: the host uses addresses again. */
static struct gup_kit_alloc *find(const struct gup_test *t, const void *p)
{
	struct gup_kit_alloc *a;

	for (a = t->allocs; a; a = a->next)
		if (a->p == p)
			break;
	return a;
}

void gup_test_free(struct gup_test *t, void *p, const void *site)
{
	struct gup_kit_alloc *a = p ? find(t, p) : NULL;
	struct gup_kit_about about = { .finding = GUP_TEST_BAD_RELEASE, .count = 1 };
	char here[GUP_KIT_SITE], taken[GUP_KIT_SITE], freed[GUP_KIT_SITE];

	if (!p)
		return;
	if (!a) {
		gup_kit_report(t, &about, "free at %s of what was never allocated", gup_kit_site(site, here));
	} else if (a->freed) {
		about.taken = a->site;
		about.released = a->freed;
		gup_kit_report(t, &about, "free at %s of %zu bytes, allocated at %s, freed at %s before",
			       gup_kit_site(site, here), a->bytes, gup_kit_site(a->site, taken),
			       gup_kit_site(a->freed, freed));
	} else {
		a->freed = site ? site : GUP_KIT_HERE;
		free(p);
	}
}

static bool is_left(const struct gup_test *t, const struct gup_kit_alloc *a)
{
	return !a->freed && a->born > t->mark;
}

/* All blocks of one site are one report. */
void gup_kit_allocs_left(struct gup_test *t)
{
	struct gup_kit_alloc *a, *other;
	u64 count;

	for (a = t->allocs; a; a = a->next) {
		if (!is_left(t, a))
			continue;
		count = 0;
		for (other = a; other; other = other->next) {
			if (!is_left(t, other) || !gup_kit_same_site(other->site, a->site))
				continue;
			count++;
			if (other != a)
				other->born = 0;
		}
		a->born = 0;
		gup_kit_report_left(t, GUP_TEST_MEMORY_LEFT, a->site, count, "allocation", "made");
	}
}

void gup_kit_allocs_free(struct gup_test *t)
{
	struct gup_kit_alloc *a;

	while ((a = t->allocs)) {
		t->allocs = a->next;
		if (!a->freed)
			free(a->p);
		free(a);
	}
}
