/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_scene.c - the answer to a question: a machine with those rules, that mapping on it, and the call.
 *
 * All pages of the mapping are alike, so a few of them answer for any number.
 */
#define _GNU_SOURCE
#include "explain.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PAGES 4
#define BYTES (PAGES * GUP_PAGE_SIZE)
#define PLACE UINT64_C(0x10000000)
#define REGISTERS (UINT64_C(1) << 35) /* frame numbers that no machine has */

struct scene {
	const struct gup_question *q;
	struct gup_machine *m;
	struct gup_mm *mm;
	struct gup_object *object;
	struct gup_page *held[PAGES];
	long nr_held;
};

static bool is_movable(const struct gup_question *q)
{
	return q->memory == GUP_MEMORY_MOVABLE || q->memory == GUP_MEMORY_HELD;
}

static uint64_t mapped_bytes(const struct gup_question *q)
{
	return q->backing == GUP_BACKING_HUGETLB ? GUP_HUGE_SIZE : BYTES;
}

static void make_config(const struct gup_question *q, struct gup_machine_config *config)
{
	*config = (struct gup_machine_config){ .normal_bytes = 8 * GUP_MIB,
					       .contract = q->rules.contract,
					       .kernel = q->rules.kernel };
	if (q->memory == GUP_MEMORY_CMA) {
		config->cma[0].name = "area";
		config->cma[0].bytes = 16 * GUP_MIB; /* more than NORMAL has, so it is lent first */
	}
	if (is_movable(q))
		config->movable_bytes = 8 * GUP_MIB;
	if (q->backing == GUP_BACKING_HUGETLB && is_movable(q))
		config->hugetlb_movable = 1;
	else if (q->backing == GUP_BACKING_HUGETLB)
		config->hugetlb_pages = 1;
	if (q->backing == GUP_BACKING_FSDAX || q->backing == GUP_BACKING_DEVDAX) {
		config->dax[0].name = "pmem";
		config->dax[0].bytes = 4 * GUP_MIB;
		config->dax[0].kind = q->backing == GUP_BACKING_FSDAX ? GUP_DAX_FS : GUP_DAX_DEVICE;
	}
}

/* A disk full of zeroes, which keeps nothing. */
static int disk_read(void *context, uint64_t index, void *page)
{
	(void)context;
	(void)index;
	(void)page;
	return 0;
}

static int disk_write(void *context, uint64_t index, const void *page, uint32_t bytes)
{
	(void)context;
	(void)index;
	(void)page;
	(void)bytes;
	return 0;
}

static void disk_discard(void *context, uint64_t offset, uint64_t end)
{
	(void)context;
	(void)offset;
	(void)end;
}

static int make_file(struct scene *s, uint64_t bytes)
{
	static const struct gup_file_ops disk = { .read = disk_read, .write = disk_write, .discard = disk_discard };
	const struct gup_file_config config = { .ops = &disk, .bytes = bytes, .dirty_tracking = true };

	return gup_file_create(s->m, &config, &s->object);
}

static int make_object(struct scene *s)
{
	uint64_t bytes = s->q->beyond ? 0 : mapped_bytes(s->q);

	switch (s->q->backing) {
	case GUP_BACKING_MEMFD:
	case GUP_BACKING_TMPFS:
	case GUP_BACKING_DRIVER:
		return gup_shm_create(s->m, bytes, 0, &s->object);
	case GUP_BACKING_FILE:
		return make_file(s, bytes);
	case GUP_BACKING_FSDAX:
		return gup_dax_file_create(s->m, "pmem", bytes, &s->object);
	case GUP_BACKING_DEVDAX:
		return gup_devdax_open(s->m, "pmem", &s->object);
	case GUP_BACKING_SECRET:
		return gup_secret_create(s->m, bytes, &s->object);
	case GUP_BACKING_PFNMAP:
		return gup_pfnmap_create(s->m, REGISTERS, BYTES, &s->object);
	case GUP_BACKING_HUGETLB:
		return gup_hugetlb_create(s->m, bytes, &s->object);
	default:
		return 0;
	}
}

static int touch(struct scene *s)
{
	uint8_t bytes[BYTES] = { 0 };

	if (s->q->backing == GUP_BACKING_ZERO)
		return gup_copy_from_user(s->mm, bytes, PLACE, BYTES) ? -GUP_ENOMEM : 0;
	if (s->q->touched || s->q->memory != GUP_MEMORY_NORMAL)
		gup_copy_to_user(s->mm, PLACE, bytes,
				 BYTES); /* where there is nothing to write to, nothing is written */
	return 0;
}

static int map(struct scene *s)
{
	struct gup_map_request request = {
		.addr = PLACE,
		.length = mapped_bytes(s->q),
		.prot = GUP_PROT_READ | GUP_PROT_WRITE,
		.flags = GUP_MAP_FIXED | (s->q->shared ? GUP_MAP_SHARED : GUP_MAP_PRIVATE),
		.object = s->object,
	};
	int64_t addr = gup_mmap(s->mm, &request);
	int err = addr < 0 ? (int)addr : touch(s);

	return err ? err : gup_mprotect(s->mm, PLACE, mapped_bytes(s->q), s->q->prot);
}

/* Somebody who reads the pages for a moment, with the function that the kernel has for it. */
static void hold(struct scene *s)
{
	s->nr_held = gup_pin_user_pages_fast(s->mm, PLACE, PAGES, 0, s->held);
	if (s->nr_held <= 0)
		s->nr_held = -gup_get_user_pages_fast(s->mm, PLACE, PAGES, 0, s->held);
}

static int set_scene(struct scene *s)
{
	struct gup_machine_config config;
	int err;

	make_config(s->q, &config);
	err = gup_machine_create(&config, &s->m);
	if (!err)
		err = gup_mm_create(s->m, "caller", &s->mm);
	if (!err)
		err = make_object(s);
	if (!err && s->q->backing != GUP_BACKING_NONE)
		err = map(s);
	if (!err && s->q->memory == GUP_MEMORY_HELD)
		hold(s);
	return err;
}

static void release(struct gup_machine *m, struct gup_page **pages, long nr, bool pins)
{
	if (nr > 0 && pins)
		gup_unpin_user_pages(m, pages, (unsigned long)nr);
	for (long i = 0; i < nr && !pins; i++)
		gup_put_page(m, pages[i]);
}

static void leave(struct scene *s)
{
	release(s->m, s->held, s->nr_held, true);
	release(s->m, s->held, -s->nr_held, false);
	gup_object_put(s->object);
	gup_mm_destroy(s->mm);
	gup_machine_destroy(s->m);
}

static bool needs_lock(enum gup_entry entry)
{
	return entry == GUP_GET_USER_PAGES || entry == GUP_GET_USER_PAGES_REMOTE ||
	       entry == GUP_GET_USER_PAGES_LOCKED || entry == GUP_PIN_USER_PAGES ||
	       entry == GUP_PIN_USER_PAGES_REMOTE || entry == GUP_PIN_USER_PAGES_LOCKED;
}

static bool is_pin(enum gup_entry entry)
{
	return entry >= GUP_PIN_USER_PAGES;
}

/* What the kernel would write into its log is not for who reads an explanation. */
static long call_quietly(struct scene *s, struct gup_call *call, struct gup_why *why)
{
	int old = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	long result;

	fflush(stderr);
	if (old >= 0 && null >= 0)
		dup2(null, STDERR_FILENO);
	result = gup_user_pages(s->mm, call, why);
	if (old >= 0 && null >= 0)
		dup2(old, STDERR_FILENO);
	close(null);
	close(old);
	return result;
}

/* A copy of the page of zeroes takes another frame, too, and is no move. */
static bool must_move(const struct scene *s, uint64_t pfn)
{
	struct gup_frame_info info;

	return s->q->flags & GUP_LONGTERM && pfn && !gup_frame_info(s->m, pfn, &info) && !info.longterm_ok &&
	       info.kind != GUP_FRAME_ZERO;
}

static void call(struct scene *s, struct gup_answer *out)
{
	struct gup_page *pages[PAGES];
	uint64_t before = gup_user_pfn(s->mm, PLACE);
	bool must = must_move(s, before);
	int locked = 1;
	struct gup_call call = {
		.entry = out->entry,
		.start = s->q->beyond_user ? GUP_USER_TOP : PLACE,
		.nr_pages = PAGES,
		.flags = s->q->flags,
		.pages = pages,
	};

	if (out->entry == GUP_GET_USER_PAGES_LOCKED || out->entry == GUP_PIN_USER_PAGES_LOCKED)
		call.locked = &locked;
	if (needs_lock(out->entry))
		gup_mmap_read_lock(s->mm);
	out->result = call_quietly(s, &call, &out->why);
	if (needs_lock(out->entry) && locked)
		gup_mmap_read_unlock(s->mm);
	out->taken = out->result == PAGES;
	if (out->result <= 0)
		return;
	out->moved = must && before != gup_page_to_pfn(s->m, pages[0]);
	release(s->m, pages, out->result, is_pin(out->entry));
}

static bool ask_entry(const struct gup_question *q, enum gup_entry entry, struct gup_answer *out)
{
	struct scene s = { .q = q };
	int err = set_scene(&s);

	*out = (struct gup_answer){ .entry = entry };
	if (!err)
		call(&s, out);
	leave(&s);
	return err ? gup_say_unexpected("no machine could be made: %s; is enough memory free?", gup_errno_text(err))
		   : true;
}

static bool has_memory(const struct gup_question *q)
{
	struct gup_contract_rule rule;

	if (q->backing != GUP_BACKING_SECRET)
		return true;
	for (unsigned int nr = 0; !gup_contract_rule(nr, &rule); nr++)
		if (!strcmp(rule.name, "has_secret"))
			return gup_contract_value(&rule, q->rules.release, NULL);
	return true;
}

bool gup_ask(const struct gup_question *q, struct gup_answer *out)
{
	enum gup_entry entry = q->io_uring ? gup_io_uring_entry(q->rules.release) : q->entry;
	enum gup_entry older = (enum gup_entry)(entry - GUP_PIN_USER_PAGES + GUP_GET_USER_PAGES);

	if (!has_memory(q)) {
		*out = (struct gup_answer){ .entry = entry, .missing = true, .why.rule = GUP_RULE_SECRET };
		return true;
	}
	if (!ask_entry(q, entry, out))
		return false;
	if (out->why.rule == GUP_RULE_NO_ENTRY_POINT && !q->entry_given && is_pin(entry) && !ask_entry(q, older, out))
		return false;
	if (q->io_uring)
		gup_io_uring_looks(q, out);
	return true;
}
