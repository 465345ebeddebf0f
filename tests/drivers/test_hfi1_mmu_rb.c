/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_hfi1_mmu_rb.c - drivers/infiniband/hw/hfi1/mmu_rb.c: a cache of pinned ranges, from which an mmu
 * notifier takes what changes.
 *
 * The file itself pins nothing. Its user here is the smallest one: a node is a range that user_pages.c pinned for
 * reading, the cache has one reference on it, and whoever uses its pages another.
 */
#include "others.h"

#include <../drivers/infiniband/hw/hfi1/mmu_rb.h>

#define PAGES 8

struct range {
	struct mmu_rb_node rb;
	struct page **pages;
	unsigned int nr;
};

static struct workqueue_struct queue = { "hfi1" };
static struct mmu_rb_handler *cache;
static struct range *first; /* that acquire() made */
static struct page *first_pages[PAGES];

/* ---- the user of the cache ---- */

static bool same_start(struct mmu_rb_node *node, unsigned long addr, unsigned long len)
{
	(void)len;
	return node->addr == addr;
}

static void range_free(struct mm_struct *mm, struct range *r)
{
	hfi1_release_user_pages(mm, r->pages, r->nr, false);
	kfree(r->pages);
	kfree(r);
}

static void on_remove(void *context, struct mmu_rb_node *node)
{
	(void)context;
	might_sleep();
	range_free(cache->mn.mm, container_of(node, struct range, rb));
}

/* As many ranges as @arg says. */
static int on_evict(void *context, struct mmu_rb_node *node, void *arg, bool *stop)
{
	unsigned int *wanted = arg;

	(void)context;
	(void)node;
	*stop = --*wanted == 0;
	return 1;
}

static struct mmu_rb_ops ops = { .filter = same_start, .remove = on_remove, .evict = on_evict };

static int range_new(u64 addr, unsigned int nr, struct range **out)
{
	struct range *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!r)
		return ret;
	r->pages = kcalloc(nr, sizeof(*r->pages), GFP_KERNEL);
	if (r->pages)
		ret = hfi1_acquire_user_pages(current->mm, addr, nr, false, r->pages);
	if (ret != (int)nr) {
		if (ret > 0)
			hfi1_release_user_pages(current->mm, r->pages, (size_t)ret, false);
		kfree(r->pages);
		kfree(r);
		return ret < 0 ? ret : -EFAULT;
	}
	kref_init(&r->rb.refcount);
	r->rb.addr = addr;
	r->rb.len = nr * PAGE_SIZE;
	r->nr = nr;
	*out = r;
	return 0;
}

static int add(u64 addr, unsigned int nr, struct range **out)
{
	int ret = range_new(addr, nr, out);

	if (ret)
		return ret;
	ret = hfi1_mmu_rb_insert(cache, &(*out)->rb);
	if (ret)
		range_free(current->mm, *out);
	return ret;
}

/* Find and use: as a new reference. */
static struct range *get(u64 addr)
{
	struct mmu_rb_node *node;
	unsigned long flags;

	spin_lock_irqsave(&cache->lock, flags);
	node = hfi1_mmu_rb_get_first(cache, addr, 1);
	if (node)
		kref_get(&node->refcount);
	spin_unlock_irqrestore(&cache->lock, flags);
	return node ? container_of(node, struct range, rb) : NULL;
}

static void put(struct range *r)
{
	kref_put(&r->rb.refcount, hfi1_mmu_rb_release);
}

static bool is_cached(u64 addr)
{
	struct range *r = get(addr);

	if (r)
		put(r);
	return r != NULL;
}

static int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	int ret = hfi1_mmu_rb_register(NULL, &ops, &queue, &cache);

	(void)t;
	if (ret)
		return ret;
	ret = add(addr, nr, &first);
	if (ret)
		hfi1_mmu_rb_unregister(cache);
	else
		memcpy(first_pages, first->pages, nr * sizeof(first->pages[0]));
	return ret;
}

static void release(struct gup_test *t)
{
	(void)t;
	hfi1_mmu_rb_unregister(cache);
}

static struct page *page_of(unsigned int i)
{
	return first_pages[i];
}

static u64 pinned(struct gup_test *t)
{
	return driver_held(t, false);
}

static void expect_pinned(struct gup_test *t, u64 pages, const char *when)
{
	if (pinned(t) != pages)
		gup_test_fail(t, "%llu pages are pinned %s, not %llu", pinned(t), when, pages);
}

/* ---- what changes takes ranges out ---- */

enum change { UNMAP, PROTECT, DONTNEED, MIGRATE, FORK, NR_CHANGES };

static enum change change_now;

static int change(struct gup_test *t, u64 addr)
{
	struct gup_mm *mm = gup_test_mm(t), *child;
	int ret = 0;

	if (change_now == UNMAP)
		ret = gup_munmap(mm, addr, PAGE_SIZE);
	if (change_now == PROTECT)
		ret = gup_mprotect(mm, addr, PAGE_SIZE, GUP_PROT_READ);
	if (change_now == DONTNEED)
		ret = gup_madvise(mm, addr, PAGE_SIZE, GUP_MADV_DONTNEED);
	if (change_now == MIGRATE)
		gup_migrate_range(mm, addr, PAGE_SIZE, NULL);
	if (change_now == FORK)
		ret = gup_mm_fork(mm, "child", &child);
	if (change_now == FORK && !ret)
		gup_mm_destroy(child);
	return ret;
}

/* One page of a range changes: the range is out at once, and unpinned by the work; a neighbour stays, but for a fork. */
static int play_change(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, 2 * PAGES);
	int ret = acquire(t, addr, PAGES);
	struct range *second;
	u64 left;

	if (ret || add(addr + PAGES * PAGE_SIZE, PAGES, &second))
		gup_test_fail(t, "not registered: %d", ret);
	if (change(t, addr + PAGE_SIZE) || is_cached(addr))
		gup_test_fail(t, "change %d: a changed range is still cached", change_now);
	left = is_cached(addr + PAGES * PAGE_SIZE) ? PAGES : 0;
	if (change_now != FORK && !left)
		gup_test_fail(t, "change %d: the neighbour went too", change_now);
	expect_pinned(t, 2 * PAGES, "before the work");
	while (gup_linux_run_work())
		;
	expect_pinned(t, left, "after the work");
	release(t);
	return 0;
}

/* Whoever uses a range keeps it pinned. */
static int play_used(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES);
	int ret = acquire(t, addr, PAGES);
	struct range *used;

	if (ret)
		return ret;
	used = get(addr);
	change_now = UNMAP;
	ret = change(t, addr + PAGE_SIZE);
	while (gup_linux_run_work())
		;
	expect_pinned(t, PAGES, "while it is used");
	put(used);
	while (gup_linux_run_work())
		;
	expect_pinned(t, ret ? PAGES : 0, "after it was used");
	release(t);
	return ret;
}

static void changes(void **state)
{
	(void)state;
	for (change_now = UNMAP; change_now < NR_CHANGES; change_now++)
		driver_run(GUP_TEST_ANON, play_change);
	for (change_now = UNMAP; change_now <= DONTNEED; change_now++)
		driver_run(GUP_TEST_SHARED, play_change);
	driver_run(GUP_TEST_ANON, play_used);
	driver_run(GUP_TEST_HUGE, play_used);
	driver_fail_each(GUP_TEST_ANON, play_used);
}

/* ---- the rules of the cache ---- */

/* The longest unused goes first, what is used does not go. */
static int play_evict(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, 4), at;
	unsigned int wanted = 1;
	int ret = acquire(t, addr, 1);
	struct range *r;

	for (at = addr + PAGE_SIZE; !ret && at < addr + 4 * PAGE_SIZE; at += PAGE_SIZE)
		ret = add(at, 1, &r);
	if (ret) {
		gup_test_fail(t, "not registered: %d", ret);
		return 0;
	}
	r = get(addr + PAGE_SIZE);
	if (!is_cached(addr)) /* the youngest now */
		gup_test_fail(t, "the first range is not there");
	hfi1_mmu_rb_evict(cache, &wanted);
	if (is_cached(addr + 2 * PAGE_SIZE) || !is_cached(addr + 3 * PAGE_SIZE))
		gup_test_fail(t, "not the longest unused was evicted");
	expect_pinned(t, 3, "after the eviction");
	wanted = 100;
	hfi1_mmu_rb_evict(cache, &wanted);
	expect_pinned(t, 1, "when all unused are evicted");
	put(r);
	release(t);
	return 0;
}

/* The same start twice, and a process that is not the cache's. */
static int play_refusals(struct gup_test *t)
{
	u64 addr = gup_test_buffer(t, NULL, PAGES);
	int ret = acquire(t, addr, PAGES);
	struct task_struct *before = current, *task;
	struct gup_mm *child;
	struct range *r;
	unsigned int wanted = 1;

	if (ret || gup_mm_fork(gup_test_mm(t), "child", &child))
		return -ENOMEM;
	if (add(addr, 1, &r) && add(addr, 1, &r) != -EEXIST)
		gup_test_fail(t, "a range is cached twice");
	task = gup_linux_task(child, "child");
	gup_linux_become(task);
	if (add(addr + PAGE_SIZE, 1, &r) != -EPERM)
		gup_test_fail(t, "somebody else's range is cached");
	hfi1_mmu_rb_evict(cache, &wanted);
	if (wanted != 1)
		gup_test_fail(t, "somebody else evicts");
	gup_linux_become(before);
	gup_linux_exit(task);
	release(t);
	return 0;
}

/* The process has ended before the file is closed: until then its pages are pinned. */
static int play_exit(struct gup_test *t)
{
	int ret = acquire_and_exit(t, acquire);

	if (ret)
		return ret;
	expect_pinned(t, PAGES, "after the exit");
	release(t);
	expect_pinned(t, 0, "after the close");
	return 0;
}

static void rules(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_evict);
	driver_run(GUP_TEST_ANON, play_refusals);
	driver_run(GUP_TEST_ANON, play_exit);
	driver_fail_each(GUP_TEST_ANON, play_exit);
}

/* ---- at once ---- */

static u64 race_addr;

static int begin_cached(struct gup_test *t)
{
	race_addr = gup_test_buffer(t, NULL, PAGES);
	return acquire(t, race_addr, PAGES);
}

static void race_unmap(struct gup_test *t)
{
	change_now = UNMAP;
	if (change(t, race_addr + PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
}

static void race_work(struct gup_test *t)
{
	(void)t;
	while (gup_linux_run_work())
		;
}

static void race_use(struct gup_test *t)
{
	struct range *r = get(race_addr);
	u64 dma;
	char byte;

	if (!r)
		return;
	dma = gup_test_dma_map(t, &r->pages[0]->gup, 0, 1, false);
	gup_test_point();
	gup_test_dma_read(t, dma, &byte, 1);
	gup_test_dma_unmap(t, dma, 1);
	put(r);
}

static void race_evict(struct gup_test *t)
{
	unsigned int wanted = 1;

	(void)t;
	hfi1_mmu_rb_evict(cache, &wanted);
}

static void race_close(struct gup_test *t)
{
	release(t);
}

static void end_closed(struct gup_test *t)
{
	expect_pinned(t, 0, "after the close");
}

static void at_once(void **state)
{
	static const struct gup_test_play plays[] = {
		{ begin_cached,
		  { { "use", race_use }, { "unmap", race_unmap }, { "evict", race_evict }, { "work", race_work } },
		  release,
		  500,
		  0,
		  false,
		  0 },
		{ begin_cached,
		  { { "evict", race_evict }, { "unmap", race_unmap }, { "use", race_use } },
		  release,
		  300,
		  0,
		  false,
		  0 },
		{ begin_cached,
		  { { "close", race_close }, { "unmap", race_unmap }, { "work", race_work } },
		  end_closed,
		  500,
		  0,
		  false,
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++)
		driver_schedules(GUP_TEST_ANON, &plays[i]);
}

int main(void)
{
	static const struct driver driver = {
		.name = "hfi1/mmu_rb.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.page = page_of,
		.reads = true,
		.lets_go = true,
		.no_limit = true, /* its user's */
	};
	const struct CMUnitTest tests[] = { cmocka_unit_test(changes), cmocka_unit_test(rules),
					    cmocka_unit_test(at_once) };

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
