/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/do_pin.c - getting, pinning, what the device does meanwhile, and releasing; with wrong arguments too.
 */
#include "program.h"

/* ---- Linux's forms ---- */

/* The same call by its name, where the reason is not asked for. */
static long by_name(struct gup_mm *mm, const struct gup_call *c)
{
	unsigned long nr = (unsigned long)c->nr_pages;

	switch (c->entry) {
	case GUP_GET_USER_PAGES:
		return gup_get_user_pages(mm, c->start, nr, c->flags, c->pages);
	case GUP_GET_USER_PAGES_FAST:
		return gup_get_user_pages_fast(mm, c->start, (int)nr, c->flags, c->pages);
	case GUP_GET_USER_PAGES_FAST_ONLY:
		return gup_get_user_pages_fast_only(mm, c->start, (int)nr, c->flags, c->pages);
	case GUP_GET_USER_PAGES_REMOTE:
		return gup_get_user_pages_remote(mm, c->start, nr, c->flags, c->pages, c->locked);
	case GUP_GET_USER_PAGES_LOCKED:
		return gup_get_user_pages_locked(mm, c->start, nr, c->flags, c->pages, c->locked);
	case GUP_GET_USER_PAGES_UNLOCKED:
		return gup_get_user_pages_unlocked(mm, c->start, nr, c->flags, c->pages);
	case GUP_PIN_USER_PAGES:
		return gup_pin_user_pages(mm, c->start, nr, c->flags, c->pages);
	case GUP_PIN_USER_PAGES_FAST:
		return gup_pin_user_pages_fast(mm, c->start, (int)nr, c->flags, c->pages);
	case GUP_PIN_USER_PAGES_FAST_ONLY:
		return gup_pin_user_pages_fast_only(mm, c->start, (int)nr, c->flags, c->pages);
	case GUP_PIN_USER_PAGES_REMOTE:
		return gup_pin_user_pages_remote(mm, c->start, nr, c->flags, c->pages, c->locked);
	case GUP_PIN_USER_PAGES_LOCKED:
		return gup_pin_user_pages_locked(mm, c->start, nr, c->flags, c->pages, c->locked);
	default:
		return gup_pin_user_pages_unlocked(mm, c->start, nr, c->flags, c->pages);
	}
}

static bool wants_lock(enum gup_entry entry)
{
	return entry == GUP_GET_USER_PAGES || entry == GUP_GET_USER_PAGES_REMOTE ||
	       entry == GUP_GET_USER_PAGES_LOCKED || entry == GUP_PIN_USER_PAGES ||
	       entry == GUP_PIN_USER_PAGES_REMOTE || entry == GUP_PIN_USER_PAGES_LOCKED;
}

static bool has_locked(enum gup_entry entry)
{
	return wants_lock(entry) && entry != GUP_GET_USER_PAGES && entry != GUP_PIN_USER_PAGES;
}

static long call(struct gup_mm *mm, const struct gup_call *c, bool ask_why)
{
	bool was_one = c->locked && *c->locked == 1;
	struct gup_why why;
	long ret;

	if (wants_lock(c->entry))
		gup_mmap_read_lock(mm);
	ret = ask_why ? gup_user_pages(mm, c, &why) : by_name(mm, c);
	if (wants_lock(c->entry) && !(was_one && !*c->locked))
		gup_mmap_read_unlock(mm);
	PROMISE(!ask_why || ret >= 0 || why.error == ret, "%s returned %ld and says %d", gup_entry_name(c->entry), ret,
		why.error);
	return ret;
}

static void check_result(struct program *p, const struct gup_call *c, long ret)
{
	static const int errors[] = { -GUP_EINVAL, -GUP_EFAULT, -GUP_ENOMEM, -GUP_EOPNOTSUPP, -GUP_EOVERFLOW, 0 };
	bool again = ret == -GUP_EAGAIN && p->config.contract == GUP_NATIVE;

	PROMISE(ret > 0 ? ret <= c->nr_pages : again || is_one_of(ret, errors), "%s of %ld pages returned %ld",
		gup_entry_name(c->entry), c->nr_pages, ret);
}

/* Read from the bytes; the flags are mostly known ones. */
static uint8_t take_call(struct program *p, struct gup_call *c, struct span span, int *locked)
{
	uint8_t how = take_byte(p), flags = take_byte(p);

	c->entry = how % GUP_NR_ENTRIES;
	c->start = address_of(span.first) + (flags & 0x80 ? 0x123 : 0);
	c->nr_pages = span.nr;
	c->flags = flags & 0x3f;
	*locked = flags & 0x40 ? 0 : 1;
	if (has_locked(c->entry) && (flags & 0x40 || how & 0x80))
		c->locked = locked;
	return how;
}

void do_take(struct program *p)
{
	struct app *app = take_app(p);
	struct span span = take_span(p);
	struct hold *hold = hold_slot(p);
	struct gup_call c = { 0 };
	int locked;
	uint8_t how = take_call(p, &c, span, &locked);
	long ret;

	if (!app || !hold)
		return;
	c.pages = how < 240 ? calloc(span.nr, sizeof(struct gup_page *)) : NULL;
	if (how >= 230 && how < 240)
		c.nr_pages = (long)how - 239;
	ret = call(app->mm, &c, how & 0x40);
	check_result(p, &c, ret);
	if (ret <= 0 || !c.pages) {
		free(c.pages);
		return;
	}
	hold->pages = c.pages;
	hold->nr = (uint32_t)ret;
	hold->pins = c.entry >= GUP_PIN_USER_PAGES;
	hold_begin(p, hold, app, span.first, c.flags);
}

/* ---- the own form ---- */

static void take_extents(struct program *p, struct hold *hold, uint64_t bytes)
{
	struct gup_extent_iter it = { .pin = hold->pin };
	struct gup_extent e;
	uint64_t sum = 0, nr = 0;
	uint32_t at = 0;

	hold->nr = (uint32_t)gup_pin_pages(hold->pin);
	hold->pages = calloc(hold->nr, sizeof(struct gup_page *));
	for (; gup_pin_next_extent(&it, &e); nr++) {
		uint64_t pages = (e.offset + e.bytes + GUP_PAGE_SIZE - 1) / GUP_PAGE_SIZE;

		PROMISE(!e.offset || !nr, "an extent in the middle has an offset");
		PROMISE(at + pages <= hold->nr, "more pages in the extents than in the pin");
		for (uint64_t i = 0; i < pages; i++)
			hold->pages[at++] = e.page + i;
		sum += e.bytes;
	}
	PROMISE(at == hold->nr && sum == bytes && sum == gup_pin_bytes(hold->pin) &&
			nr == gup_pin_nr_extents(hold->pin),
		"extents are %u pages and %llu bytes instead of %u and %llu", at, (unsigned long long)sum, hold->nr,
		(unsigned long long)bytes);
	hold->pins = p->config.contract != GUP_LINUX_5_2;
}

static void charge(struct hold *hold, struct app *app, struct owner *owner)
{
	hold->app = app;
	hold->owner = owner;
	app->pinned += hold->nr;
	PROMISE(app->pinned <= app->limit || app->limit < hold->nr, "the mm's limit does not hold");
	PROMISE(app->limit >= hold->nr, "one pin is more than the mm's limit");
	if (!owner)
		return;
	owner->pinned += hold->nr;
	PROMISE(owner->pinned <= owner->limit, "the owner's limit does not hold");
}

static int try_pin(struct app *app, const struct gup_request *request, struct gup_pin **out)
{
	static const int errors[] = { -GUP_EINVAL, -GUP_EFAULT, -GUP_ENOMEM, -GUP_EOPNOTSUPP, -GUP_EAGAIN, 0 };
	struct gup_why why;
	char text[300];
	int err = gup_pin(app->mm, request, out, &why);

	PROMISE(is_one_of(err, errors), "gup_pin() returned %d", err);
	PROMISE(why.error == err, "gup_pin() returned %d and says %d", err, why.error);
	PROMISE(!err || gup_why_str(&why, text, sizeof(text)) > 0, "no reason in words");
	return err;
}

void do_pin(struct program *p)
{
	struct app *app = take_app(p);
	struct span span = take_span(p);
	struct hold *hold = hold_slot(p);
	struct owner *owner = &p->owners[take_below(p, NR_OWNERS)];
	uint8_t how = take_byte(p);
	uint64_t offset = how & 0x40 ? 0x123 : 0;
	struct gup_request request = { address_of(span.first) + offset, span.nr * GUP_PAGE_SIZE - 2 * offset,
				       how & 0x3f, owner->owner };

	if (!app || !hold || try_pin(app, &request, &hold->pin))
		return;
	take_extents(p, hold, request.bytes);
	charge(hold, app, owner->owner ? owner : NULL);
	hold_begin(p, hold, app, span.first, request.flags);
}

/* ---- releasing ---- */

void do_release(struct program *p)
{
	struct hold *hold = take_hold(p);
	uint8_t how = take_byte(p);

	if (hold)
		release(p, hold, how, how & 4);
}

/* The page of a pfn that nothing of this kind holds. */
void do_wrong_release(struct program *p)
{
	uint64_t pfn = take_below(p, 65536) % 8192;
	struct gup_page *page = gup_pfn_to_page(p->m, pfn);
	struct gup_frame_info info = { 0 };
	uint8_t how = take_byte(p);
	bool pin = how & 1, zero;
	int err;

	if (page)
		PROMISE(gup_frame_info(p->m, pfn, &info) == 0, "a page without a frame");
	zero = info.kind == GUP_FRAME_ZERO;
	if (page && (pin ? info.pins != 0 : folio_has_get(p, info.head_pfn)))
		return;
	if (how & 2)
		err = pin ? gup_unpin_user_pages(p->m, &page, 1) : gup_put_pages(p->m, &page, 1);
	else
		err = pin ? gup_unpin_user_page(p->m, page) : gup_put_page(p->m, page);
	PROMISE(err == (zero ? 0 : -GUP_EINVAL), "a release of pfn %llu, kind %d, returned %d", (unsigned long long)pfn,
		info.kind, err);
}

/* ---- the device ---- */

void do_device_write(struct program *p)
{
	struct hold *hold = take_hold(p);
	uint32_t i = take_below(p, 65536), cell;

	if (!hold || !hold->pins || !hold->device_writes)
		return;
	i %= hold->nr;
	cell = hold->cells[i];
	if (!cell)
		return;
	settle_cell(p, cell);
	p->cells[cell] = value_new(p);
	memcpy(gup_page_address(p->m, hold->pages[i]), &p->cells[cell], sizeof(uint64_t));
	PROMISE(gup_set_page_dirty(p->m, hold->pages[i]) == 0, "a held page cannot be dirty");
}

void do_device_read(struct program *p)
{
	const struct hold *hold = take_hold(p);

	if (hold)
		check_hold(p, hold, UINT32_MAX);
}

/* ---- owners, limits, holders ---- */

void do_owner(struct program *p)
{
	struct owner *owner = &p->owners[take_below(p, NR_OWNERS)];
	uint8_t limit = take_byte(p);
	bool busy = false;
	int err;

	if (!owner->owner) {
		owner->limit = limit < 200 ? limit * 4u : UINT64_MAX;
		err = gup_owner_create(p->m, "device", owner->limit, &owner->owner);
		PROMISE(!err || err == -GUP_ENOMEM, "owner_create returned %d", err);
		return;
	}
	for (size_t i = 0; i < NR_HOLDS; i++)
		busy |= p->holds[i].owner == owner;
	err = gup_owner_destroy(owner->owner);
	PROMISE(err == (busy ? -GUP_EBUSY : 0), "owner_destroy returned %d", err);
	if (!err)
		memset(owner, 0, sizeof(*owner));
}

void do_limit(struct program *p)
{
	struct app *app = take_app(p);
	uint8_t limit = take_byte(p);

	if (!app)
		return;
	app->limit = limit < 200 ? limit * 4u : UINT64_MAX;
	gup_mm_set_pin_limit(app->mm, app->limit);
}

void do_holders(struct program *p)
{
	struct gup_holder holders[3];
	uint64_t first = take_below(p, 8192), nr = take_byte(p), pins, gets;
	long found = gup_pin_holders(p->m, first, nr < 128 ? nr : UINT64_MAX, holders, take_below(p, 4));
	char name[GUP_NAME_MAX];

	PROMISE(found >= 0, "pin_holders returned %ld", found);
	found = gup_pin_holders(p->m, 0, UINT64_MAX, NULL, 0);
	count_holds(p, &pins, &gets);
	PROMISE(found > 0 || pins + gets == 0, "%llu references and no holder", (unsigned long long)(pins + gets));
	gup_frame_user(p->m, first, name);
}
