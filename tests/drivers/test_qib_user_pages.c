/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_qib_user_pages.c - drivers/infiniband/hw/qib/qib_user_pages.c: a loop of pin_user_pages(LONGTERM)
 * under mmap_lock, with FOLL_FORCE in 6.1. The pages are counted in mm->pinned_vm of whoever calls.
 */
#include "harness.h"

#include "qib.h"

#define PAGES 8

struct registration {
	struct page *pages[PAGES];
	dma_addr_t dma[PAGES];
	bool done;
};

static struct pci_dev card = { .dev.name = "qib" };
static struct registration usual, other;

static void unmap_first(struct registration *r, unsigned int nr)
{
	while (nr--)
		dma_unmap_page(&card.dev, r->dma[nr], PAGE_SIZE, DMA_FROM_DEVICE);
}

/* As the caller fills the card's table: all pages or none. */
static int enter(struct registration *r, uint64_t addr)
{
	unsigned int i;
	int ret = qib_get_user_pages(addr, PAGES, r->pages);

	r->done = !ret;
	for (i = 0; i < PAGES && !ret; i++)
		ret = qib_map_page(&card, r->pages[i], &r->dma[i]);
	if (!ret || !r->done)
		return ret;
	unmap_first(r, i - 1);
	qib_release_user_pages(r->pages, PAGES);
	r->done = false;
	return ret;
}

static void leave(struct registration *r)
{
	if (!r->done)
		return;
	unmap_first(r, PAGES);
	qib_release_user_pages(r->pages, PAGES);
	r->done = false;
}

static int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	(void)t;
	(void)nr;
	return enter(&usual, addr);
}

static void release(struct gup_test *t)
{
	(void)t;
	leave(&usual);
}

static dma_addr_t dma_of(unsigned int i)
{
	return usual.dma[i];
}

/* With FOLL_FORCE the device may write to private memory that the user may only read: 6.1. */
static int refuses(enum gup_test_memory memory)
{
	if (memory == GUP_TEST_DAX)
		return -EOPNOTSUPP;
	return memory == GUP_TEST_READONLY && GUP_LINUX != 601 ? -EFAULT : 0;
}

/* ---- what is not there ---- */

/* Return: 0 if it was refused so, or what it was refused with by a failure. */
static int expect_refused(struct gup_test *t, uint64_t addr, int wanted)
{
	int ret = enter(&usual, addr);

	if (!ret) {
		gup_test_fail(t, "what is not there was registered");
		leave(&usual);
	}
	if (driver_held(t, false) || atomic64_read(&current->mm->pinned_vm))
		gup_test_fail(t, "a registration that was refused has left something");
	return ret == wanted ? 0 : ret;
}

/* The first call takes what is before the hole, the second takes nothing. */
static int play_hole(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);

	int ret = gup_munmap(gup_test_mm(t), addr + 5 * PAGE_SIZE, PAGE_SIZE);

	if (!ret)
		ret = expect_refused(t, addr, -EFAULT);
	return ret ? ret : expect_refused(t, GUP_USER_TOP, -EFAULT);
}

static void a_hole_in_the_buffer(void **state)
{
	(void)state;
	driver_scene("hole");
	driver_run(GUP_TEST_ANON, play_hole);
	driver_fail_each(GUP_TEST_ANON, play_hole);
}

/* ---- who releases ---- */

/* At the end of a process its memory goes first: the file is closed with no mm, and nothing is counted down. */
static int play_close_late(struct gup_test *t)
{
	struct mm_struct *mm = current->mm;
	int ret = enter(&usual, gup_test_buffer(t, NULL, PAGES));

	if (ret)
		return ret;
	current->mm = NULL;
	leave(&usual);
	current->mm = mm;
	if (atomic64_read(&mm->pinned_vm) != PAGES)
		gup_test_fail(t, "without an mm, pinned_vm became %lld", (long long)atomic64_read(&mm->pinned_vm));
	atomic64_set(&mm->pinned_vm, 0);
	return 0;
}

static void closed_by_an_exiting_process(void **state)
{
	(void)state;
	driver_scene("late close");
	driver_run(GUP_TEST_ANON, play_close_late);
	driver_fail_each(GUP_TEST_ANON, play_close_late);
}

/* The card's file is open in parent and child, and the child closes it last. */
static int play_close_by_child(struct gup_test *t)
{
	struct task_struct *parent = current, *child;
	struct gup_mm *mm;
	int ret = enter(&usual, gup_test_buffer(t, NULL, PAGES));

	if (ret || gup_mm_fork(gup_test_mm(t), "child", &mm))
		return ret;
	child = gup_linux_task(mm, "child");
	gup_linux_become(child);
	leave(&usual);
	if (qib_get_user_pages(gup_test_buffer(t, mm, 1), 1, usual.pages) == 0)
		qib_release_user_pages(usual.pages, 1);
	else
		gup_test_fail(t, "what was counted down in the child's mm lets it register nothing");
	gup_linux_become(parent);
	return 0;
}

static void closed_by_a_child(void **state)
{
	(void)state;
	driver_scene("closed by a child");
	driver_run(GUP_TEST_ANON, play_close_by_child);
}

/* ---- at once ---- */

static uint64_t shared_addr;
static struct gup_mm *child_mm;

static int begin_play(struct gup_test *t)
{
	usual.done = other.done = false;
	child_mm = NULL;
	shared_addr = gup_test_buffer(t, NULL, PAGES);
	return 0;
}

static void act_enter(struct gup_test *t)
{
	(void)t;
	enter(&usual, shared_addr);
}

static void act_enter_and_leave(struct gup_test *t)
{
	(void)t;
	if (enter(&other, shared_addr) == 0)
		leave(&other);
}

static void act_unmap(struct gup_test *t)
{
	gup_munmap(gup_test_mm(t), shared_addr, PAGES * PAGE_SIZE);
}

static void act_fork(struct gup_test *t)
{
	gup_mm_fork(gup_test_mm(t), "child", &child_mm);
}

/* Whatever came first: what the device writes now, it writes to memory that is held, and the user sees it. */
static void end_play(struct gup_test *t)
{
	char bytes[PAGE_SIZE];
	unsigned int i;

	for (i = 0; i < PAGES && usual.done; i++) {
		gup_test_pattern(bytes, shared_addr + i * PAGE_SIZE, PAGE_SIZE, 7);
		gup_test_dma_write(t, usual.dma[i], bytes, PAGE_SIZE);
	}
	if (usual.done && child_mm)
		gup_test_expect(t, NULL, shared_addr, PAGES * PAGE_SIZE, 7);
	if (child_mm) {
		gup_test_expect(t, child_mm, shared_addr, PAGES * PAGE_SIZE, 0);
		gup_mm_destroy(child_mm);
	}
	leave(&usual);
}

static int begin_play_limited(struct gup_test *t)
{
	gup_linux_set_limit(PAGES * PAGE_SIZE);
	return begin_play(t);
}

static void in_many_orders(void **state)
{
	static const struct gup_test_play plays[] = {
		{ begin_play, { { "enter", act_enter }, { "unmap", act_unmap } }, end_play, 400, 0, false, 0 },
		{ begin_play, { { "enter", act_enter }, { "fork", act_fork } }, end_play, 400, 0, false, 0 },
		{ begin_play_limited,
		  { { "enter", act_enter }, { "other", act_enter_and_leave }, { "unmap", act_unmap } },
		  end_play,
		  400,
		  0,
		  false,
		  0 },
	};

	(void)state;
	driver_scene("at once");
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++)
		driver_schedules(GUP_TEST_ANON, &plays[i]);
}

int main(void)
{
	/* qib_user_pages.c:133 takes current->mm for the one in which the pages were counted. */
	static const struct known known[] = {
		{ GUP_TEST_FAILED, "app: mm->pinned_vm is left at 8", "closed by a child" },
		{ GUP_TEST_FAILED, "child: mm->pinned_vm is left at -8", "closed by a child" },
		{ GUP_TEST_FAILED, "lets it register nothing", "closed by a child" },
		{ 0 },
	};
	static const struct driver driver = {
		.name = "qib/qib_user_pages.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.dma = dma_of,
		.refuses = refuses,
		.known = known,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hole_in_the_buffer),
		cmocka_unit_test(closed_by_an_exiting_process),
		cmocka_unit_test(closed_by_a_child),
		cmocka_unit_test(in_many_orders),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
