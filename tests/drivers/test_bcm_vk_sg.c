/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_bcm_vk_sg.c - drivers/misc/bcm-vk/bcm_vk_sg.c: get_user_pages_fast(), references and not pins, for
 * a transfer that lasts until the user reads the answer.
 *
 * There is no card: the device of the test kit reads the list at the address that the message would carry, and uses the
 * addresses in it. What bcm_vk_write() does when bcm_vk_sg_alloc() fails is to free the message and nothing else.
 */
#include "harness.h"

#include "bcm_vk.h"
#include "bcm_vk_msg.h"

#define PAGES 8
#define PLANES 4

static struct device card = { .name = "bcm-vk" };
static struct bcm_vk_dma planes[PLANES];
static struct _vk_data message[PLANES];

/* ---- the bus ---- */

static struct {
	dma_addr_t bus, kit;
	size_t bytes;
	bool gone;
} mappings[PAGES * PLANES];
static unsigned int nr_mappings;
bool bcm_vk_direct;

dma_addr_t bcm_vk_to_bus(dma_addr_t kit, phys_addr_t physical, size_t bytes)
{
	if (!bcm_vk_direct || kit == DMA_MAPPING_ERROR)
		return kit;
	assert_true(nr_mappings < ARRAY_SIZE(mappings));
	mappings[nr_mappings].bus = physical;
	mappings[nr_mappings].kit = kit;
	mappings[nr_mappings].bytes = bytes;
	mappings[nr_mappings++].gone = false;
	return physical;
}

dma_addr_t bcm_vk_from_bus(dma_addr_t bus, bool gone)
{
	unsigned int i;

	for (i = 0; i < nr_mappings; i++)
		if (!mappings[i].gone && bus >= mappings[i].bus && bus < mappings[i].bus + mappings[i].bytes)
			break;
	if (!bcm_vk_direct || i == nr_mappings)
		return bus;
	mappings[i].gone = gone;
	return mappings[i].kit + (bus - mappings[i].bus);
}

/* ---- the card ---- */

/* What it finds at the address of a plane: number of entries, bytes in all, entries of size and address. */
static u32 list[SGLIST_VKDATA_START + 3 * PAGES];

static void card_reads_list(struct gup_test *t, unsigned int plane)
{
	if (message[plane].size > sizeof(list) ||
	    gup_test_dma_read(t, message[plane].address, list, message[plane].size))
		gup_test_fail(t, "plane %u: the card cannot read its list", plane);
}

static dma_addr_t dma_of(unsigned int page)
{
	const struct _vk_data *entry = (const struct _vk_data *)&list[SGLIST_VKDATA_START];
	u64 at = page * PAGE_SIZE;

	for (; at >= entry->size; entry++)
		at -= entry->size;
	return bcm_vk_from_bus(entry->address, false) + at;
}

/* ---- registering ---- */

static int lend(struct gup_test *t, uint64_t addr, size_t bytes, int direction)
{
	int ret;

	memset(planes, 0, sizeof(planes));
	memset(message, 0, sizeof(message));
	message[0] = (struct _vk_data){ .size = (u32)bytes, .address = addr };
	ret = bcm_vk_sg_alloc(&card, planes, direction, message, 1);
	if (!ret)
		card_reads_list(t, 0);
	return ret;
}

static int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	return lend(t, addr, nr * PAGE_SIZE, DMA_FROM_DEVICE);
}

static void take_back(struct gup_test *t, int wanted)
{
	int count;

	if (bcm_vk_sg_free(&card, planes, PLANES, &count) || count != wanted)
		gup_test_fail(t, "%d planes were freed and not %d", count, wanted);
}

static void release(struct gup_test *t)
{
	take_back(t, 1);
}

/* It never says FOLL_LONGTERM, so FS DAX is lent too. */
static int refuses(enum gup_test_memory memory)
{
	return memory == GUP_TEST_READONLY ? -EFAULT : 0;
}

/* ---- tests of its own ---- */

/* Any offset and size: the first and the last entry are parts of pages. */
static int play_odd_sizes(struct gup_test *t)
{
	static const struct {
		unsigned int offset, bytes;
	} cases[] = { { 0, 1 }, { 4095, 1 }, { 4095, 2 }, { 8, 4088 }, { 100, 8192 }, { 1, 3 * 4096 } };
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	const struct _vk_data *entry = (const struct _vk_data *)&list[SGLIST_VKDATA_START];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 sum = 0;
		int ret = lend(t, addr + cases[i].offset, cases[i].bytes, DMA_FROM_DEVICE);

		if (ret)
			return ret;
		for (u32 n = 0; n < list[SGLIST_NUM_SG]; n++)
			sum += entry[n].size;
		if (sum != cases[i].bytes || list[SGLIST_TOTALSIZE] != sum ||
		    offset_in_page(entry[0].address) != cases[i].offset)
			gup_test_fail(t, "%u bytes at offset %u became %u bytes", cases[i].bytes, cases[i].offset, sum);
		release(t);
	}
	return 0;
}

static void odd_sizes(void **state)
{
	(void)state;
	driver_scene("odd sizes");
	driver_run(GUP_TEST_ANON, play_odd_sizes);
}

/* The card only reads: memory that is not writable will do. */
static int play_upload(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	char bytes[PAGE_SIZE], wanted[PAGE_SIZE];
	int ret = lend(t, addr, PAGES * PAGE_SIZE, DMA_TO_DEVICE);

	if (ret)
		return ret;
	gup_test_pattern(wanted, addr + PAGE_SIZE, PAGE_SIZE, 0);
	if (gup_test_dma_read(t, dma_of(1), bytes, PAGE_SIZE) || memcmp(bytes, wanted, PAGE_SIZE))
		gup_test_fail(t, "the card does not see what the user has");
	release(t);
	return 0;
}

static void upload_of_read_only_memory(void **state)
{
	(void)state;
	driver_scene("upload");
	driver_run(GUP_TEST_READONLY, play_upload);
	driver_fail_each(GUP_TEST_READONLY, play_upload);
}

/* Plane 2 is empty, and what is wrong with plane 3 gives planes 0 and 1 back. */
static int play_planes(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret;

	memset(planes, 0, sizeof(planes));
	memset(message, 0, sizeof(message));
	message[0] = message[1] = (struct _vk_data){ .size = 2 * PAGE_SIZE, .address = addr };
	message[3].size = 1;
	ret = bcm_vk_sg_alloc(&card, planes, DMA_FROM_DEVICE, message, PLANES);
	if (!ret)
		gup_test_fail(t, "a size without an address was taken");
	if (driver_held(t, true))
		gup_test_fail(t, "a message that was refused holds pages");
	message[0] = message[1] = (struct _vk_data){ .size = 2 * PAGE_SIZE, .address = addr };
	ret = bcm_vk_sg_alloc(&card, planes, DMA_FROM_DEVICE, message, 3);
	if (ret)
		gup_test_fail(t, "three planes: %d", ret);
	if (driver_held(t, true) != 4)
		gup_test_fail(t, "two planes of two pages hold %llu", (u64)driver_held(t, true));
	take_back(t, 2);
	return 0;
}

static void several_planes(void **state)
{
	(void)state;
	driver_scene("planes");
	driver_run(GUP_TEST_ANON, play_planes);
}

static void hole(struct gup_test *t, uint64_t addr)
{
	if (gup_munmap(gup_test_mm(t), addr, PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
}

static int play_hole(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret;

	hole(t, addr + 5 * PAGE_SIZE);
	ret = acquire(t, addr, PAGES);
	if (ret != -EINVAL)
		gup_test_fail(t, "a buffer with a hole: %d", ret);
	if (driver_held(t, true) != 5)
		gup_test_fail(t, "%llu pages are held instead of 5", (u64)driver_held(t, true));
	return 0;
}

static void a_hole_in_the_buffer(void **state)
{
	(void)state;
	driver_scene("hole");
	driver_run(GUP_TEST_ANON, play_hole);
}

/* Pages that follow each other become one entry, and one call shall unmap what several calls mapped. */
static int play_direct(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret;

	nr_mappings = 0;
	bcm_vk_direct = true;
	ret = acquire(t, addr, PAGES);
	if (!ret && list[SGLIST_NUM_SG] != 1)
		gup_test_fail(t, "pages of one folio became %u entries", list[SGLIST_NUM_SG]);
	if (!ret)
		release(t);
	bcm_vk_direct = false;
	return ret;
}

static void neighbours_become_one_entry(void **state)
{
	(void)state;
	driver_scene("direct");
	driver_run(GUP_TEST_HUGE, play_direct);
}

/* Until the answer is read the pages cannot move: the owner of the area waits for the user of the card. */
static int play_cma(struct gup_test *t)
{
	struct gup_machine *m = gup_test_machine(t);
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	struct gup_zone_info zone;
	struct gup_page *area;
	int ret = acquire(t, addr, PAGES);

	if (ret)
		return ret;
	for (unsigned int i = 0; !gup_zone_info(m, i, &zone); i++)
		if (!strcmp(zone.name, "lent"))
			break;
	ret = gup_cma_alloc(m, zone.name, zone.nr_frames * PAGE_SIZE, 0, 0, &area, NULL);
	if (!ret)
		gup_cma_free(m, area, zone.nr_frames * PAGE_SIZE);
	if (ret == -EBUSY)
		gup_test_fail(t, "the owner of the area cannot have it while the card has the buffer");
	else
		gup_test_fail(t, "the owner's allocation: %d", ret);
	release(t);
	return 0;
}

static void area_is_held_up(void **state)
{
	(void)state;
	driver_scene("area");
	driver_run(GUP_TEST_CMA, play_cma);
}

/* ---- two threads of the application ---- */

static uint64_t shared_addr;

static int make_buffer(struct gup_test *t)
{
	shared_addr = gup_test_buffer(t, NULL, PAGES);
	return 0;
}

static void transfers(struct gup_test *t)
{
	int ret = acquire(t, shared_addr, PAGES);
	char bytes[PAGE_SIZE] = "card";

	if (ret && ret != -EFAULT && ret != -EINVAL)
		gup_test_fail(t, "a transfer: %d", ret);
	if (ret)
		return;
	for (unsigned int i = 0; i < PAGES; i++)
		gup_test_dma_write(t, dma_of(i), bytes, sizeof(bytes));
	release(t);
}

/* What is already known of short returns ends a play; so the other thread only changes what is mapped, not whether. */
static void discards(struct gup_test *t)
{
	if (gup_madvise(gup_test_mm(t), shared_addr, PAGES * PAGE_SIZE, GUP_MADV_DONTNEED))
		gup_test_fail(t, "madvise failed");
}

static void transfer_against_discard(void **state)
{
	static const struct gup_test_play play = {
		.begin = make_buffer,
		.actors = { { "transfer", transfers }, { "discard", discards } },
		.count = 500,
	};

	(void)state;
	driver_scene("discard");
	driver_schedules(GUP_TEST_ANON, &play);
	driver_schedules(GUP_TEST_HUGE, &play);
}

int main(void)
{
	/* All of it is of bcm_vk_dma_alloc(), whose caller frees what earlier planes have, and never the one that failed. */
	static const struct known known[] = {
		/* the array of pages, whatever fails after it was allocated */
		{ GUP_TEST_MEMORY_LEFT, "bcm_vk_sg.c:63", "allocation failure" },
		{ GUP_TEST_MEMORY_LEFT, "bcm_vk_sg.c:63", "pin failure" },
		{ GUP_TEST_MEMORY_LEFT, "bcm_vk_sg.c:63", "short pin" },
		{ GUP_TEST_MEMORY_LEFT, "bcm_vk_sg.c:63", "DMA failure" },
		{ GUP_TEST_MEMORY_LEFT, "bcm_vk_sg.c:63", "read-only" },
		{ GUP_TEST_MEMORY_LEFT, "bcm_vk_sg.c:63", "hole" },
		/* the pages */
		{ GUP_TEST_PIN_LEFT, "bcm_vk_sg.c:75", "allocation failure" },
		{ GUP_TEST_PIN_LEFT, "bcm_vk_sg.c:75", "short pin" },
		{ GUP_TEST_PIN_LEFT, "bcm_vk_sg.c:75", "DMA failure" },
		{ GUP_TEST_PIN_LEFT, "bcm_vk_sg.c:75", "hole" },
		/* the list, and the mappings before the one that failed */
		{ GUP_TEST_MEMORY_LEFT, "bcm_vk_sg.c:91", "DMA failure" },
		{ GUP_TEST_MEMORY_LEFT, "area \"kernel\"", "DMA failure" },
		{ GUP_TEST_DMA_LEFT, "bcm_vk_sg.c:91", "DMA failure" },
		{ GUP_TEST_DMA_LEFT, "bcm_vk_sg.c:106", "DMA failure" },
		{ GUP_TEST_DMA_LEFT, "bcm_vk_sg.c:120", "DMA failure" },
		/* a user's page goes to __free_page(), in lines 113 and 126, which a compiler may make one call of */
		{ GUP_TEST_BAD_RELEASE, "from alloc_pages(), at bcm_vk_sg.c", "DMA failure" },
		/* several mappings are unmapped as one, if their addresses follow each other */
		{ GUP_TEST_BAD_RELEASE, "bcm_vk_sg.c:243", "direct" },
		{ GUP_TEST_DMA_LEFT, "bcm_vk_sg.c:106", "direct" },
		{ GUP_TEST_DMA_LEFT, "bcm_vk_sg.c:120", "direct" },
		/* references and not pins: after fork the first write, the owner's, takes the owner away from the page */
		{ GUP_TEST_FAILED, "the device does not see what the user wrote", "fork" },
		{ GUP_TEST_FAILED, "\"app\" reads", "fork" },
		{ GUP_TEST_FAILED, "\"child\" reads", "fork" },
		/* no FOLL_LONGTERM */
		{ GUP_TEST_FAILED, "the owner of the area cannot have it", "area" },
		{ 0 },
	};
	static const struct driver driver = {
		.name = "bcm-vk/bcm_vk_sg.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.dma = dma_of,
		.gets = true,
		.no_limit = true, /* it counts nothing */
		.refuses = refuses,
		.known = known,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_sizes),
		cmocka_unit_test(upload_of_read_only_memory),
		cmocka_unit_test(several_planes),
		cmocka_unit_test(a_hole_in_the_buffer),
		cmocka_unit_test(neighbours_become_one_entry),
		cmocka_unit_test(area_is_held_up),
		cmocka_unit_test(transfer_against_discard),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
