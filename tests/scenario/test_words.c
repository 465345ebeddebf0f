/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_words.c - what is logged: warnings once, misuse with both places, leftovers by name.
 *
 * The host's log is standard error, which goes to a file while a test listens.
 */
#include <unistd.h>

#include "world.h"

struct ear {
	FILE *file;
	int stderr_before;
	char text[8192];
};

static void listen_from_now(struct ear *ear)
{
	fflush(stderr);
	ear->file = tmpfile();
	assert_non_null(ear->file);
	ear->stderr_before = dup(STDERR_FILENO);
	assert_true(dup2(fileno(ear->file), STDERR_FILENO) >= 0);
}

static void listen_no_more(struct ear *ear)
{
	size_t length;

	fflush(stderr);
	assert_true(dup2(ear->stderr_before, STDERR_FILENO) >= 0);
	close(ear->stderr_before);
	rewind(ear->file);
	length = fread(ear->text, 1, sizeof(ear->text) - 1, ear->file);
	ear->text[length] = '\0';
	fclose(ear->file);
}

static unsigned int times(const struct ear *ear, const char *words)
{
	const char *at = ear->text;
	unsigned int nr = 0;

	for (; (at = strstr(at, words)); at += strlen(words))
		nr++;
	return nr;
}

static void warned_once_for_each_entry_point(void **state)
{
	struct gup_page *page;
	struct ear ear;
	struct world w;
	unsigned int i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .contract = GUP_LINUX_5_2 });
	map_anon(w.mm, BASE, PAGE);
	listen_from_now(&ear);
	for (i = 0; i < 3; i++) {
		assert_int_equal(gup_get_user_pages_unlocked(w.mm, BASE, 1, GUP_LONGTERM, &page), -GUP_EINVAL);
		assert_int_equal(gup_get_user_pages_remote(w.mm, BASE, 1, GUP_LONGTERM, &page, NULL), -GUP_EINVAL);
	}
	listen_no_more(&ear);
	assert_int_equal(times(&ear, "LONGTERM"), 2);
	assert_int_equal(times(&ear, "get_user_pages_unlocked()"), 1);
	assert_int_equal(times(&ear, "get_user_pages_remote()"), 1);
	assert_int_equal(times(&ear, "linux-5.2"), 2);
	world_end(&w);
}

static void misuse_names_both_places(void **state)
{
	struct gup_page *page;
	struct ear ear;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .track_holders = true });
	map_anon(w.mm, BASE, PAGE);
	app_fill(w.mm, BASE, PAGE, 1);
	assert_int_equal(gup_get_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	listen_from_now(&ear);
	assert_int_equal(gup_unpin_user_page(w.m, page), -GUP_EINVAL);
	listen_no_more(&ear);
	assert_int_equal(times(&ear, "which is not pinned; called from "), 1);
	assert_int_equal(times(&ear, "; a get was taken at "), 1);
	assert_int_equal(gup_put_page(w.m, page), 0);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, &page), 1);
	listen_from_now(&ear);
	assert_int_equal(gup_put_page(w.m, page), -GUP_EINVAL);
	listen_no_more(&ear);
	assert_int_equal(times(&ear, "which no get holds; called from "), 1);
	assert_int_equal(times(&ear, "; a pin was taken at "), 1);
	assert_int_equal(gup_unpin_user_page(w.m, page), 0);
	/* Nobody holds it now: there is no second place. */
	listen_from_now(&ear);
	assert_int_equal(gup_unpin_user_page(w.m, page), -GUP_EINVAL);
	listen_no_more(&ear);
	assert_int_equal(times(&ear, "called from "), 1);
	assert_int_equal(times(&ear, "was taken at "), 0);
	world_end(&w);
}

static void leftovers_by_name_and_place(void **state)
{
	struct gup_page *pages[20], *frames;
	struct ear ear;
	struct world w;
	unsigned int i;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .cma = 2, .track_holders = true });
	map_anon(w.mm, BASE, 40 * PAGE);
	app_fill(w.mm, BASE, 40 * PAGE, 1);
	assert_int_equal(gup_pin_user_pages_fast(w.mm, BASE, 1, GUP_WRITE, pages), 1);
	assert_int_equal(gup_cma_alloc(w.m, CAMERA, 4 * PAGE, 0, PATIENT_NS, &frames, NULL), 0);
	listen_from_now(&ear);
	assert_int_equal(gup_machine_destroy(w.m), -GUP_EBUSY);
	listen_no_more(&ear);
	assert_int_equal(times(&ear, "left: "), 2);
	assert_int_equal(times(&ear, APP " pins 1 frame from pfn "), 1);
	assert_int_equal(times(&ear, ", taken at "), 1);
	assert_int_equal(times(&ear, CAMERA " has a CMA allocation of 4 frames"), 1);
	assert_int_equal(times(&ear, "and more"), 0);
	assert_int_equal(gup_cma_free(w.m, frames, 4 * PAGE), 0);
	for (i = 1; i < 20; i++)
		assert_int_equal(gup_get_user_pages_fast(w.mm, BASE + 2 * i * PAGE, 1, 0, &pages[i]), 1);
	listen_from_now(&ear);
	assert_int_equal(gup_machine_destroy(w.m), -GUP_EBUSY);
	listen_no_more(&ear);
	assert_int_equal(times(&ear, " frame from pfn "), 16);
	assert_int_equal(times(&ear, "and more"), 1);
	assert_int_equal(gup_put_pages(w.m, pages + 1, 19), 0);
	assert_int_equal(gup_unpin_user_page(w.m, pages[0]), 0);
	world_end(&w);
}

static void leftovers_in_quarantine(void **state)
{
	struct gup_request request = { BASE, 3 * PAGE, GUP_WRITE, NULL };
	struct gup_owner *nic;
	struct gup_pin *pin;
	struct ear ear;
	struct world w;

	(void)state;
	world_begin(&w, &(struct world_spec){ .normal = 4, .no_huge_pages = true });
	map_anon(w.mm, BASE, 3 * PAGE);
	assert_int_equal(gup_owner_create(w.m, "nic", UINT64_MAX, &nic), 0);
	request.owner = nic;
	assert_int_equal(gup_pin(w.mm, &request, &pin, NULL), 0);
	assert_int_equal(gup_owner_lost(nic), 0);
	assert_int_equal(gup_unpin(pin, true), 0);
	listen_from_now(&ear);
	assert_int_equal(gup_machine_destroy(w.m), -GUP_EBUSY);
	listen_no_more(&ear);
	assert_int_equal(times(&ear, "left: "), 1);
	assert_int_equal(times(&ear, "left: nic pins 3 frames from pfn "), 1);
	assert_int_equal(times(&ear, " (quarantined: its device is lost), taken at "), 1);
	assert_int_equal(gup_owner_reset(nic), 0);
	assert_int_equal(gup_owner_destroy(nic), 0);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warned_once_for_each_entry_point),
		cmocka_unit_test(misuse_names_both_places),
		cmocka_unit_test(leftovers_by_name_and_place),
		cmocka_unit_test(leftovers_in_quarantine),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
