/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_hfi1_user_pages.c - drivers/infiniband/hw/hfi1/user_pages.c: pin_user_pages_fast(LONGTERM), with
 * the pages counted in mm->pinned_vm.
 */
#include "harness.h"

#include "hfi.h"

#define PAGES 8

static struct page *pages[PAGES];

/* As its callers do: look at the limit, pin, and give a part back. */
static int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	struct hfi1_devdata dd = { .num_rcv_contexts = 2, .first_dyn_alloc_ctxt = 1 };
	int ret;

	(void)t;
	if (!hfi1_can_pin_pages(&dd, current->mm, 0, nr))
		return -ENOMEM;
	ret = hfi1_acquire_user_pages(current->mm, addr, nr, true, pages);
	if (ret < 0 || ret == (int)nr)
		return ret < 0 ? ret : 0;
	hfi1_release_user_pages(current->mm, pages, ret, false);
	return -EFAULT;
}

static void release(struct gup_test *t)
{
	(void)t;
	hfi1_release_user_pages(current->mm, pages, PAGES, true);
}

static struct page *page_of(unsigned int i)
{
	return pages[i];
}

/* A quarter of the limit is for the caches of one context, and what is pinned counts against the whole. */
static int play_quarter(struct gup_test *t)
{
	struct hfi1_devdata dd = { .num_rcv_contexts = 2, .first_dyn_alloc_ctxt = 1 };

	gup_linux_set_limit(32 * PAGE_SIZE);
	if (hfi1_can_pin_pages(&dd, current->mm, 0, 9) || !hfi1_can_pin_pages(&dd, current->mm, 0, 8))
		gup_test_fail(t, "8 pages are a quarter of 32, 9 are not");
	if (hfi1_can_pin_pages(&dd, current->mm, 1, 8))
		gup_test_fail(t, "what the cache has already does not count");
	atomic64_set(&current->mm->pinned_vm, 25);
	if (hfi1_can_pin_pages(&dd, current->mm, 0, 8))
		gup_test_fail(t, "pages that are pinned elsewhere do not count");
	atomic64_set(&current->mm->pinned_vm, 0);
	return 0;
}

static void a_quarter_of_the_limit(void **state)
{
	(void)state;
	driver_run(GUP_TEST_ANON, play_quarter);
}

int main(void)
{
	static const struct driver driver = {
		.name = "hfi1/user_pages.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.page = page_of,
		.no_limit = true, /* a test of its own: the limit is for a quarter */
	};
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_quarter_of_the_limit) };

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
