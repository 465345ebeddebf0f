/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/gup_ops.c - the operations on libgup, each in the address space that it is about.
 */
#include "ops.h"

#include <errno.h>

#include <string.h>

void on_gup_mmap(struct gup_world *w, const struct step *s, struct outcome *o)
{
	struct gup_map_request request = {
		.addr = step_addr(s),
		.length = step_bytes(s),
		.prot = s->prot,
		.flags = mappings[s->kind].gup | (s->exact ? GUP_MAP_FIXED_NOREPLACE : GUP_MAP_FIXED) |
			 (s->fill ? GUP_MAP_POPULATE : 0),
	};

	if (s->kind >= 2) {
		request.object = w->files[s->file];
		request.offset = (uint64_t)s->offset * PAGE;
	}
	o->value = gup_mmap(w->mms[s->who], &request);
}

void on_gup_munmap(struct gup_world *w, const struct step *s, struct outcome *o)
{
	o->value = gup_munmap(w->mms[s->who], step_addr(s), step_bytes(s));
}

void on_gup_mprotect(struct gup_world *w, const struct step *s, struct outcome *o)
{
	o->value = gup_mprotect(w->mms[s->who], step_addr(s), step_bytes(s), s->prot);
}

void on_gup_madvise(struct gup_world *w, const struct step *s, struct outcome *o)
{
	o->value = gup_madvise(w->mms[s->who], step_addr(s), step_bytes(s), advices[s->kind].gup);
}

void on_gup_mremap(struct gup_world *w, const struct step *s, struct outcome *o)
{
	o->value = gup_mremap(w->mms[s->who], step_addr(s), step_bytes(s), (uint64_t)s->to_nr * PAGE,
			      moves[s->kind].gup, BASE + (uint64_t)s->to * PAGE);
}

void on_gup_mlock(struct gup_world *w, const struct step *s, struct outcome *o)
{
	o->value = gup_mlock(w->mms[s->who], step_addr(s), step_bytes(s));
}

void on_gup_munlock(struct gup_world *w, const struct step *s, struct outcome *o)
{
	o->value = gup_munlock(w->mms[s->who], step_addr(s), step_bytes(s));
}

void on_gup_fork(struct gup_world *w, const struct step *s, struct outcome *o)
{
	o->value = w->mms[s->slot] ? NOBODY : gup_mm_fork(w->mms[s->who], "child", &w->mms[s->slot]);
}

void on_gup_exit(struct gup_world *w, const struct step *s, struct outcome *o)
{
	gup_mm_destroy(w->mms[s->who]);
	w->mms[s->who] = NULL;
	o->value = 0;
}

void on_gup_load(struct gup_world *w, const struct step *s, struct outcome *o)
{
	uint64_t at = step_addr(s) + LANE_OFFSET(s->lane);

	while (o->nr < s->nr &&
	       !gup_copy_from_user(w->mms[s->who], &o->words[o->nr], at + o->nr * PAGE, sizeof(o->words[0])))
		o->nr++;
	o->value = o->nr;
}

void on_gup_store(struct gup_world *w, const struct step *s, struct outcome *o)
{
	uint64_t at = step_addr(s) + LANE_OFFSET(s->lane);

	while (o->value < s->nr &&
	       !gup_copy_to_user(w->mms[s->who], at + (uint64_t)o->value * PAGE, &s->value, sizeof(s->value)))
		o->value++;
}

void on_gup_truncate(struct gup_world *w, const struct step *s, struct outcome *o)
{
	o->value = gup_object_truncate(w->files[s->file], step_bytes(s), 0, NULL);
}

static void fill_page(uint64_t *words, uint64_t value)
{
	for (unsigned int i = 0; i < PAGE / sizeof(value); i++)
		words[i] = value;
}

void on_gup_write(struct gup_world *w, const struct step *s, struct outcome *o)
{
	uint64_t words[PAGE / sizeof(s->value)];
	int64_t done;

	fill_page(words, s->value);
	done = gup_object_write(w->files[s->file], (uint64_t)s->page * PAGE, words, PAGE);
	o->value = done < 0 ? done : done / PAGE;
}

void on_gup_read(struct gup_world *w, const struct step *s, struct outcome *o)
{
	uint64_t at = (uint64_t)s->page * PAGE + LANE_OFFSET(s->lane);
	int64_t done = gup_object_read(w->files[s->file], at, o->words, sizeof(o->words[0]));

	o->value = done < 0 ? done : done == sizeof(o->words[0]);
	o->nr = o->value > 0;
}

void on_gup_pin(struct gup_world *w, const struct step *s, struct outcome *o)
{
	struct gup_request request = { .addr = step_addr(s),
				       .bytes = step_bytes(s),
				       .flags = GUP_WRITE | GUP_LONGTERM };

	o->value = w->pins[s->slot] ? -GUP_EBUSY : gup_pin(w->mms[s->who], &request, &w->pins[s->slot], NULL);
}

void on_gup_unpin(struct gup_world *w, const struct step *s, struct outcome *o)
{
	if (!w->pins[s->slot]) {
		o->value = -ENXIO;
		return;
	}
	o->value = gup_unpin(w->pins[s->slot], true);
	w->pins[s->slot] = NULL;
}

uint64_t *pinned_page(const struct gup_world *w, unsigned int slot, unsigned int page)
{
	struct gup_extent_iter it = { .pin = w->pins[slot] };
	uint64_t at = (uint64_t)page * PAGE;
	struct gup_extent e;

	while (w->pins[slot] && gup_pin_next_extent(&it, &e)) {
		if (at < e.bytes)
			return gup_page_address(w->m, e.page + at / PAGE);
		at -= e.bytes;
	}
	return NULL;
}

void on_gup_device_store(struct gup_world *w, const struct step *s, struct outcome *o)
{
	uint64_t *words = pinned_page(w, s->slot, s->page);

	if (words)
		fill_page(words, s->value);
	o->value = words ? 1 : -ENXIO;
}

void on_gup_device_load(struct gup_world *w, const struct step *s, struct outcome *o)
{
	uint64_t *words;

	for (; (words = pinned_page(w, s->slot, o->nr)); o->nr++)
		o->words[o->nr] = words[LANE_OFFSET(s->lane) / sizeof(*words)];
	o->value = o->nr ? (int64_t)o->nr : -ENXIO;
}
