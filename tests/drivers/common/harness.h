/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/common/harness.h - what is done with every driver file.
 *
 * A test says how its driver registers memory and where the device finds a page; the harness registers memory of each
 * kind, lets the device and the user write and read, forks, unmaps, sets limits and lets everything fail once. What the
 * file itself gets wrong is listed in the test as known, with the place; the test passes when exactly that is found.
 */
#ifndef DRIVERS_HARNESS_H
#define DRIVERS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <linux/dma-mapping.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#if GUP_LINUX == 601
#define KERNEL "6.1"
#define CONTRACT GUP_LINUX_6_1
#else
#define KERNEL "6.12"
#define CONTRACT GUP_LINUX_6_12
#endif

/**
 * struct known - something that the driver file gets wrong
 * @finding: what kind of finding it is
 * @where:   part of its text that names the place, "bcm_vk_sg.c:76"
 * @when:    part of its text that names the failure after which it is seen, "DMA failure"; or of the scene that is
 *           played, "exchange", "fork", "unmap", "limit" and those of driver_scene(); or the kind of memory; "" for always
 */
struct known {
	enum gup_test_finding finding;
	const char *where;
	const char *when;
};

/**
 * struct driver - how a test reaches a driver
 * @name:    the file, "hfi1/user_pages.c"
 * @pages:   pages of a registration; 512 at most
 * @acquire: register [@addr, @addr + @pages * 4096) of the current task. Return: 0 or a negative errno with nothing held.
 *           NULL: the file registers nothing, so only the tests of its own are run
 * @release: undo it
 * @page:    frame of page @i, if the driver leaves DMA mapping to others; else NULL
 * @dma:     DMA address of page @i, if the driver maps; else NULL
 * @reads:   the device only reads
 * @gets:    FOLL_GET: references, not pins
 * @held:    pins or gets while it is registered; 0: one for each page
 * @lets_go: pages that are unmapped by the user are let go of through a notifier
 * @no_limit: it looks at no limit
 * @refuses: errno that a registration of this kind of memory is refused with; 0 if it is not. NULL: FS DAX is refused
 *           with -EOPNOTSUPP, and read-only memory with -EFAULT unless @reads.
 * @known:   what the file gets wrong, ended by an entry without @where; or NULL
 */
struct driver {
	const char *name;
	unsigned int pages;
	int (*acquire)(struct gup_test *t, uint64_t addr, unsigned int pages);
	void (*release)(struct gup_test *t);
	struct page *(*page)(unsigned int i);
	dma_addr_t (*dma)(unsigned int i);
	bool reads;
	bool gets;
	unsigned int held;
	bool lets_go;
	bool no_limit;
	int (*refuses)(enum gup_test_memory memory);
	const struct known *known;
};

/**
 * driver_main() - run all of it as cmocka tests; for main()
 * @driver: the driver
 * @extra:  tests of this driver alone, or NULL
 * @nr:     how many
 *
 * Return: number of tests that failed.
 */
int driver_main(const struct driver *driver, const struct CMUnitTest *extra, size_t nr);

/** driver_now() - the driver under test. */
const struct driver *driver_now(void);

/** driver_run() - play a scenario once for a test of the driver's own; fails the test on any finding but known ones. */
void driver_run(enum gup_test_memory memory, gup_test_scenario scenario);

/** driver_fail_each() - the same with every failure. */
void driver_fail_each(enum gup_test_memory memory, gup_test_scenario scenario);

/** driver_schedules() - let actors run in many orders; goes on after a schedule with known findings. */
void driver_schedules(enum gup_test_memory memory, const struct gup_test_play *play);

/**
 * driver_dies() - does the driver, in a process of its own, stop at a wild access to memory?
 * @memory:   kind of memory
 * @scenario: what is played, if not @play
 * @play:     as for driver_schedules(), or NULL
 * @test:     name of the calling test, which that process runs alone
 */
bool driver_dies(enum gup_test_memory memory, gup_test_scenario scenario, const struct gup_test_play *play,
		 const char *test);

/** driver_scene() - name what a scenario of the driver's own plays, for struct known. */
void driver_scene(const char *name);

/** driver_cell() - a row of the table: what came of it, pins or gets taken and left. */
void driver_cell(enum gup_test_memory memory, const char *result, uint64_t taken, uint64_t left);

/** driver_held() - pins, or gets, that the machine has now. */
uint64_t driver_held(struct gup_test *t, bool gets);

#endif
