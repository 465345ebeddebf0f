/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_ivtv_udma.c - drivers/media/pci/ivtv/ivtv-udma.c: pin_user_pages_unlocked(), for as long as the
 * card reads one picture. 6.1 pins with FOLL_FORCE, so also what the user may not read; 6.12 does not.
 *
 * The card here reads the list at the address in its register and copies what the entries name. Addresses in registers
 * and entries have 32 bits; those of the test kit lie above 4 GiB, and the bus of this card adds what is missing.
 */
#include "harness.h"

#include "ivtv-driver.h"

#include <../drivers/media/pci/ivtv/ivtv-udma.h>

#define PAGES 8
#define DEST 0x1000000u
#define LAST 0x80000000u
#define BUS (1ULL << 32)

static struct pci_dev pdev = { .dev.name = "ivtv" };
static struct ivtv *itv;

/* ---- the card ---- */

static u32 reg_list, reg_transfer;
static char video[4 * PAGES * PAGE_SIZE]; /* from DEST on */

u32 ivtv_read_reg(unsigned int reg)
{
	return reg == IVTV_REG_DECDMAADDR ? reg_list : reg_transfer;
}

void ivtv_write_reg(u32 value, unsigned int reg)
{
	*(reg == IVTV_REG_DECDMAADDR ? &reg_list : &reg_transfer) = value;
}

static bool card_copies(struct gup_test *t, const struct ivtv_sg_element *e)
{
	u32 bytes = e->size & ~LAST, at = e->dst - DEST;

	if (at > sizeof(video) || bytes > sizeof(video) - at) {
		gup_test_fail(t, "an entry of %u bytes for 0x%x", bytes, e->dst);
		return false;
	}
	return gup_test_dma_read(t, BUS + e->src, video + at, bytes) == 0;
}

/* Until the entry that asks for an interrupt. Return: 0; -EIO if the list or memory cannot be read. */
static int card_runs(struct gup_test *t)
{
	struct ivtv_sg_element e = { 0 };
	u64 at = BUS + reg_list;
	int ret = reg_transfer & 1 ? 0 : -EIO;

	for (; !ret && !(e.size & LAST); at += sizeof(e))
		if (gup_test_dma_read(t, at, &e, sizeof(e)) || !card_copies(t, &e))
			ret = -EIO;
	reg_transfer = 0;
	clear_bit(IVTV_F_I_UDMA, &itv->i_flags);
	clear_bit(IVTV_F_I_DMA, &itv->i_flags);
	return ret;
}

/* ---- the driver around the file ---- */

static int probe(void)
{
	itv = (struct ivtv *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, get_order(sizeof(*itv)));
	if (!itv)
		return -ENOMEM;
	itv->pdev = &pdev;
	spin_lock_init(&itv->dma_reg_lock);
	mutex_init(&itv->udma.lock);
	reg_list = reg_transfer = 0;
	memset(video, 0, sizeof(video));
	ivtv_udma_alloc(itv);
	return 0;
}

static void remove_card(void)
{
	ivtv_udma_free(itv);
	free_pages((unsigned long)itv, get_order(sizeof(*itv)));
}

static int setup(uint64_t addr, int bytes)
{
	return ivtv_udma_setup(itv, DEST, (void __user *)addr, bytes);
}

static int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	int ret = probe();

	if (ret)
		return ret;
	ret = setup(addr, (int)(nr * PAGE_SIZE));
	if (ret == (int)nr)
		return 0;
	if (ret >= 0)
		gup_test_fail(t, "setup of %u pages returned %d", nr, ret);
	remove_card();
	return ret;
}

static void release(struct gup_test *t)
{
	(void)t;
	ivtv_udma_unmap(itv);
	remove_card();
}

static dma_addr_t dma_of(unsigned int i)
{
	return sg_dma_address(&itv->udma.SGlist[i]);
}

/* It is over soon, and says so by not saying FOLL_LONGTERM. */
static int refuses(enum gup_test_memory memory)
{
	(void)memory;
	return 0;
}

/* ---- what a write does: set up, start, wait for the card, take it back ---- */

static int writes(struct gup_test *t, uint64_t addr, int bytes)
{
	int ret;

	mutex_lock(&itv->udma.lock);
	ret = setup(addr, bytes);
	if (ret > 0) {
		ivtv_udma_prepare(itv);
		gup_test_point();
		ret = card_runs(t);
		ivtv_udma_unmap(itv);
	}
	mutex_unlock(&itv->udma.lock);
	return ret;
}

static const struct {
	unsigned int offset, bytes;
} pieces[] = { { 0, 1 }, { 4095, 1 }, { 4095, 2 }, { 12, 4084 }, { 100, 8192 }, { 2, 3 * 4096 }, { 0, 8 * 4096 } };

static void write_piece(struct gup_test *t, uint64_t addr, unsigned int i)
{
	static char wanted[PAGES * PAGE_SIZE];

	gup_test_pattern(wanted, addr, sizeof(wanted), 0);
	if (memcmp(video, wanted + pieces[i].offset, pieces[i].bytes) || video[pieces[i].bytes])
		gup_test_fail(t, "%u bytes at offset %u: the card has others", pieces[i].bytes, pieces[i].offset);
	memset(video, 0, sizeof(video));
}

static int play_pieces(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret = probe();

	for (unsigned int i = 0; !ret && i < ARRAY_SIZE(pieces); i++) {
		ret = writes(t, addr + pieces[i].offset, (int)pieces[i].bytes);
		if (!ret)
			write_piece(t, addr, i);
	}
	if (itv)
		remove_card();
	return ret;
}

static void any_offset_and_size(void **state)
{
	(void)state;
	driver_scene("pieces");
	driver_run(GUP_TEST_ANON, play_pieces);
	driver_run(GUP_TEST_READONLY, play_pieces);
	driver_fail_each(GUP_TEST_HUGE, play_pieces);
}

/* One transfer at a time, and nothing for a length that is none. */
static int play_refusals(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret = acquire(t, addr, PAGES);

	if (ret)
		return ret;
	if (setup(addr, PAGE_SIZE) != -EBUSY)
		gup_test_fail(t, "a second transfer was set up");
	if (driver_held(t, false) != PAGES)
		gup_test_fail(t, "the second one changed what is held");
	ivtv_udma_unmap(itv);
	ivtv_udma_unmap(itv); /* there is nothing any more */
	if (setup(addr, 0) != -EINVAL || setup(addr, -1) != -EINVAL)
		gup_test_fail(t, "a length that is none was taken");
	if (driver_held(t, false))
		gup_test_fail(t, "something is held");
	remove_card();
	return 0;
}

/* While the card is at something else, the transfer waits; the interrupt starts it. */
static int play_pending(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret = acquire(t, addr, PAGES);

	if (ret)
		return ret;
	set_bit(IVTV_F_I_DMA, &itv->i_flags);
	ivtv_udma_prepare(itv);
	if (reg_transfer || !test_bit(IVTV_F_I_UDMA_PENDING, &itv->i_flags))
		gup_test_fail(t, "the card is disturbed");
	ivtv_udma_start(itv);
	if (test_bit(IVTV_F_I_UDMA_PENDING, &itv->i_flags) || card_runs(t))
		gup_test_fail(t, "the transfer that waited does not run");
	release(t);
	return 0;
}

static void busy_and_refusals(void **state)
{
	(void)state;
	driver_scene("refusals");
	driver_run(GUP_TEST_ANON, play_refusals);
	driver_run(GUP_TEST_ANON, play_pending);
}

/* A hole after 5 pages, one at the start, and a hole in a folio's place. */
static int play_holes(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret = probe();

	if (ret)
		return ret;
	if (gup_munmap(gup_test_mm(t), addr + 5 * PAGE_SIZE, PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
	if (setup(addr, PAGES * PAGE_SIZE) != -EINVAL || setup(addr + 5 * PAGE_SIZE, PAGE_SIZE) != -EFAULT)
		gup_test_fail(t, "memory with a hole was taken");
	if (driver_held(t, false))
		gup_test_fail(t, "something is held");
	ret = writes(t, addr, 5 * PAGE_SIZE);
	remove_card();
	return ret;
}

static void holes(void **state)
{
	(void)state;
	driver_scene("holes");
	driver_run(GUP_TEST_ANON, play_holes);
	driver_run(GUP_TEST_HUGE, play_holes);
}

/* What the user itself may not read goes on the screen in 6.1. */
static int play_no_access(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret = probe(), wanted = GUP_LINUX == 601 ? 0 : -EFAULT;

	if (ret)
		return ret;
	if (gup_mprotect(gup_test_mm(t), addr, PAGES * PAGE_SIZE, 0))
		gup_test_fail(t, "mprotect failed");
	ret = writes(t, addr, PAGES * PAGE_SIZE);
	if (ret != wanted)
		gup_test_fail(t, "memory without access: %d and not %d", ret, wanted);
	remove_card();
	return 0;
}

static void memory_without_access(void **state)
{
	(void)state;
	driver_scene("no access");
	driver_run(GUP_TEST_ANON, play_no_access);
}

/* A picture has two planes, each anywhere in memory, and each goes to a place of its own. */
static int two_planes(struct gup_test *t, uint64_t addr)
{
	struct ivtv_user_dma *dma = &itv->udma;
	struct ivtv_dma_page_info y, uv;
	long got;

	ivtv_udma_get_page_info(&y, addr + 1000, 8000);
	ivtv_udma_get_page_info(&uv, addr + 5 * PAGE_SIZE + 8, 4000);
	got = pin_user_pages_unlocked(y.uaddr, y.page_count, dma->map, FOLL_FORCE);
	if (got == y.page_count)
		got += pin_user_pages_unlocked(uv.uaddr, uv.page_count, dma->map + got, FOLL_FORCE);
	dma->page_count = (int)got;
	if (got != 4 || ivtv_udma_fill_sg_list(dma, &uv, ivtv_udma_fill_sg_list(dma, &y, 0)) != 4)
		gup_test_fail(t, "two planes of %d and %d pages hold %ld", y.page_count, uv.page_count, got);
	dma->SG_length = dma_map_sg(&pdev.dev, dma->SGlist, dma->page_count, DMA_TO_DEVICE);
	ivtv_udma_fill_sg_array(dma, DEST + 8, DEST + 16000, 8000);
	dma->SGarray[dma->SG_length - 1].size |= LAST;
	ivtv_udma_prepare(itv);
	return card_runs(t);
}

static int play_planes(struct gup_test *t)
{
	static char wanted[PAGES * PAGE_SIZE];
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret = probe();

	if (ret)
		return ret;
	gup_test_pattern(wanted, addr, sizeof(wanted), 0);
	ret = two_planes(t, addr);
	if (!ret && (memcmp(video + 8, wanted + 1000, 8000) || memcmp(video + 16000, wanted + 5 * PAGE_SIZE + 8, 4000)))
		gup_test_fail(t, "the planes are not where they belong");
	release(t);
	return ret;
}

static void planes_of_a_picture(void **state)
{
	(void)state;
	driver_scene("planes");
	driver_run(GUP_TEST_ANON, play_planes);
	driver_run(GUP_TEST_HUGE, play_planes);
}

/* The card is taken away while a transfer is set up: by unbinding it under a writer. */
static int play_removed(struct gup_test *t)
{
	int ret = acquire(t, gup_test_buffer(t, NULL, PAGES), PAGES);

	if (!ret)
		remove_card();
	return ret;
}

static void removed_under_a_transfer(void **state)
{
	(void)state;
	driver_scene("removed");
	driver_run(GUP_TEST_ANON, play_removed);
}

/* ---- two threads of the application at one card ---- */

static uint64_t shared_addr;

static int open_card(struct gup_test *t)
{
	shared_addr = gup_test_buffer(t, NULL, PAGES);
	return probe();
}

static void close_card(struct gup_test *t)
{
	if (driver_held(t, false))
		gup_test_fail(t, "something is held");
	remove_card();
}

static void thread_writes(struct gup_test *t)
{
	int ret = writes(t, shared_addr, PAGES * PAGE_SIZE);

	if (ret && ret != -EINVAL && ret != -EFAULT) /* unmapped in part, or from the start */
		gup_test_fail(t, "a transfer: %d", ret);
}

static void thread_unmaps(struct gup_test *t)
{
	if (gup_munmap(gup_test_mm(t), shared_addr + 4 * PAGE_SIZE, 4 * PAGE_SIZE) ||
	    gup_munmap(gup_test_mm(t), shared_addr, 4 * PAGE_SIZE))
		gup_test_fail(t, "munmap failed");
}

static void thread_forks(struct gup_test *t)
{
	struct gup_mm *child;

	if (gup_mm_fork(gup_test_mm(t), "child", &child))
		return;
	gup_test_expect(t, child, shared_addr, PAGES * PAGE_SIZE, 0);
	gup_mm_destroy(child);
}

static void writers_against_munmap(void **state)
{
	static const struct gup_test_play play = {
		.begin = open_card,
		.actors = { { "one", thread_writes }, { "other", thread_writes }, { "munmap", thread_unmaps } },
		.end = close_card,
		.count = 500,
	};

	(void)state;
	driver_scene("munmap");
	driver_schedules(GUP_TEST_ANON, &play);
	driver_schedules(GUP_TEST_HUGE, &play);
	driver_schedules(GUP_TEST_SHARED, &play);
}

static void writers_against_fork(void **state)
{
	static const struct gup_test_play play = {
		.begin = open_card,
		.actors = { { "one", thread_writes }, { "other", thread_writes }, { "fork", thread_forks } },
		.end = close_card,
		.count = 300,
	};

	(void)state;
	driver_scene("forks");
	driver_schedules(GUP_TEST_ANON, &play);
}

int main(void)
{
	static const struct known known[] = {
		/* ivtv_udma_alloc() keeps what dma_map_single() returned without looking at it */
		{ GUP_TEST_BAD_RELEASE, "ivtv-udma.c:190", "DMA failure 1" },
		{ GUP_TEST_NO_MAPPING, "card_runs", "DMA failure 1" },
		/* ivtv_udma_free() unmaps a transfer that is set up, and keeps its pages */
		{ GUP_TEST_PIN_LEFT, "ivtv-udma.c:117", "removed" },
		{ 0 },
	};
	static const struct driver driver = {
		.name = "ivtv/ivtv-udma.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.dma = dma_of,
		.reads = true,
		.no_limit = true, /* it counts nothing */
		.refuses = refuses,
		.known = known,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_offset_and_size),
		cmocka_unit_test(busy_and_refusals),
		cmocka_unit_test(holes),
		cmocka_unit_test(memory_without_access),
		cmocka_unit_test(planes_of_a_picture),
		cmocka_unit_test(removed_under_a_transfer),
		cmocka_unit_test(writers_against_munmap),
		cmocka_unit_test(writers_against_fork),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
