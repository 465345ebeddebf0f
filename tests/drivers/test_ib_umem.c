/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/drivers/test_ib_umem.c - drivers/infiniband/core/umem.c with the kernel's own lib/scatterlist.c: memory regions
 * of RDMA. Pages are pinned in batches of 512 by pin_user_pages_fast(LONGTERM), neighbours become one entry of a
 * scatter list, and entries are released by unpin_user_page_range_dirty_lock().
 */
#include "harness.h"

#include <linux/scatterlist.h>
#include <rdma/ib_umem_odp.h>

#define PAGES 16
#define MANY 700 /* pages: two batches */
#define WRITING (IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_READ | IB_ACCESS_RELAXED_ORDERING)
#define READING IB_ACCESS_REMOTE_READ

static struct device hca = { .name = "hca" };
static struct ib_device device = { .dma_device = &hca };
static struct ib_umem *usual;
static struct ib_umem *odp_released, *dmabuf_released;

void ib_umem_odp_release(struct ib_umem_odp *odp)
{
	odp_released = &odp->umem;
}

void ib_umem_dmabuf_release(struct ib_umem_dmabuf *dmabuf)
{
	dmabuf_released = &dmabuf->umem;
}

static int get(struct ib_umem **out, uint64_t addr, size_t size, int access)
{
	struct ib_umem *umem = ib_umem_get(&device, addr, size, access);

	*out = IS_ERR(umem) ? NULL : umem;
	return IS_ERR(umem) ? (int)PTR_ERR(umem) : 0;
}

static int acquire(struct gup_test *t, uint64_t addr, unsigned int nr)
{
	(void)t;
	device.max_seg_size = UINT_MAX;
	return get(&usual, addr, nr * PAGE_SIZE, WRITING);
}

static void release(struct gup_test *t)
{
	(void)t;
	ib_umem_release(usual);
	usual = NULL;
}

/* Where the device finds a byte, counted from the start of the first page. */
static dma_addr_t dma_at(struct ib_umem *umem, uint64_t offset)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(&umem->sgt_append.sgt, sg, i)
	{
		if (offset < sg_dma_len(sg))
			return sg_dma_address(sg) + offset;
		offset -= sg_dma_len(sg);
	}
	return GUP_TEST_DMA_ERROR;
}

static dma_addr_t dma_of(unsigned int i)
{
	return dma_at(usual, i * PAGE_SIZE);
}

static void expect(struct gup_test *t, const char *what, long long got, long long wanted)
{
	if (got != wanted)
		gup_test_fail(t, "%s: %lld instead of %lld", what, got, wanted);
}

static void expect_device(struct gup_test *t, struct ib_umem *umem, uint64_t addr, unsigned int pages, u32 tag)
{
	char bytes[PAGE_SIZE], wanted[PAGE_SIZE];
	unsigned int i;

	for (i = 0; i < pages; i++) {
		gup_test_pattern(wanted, addr + i * PAGE_SIZE, PAGE_SIZE, tag);
		gup_test_dma_read(t, dma_at(umem, i * PAGE_SIZE), bytes, PAGE_SIZE);
		if (memcmp(bytes, wanted, PAGE_SIZE)) {
			gup_test_fail(t, "the device does not see page %u", i);
			return;
		}
	}
}

static void user_writes(struct gup_test *t, uint64_t addr, unsigned int pages, u32 tag)
{
	char bytes[PAGE_SIZE];
	unsigned int i;

	for (i = 0; i < pages; i++) {
		gup_test_pattern(bytes, addr + i * PAGE_SIZE, PAGE_SIZE, tag);
		if (gup_copy_to_user(gup_test_mm(t), addr + i * PAGE_SIZE, bytes, PAGE_SIZE))
			gup_test_fail(t, "the user cannot write to page %u", i);
	}
}

/* ---- entries ---- */

/* Runs of frames that follow each other, none longer than @most pages. */
static unsigned int runs_of(struct gup_test *t, uint64_t addr, unsigned int pages, unsigned int most)
{
	uint64_t last = 0, pfn;
	unsigned int i, nr = 0, length = 0;

	for (i = 0; i < pages; i++, last = pfn) {
		pfn = gup_user_pfn(gup_test_mm(t), addr + i * PAGE_SIZE);
		if (i && pfn == last + 1 && length < most) {
			length++;
			continue;
		}
		length = 1;
		nr++;
	}
	return nr;
}

static unsigned int most_pages = 512;

static int play_entries(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, MANY);
	int ret;

	device.max_seg_size = most_pages * PAGE_SIZE;
	ret = get(&usual, addr, MANY * PAGE_SIZE, WRITING);
	if (ret)
		return ret;
	expect(t, "pins", (long long)driver_held(t, false), MANY);
	expect(t, "mm->pinned_vm", atomic64_read(&current->mm->pinned_vm), MANY);
	expect(t, "entries", usual->sgt_append.sgt.orig_nents, runs_of(t, addr, MANY, most_pages));
	expect_device(t, usual, addr, MANY, 0);
	user_writes(t, addr, MANY, 1);
	expect_device(t, usual, addr, MANY, 1);
	release(t);
	expect(t, "pins after it", (long long)driver_held(t, false), 0);
	return 0;
}

/* With entries of a page there are several chained lists; with entries of 16 a run goes on in the next batch. */
static void neighbours_become_entries(void **state)
{
	static const unsigned int most[] = { 512, 16, 7, 1 };

	(void)state;
	driver_scene("entries");
	for (size_t i = 0; i < ARRAY_SIZE(most); i++) {
		most_pages = most[i];
		driver_run(GUP_TEST_ANON, play_entries);
		driver_run(GUP_TEST_HUGE, play_entries);
		driver_run(GUP_TEST_CMA, play_entries);
	}
}

/* Pages that do not follow each other: every second page of a buffer is in another place than its neighbours. */
static uint64_t scattered(struct gup_test *t, unsigned int pages)
{
	struct gup_map_request request = { .length = pages * PAGE_SIZE,
					   .prot = GUP_PROT_READ | GUP_PROT_WRITE,
					   .flags = GUP_MAP_PRIVATE };
	int64_t addr = gup_mmap(gup_test_mm(t), &request);
	unsigned int i;

	if (addr < 0)
		return 0;
	for (i = 0; i < pages; i += 2)
		user_writes(t, (uint64_t)addr + i * PAGE_SIZE, 1, 0);
	for (i = 1; i < pages; i += 2)
		user_writes(t, (uint64_t)addr + i * PAGE_SIZE, 1, 0);
	return (uint64_t)addr;
}

static int play_scattered(struct gup_test *t)
{
	uint64_t addr = scattered(t, MANY);
	int ret;

	device.max_seg_size = UINT_MAX;
	ret = get(&usual, addr, MANY * PAGE_SIZE, WRITING);
	if (ret)
		return ret;
	expect(t, "entries", usual->sgt_append.sgt.orig_nents, runs_of(t, addr, MANY, MANY));
	if (usual->sgt_append.sgt.orig_nents < MANY / 2)
		gup_test_fail(t, "the test's buffer is not scattered");
	expect_device(t, usual, addr, MANY, 0);
	expect(t, "page size", ib_umem_find_best_pgsz(usual, SZ_4K | SZ_2M, addr), SZ_4K);
	expect(t, "no page size", ib_umem_find_best_pgsz(usual, SZ_2M, addr), 0);
	release(t);
	return 0;
}

static void scattered_pages(void **state)
{
	(void)state;
	driver_scene("scattered");
	driver_run(GUP_TEST_ANON, play_scattered);
}

/*
 * Lists, pages and mappings that cannot be had. With entries of 5 the second list is wanted in the second batch, after
 * three of its pages became part of the first batch's last entry.
 */
static void many_with_failures(void **state)
{
	(void)state;
	driver_scene("entries");
	most_pages = 5;
	driver_fail_each(GUP_TEST_ANON, play_entries);
}

/* ---- page sizes ---- */

static int play_sizes(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 512);
	const unsigned long all = SZ_4K | SZ_4K << 4 | SZ_2M;
	struct ib_umem_odp odp = { .umem.is_odp = 1, .page_shift = 16 };
	int ret;

	device.max_seg_size = UINT_MAX;
	ret = get(&usual, addr, SZ_2M, WRITING);
	if (ret)
		return ret;
	expect(t, "entries", usual->sgt_append.sgt.nents, 1);
	expect(t, "one page of 2 MiB", ib_umem_find_best_pgsz(usual, all, addr), SZ_2M);
	expect(t, "iova", (long long)usual->iova, (long long)addr);
	expect(t, "blocks", ib_umem_num_dma_blocks(usual, SZ_2M), 1);
	expect(t, "no 2 MiB", ib_umem_find_best_pgsz(usual, SZ_4K | SZ_4K << 4, addr), SZ_4K << 4);
	expect(t, "64 KiB beside it", ib_umem_find_best_pgsz(usual, all, addr + (SZ_4K << 4)), SZ_4K << 4);
	expect(t, "a page beside it", ib_umem_find_best_pgsz(usual, all, addr + SZ_4K), SZ_4K);
	expect(t, "too large alone", ib_umem_find_best_pgsz(usual, SZ_2M, addr + SZ_4K), 0);
	expect(t, "beyond the last address", ib_umem_find_best_pgsz(usual, all, U64_MAX - SZ_4K + 1), 0);
	release(t);
	expect(t, "on demand", ib_umem_find_best_pgsz(&odp.umem, all, addr), SZ_4K << 4);
	expect(t, "on demand, other pages", ib_umem_find_best_pgsz(&odp.umem, SZ_2M, addr), 0);
	return 0;
}

/* Exchanges where the entries are in the device's addresses with @places. */
static void move_entries(dma_addr_t places[])
{
	struct scatterlist *sg;
	dma_addr_t place;
	unsigned int i;

	for_each_sgtable_dma_sg(&usual->sgt_append.sgt, sg, i)
	{
		place = places[i];
		places[i] = sg_dma_address(sg);
		sg_dma_address(sg) = place;
	}
}

/* Where each entry begins counts, unless it goes on where the one before it ends in the device's addresses. */
static int play_sizes_in_pieces(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 512);
	dma_addr_t joined[] = { SZ_16M, SZ_16M + SZ_2M / 4, SZ_16M + SZ_2M / 2, SZ_16M + SZ_2M / 4 * 3 };
	dma_addr_t apart[] = { SZ_16M, SZ_16M * 2 + SZ_2M / 4, SZ_16M * 3 + SZ_2M / 2, SZ_16M * 4 + SZ_2M / 4 * 3 };
	int ret;

	device.max_seg_size = 128 * PAGE_SIZE;
	ret = get(&usual, addr, SZ_2M, WRITING);
	if (ret)
		return ret;
	expect(t, "entries", usual->sgt_append.sgt.nents, 4);
	move_entries(joined);
	expect(t, "one after the other", ib_umem_find_best_pgsz(usual, SZ_4K | SZ_2M, addr), SZ_2M);
	move_entries(joined);
	move_entries(apart);
	expect(t, "apart", ib_umem_find_best_pgsz(usual, SZ_4K | SZ_2M, addr), SZ_4K);
	move_entries(apart);
	release(t);
	return 0;
}

static void page_sizes(void **state)
{
	(void)state;
	driver_scene("sizes");
	driver_run(GUP_TEST_HUGE, play_sizes);
	driver_run(GUP_TEST_HUGE, play_sizes_in_pieces);
}

/* ---- copying ---- */

static void expect_copy(struct gup_test *t, uint64_t addr, size_t offset, size_t length)
{
	char copied[3 * PAGE_SIZE], wanted[3 * PAGE_SIZE];

	memset(copied, 0, sizeof(copied));
	gup_copy_from_user(gup_test_mm(t), wanted, addr + offset, length);
	expect(t, "copy", ib_umem_copy_from(copied, usual, offset, length), 0);
	if (memcmp(copied, wanted, length))
		gup_test_fail(t, "%zu bytes from %zu are not the user's", length, offset);
}

static int play_copy(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES) + 100;
	size_t size = (PAGES - 1) * PAGE_SIZE;
	char buf[8];
	int ret;

	device.max_seg_size = 2 * PAGE_SIZE;
	ret = get(&usual, addr, size, READING);
	if (ret)
		return ret;
	expect(t, "pages that it touches", (long long)driver_held(t, false), PAGES);
	expect(t, "offset in the first", ib_umem_offset(usual), 100);
	expect_copy(t, addr, 0, 8);
	expect_copy(t, addr, PAGE_SIZE - 104, 2 * PAGE_SIZE);
	expect_copy(t, addr, size - 50, 50);
	expect(t, "nothing at the end", ib_umem_copy_from(buf, usual, size, 0), 0);
	expect(t, "over the end", ib_umem_copy_from(buf, usual, size - 7, 8), -EINVAL);
	expect(t, "behind the end", ib_umem_copy_from(buf, usual, size + 1, 0), -EINVAL);
	expect(t, "around the end", ib_umem_copy_from(buf, usual, 8, SIZE_MAX), -EINVAL);
	release(t);
	return 0;
}

static void copies(void **state)
{
	(void)state;
	driver_scene("copies");
	driver_run(GUP_TEST_ANON, play_copy);
	driver_fail_each(GUP_TEST_ANON, play_copy);
}

/* ---- what is refused ---- */

static void refused(struct gup_test *t, const char *what, uint64_t addr, size_t size, int access, int wanted)
{
	int ret = get(&usual, addr, size, access);

	expect(t, what, ret, wanted);
	if (!ret)
		release(t);
	expect(t, "pins after it", (long long)driver_held(t, false), 0);
	expect(t, "mm->pinned_vm after it", atomic64_read(&current->mm->pinned_vm), 0);
}

static int play_refused(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);

	device.max_seg_size = UINT_MAX;
	refused(t, "nothing", addr, 0, WRITING, -EINVAL);
	refused(t, "on demand", addr, PAGE_SIZE, WRITING | IB_ACCESS_ON_DEMAND, -EOPNOTSUPP);
	refused(t, "around the end", ULONG_MAX - PAGE_SIZE, 2 * PAGE_SIZE, WRITING, -EINVAL);
	refused(t, "in the last page", ULONG_MAX - 100, 50, WRITING, -EINVAL);
	refused(t, "more than the user has", GUP_USER_TOP - PAGE_SIZE, 2 * PAGE_SIZE, WRITING, -EFAULT);
	refused(t, "more pages than can be counted", 0, 1UL << 45, WRITING, -EINVAL);
	gup_munmap(gup_test_mm(t), addr + 9 * PAGE_SIZE, PAGE_SIZE);
	refused(t, "a hole", addr, PAGES * PAGE_SIZE, WRITING, -EFAULT);
	gup_linux_set_limit(2 * PAGE_SIZE);
	refused(t, "over the limit by an offset", addr + 8, 2 * PAGE_SIZE, WRITING, -ENOMEM);
	refused(t, "the limit", addr, 2 * PAGE_SIZE, WRITING, 0);
	gup_linux_set_limit(0);
	refused(t, "no limit above nothing", addr, PAGE_SIZE, WRITING, -EPERM);
	return 0;
}

static void what_is_refused(void **state)
{
	(void)state;
	driver_scene("refused");
	driver_run(GUP_TEST_ANON, play_refused);
}

/* No bytes in the middle of a page: they are rounded to the page around them. */
static int play_nothing(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 1);
	int ret;

	device.max_seg_size = UINT_MAX;
	ret = get(&usual, addr + 8, 0, WRITING);
	if (ret)
		return ret;
	gup_test_fail(t, "no bytes at all are %llu pins", (u64)driver_held(t, false));
	expect(t, "page size", ib_umem_find_best_pgsz(usual, SZ_4K, addr + 8), 0);
	release(t);
	return 0;
}

static void no_bytes(void **state)
{
	(void)state;
	driver_scene("no bytes");
	driver_run(GUP_TEST_ANON, play_nothing);
}

/* Two regions over one limit. */
static int play_two(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	struct ib_umem *second = NULL;
	int ret;

	device.max_seg_size = UINT_MAX;
	gup_linux_set_limit((PAGES + 2) * PAGE_SIZE);
	ret = get(&usual, addr, PAGES * PAGE_SIZE, WRITING);
	if (ret)
		return ret;
	expect(t, "more than is left", get(&second, addr, 3 * PAGE_SIZE, WRITING), -ENOMEM);
	expect(t, "what is left", get(&second, addr, 2 * PAGE_SIZE, WRITING), 0);
	expect(t, "pins", (long long)driver_held(t, false), PAGES + 2);
	release(t);
	expect_device(t, second, addr, 2, 0);
	ib_umem_release(second);
	return 0;
}

static void two_regions(void **state)
{
	(void)state;
	driver_scene("two");
	driver_run(GUP_TEST_ANON, play_two);
}

/* ---- reading ---- */

static enum gup_test_memory read_kind;

/* 6.1 asks for writing by force, which needs memory of which a private copy can be made. */
static int wanted_for_reading(void)
{
	if (read_kind == GUP_TEST_DAX)
		return -EOPNOTSUPP;
	return read_kind == GUP_TEST_SHARED && GUP_LINUX == 601 ? -EFAULT : 0;
}

/* Memory that the user may only read, for a device that only reads. */
static int play_read(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret = gup_mprotect(gup_test_mm(t), addr, PAGES * PAGE_SIZE, GUP_PROT_READ);

	device.max_seg_size = UINT_MAX;
	if (!ret)
		ret = get(&usual, addr, PAGES * PAGE_SIZE, READING);
	if (ret)
		return ret == wanted_for_reading() ? 0 : ret;
	expect(t, "registered", 0, wanted_for_reading());
	expect(t, "pins", (long long)driver_held(t, false), PAGES);
	expect_device(t, usual, addr, PAGES, 0);
	release(t);
	gup_test_expect(t, NULL, addr, PAGES * PAGE_SIZE, 0);
	return 0;
}

/* Shared with a child before: what the device reads later has to be the parent's, also after the parent wrote. */
static int play_read_shared_with_child(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	struct gup_mm *child, *second = NULL;
	int ret = gup_mm_fork(gup_test_mm(t), "child", &child);

	device.max_seg_size = UINT_MAX;
	if (ret)
		return ret;
	ret = get(&usual, addr, PAGES * PAGE_SIZE, READING);
	if (!ret) {
		user_writes(t, addr, PAGES, 1);
		expect_device(t, usual, addr, PAGES, 1);
		ret = gup_mm_fork(gup_test_mm(t), "second", &second);
		user_writes(t, addr, PAGES, 2);
		expect_device(t, usual, addr, PAGES, 2);
		release(t);
	}
	gup_test_expect(t, child, addr, PAGES * PAGE_SIZE, 0);
	gup_mm_destroy(child);
	if (second) {
		gup_test_expect(t, second, addr, PAGES * PAGE_SIZE, 1);
		gup_mm_destroy(second);
	}
	return ret;
}

/* Memory registered for reading is mapped for both directions all the same: the device could write. */
static int play_direction(struct gup_test *t)
{
	uint64_t addr = gup_test_buffer(t, NULL, 1);
	char bytes[PAGE_SIZE];
	int ret;

	device.max_seg_size = UINT_MAX;
	ret = get(&usual, addr, PAGE_SIZE, READING);
	if (ret)
		return ret;
	gup_test_pattern(bytes, addr, PAGE_SIZE, 9);
	if (gup_test_dma_write(t, dma_of(0), bytes, PAGE_SIZE) == 0)
		gup_test_fail(t, "the device writes to memory that was registered for reading");
	release(t);
	return 0;
}

static void for_reading(void **state)
{
	(void)state;
	driver_scene("reading");
	for (read_kind = GUP_TEST_ANON; read_kind < GUP_TEST_NR_MEMORY; read_kind++)
		driver_run(read_kind, play_read);
	read_kind = GUP_TEST_READONLY;
	driver_fail_each(GUP_TEST_READONLY, play_read);
	driver_run(GUP_TEST_ANON, play_read_shared_with_child);
	driver_fail_each(GUP_TEST_ANON, play_read_shared_with_child);
	driver_scene("direction");
	driver_run(GUP_TEST_ANON, play_direction);
}

/* ---- other owners ---- */

static int play_release(struct gup_test *t)
{
	struct ib_umem_odp odp = { .umem.is_odp = 1 };
	struct ib_umem_dmabuf dmabuf = { .umem.is_dmabuf = 1 };

	odp_released = dmabuf_released = NULL;
	ib_umem_release(NULL);
	ib_umem_release(&odp.umem);
	ib_umem_release(&dmabuf.umem);
	if (odp_released != &odp.umem || dmabuf_released != &dmabuf.umem)
		gup_test_fail(t, "what is not pinned goes elsewhere to be released");
#if GUP_LINUX != 601
	expect(t, "no umem", ib_umem_check_rereg(NULL, IB_MR_REREG_ACCESS, WRITING), 0);
	expect(t, "more rights", ib_umem_check_rereg(&odp.umem, IB_MR_REREG_ACCESS, WRITING), -EACCES);
	expect(t, "no more", ib_umem_check_rereg(&odp.umem, IB_MR_REREG_ACCESS, READING), 0);
	expect(t, "other memory", ib_umem_check_rereg(&odp.umem, IB_MR_REREG_ACCESS | IB_MR_REREG_TRANS, WRITING), 0);
#endif
	return 0;
}

/* A child releases it; or the owner has gone, and its mm is kept for the count alone. */
static int play_owner(struct gup_test *t)
{
	struct task_struct *owner = current;
	struct mm_struct *mm = owner->mm;
	struct gup_mm *child;
	int ret = acquire(t, gup_test_buffer(t, NULL, PAGES), PAGES);

	if (ret)
		return ret;
	ret = gup_mm_fork(gup_test_mm(t), "child", &child);
	if (!ret)
		gup_linux_become(gup_linux_task(child, "child"));
	release(t);
	expect(t, "the owner's pinned_vm", atomic64_read(&mm->pinned_vm), 0);
	expect(t, "the owner's references", atomic_read(&mm->mm_count), 1);
	gup_linux_become(owner);
	return ret;
}

static int play_exit(struct gup_test *t)
{
	struct mm_struct *mm = current->mm;
	uint64_t addr = gup_test_buffer(t, NULL, PAGES);
	int ret = acquire(t, addr, PAGES);

	if (ret)
		return ret;
	gup_linux_exit(current);
	expect(t, "kept for the count", atomic_read(&mm->mm_count), 1);
	expect_device(t, usual, addr, PAGES, 0);
	release(t);
	expect(t, "pinned_vm", atomic64_read(&mm->pinned_vm), 0);
	expect(t, "references", atomic_read(&mm->mm_count), 0);
	return 0;
}

static void owners(void **state)
{
	(void)state;
	driver_scene("owners");
	driver_run(GUP_TEST_ANON, play_release);
	driver_run(GUP_TEST_ANON, play_owner);
	driver_fail_each(GUP_TEST_ANON, play_owner);
	driver_run(GUP_TEST_ANON, play_exit);
}

/* ---- at once ---- */

static uint64_t shared_addr;
static struct gup_mm *child_mm;

static int begin_play(struct gup_test *t)
{
	usual = NULL;
	child_mm = NULL;
	device.max_seg_size = 2 * PAGE_SIZE;
	shared_addr = gup_test_buffer(t, NULL, PAGES);
	return 0;
}

static int begin_registered(struct gup_test *t)
{
	int ret = begin_play(t);

	return ret ? ret : get(&usual, shared_addr, PAGES * PAGE_SIZE, WRITING);
}

static int begin_limited(struct gup_test *t)
{
	gup_linux_set_limit(PAGES * PAGE_SIZE);
	return begin_play(t);
}

static void act_get(struct gup_test *t)
{
	(void)t;
	get(&usual, shared_addr, PAGES * PAGE_SIZE, WRITING);
}

static void act_get_and_release(struct gup_test *t)
{
	struct ib_umem *umem;

	(void)t;
	if (get(&umem, shared_addr, PAGES * PAGE_SIZE, READING) == 0)
		ib_umem_release(umem);
}

static void act_release(struct gup_test *t)
{
	release(t);
}

static void act_unmap(struct gup_test *t)
{
	gup_munmap(gup_test_mm(t), shared_addr, PAGES * PAGE_SIZE);
}

static void act_fork(struct gup_test *t)
{
	gup_mm_fork(gup_test_mm(t), "child", &child_mm);
}

/* Whatever came first: the device writes to memory that is held, and the user sees it. */
static void end_play(struct gup_test *t)
{
	char bytes[PAGE_SIZE];
	unsigned int i;

	for (i = 0; i < PAGES && usual; i++) {
		gup_test_pattern(bytes, shared_addr + i * PAGE_SIZE, PAGE_SIZE, 7);
		gup_test_dma_write(t, dma_of(i), bytes, PAGE_SIZE);
	}
	if (usual && child_mm)
		gup_test_expect(t, NULL, shared_addr, PAGES * PAGE_SIZE, 7);
	if (child_mm) {
		gup_test_expect(t, child_mm, shared_addr, PAGES * PAGE_SIZE, 0);
		gup_mm_destroy(child_mm);
	}
	release(t);
}

static void in_many_orders(void **state)
{
	static const struct gup_test_play plays[] = {
		{ begin_play, { { "get", act_get }, { "unmap", act_unmap } }, end_play, 400, 0, false, 0 },
		{ begin_play, { { "get", act_get }, { "fork", act_fork } }, end_play, 400, 0, false, 0 },
		{ begin_registered, { { "release", act_release }, { "fork", act_fork } }, end_play, 400, 0, false, 0 },
		{ begin_registered,
		  { { "release", act_release }, { "unmap", act_unmap } },
		  end_play,
		  400,
		  0,
		  false,
		  0 },
		{ begin_limited, { { "get", act_get }, { "both", act_get_and_release } }, end_play, 400, 0, false, 0 },
	};

	(void)state;
	driver_scene("at once");
	for (size_t i = 0; i < ARRAY_SIZE(plays); i++)
		driver_schedules(GUP_TEST_ANON, &plays[i]);
}

int main(void)
{
	static const struct known known[] = {
		/* :214 0 pages are refused, 0 bytes are not. */
		{ GUP_TEST_FAILED, "no bytes at all are 1 pins", "no bytes" },
		/* :260 DMA_BIDIRECTIONAL, whatever the access. */
		{ GUP_TEST_FAILED, "the device writes to memory that was registered for reading", "direction" },
		{ 0 },
	};
	static const struct driver driver = {
		.name = "infiniband/umem.c",
		.pages = PAGES,
		.acquire = acquire,
		.release = release,
		.dma = dma_of,
		.known = known,
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_become_entries),
		cmocka_unit_test(scattered_pages),
		cmocka_unit_test(many_with_failures),
		cmocka_unit_test(page_sizes),
		cmocka_unit_test(copies),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(no_bytes),
		cmocka_unit_test(two_regions),
		cmocka_unit_test(for_reading),
		cmocka_unit_test(owners),
		cmocka_unit_test(in_many_orders),
	};

	return driver_main(&driver, tests, ARRAY_SIZE(tests));
}
