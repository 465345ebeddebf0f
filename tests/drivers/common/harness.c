/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/common/harness.c - the scenarios that every driver plays, and what is found against what is known.
 */
/* Before the kernel's own names. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define MAX_PAGES 512
#define MAX_KNOWN 32

static const struct driver *driver;
static bool seen[MAX_KNOWN];
static unsigned int unknown;
static uint64_t dma[MAX_PAGES];
static enum gup_test_memory memory_now;
static const char *scene = "";

const struct driver *driver_now(void)
{
	return driver;
}

/* ---- findings ---- */

static bool is_now(const char *when, const struct gup_test_report *report)
{
	return strstr(report->text, when) || strstr(scene, when) || !strcmp(gup_test_memory_name(memory_now), when);
}

static const struct known *match(const struct gup_test_report *report)
{
	const struct known *k;

	for (k = driver->known; k && k->where; k++)
		if (k->finding == report->finding && strstr(report->text, k->where) && is_now(k->when, report))
			return k;
	return NULL;
}

static void collect(void *context, const struct gup_test_report *report)
{
	const struct known *k = match(report);

	(void)context;
	if (k) {
		seen[k - driver->known] = true;
		return;
	}
	unknown++;
	print_error("unexpected: %s\n", report->text);
}

static struct gup_test_spec spec_of(enum gup_test_memory memory)
{
	return (struct gup_test_spec){
		.name = driver->name,
		.contract = CONTRACT,
		.memory = memory,
		.begin = gup_linux_begin,
		.end = gup_linux_end,
		.report = collect,
	};
}

static void judge(int ret)
{
	assert_true(ret == 0 || ret == -GUP_ENOTRECOVERABLE);
	if (unknown)
		fail_msg("%u findings that are not known", unknown);
}

void driver_run(enum gup_test_memory memory, gup_test_scenario scenario)
{
	struct gup_test_spec spec = spec_of(memory);

	memory_now = memory;
	unknown = 0;
	judge(gup_test_run(&spec, scenario, NULL));
}

void driver_fail_each(enum gup_test_memory memory, gup_test_scenario scenario)
{
	struct gup_test_spec spec = spec_of(memory);
	struct gup_test_result result;

	memory_now = memory;
	unknown = 0;
	judge(gup_test_fail_each(&spec, scenario, &result));
	assert_true(result.failures > 0 || result.findings > 0); /* known findings without a failure end it at once */
}

void driver_schedules(enum gup_test_memory memory, const struct gup_test_play *play)
{
	struct gup_test_spec spec = spec_of(memory);
	struct gup_test_play rest = *play;
	u64 first = play->first ? play->first : 1, end = first + (play->count ? play->count : 1000);
	struct gup_test_result result;

	memory_now = memory;
	unknown = 0;
	do {
		rest.first = first;
		rest.count = end - first;
		judge(gup_test_schedules(&spec, &rest, &result));
		first = result.schedule + 1;
	} while (result.schedule && first < end && !getenv("GUP_REPLAY"));
}

#define DIED 42
#define DIES "GUP_DRIVER_DIES"

static void on_fault(int number)
{
	(void)number;
	_exit(DIED);
}

static void die(enum gup_test_memory memory, gup_test_scenario scenario, const struct gup_test_play *play)
{
	struct gup_test_spec spec = spec_of(memory);

	signal(SIGSEGV, on_fault);
	if (play)
		gup_test_schedules(&spec, play, NULL);
	else
		gup_test_run(&spec, scenario, NULL);
	_exit(0);
}

/* The program once more, with that test alone: a fork has no memory of libgup. */
static void run_again(const char *test)
{
	setenv(DIES, test, 1);
	/* A sanitizer, if there is one, sees it first, and ends the program in the same way. */
	setenv("ASAN_OPTIONS", "exitcode=42", 1);
	setenv("UBSAN_OPTIONS", "halt_on_error=1:exitcode=42", 1);
	if (freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr))
		execl("/proc/self/exe", driver->name, (char *)NULL);
	_exit(1);
}

bool driver_dies(enum gup_test_memory memory, gup_test_scenario scenario, const struct gup_test_play *play,
		 const char *test)
{
	pid_t pid;
	int status;

	if (getenv(DIES))
		die(memory, scenario, play);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		run_again(test);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DIED));
	return WEXITSTATUS(status) == DIED;
}

void driver_scene(const char *name)
{
	scene = name;
}

/* ---- the table ---- */

void driver_cell(enum gup_test_memory memory, const char *result, uint64_t taken, uint64_t left)
{
	const char *path = getenv("GUP_DRIVER_TABLE");
	FILE *file = path ? fopen(path, "ae") : NULL;

	if (!file)
		return;
	fprintf(file, "%s|%s|%s|%s|%llu|%llu\n", driver->name, KERNEL, gup_test_memory_name(memory), result, (u64)taken,
		(u64)left);
	fclose(file);
}

static const char *errno_name(int ret)
{
	static const struct {
		int error;
		const char *name;
	} names[] = { { EOPNOTSUPP, "-EOPNOTSUPP" }, { EFAULT, "-EFAULT" }, { ENOMEM, "-ENOMEM" },
		      { EINVAL, "-EINVAL" },	     { EAGAIN, "-EAGAIN" }, { EIO, "-EIO" } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].error == -ret)
			return names[i].name;
	return "error";
}

/* ---- the device ---- */

uint64_t driver_held(struct gup_test *t, bool gets)
{
	struct gup_check check;

	if (gup_machine_check(gup_test_machine(t), &check))
		gup_test_fail(t, "machine check: %s", check.first_error);
	return gets ? check.gets : check.pins;
}

/* Where the driver does not map, the device does. Return: false if that was made to fail. */
static bool device_attach(struct gup_test *t)
{
	unsigned int i;

	for (i = 0; i < driver->pages; i++) {
		dma[i] = driver->dma ? driver->dma(i)
				     : gup_test_dma_map(t, &driver->page(i)->gup, 0, PAGE_SIZE, !driver->reads);
		if (dma[i] == GUP_TEST_DMA_ERROR)
			break;
	}
	if (i == driver->pages)
		return true;
	while (!driver->dma && i--)
		gup_test_dma_unmap(t, dma[i], PAGE_SIZE);
	return false;
}

static void device_detach(struct gup_test *t)
{
	unsigned int i;

	for (i = 0; !driver->dma && i < driver->pages; i++)
		gup_test_dma_unmap(t, dma[i], PAGE_SIZE);
}

static void device_writes(struct gup_test *t, uint64_t addr, u32 tag)
{
	char bytes[PAGE_SIZE];
	unsigned int i;

	for (i = 0; i < driver->pages; i++) {
		gup_test_pattern(bytes, addr + i * PAGE_SIZE, PAGE_SIZE, tag);
		gup_test_dma_write(t, dma[i], bytes, PAGE_SIZE);
	}
}

static void device_expects(struct gup_test *t, uint64_t addr, u32 tag)
{
	char bytes[PAGE_SIZE], wanted[PAGE_SIZE];
	unsigned int i;

	for (i = 0; i < driver->pages; i++) {
		gup_test_pattern(wanted, addr + i * PAGE_SIZE, PAGE_SIZE, tag);
		if (gup_test_dma_read(t, dma[i], bytes, PAGE_SIZE) == 0 && memcmp(bytes, wanted, PAGE_SIZE)) {
			gup_test_fail(t, "page %u: the device does not see what the user wrote", i);
			return;
		}
	}
}

static void user_writes(struct gup_test *t, struct gup_mm *mm, uint64_t addr, u32 tag)
{
	char bytes[PAGE_SIZE];
	unsigned int i;

	for (i = 0; i < driver->pages; i++) {
		gup_test_pattern(bytes, addr + i * PAGE_SIZE, PAGE_SIZE, tag);
		if (gup_copy_to_user(mm, addr + i * PAGE_SIZE, bytes, PAGE_SIZE))
			gup_test_fail(t, "page %u: the user cannot write", i);
	}
}

/* ---- registering ---- */

static int refuses(enum gup_test_memory memory)
{
	if (driver->refuses)
		return driver->refuses(memory);
	if (memory == GUP_TEST_DAX)
		return -EOPNOTSUPP;
	return memory == GUP_TEST_READONLY && !driver->reads ? -EFAULT : 0;
}

/* Return: 0 with the device attached; a negative errno with nothing held. */
static int begin(struct gup_test *t, uint64_t addr)
{
	int ret = driver->acquire(t, addr, driver->pages);

	if (ret > 0)
		gup_test_fail(t, "acquire returned %d", ret);
	if (ret)
		return ret;
	if (device_attach(t))
		return 0;
	driver->release(t);
	return -ENOMEM;
}

static void end(struct gup_test *t)
{
	device_detach(t);
	driver->release(t);
}

/* ---- scenarios ---- */

static uint64_t taken;

static int exchange(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, driver->pages);
	struct gup_mm *mm = gup_test_mm(t);
	int ret = begin(t, addr);
	u32 last = 0;

	taken = driver_held(t, driver->gets);
	if (ret)
		return ret;
	device_expects(t, addr, 0);
	if (!driver->reads) {
		device_writes(t, addr, last = 1);
		gup_test_expect(t, mm, addr, driver->pages * PAGE_SIZE, 1);
	}
	if (memory_now != GUP_TEST_READONLY) {
		user_writes(t, mm, addr, last = 2);
		device_expects(t, addr, 2);
	}
	end(t);
	gup_test_expect(t, mm, addr, driver->pages * PAGE_SIZE, last);
	return 0;
}

/* The first run of a kind: counts are as they must be, and the errno is the expected one. */
static int exchange_counted(struct gup_test *t)
{
	int wanted = refuses(memory_now), ret = exchange(t);
	uint64_t expected = ret ? 0 : driver->held ? driver->held : driver->pages;

	if (ret != wanted)
		gup_test_fail(t, "registering %s memory returned %d instead of %d", gup_test_memory_name(memory_now),
			      ret, wanted);
	if (taken != expected)
		gup_test_fail(t, "%llu pages are held instead of %llu", (u64)taken, (u64)expected);
	driver_cell(memory_now, ret ? errno_name(ret) : "ok", taken, driver_held(t, driver->gets));
	return 0;
}

static int play_fork(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, driver->pages), bytes = driver->pages * PAGE_SIZE;
	struct gup_mm *mm = gup_test_mm(t), *child;
	int ret = begin(t, addr);

	if (ret)
		return ret;
	if (gup_mm_fork(mm, "child", &child)) {
		end(t);
		return -ENOMEM;
	}
	user_writes(t, mm, addr, 3);
	device_expects(t, addr, 3);
	if (!driver->reads) {
		device_writes(t, addr, 4);
		gup_test_expect(t, mm, addr, bytes, 4);
	}
	gup_test_expect(t, child, addr, bytes, 0);
	gup_mm_destroy(child);
	end(t);
	return 0;
}

static int play_unmap(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, driver->pages);
	int ret = begin(t, addr);

	if (ret)
		return ret;
	if (gup_munmap(gup_test_mm(t), addr, driver->pages * PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
	if (!driver->lets_go) {
		device_expects(t, addr, 0);
		if (!driver->reads)
			device_writes(t, addr, 5);
	}
	end(t);
	return 0;
}

static int play_limit(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, driver->pages);
	int ret;

	gup_linux_set_limit((driver->pages - 1) * PAGE_SIZE);
	ret = driver->acquire(t, addr, driver->pages);
	if (ret >= 0)
		gup_test_fail(t, "more than the limit was registered");
	if (driver_held(t, driver->gets))
		gup_test_fail(t, "a registration that was refused holds pages");
	gup_linux_set_limit(driver->pages * PAGE_SIZE);
	ret = begin(t, addr);
	if (ret)
		gup_test_fail(t, "as much as the limit was refused with %d", ret);
	else
		end(t);
	return 0;
}

/* ---- tests ---- */

static const enum gup_test_memory kinds[] = { GUP_TEST_ANON,  GUP_TEST_HUGE,   GUP_TEST_CMA, GUP_TEST_MOVABLE,
					      GUP_TEST_FOLIO, GUP_TEST_SHARED, GUP_TEST_DAX, GUP_TEST_READONLY };

static void each_kind(void **state)
{
	(void)state;
	scene = "exchange";
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		memory_now = kinds[i];
		driver_run(memory_now, exchange_counted);
	}
}

static void forks(void **state)
{
	(void)state;
	scene = "fork";
	for (memory_now = GUP_TEST_ANON; memory_now < GUP_TEST_SHARED; memory_now++)
		driver_run(memory_now, play_fork);
}

static void unmapped_under_it(void **state)
{
	(void)state;
	scene = "unmap";
	for (memory_now = GUP_TEST_ANON; memory_now <= GUP_TEST_SHARED; memory_now++)
		driver_run(memory_now, play_unmap);
}

static void limits(void **state)
{
	(void)state;
	scene = "limit";
	memory_now = GUP_TEST_ANON;
	driver_run(memory_now, play_limit);
}

static void every_failure(void **state)
{
	(void)state;
	scene = "exchange";
	for (memory_now = GUP_TEST_ANON; memory_now <= GUP_TEST_SHARED; memory_now++)
		driver_fail_each(memory_now, exchange);
	memory_now = GUP_TEST_ANON;
	scene = "fork";
	driver_fail_each(memory_now, play_fork);
}

/* A known finding that is not seen any more was mended, or is not looked at. */
static void all_that_is_known_was_seen(void **state)
{
	(void)state;
	for (size_t i = 0; driver->known && driver->known[i].where; i++)
		if (!seen[i])
			fail_msg("not seen: %s %s", driver->known[i].where, driver->known[i].when);
}

int driver_main(const struct driver *which, const struct CMUnitTest *extra, size_t nr)
{
	struct CMUnitTest tests[64] = {
		cmocka_unit_test(each_kind),
		cmocka_unit_test(forks),
		cmocka_unit_test(unmapped_under_it),
		cmocka_unit_test(every_failure),
	};
	size_t count = 4;

	driver = which;
	if (getenv(DIES))
		cmocka_set_test_filter(getenv(DIES));
	if (!which->acquire)
		count = 0;
	if (which->acquire && !which->no_limit)
		tests[count++] = (struct CMUnitTest)cmocka_unit_test(limits);
	for (size_t i = 0; i < nr; i++)
		tests[count++] = extra[i];
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(all_that_is_known_was_seen);
	return _cmocka_run_group_tests(driver->name, tests, count, NULL, NULL);
}
