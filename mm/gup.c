/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/gup.c - the entry points: one gate for flags and arguments, then the fast part, then the slow part.
 *
 * All twelve Linux forms are gup_user_pages() with another entry; what differs between them and between kernels is in
 * the contract's table. The fast ones are in gup_fast.c, where they try a single page first. The result is a count if
 * anything was taken and kept, else the errno.
 */
#include "gup.h"

static bool is_fast(enum gup_entry entry)
{
	return entry == GUP_GET_USER_PAGES_FAST || entry == GUP_GET_USER_PAGES_FAST_ONLY ||
	       entry == GUP_PIN_USER_PAGES_FAST || entry == GUP_PIN_USER_PAGES_FAST_ONLY;
}

static bool is_fast_only(enum gup_entry entry)
{
	return entry == GUP_GET_USER_PAGES_FAST_ONLY || entry == GUP_PIN_USER_PAGES_FAST_ONLY;
}

static bool is_pin(enum gup_entry entry)
{
	return entry >= GUP_PIN_USER_PAGES;
}

static bool takes_lock(enum gup_entry entry)
{
	return is_fast(entry) || entry == GUP_GET_USER_PAGES_UNLOCKED || entry == GUP_PIN_USER_PAGES_UNLOCKED;
}

static bool is_locked(enum gup_entry entry)
{
	return entry == GUP_GET_USER_PAGES_LOCKED || entry == GUP_PIN_USER_PAGES_LOCKED;
}

/* As the commit does, once for each entry point and machine. */
static void warn_longterm(struct gup_machine *m, enum gup_entry entry)
{
	u32 bit = 1u << entry;
	char line[96];
	struct gup_text t = { line, sizeof(line), 0 };

	if (gup_port_fetch_or(&m->warned, bit) & bit)
		return;
	gup_text_str(&t, gup_entry_name(entry));
	gup_text_str(&t, "() was called with LONGTERM, which ");
	gup_text_str(&t, m->contract->name);
	gup_text_str(&t, " refuses here");
	gup_port_log(line);
}

static enum gup_rule check_longterm(struct gup_machine *m, const struct gup_call *call)
{
	enum gup_longterm_rule rule = m->contract->entries[call->entry].longterm;

	if (!(call->flags & GUP_LONGTERM))
		return GUP_RULE_NONE;
	if (m->contract->longterm_needs_pin && !is_pin(call->entry))
		return GUP_RULE_LONGTERM_NEEDS_PIN;
	if (rule == GUP_LONGTERM_YES || (rule == GUP_LONGTERM_UNLOCKED && !call->locked))
		return GUP_RULE_NONE;
	return GUP_RULE_LONGTERM_ENTRY;
}

/* The one gate: the rule that refuses the call, or none. */
static enum gup_rule check_call(struct gup_machine *m, const struct gup_call *call)
{
	const struct gup_entry_rule *rule = &m->contract->entries[call->entry];

	if (!rule->exists)
		return GUP_RULE_NO_ENTRY_POINT;
	if (call->flags & ~(rule->flags | GUP_LONGTERM))
		return GUP_RULE_UNKNOWN_FLAG;
	if (!call->pages && (!rule->pages_optional || call->flags & GUP_LONGTERM))
		return GUP_RULE_NO_PAGES_ARRAY;
	if ((call->locked && *call->locked != 1) || (is_locked(call->entry) && !call->locked))
		return GUP_RULE_LOCKED_STATE;
	if (gup_flags_exclude(m, call->flags))
		return GUP_RULE_P2PDMA_LONGTERM;
	return check_longterm(m, call);
}

static int refuse_call(struct gup_machine *m, const struct gup_call *call, enum gup_rule rule, struct gup_why *why)
{
	int error = rule == GUP_RULE_NO_ENTRY_POINT ? -GUP_EINVAL : m->contract->entries[call->entry].bad_argument;

	if (rule == GUP_RULE_LONGTERM_NEEDS_PIN || rule == GUP_RULE_LONGTERM_ENTRY)
		warn_longterm(m, call->entry);
	return gup_refuse(why, error, rule, call->start, 0);
}

_Static_assert(GUP_ONE_PAGE_FLAGS < 8, "they are bit numbers in a byte");

void gup_gate_init(struct gup_machine *m)
{
	struct gup_page *unused;
	struct gup_call call = { .nr_pages = 1, .pages = &unused };

	for (call.entry = 0; call.entry < GUP_NR_ENTRIES; call.entry++)
		for (call.flags = 0; call.flags <= GUP_ONE_PAGE_FLAGS; call.flags++)
			if (is_fast(call.entry) && !(call.flags & ~GUP_ONE_PAGE_FLAGS) && !check_call(m, &call))
				m->one_page[call.entry] |= 1u << call.flags;
}

/* A fast range that is no range. True if *out_result is the answer. */
static bool bad_fast_range(const struct gup_contract *rules, const struct gup_call *call, struct gup_why *why,
			   long *out_result)
{
	u64 start = call->start & GUP_PAGE_MASK, length = (u64)call->nr_pages << GUP_PAGE_SHIFT;
	u64 end = start + length;

	if (call->nr_pages != (int)call->nr_pages)
		*out_result = gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, start, 0);
	else if (call->nr_pages <= 0 && rules->nonpositive_is_zero)
		*out_result = 0;
	else if (end < start)
		*out_result = gup_refuse(why, rules->fast_overflow, GUP_RULE_RANGE_OVERFLOW, start, 0);
	else if (end > GUP_USER_TOP)
		*out_result = gup_refuse(why, rules->refusal[GUP_RULE_RANGE_BEYOND_USER], GUP_RULE_RANGE_BEYOND_USER,
					 start, 0);
	else
		return false;
	if (*out_result < 0 && is_fast_only(call->entry) && !rules->fast_only_fails)
		*out_result = 0;
	return true;
}

void gup_op_drop(struct gup_op *op, u64 keep)
{
	u64 i;

	if (op->sink || op->done <= keep)
		return; /* gup_pin() lets go of its extents itself */
	for (i = keep; op->tag.site && i < op->done; i++)
		gup_track_del(op->m, op->pages[i], op->pin, op->tag.site);
	gup_release_pages(op->m, op->pages + keep, op->done - keep, op->pin);
	op->done = keep;
}

long gup_op_run(struct gup_op *op, bool fast, bool fast_only)
{
	int err = 0;

	if (fast && !(op->flags & GUP_FLAGS_OF_VMA))
		gup_fast(op);
	if (op->left && !fast_only)
		err = gup_slow(op);
	else if (op->left)
		gup_refuse(op->why, op->rules->refusal[GUP_RULE_NOFAULT], GUP_RULE_NOFAULT, op->addr,
			   0); /* no error, but the reason of the count */
	if (err && op->drop == GUP_DROP_ALL)
		gup_op_drop(op, 0);
	else if (err && op->drop == GUP_DROP_SLOW)
		gup_op_drop(op, op->fast_done);
	/* NOWAIT is no error in Linux: the count so far, even if it is 0. */
	if (err == -GUP_EAGAIN && op->why->rule == GUP_RULE_NOWAIT)
		err = 0;
	else if (!err && !op->left)
		gup_refuse(op->why, 0, GUP_RULE_NONE, 0, 0); /* a move that failed and did not matter */
	return op->done ? (long)op->done : err;
}

void gup_op_init(struct gup_op *op, struct gup_mm *mm, unsigned int flags, bool pin, struct gup_why *why)
{
	op->mm = mm;
	op->m = mm->m;
	op->rules = mm->m->contract;
	op->flags = flags;
	op->pin = pin;
	op->take = op->owns_lock = true;
	op->may_drop = op->dropped = op->ignore_unfit = false;
	op->scope = flags & GUP_LONGTERM ? GUP_SCOPE_UNMOVABLE : GUP_SCOPE_ANY;
	op->nr_runs = 0;
	op->pages = NULL;
	op->sink = NULL;
	op->done = op->fast_done = 0;
	op->dax_addr = 0;
	op->drop = GUP_DROP_NOTHING;
	op->tag.site = NULL;
	op->why = why;
}

static void tag(struct gup_op *op, const void *site)
{
	op->tag = (struct gup_track){ .site = site, .pin = op->pin, .longterm = gup_op_longterm(op) };
	gup_name_set(op->tag.owner, op->mm->name);
}

static long user_pages(struct gup_mm *mm, const struct gup_call *call, struct gup_why *why, const void *site)
{
	enum gup_rule rule;
	struct gup_op op;
	long result;

	if (!mm || !call || (unsigned int)call->entry >= GUP_NR_ENTRIES)
		return gup_refuse(why, -GUP_EINVAL, GUP_RULE_BAD_ARGUMENT, 0, 0);
	rule = check_call(mm->m, call);
	if (rule)
		return refuse_call(mm->m, call, rule, why);
	if (is_fast(call->entry) && bad_fast_range(mm->m->contract, call, why, &result))
		return result;
	if (call->nr_pages <= 0)
		return 0;
	gup_op_init(&op, mm, call->flags, is_pin(call->entry), why);
	op.take = call->pages != NULL;
	op.owns_lock = takes_lock(call->entry);
	op.may_drop = call->locked != NULL;
	op.addr = call->start & GUP_PAGE_MASK;
	op.left = (u64)call->nr_pages;
	op.pages = call->pages;
	if (mm->m->track_holders)
		tag(&op, site);
	result = gup_watch_gate(mm->m, &op.left, site);
	if (result)
		return gup_refuse(why, (int)result, GUP_RULE_TEST, op.addr, 0);
	result = gup_op_run(&op, is_fast(call->entry), is_fast_only(call->entry));
	if (op.dropped) {
		GUP_ASSERT(call->locked);
		gup_mmap_read_unlock(mm);
		*call->locked = 0;
	}
	return result;
}

#define HERE __builtin_return_address(0)

long gup_user_pages(struct gup_mm *mm, const struct gup_call *call, struct gup_why *why)
{
	struct gup_why own;

	if (!why)
		why = &own;
	gup_refuse(why, 0, GUP_RULE_NONE, 0, 0);
	return user_pages(mm, call, why, HERE);
}

long gup_linux_form(struct gup_mm *mm, const struct gup_call *call, const void *site)
{
	struct gup_why why = { .error = 0 };

	return user_pages(mm, call, &why, site);
}

long gup_get_user_pages(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			struct gup_page **pages)
{
	return gup_linux_form(mm, &(struct gup_call){ GUP_GET_USER_PAGES, start, (long)nr_pages, flags, pages, NULL },
			      HERE);
}

long gup_get_user_pages_remote(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			       struct gup_page **pages, int *locked)
{
	return gup_linux_form(
		mm, &(struct gup_call){ GUP_GET_USER_PAGES_REMOTE, start, (long)nr_pages, flags, pages, locked }, HERE);
}

long gup_get_user_pages_locked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			       struct gup_page **pages, int *locked)
{
	return gup_linux_form(
		mm, &(struct gup_call){ GUP_GET_USER_PAGES_LOCKED, start, (long)nr_pages, flags, pages, locked }, HERE);
}

long gup_get_user_pages_unlocked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
				 struct gup_page **pages)
{
	return gup_linux_form(
		mm, &(struct gup_call){ GUP_GET_USER_PAGES_UNLOCKED, start, (long)nr_pages, flags, pages, NULL }, HERE);
}

long gup_pin_user_pages(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			struct gup_page **pages)
{
	return gup_linux_form(mm, &(struct gup_call){ GUP_PIN_USER_PAGES, start, (long)nr_pages, flags, pages, NULL },
			      HERE);
}

long gup_pin_user_pages_remote(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			       struct gup_page **pages, int *locked)
{
	return gup_linux_form(
		mm, &(struct gup_call){ GUP_PIN_USER_PAGES_REMOTE, start, (long)nr_pages, flags, pages, locked }, HERE);
}

long gup_pin_user_pages_locked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
			       struct gup_page **pages, int *locked)
{
	return gup_linux_form(
		mm, &(struct gup_call){ GUP_PIN_USER_PAGES_LOCKED, start, (long)nr_pages, flags, pages, locked }, HERE);
}

long gup_pin_user_pages_unlocked(struct gup_mm *mm, unsigned long start, unsigned long nr_pages, unsigned int flags,
				 struct gup_page **pages)
{
	return gup_linux_form(
		mm, &(struct gup_call){ GUP_PIN_USER_PAGES_UNLOCKED, start, (long)nr_pages, flags, pages, NULL }, HERE);
}
