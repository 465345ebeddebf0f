/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/gup.c - libgup's side: the same program on a machine.
 *
 * The machine stays for the next program, so what a program finds in a fresh page must have been cleared. After each
 * program everything is checked, taken down, and checked again.
 */
#include "gup_side.h"

#include <string.h>

#define MACHINE_BYTES (UINT64_C(8) << 20)

int gup_side_open(struct gup_world *w, uint32_t kernel)
{
	struct gup_machine_config config = { .normal_bytes = MACHINE_BYTES, .kernel = kernel };

	*w = (struct gup_world){ 0 };
	return gup_machine_create(&config, &w->m);
}

/* A machine that is not well stays behind. */
void gup_side_close(struct gup_world *w)
{
	(void)gup_machine_destroy(w->m);
	w->m = NULL;
}

static bool begin_file(struct gup_world *w, unsigned int i)
{
	struct outcome o = { 0 };
	struct step s = { .file = i };

	if (gup_shm_create(w->m, FILE_PAGES * PAGE, 0, &w->files[i]))
		return false;
	for (; s.page < FILE_PAGES / 2; s.page++) {
		s.value = first_word(i, s.page);
		on_gup_write(w, &s, &o);
		if (o.value != 1)
			return false;
	}
	return true;
}

static bool begin(struct gup_world *w)
{
	for (unsigned int i = 0; i < FILES; i++)
		if (!begin_file(w, i))
			return false;
	return !gup_mm_create(w->m, "first", &w->mms[0]);
}

static void play_step(struct gup_world *w, const struct step *s, struct outcome *o)
{
	if (w->mms[s->who])
		s->op->gup(w, s, o);
	else
		o->value = NOBODY;
}

static bool look_at(struct gup_mm *mm, uint64_t addr, uint64_t words[LANES])
{
	for (unsigned int lane = 0; lane < LANES; lane++)
		if (gup_copy_from_user(mm, &words[lane], addr + LANE_OFFSET(lane), sizeof(words[lane])))
			return false;
	return true;
}

static void look_at_file(struct gup_object *file, uint64_t *size, uint64_t words[FILE_PAGES][LANES])
{
	*size = gup_object_size(file);
	for (uint64_t at = 0; at < *size; at += PAGE)
		for (unsigned int lane = 0; lane < LANES; lane++)
			(void)gup_object_read(file, at + LANE_OFFSET(lane), &words[at / PAGE][lane], sizeof(uint64_t));
}

static void look_at_pin(struct gup_world *w, unsigned int slot, uint64_t words[PIN_PAGES][LANES])
{
	const uint64_t *bytes;

	for (unsigned int page = 0; (bytes = pinned_page(w, slot, page)); page++)
		for (unsigned int lane = 0; lane < LANES; lane++)
			words[page][lane] = bytes[LANE_OFFSET(lane) / sizeof(*bytes)];
}

static void look_at_all(struct gup_world *w, struct outcome *o)
{
	struct look *look = &o->look;
	unsigned int i, page;

	o->looked = true;
	for (i = 0; i < PROCESSES; i++)
		for (page = 0; w->mms[i] && page < PAGES; page++)
			look->there[i][page] = look_at(w->mms[i], BASE + page * PAGE, look->memory[i][page]);
	for (i = 0; i < FILES; i++)
		look_at_file(w->files[i], &look->size[i], look->file[i]);
	for (i = 0; i < PINS; i++)
		look_at_pin(w, i, look->device[i]);
}

static void clean_up(struct gup_world *w)
{
	unsigned int i;

	for (i = 0; i < PINS; i++) {
		gup_unpin(w->pins[i], true);
		w->pins[i] = NULL;
	}
	for (i = 0; i < PROCESSES; i++) {
		gup_mm_destroy(w->mms[i]);
		w->mms[i] = NULL;
	}
	for (i = 0; i < FILES; i++) {
		gup_object_put(w->files[i]);
		w->files[i] = NULL;
	}
}

static void check(struct gup_world *w, bool empty, struct trace *out)
{
	struct gup_check found = { 0 };

	if (out->broken[0])
		return;
	if (gup_machine_check(w->m, &found))
		snprintf(out->broken, sizeof(out->broken), "%s", found.first_error);
	else if (empty && (found.pins || found.gets || found.mapped))
		snprintf(out->broken, sizeof(out->broken), "pins, gets or entries are left");
}

void gup_side_play(struct gup_world *w, const struct program *p, struct trace *out)
{
	memset(out, 0, sizeof(out->broken) + p->nr * sizeof(out->outcomes[0]));
	if (!begin(w))
		snprintf(out->broken, sizeof(out->broken), "the machine has no room for the program's beginning");
	for (unsigned int i = 0; i < p->nr && !out->broken[0]; i++) {
		play_step(w, &p->steps[i], &out->outcomes[i]);
		if (p->looks || i == p->nr - 1)
			look_at_all(w, &out->outcomes[i]);
	}
	check(w, false, out);
	clean_up(w);
	check(w, true, out);
}
