/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/scenario/test_mirror_limit.c - more scattered frames than the host gives mappings: nobody is told.
 */
#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define GIB (UINT64_C(1) << 30)
#define SIZE (2 * GIB)
#define PAGES (SIZE / PAGE)
#define SMALL_PAGES (UINT64_C(195) * GUP_HUGE_PAGES)

/* Neighbours in address are far from each other in time, and so in frames. */
static uint64_t nth_page(uint64_t n, uint64_t pages)
{
	return n * 100003 % pages;
}

static uint64_t limit_of_mappings(void)
{
	FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
	unsigned long long limit = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%llu", &limit), 1);
	fclose(file);
	return limit;
}

static uint64_t mappings_now(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t nr = 0;
	int c;

	assert_non_null(maps);
	while ((c = fgetc(maps)) != EOF)
		nr += c == '\n';
	fclose(maps);
	return nr;
}

static uint64_t bytes_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];

	assert_non_null(file);
	while (!kib && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu", &kib) != 1)
			kib = 0;
	fclose(file);
	return kib << 10;
}

struct place {
	struct gup_machine *m;
	struct gup_mm *mm;
	volatile uint64_t *words; /* one at the start of each page */
};

static void begin(struct place *p, uint64_t bytes)
{
	struct gup_machine_config config = { .normal_bytes = bytes + bytes / 64, .no_huge_pages = true };
	struct gup_map_request request = { .length = bytes, .prot = RW, .flags = GUP_MAP_PRIVATE };
	int64_t addr;

	config.normal_bytes = (config.normal_bytes + 4 * HUGE) & ~(HUGE - 1);
	assert_int_equal(gup_machine_create(&config, &p->m), 0);
	assert_int_equal(gup_mm_create(p->m, APP, &p->mm), 0);
	assert_int_equal(gup_mirror_open(p->mm, 0, bytes + HUGE), 0);
	addr = gup_mmap(p->mm, &request);
	assert_true(addr > 0);
	p->words = gup_mirror_pointer(p->mm, (uint64_t)addr);
}

static void end(struct place *p)
{
	assert_int_equal(gup_machine_check(p->m, NULL), 0);
	gup_mm_destroy(p->mm);
	assert_int_equal(gup_machine_destroy(p->m), 0);
}

static volatile uint64_t *word_of(const struct place *p, uint64_t page)
{
	return &p->words[page * (PAGE / sizeof(*p->words))];
}

static void store_all(const struct place *p, uint64_t pages, uint64_t tag)
{
	for (uint64_t n = 0; n < pages; n++)
		*word_of(p, nth_page(n, pages)) = nth_page(n, pages) + tag;
}

static void expect_all(const struct place *p, uint64_t pages, uint64_t tag)
{
	uint64_t wrong = 0;

	for (uint64_t page = 0; page < pages; page++)
		wrong += *word_of(p, page) != page + tag;
	assert_int_equal(wrong, 0);
}

static void two_gib_of_scattered_frames(void **state)
{
	uint64_t wrong = 0;
	struct place p;

	(void)state;
	if (bytes_available() < SIZE + SIZE / 2) {
		print_message("less than 3 GiB of memory available\n");
		skip();
	}
	if (PAGES <= limit_of_mappings()) {
		print_message("this host gives more mappings than two GiB have pages\n");
		skip();
	}
	begin(&p, SIZE);
	store_all(&p, PAGES, 1);
	assert_true(mappings_now() < limit_of_mappings() + 10);
	for (uint64_t page = 0; page < PAGES; page++) {
		uint64_t word = 0;

		assert_int_equal(gup_copy_from_user(p.mm, &word, (uintptr_t)word_of(&p, page), sizeof(word)), 0);
		wrong += word != page + 1;
	}
	assert_int_equal(wrong, 0);
	end(&p);
}

/* What takes away the last mapping of somebody else. */
static uint64_t use_up_mappings(void **at, uint64_t bytes)
{
	uint64_t nr = 0;

	*at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(*at, MAP_FAILED);
	while (nr < bytes / (2 * PAGE) && !mprotect((char *)*at + 2 * nr * PAGE, PAGE, PROT_READ))
		nr++;
	return nr;
}

/*
 * The program itself has all mappings that the host gives. Faults, unmapping in the middle of a mapping, populate: all go
 * on, since a window gives way to itself.
 */
static void program_has_all_mappings(void **state)
{
	uint64_t base, used, room = 2 * limit_of_mappings() * PAGE + 4 * PAGE;
	struct place p;
	void *others;

	(void)state;
	begin(&p, SMALL_PAGES * PAGE);
	base = (uintptr_t)p.words;
	store_all(&p, SMALL_PAGES, 1);
	used = use_up_mappings(&others, room);
	store_all(&p, SMALL_PAGES, 2);
	expect_all(&p, SMALL_PAGES, 2);
	for (uint64_t n = 0; n < 200; n++)
		assert_int_equal(gup_munmap(p.mm, base + (n * 400 + 7) * PAGE, PAGE), 0);
	assert_int_equal(gup_mirror_populate(p.mm, base, 7 * PAGE, true), 0);
	store_all(&p, 7, 3);
	expect_all(&p, 7, 3);
	assert_int_equal(gup_mirror_release(p.mm, base, 7 * PAGE), 0);
	print_message("%llu mappings of the program's own\n", (unsigned long long)used);
	end(&p);
	munmap(others, room);
}

/* Held pages stay shown while everything around them is dropped again and again. */
static void held_pages_stay(void **state)
{
	uint64_t base, pages = SMALL_PAGES;
	int fds[2];
	struct place p;
	uint64_t word;

	(void)state;
	begin(&p, pages * PAGE);
	base = (uintptr_t)p.words;
	assert_int_equal(pipe(fds), 0);
	store_all(&p, pages, 1);
	assert_int_equal(gup_mirror_populate(p.mm, base + 512 * PAGE, 512 * PAGE, true), 0);
	for (uint64_t page = 512; page < 1024; page++) {
		*word_of(&p, 1024 + nth_page(page, pages - 1024)) = page;
		word = page + 9;
		assert_int_equal(write(fds[1], &word, sizeof(word)), sizeof(word));
		assert_int_equal(read(fds[0], (void *)(uintptr_t)word_of(&p, page), sizeof(word)), sizeof(word));
	}
	for (uint64_t page = 512; page < 1024; page++)
		assert_int_equal(*word_of(&p, page), page + 9);
	assert_int_equal(gup_mirror_release(p.mm, base + 512 * PAGE, 512 * PAGE), 0);
	close(fds[0]);
	close(fds[1]);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_gib_of_scattered_frames),
		cmocka_unit_test(program_has_all_mappings),
		cmocka_unit_test(held_pages_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
