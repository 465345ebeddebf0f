/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_mthca_memfree.c - drivers/infiniband/hw/mthca/mthca_memfree.c: doorbell pages of users, each
 * pinned alone, and the card's own memory ("ICM"), which the driver gives to it page by page.
 *
 * The test is the card: it keeps what the driver maps into it, and looks at memory only through that.
 */
#include "harness.h"

#include <linux/scatterlist.h>

#include "mthca_cmd.h"
#include <../drivers/infiniband/hw/mthca/mthca_memfree.h>

#define PAGES 8
#define PER_PAGE MTHCA_DB_REC_PER_PAGE
#define UARC_BASE 0x10000000ULL
#define TABLE_BASE 0x20000000ULL
#define CHUNK (1 << 18)
#define CARD_PAGES 1024

static struct pci_dev pci = { .dev.name = "mthca" };
static struct mthca_dev dev = { .pdev = &pci, .memfree = true, .uar_table = { UARC_BASE, PAGES *PAGE_SIZE } };
static struct mthca_uar uar = { .index = 3 };
static struct mthca_user_db_table *users;

/* ---- the card ---- */

static struct {
	u64 virt, dma;
} card[CARD_PAGES];

static dma_addr_t card_dma(u64 virt)
{
	for (size_t i = 0; i < CARD_PAGES; i++)
		if (card[i].virt == virt)
			return card[i].dma;
	return GUP_TEST_DMA_ERROR;
}

static void card_set(u64 old, u64 virt, u64 dma)
{
	size_t i = 0;

	while (i < CARD_PAGES && card[i].virt != old)
		i++;
	if (i == CARD_PAGES) {
		gup_test_fail(gup_linux_test, "the card has no page at 0x%llx", old);
		return;
	}
	card[i].virt = virt;
	card[i].dma = dma;
}

static int card_map(u64 dma, u64 virt)
{
	if (dma == GUP_TEST_DMA_ERROR)
		gup_test_fail(gup_linux_test, "the card is told an address that is not mapped");
	card_set(card_dma(virt) == GUP_TEST_DMA_ERROR ? 0 : virt, virt, dma);
	return 0;
}

/* A command has a mailbox. */
static int command(void)
{
	void *mailbox = kmalloc(PAGE_SIZE, GFP_KERNEL);

	kfree(mailbox);
	return mailbox ? 0 : -ENOMEM;
}

int mthca_MAP_ICM_page(struct mthca_dev *d, u64 dma_addr, u64 virt)
{
	(void)d;
	return command() ? -ENOMEM : card_map(dma_addr, virt);
}

int mthca_MAP_ICM(struct mthca_dev *d, struct mthca_icm *icm, u64 virt)
{
	struct mthca_icm_iter iter;
	u64 done;

	(void)d;
	if (command())
		return -ENOMEM;
	for (mthca_icm_first(icm, &iter); !mthca_icm_last(&iter); mthca_icm_next(&iter))
		for (done = 0; done < mthca_icm_size(&iter); done += PAGE_SIZE, virt += PAGE_SIZE)
			card_map(mthca_icm_addr(&iter) + done, virt);
	return 0;
}

/* The first page has to be there; of a short chunk the driver takes back more than it gave. */
int mthca_UNMAP_ICM(struct mthca_dev *d, u64 virt, u32 page_count)
{
	u64 at;

	(void)d;
	card_set(virt, 0, 0);
	for (at = virt + PAGE_SIZE; at < virt + page_count * PAGE_SIZE; at += PAGE_SIZE)
		if (card_dma(at) != GUP_TEST_DMA_ERROR)
			card_set(at, 0, 0);
	return 0;
}

void mthca_warn(struct mthca_dev *d, const char *fmt, ...)
{
	(void)d;
	gup_test_fail(gup_linux_test, "the driver warns: %.*s", (int)strcspn(fmt, "\n"), fmt);
}

static void card_reset(void)
{
	memset(card, 0, sizeof(card));
	dev.uar_table.uarc_size = PAGES * PAGE_SIZE;
}

/* ---- doorbell pages of users ---- */

static u64 virt_of(int user_page)
{
	return UARC_BASE + (u64)uar.index * dev.uar_table.uarc_size + user_page * PAGE_SIZE;
}

static int users_begin(void)
{
	card_reset();
	users = mthca_init_user_db_tab(&dev);
	return IS_ERR(users) ? (int)PTR_ERR(users) : 0;
}

static int map_db(int index, u64 uaddr)
{
	return mthca_map_user_db(&dev, &uar, users, index, uaddr);
}

static void unmap_db(int index)
{
	mthca_unmap_user_db(&dev, &uar, users, index);
}

static void release(struct gup_test *t)
{
	(void)t;
	mthca_cleanup_user_db_tab(&dev, &uar, users);
}

static int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	int ret = users_begin();
	unsigned int i;

	if (ret)
		return ret;
	for (i = 0; i < nr && !ret; i++)
		ret = map_db(i * PER_PAGE, addr + i * PAGE_SIZE);
	if (ret)
		release(t);
	return ret;
}

static dma_addr_t dma_of(unsigned int i)
{
	return card_dma(virt_of(i));
}

/* It asks for writable memory, though the card only reads. */
static int refuses(enum gup_test_memory memory)
{
	if (memory == GUP_TEST_DAX)
		return -EOPNOTSUPP;
	return memory == GUP_TEST_READONLY ? -EFAULT : 0;
}

static void expect(struct gup_test *t, const char *what, long long got, long long wanted)
{
	if (got != wanted)
		gup_test_fail(t, "%s: %lld instead of %lld", what, got, wanted);
}

/* All doorbells of a page are one pin, up to as many as it has room for. */
static int play_records(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 2);
	int i, ret = users_begin();

	if (ret)
		return ret;
	for (i = 0; i < PER_PAGE; i++)
		expect(t, "doorbell of the page", map_db(i, addr), 0);
	expect(t, "one more than there is room for", map_db(0, addr), -EINVAL);
	unmap_db(0);
	expect(t, "after one was given back", map_db(0, addr), 0);
	expect(t, "pins", (long long)driver_held(t, false), 1);
	expect(t, "another page at the same place", map_db(1, addr + PAGE_SIZE), -EINVAL);
	expect(t, "no whole page", map_db(PER_PAGE, addr + 8), -EINVAL);
	expect(t, "negative", map_db(-1, addr), -EINVAL);
	expect(t, "beyond the end", map_db(PAGES * PER_PAGE + 1, addr), -EINVAL);
	expect(t, "no memory there", map_db(PER_PAGE, GUP_USER_TOP), -EFAULT);
	expect(t, "pins", (long long)driver_held(t, false), 1);
	release(t);
	expect(t, "pins after it", (long long)driver_held(t, false), 0);
	return 0;
}

static void records_of_a_page(void **state)
{
	(void)state;
	driver_scene("records");
	driver_run(GUP_TEST_ANON, play_records);
}

/* Cards with memory of their own need none of this. */
static int play_no_memfree(struct gup_test *t)
{
	card_reset();
	dev.memfree = false;
	users = mthca_init_user_db_tab(&dev);
	expect(t, "table", users != NULL, 0);
	expect(t, "map", map_db(0, gup_test_buffer(t, NULL, 1)), 0);
	expect(t, "pins", (long long)driver_held(t, false), 0);
	unmap_db(0);
	release(t);
	expect(t, "doorbells of the kernel", mthca_init_db_tab(&dev), 0);
	mthca_cleanup_db_tab(&dev);
	dev.memfree = true;
	return 0;
}

static void a_card_with_memory(void **state)
{
	(void)state;
	driver_scene("no memfree");
	driver_run(GUP_TEST_ANON, play_no_memfree);
}

/* The last doorbell of a page goes, and there is a new one: the page is still pinned, and is pinned again. */
static int play_again(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 1);
	int ret = users_begin();

	if (ret)
		return ret;
	ret = map_db(0, addr);
	if (!ret) {
		unmap_db(0);
		ret = map_db(0, addr);
	}
	release(t);
	return ret;
}

static void mapped_again(void **state)
{
	(void)state;
	driver_scene("mapped again");
	driver_run(GUP_TEST_ANON, play_again);
}

/* The record behind the last one: here the table has room for it, so that it can be looked at what becomes of it. */
static int play_too_far(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 1);
	int ret = users_begin();

	if (ret)
		return ret;
	dev.uar_table.uarc_size = (PAGES - 1) * PAGE_SIZE;
	ret = map_db((PAGES - 1) * PER_PAGE, addr);
	if (!ret)
		gup_test_fail(t, "a doorbell in a page that the table does not have");
	release(t);
	return 0;
}

static void one_too_far(void **state)
{
	(void)state;
	driver_scene("one too far");
	driver_run(GUP_TEST_ANON, play_too_far);
}

/* ---- doorbells of the kernel ---- */

static int alloc_db(struct gup_test *t, enum mthca_db_type type, __be32 **out)
{
	int index = mthca_alloc_db(&dev, type, 0x1234, out);

	if (index < 0)
		return index;
	if (!gup_linux_page_is_ours(virt_to_page(*out))) {
		gup_test_fail(t, "the doorbell lies in a page that is free");
		return -EFAULT;
	}
	if (*out != (__be32 *)&dev.db_tab->page[index / PER_PAGE].db_rec[index % PER_PAGE])
		gup_test_fail(t, "the doorbell is not where its index says");
	return index;
}

/* The card reads what the driver wrote: number and type, big-endian. */
static void expect_db(struct gup_test *t, int index, enum mthca_db_type type)
{
	u64 virt = UARC_BASE + (u64)dev.driver_uar.index * dev.uar_table.uarc_size + (u64)index * 8, value = 0;

	gup_test_dma_read(t, card_dma(virt & PAGE_MASK) + offset_in_page(virt), &value, 8);
	expect(t, "doorbell", (long long)__builtin_bswap64(value), 0x1234 << 8 | type << 5);
}

static int play_kernel(struct gup_test *t)
{
	static const enum mthca_db_type types[] = { MTHCA_DB_TYPE_CQ_ARM, MTHCA_DB_TYPE_SQ, MTHCA_DB_TYPE_CQ_SET_CI,
						    MTHCA_DB_TYPE_RQ, MTHCA_DB_TYPE_SRQ };
	int index[ARRAY_SIZE(types)], ret, result;
	__be32 *db;
	size_t i;

	card_reset();
	result = mthca_init_db_tab(&dev);
	if (result)
		return result;
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		ret = index[i] = alloc_db(t, types[i], &db);
		if (ret < 0)
			result = ret;
		else
			expect_db(t, index[i], types[i]);
	}
	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (index[i] >= 0)
			mthca_free_db(&dev, types[i], index[i]);
	mthca_cleanup_db_tab(&dev);
	return result;
}

static void doorbells_of_the_kernel(void **state)
{
	(void)state;
	driver_scene("kernel doorbells");
	driver_run(GUP_TEST_ANON, play_kernel);
	driver_fail_each(GUP_TEST_ANON, play_kernel);
}

/* Two groups grow towards each other; here the first takes all there is, and gives it back. */
static int play_groups(struct gup_test *t)
{
	int ret, nr = 0, i;
	__be32 *db;

	card_reset();
	dev.uar_table.uarc_size = 4 * PAGE_SIZE;
	ret = mthca_init_db_tab(&dev);
	if (ret)
		return ret;
	expect(t, "no such type", mthca_alloc_db(&dev, MTHCA_DB_TYPE_INVALID, 0, &db), -EINVAL);
	while (alloc_db(t, MTHCA_DB_TYPE_SQ, &db) == nr)
		nr++;
	expect(t, "doorbells of the first group", nr, 2 * PER_PAGE);
	for (i = 0; i < nr; i++)
		mthca_free_db(&dev, MTHCA_DB_TYPE_SQ, i);
	ret = alloc_db(t, MTHCA_DB_TYPE_RQ, &db);
	if (ret < 0)
		gup_test_fail(t, "an empty table refuses a doorbell of the other group");
	else
		mthca_free_db(&dev, MTHCA_DB_TYPE_RQ, ret);
	mthca_cleanup_db_tab(&dev);
	return 0;
}

static void groups_of_doorbells(void **state)
{
	(void)state;
	driver_scene("groups");
	driver_run(GUP_TEST_ANON, play_groups);
}

/* ---- the card's memory ---- */

#define OBJECT 64
#define PER_CHUNK (CHUNK / OBJECT)

static int coherent;

static void fill_object(struct gup_test *t, struct mthca_icm_table *table, int object)
{
	u64 virt = TABLE_BASE + (u64)object * OBJECT, value = 0;
	dma_addr_t dma = 0;
	u64 *p = mthca_table_find(table, object, &dma);

	if (!p) {
		gup_test_fail(t, "object %d is not found", object);
		return;
	}
	*p = 1000 + object;
	expect(t, "where the card has it", (long long)dma,
	       (long long)(card_dma(virt & PAGE_MASK) + offset_in_page(virt)));
	gup_test_dma_read(t, dma, &value, sizeof(value));
	expect(t, "what the card reads", (long long)value, 1000 + object);
}

static int use_table(struct gup_test *t, struct mthca_icm_table *table)
{
	int ret = mthca_table_get(&dev, table, PER_CHUNK + 5);

	if (ret)
		return ret;
	fill_object(t, table, 0);
	fill_object(t, table, PER_CHUNK + 5);
	ret = mthca_table_get_range(&dev, table, 0, 3 * PER_CHUNK - 1);
	if (!ret) {
		fill_object(t, table, 3 * PER_CHUNK - 1);
		mthca_table_put_range(&dev, table, 0, 3 * PER_CHUNK - 1);
	}
	expect(t, "the third chunk is gone", mthca_table_find(table, 2 * PER_CHUNK, NULL) != NULL, 0);
	expect(t, "the second is not", mthca_table_find(table, PER_CHUNK, NULL) != NULL, 1);
	mthca_table_put(&dev, table, PER_CHUNK + 5);
	expect(t, "now it is", mthca_table_find(table, PER_CHUNK, NULL) != NULL, 0);
	return ret;
}

/* Three chunks; the first is reserved for the firmware and stays. */
static int play_table(struct gup_test *t)
{
	struct mthca_icm_table *table;
	int ret;

	card_reset();
	table = mthca_alloc_icm_table(&dev, TABLE_BASE, OBJECT, 4 * PER_CHUNK, 1, 1, coherent);
	if (!table)
		return -ENOMEM;
	ret = use_table(t, table);
	mthca_free_icm_table(&dev, table);
	return ret;
}

/* One piece more than a list has room for (7): 256 KiB each, and smaller ones for the rest. */
static int play_icm(struct gup_test *t)
{
	struct mthca_icm_iter iter;
	struct mthca_icm *icm = mthca_alloc_icm(&dev, 7 * 64 + 31, coherent ? GFP_KERNEL : GFP_HIGHUSER, coherent);
	u64 size = 0;

	if (!icm)
		return -ENOMEM;
	for (mthca_icm_first(icm, &iter); !mthca_icm_last(&iter); mthca_icm_next(&iter))
		size += mthca_icm_size(&iter);
	expect(t, "pages", (long long)size, (7 * 64 + 31) * PAGE_SIZE);
	mthca_free_icm(&dev, icm, coherent);
	mthca_free_icm(&dev, NULL, coherent);
	return 0;
}

static void memory_of_the_card(void **state)
{
	(void)state;
	driver_scene("icm");
	for (coherent = 0; coherent <= 1; coherent++) {
		driver_run(GUP_TEST_ANON, play_table);
		driver_fail_each(GUP_TEST_ANON, play_table);
		driver_run(GUP_TEST_ANON, play_icm);
		driver_fail_each(GUP_TEST_ANON, play_icm);
	}
}

/* ---- at once ---- */

static uint64_t shared_addr;
static struct gup_mm *child_mm;

static int begin_play(struct gup_test *t)
{
	shared_addr = gup_test_buffer(t, NULL, 1);
	child_mm = NULL;
	return users_begin();
}

static void act_two(struct gup_test *t)
{
	(void)t;
	if (map_db(0, shared_addr) == 0 && map_db(1, shared_addr) == 0)
		unmap_db(1);
}

static void act_one(struct gup_test *t)
{
	(void)t;
	map_db(2, shared_addr);
}

static void act_unmap(struct gup_test *t)
{
	gup_munmap(gup_test_mm(t), shared_addr, PAGE_SIZE);
}

static void act_fork(struct gup_test *t)
{
	gup_mm_fork(gup_test_mm(t), "child", &child_mm);
}

/* Whatever came first: if the page is pinned it is so once, and the card reads what the user writes. */
static void end_play(struct gup_test *t)
{
	u64 word = 0x5ca1ab1e, value = 0;
	uint64_t held = driver_held(t, false);

	if (held > 1)
		gup_test_fail(t, "%llu pins of one page", (u64)held);
	if (held && !gup_copy_to_user(gup_test_mm(t), shared_addr, &word, sizeof(word))) {
		gup_test_dma_read(t, card_dma(virt_of(0)), &value, sizeof(value));
		expect(t, "what the card reads", (long long)value, (long long)word);
	}
	if (child_mm)
		gup_mm_destroy(child_mm);
	release(t);
}

static void in_many_orders(void **state)
{
	static const struct gup_test_play plays[] = {
		{ begin_play,
		  { { "two", act_two }, { "one", act_one }, { "unmap", act_unmap } },
		  end_play,
		  400,
		  0,
		  false,
		  0 },
		{ begin_play, { { "two", act_two }, { "fork", act_fork } }, end_play, 400, 0, false, 0 },
	};

	(void)state;
	driver_scene("at once");
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++)
		driver_schedules(GUP_TEST_ANON, &plays[i]);
}

int main(void)
{
	static const struct known known[] = {
		/* :485 dma_map_sg() says 0 when it fails, and less than 0 is looked for. */
		{ GUP_TEST_FAILED, "the card is told an address that is not mapped", "DMA failure" },
		{ GUP_TEST_BAD_RELEASE, "of 0xffffffffffffffff, where nothing was mapped", "DMA failure" },
		/* :470 no doorbell is left in the page, so it is pinned and mapped, which it still is. */
		{ GUP_TEST_PIN_LEFT, "(mthca_map_user_db)", "mapped again" },
		{ GUP_TEST_DMA_LEFT, "(mthca_map_user_db)", "mapped again" },
		/* :456 the table has uarc_size / 8 doorbells, from 0. */
		{ GUP_TEST_FAILED, "a page that the table does not have", "one too far" },
		{ GUP_TEST_PIN_LEFT, "(mthca_map_user_db)", "one too far" },
		{ GUP_TEST_DMA_LEFT, "(mthca_map_user_db)", "one too far" },
		/* :641 the card refuses the page; it is freed, and page->db_rec still says that it is there. */
		{ GUP_TEST_FAILED, "the doorbell lies in a page that is free", "kernel doorbells" },
		{ GUP_TEST_FAILED, "Kernel UARC page", "kernel doorbells" },
		{ GUP_TEST_FAILED, "the card has no page", "kernel doorbells" },
		{ GUP_TEST_BAD_RELEASE, "(mthca_cleanup_db_tab)", "kernel doorbells" },
		/* :692 the last page of a group is max_group1 - 1, or min_group2 + 1: no group ever becomes smaller. */
		{ GUP_TEST_FAILED, "an empty table refuses a doorbell", "groups" },
		{ 0 },
	};
	static const struct driver driver = {
		.name = "mthca/mthca_memfree.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.dma = dma_of,
		.reads = true,
		.no_limit = true,
		.refuses = refuses,
		.known = known,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_a_page),
		cmocka_unit_test(a_card_with_memory),
		cmocka_unit_test(mapped_again),
		cmocka_unit_test(one_too_far),
		cmocka_unit_test(doorbells_of_the_kernel),
		cmocka_unit_test(groups_of_doorbells),
		cmocka_unit_test(memory_of_the_card),
		cmocka_unit_test(in_many_orders),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
