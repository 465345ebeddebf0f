/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/side_gup.c - libgup's side: one machine, an application with one mapping, its child, a pin.
 *
 * The FOLL_* values are Linux 6.1's and go through gup/foll.h, as a driver's would. At the end the machine is sound and holds
 * nothing.
 */
#define GUP_LINUX 601
#include "side.h"
#include "store.h"

#include <gup/foll.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE GUP_PAGE_SIZE
#define MIB (UINT64_C(1) << 20)
#define BASE UINT64_C(0x40000000)
#define REGISTERS_PFN (UINT64_C(1) << 35)
#define HUGETLB_PAGES 8
#define CMA_BYTES (128 * MIB)
#define PATIENCE_NS UINT64_C(1000000)

static struct gup_machine *m;
static struct gup_mm *app, *child;
static struct gup_object *object;
static struct gup_map_request mapped; /* length 0: nothing */
static uint64_t at;
static struct gup_page *pages[PIN_PAGES];
static enum pin_entry held_by;
static long held;
static struct gup_page *other_page;
static enum pin_entry other_by;

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fflush(stdout);
	fprintf(stderr, "pins-gup: %s failed\n", what);
	exit(1);
}

static enum gup_contract_id contract_by_name(const char *name)
{
	int id = 0;

	while (id < GUP_NR_CONTRACTS && strcmp(name, gup_contract_name((enum gup_contract_id)id)) != 0)
		id++;
	if (id == GUP_NR_CONTRACTS) {
		fprintf(stderr, "pins-gup: there is no contract \"%s\"; try linux-6.1\n", name);
		exit(2);
	}
	return (enum gup_contract_id)id;
}

static bool set_memory(struct gup_machine_config *config, const char *memory)
{
	if (!strcmp(memory, "movable")) {
		config->movable_bytes = 64 * MIB;
		config->hugetlb_movable = HUGETLB_PAGES;
	} else if (!strcmp(memory, "cma")) {
		config->cma[0].name = "cma";
		config->cma[0].bytes = CMA_BYTES;
		config->no_huge_pages = true;
	} else if (!strcmp(memory, "normal")) {
		config->hugetlb_pages = HUGETLB_PAGES;
	} else {
		return false;
	}
	return true;
}

void side_begin(int argc, char **argv)
{
	struct gup_machine_config config = {
		.normal_bytes = 64 * MIB,
		.dax = { { "pmem", 16 * MIB, GUP_DAX_FS } },
	};

	if (argc != 3 || !set_memory(&config, argv[1])) {
		fprintf(stderr, "usage: %s normal|movable|cma CONTRACT\n", argv[0]);
		exit(2);
	}
	config.contract = contract_by_name(argv[2]);
	need(gup_machine_create(&config, &m) == 0, "gup_machine_create");
	need(gup_mm_create(m, "app", &app) == 0, "gup_mm_create");
}

void side_end(void)
{
	struct gup_check check;

	gup_mm_destroy(app);
	need(gup_machine_check(m, &check) == 0 && !check.pins && !check.gets, "gup_machine_check");
	need(gup_machine_destroy(m) == 0, "gup_machine_destroy");
}

/* Of a file system that tracks what is dirty, as ext4 does. */
static int make_file(void)
{
	static struct store store;

	store_init(&store);
	return store_file(m, &store, PIN_PAGES * PAGE, true, &object);
}

static int make_object(enum pin_mapping mapping)
{
	uint64_t bytes = PIN_PAGES * PAGE;

	switch (mapping) {
	case PIN_MEMFD_PRIVATE:
	case PIN_MEMFD_SHARED:
		return gup_shm_create(m, bytes, 0, &object);
	case PIN_FILE_PRIVATE:
	case PIN_FILE_SHARED:
		return make_file();
	case PIN_DAX_PRIVATE:
	case PIN_DAX_SHARED:
		return gup_dax_file_create(m, "pmem", bytes, &object);
	case PIN_HUGETLB_PRIVATE:
	case PIN_HUGETLB_SHARED:
		return gup_hugetlb_create(m, GUP_HUGE_SIZE, &object);
	case PIN_SECRET:
		return gup_secret_create(m, bytes, &object);
	case PIN_PFNMAP:
		return gup_pfnmap_create(m, REGISTERS_PFN, PAGE, &object);
	default:
		return 0;
	}
}

static bool is_shared(enum pin_mapping mapping)
{
	return mapping == PIN_ANON_SHARED || mapping == PIN_MEMFD_SHARED || mapping == PIN_FILE_SHARED ||
	       mapping == PIN_DAX_SHARED || mapping == PIN_HUGETLB_SHARED || mapping == PIN_SECRET ||
	       mapping == PIN_PFNMAP;
}

static uint64_t place_of(enum pin_mapping mapping)
{
	if (mapping == PIN_NULL)
		return 0;
	return mapping == PIN_KERNEL ? UINT64_C(0xffff888000000000) : BASE;
}

int side_map(enum pin_mapping mapping)
{
	int err = make_object(mapping);

	at = place_of(mapping);
	mapped = (struct gup_map_request){
		.addr = at,
		.length = pin_is_huge(mapping) ? GUP_HUGE_SIZE : PIN_PAGES * PAGE,
		.prot = GUP_PROT_READ | GUP_PROT_WRITE,
		.flags = GUP_MAP_FIXED | (is_shared(mapping) ? GUP_MAP_SHARED : GUP_MAP_PRIVATE),
		.object = object,
	};
	if (mapping == PIN_PFNMAP)
		mapped.length = PAGE;
	if (mapping > PIN_PFNMAP)
		mapped.length = 0;
	else if (!err)
		err = (int)(gup_mmap(app, &mapped) < 0);
	need(!err, "a mapping");
	return 0;
}

const char *side_lacks(enum pin_mapping mapping)
{
	(void)mapping;
	return NULL;
}

void side_unmap(void)
{
	if (mapped.length)
		need(gup_munmap(app, at, mapped.length) == 0, "gup_munmap");
	gup_object_put(object);
	object = NULL;
	mapped.length = 0;
}

static int read_byte(struct gup_mm *mm, unsigned int page)
{
	unsigned char byte;

	return gup_copy_from_user(mm, &byte, at + page * PAGE, 1) ? PIN_IS_GONE : byte;
}

static void write_byte(struct gup_mm *mm, unsigned int page, int byte)
{
	unsigned char b = (unsigned char)byte;

	need(gup_copy_to_user(mm, at + page * PAGE, &b, 1) == 0, "a write of an application");
}

int side_read(unsigned int page)
{
	return read_byte(app, page);
}

void side_write(unsigned int page, int byte)
{
	write_byte(app, page, byte);
}

void side_protect(enum pin_prot prot)
{
	static const unsigned int values[] = { [PIN_R] = GUP_PROT_READ, [PIN_W] = GUP_PROT_WRITE, [PIN_NONE] = 0 };
	uint64_t half = at + PIN_PAGES / 2 * PAGE;
	int err = 0;

	if (prot == PIN_HALF_R)
		err = gup_mprotect(app, half, PIN_PAGES / 2 * PAGE, GUP_PROT_READ);
	else if (prot == PIN_HALF_GONE)
		err = gup_munmap(app, half, PIN_PAGES / 2 * PAGE);
	else if (prot != PIN_RW && prot != PIN_AS_IS)
		err = gup_mprotect(app, at, mapped.length, values[prot]);
	need(!err, "gup_mprotect");
}

int side_dontneed(void)
{
	return gup_madvise(app, at, mapped.length, GUP_MADV_DONTNEED);
}

int side_remap(void)
{
	int64_t addr;

	need(gup_munmap(app, at, mapped.length) == 0, "gup_munmap");
	addr = gup_mmap(app, &mapped);
	return addr < 0 ? (int)addr : 0;
}

int side_truncate(unsigned int nr)
{
	return gup_object_truncate(object, nr * PAGE, PATIENCE_NS, NULL);
}

void side_fork(void)
{
	if (!child)
		need(gup_mm_fork(app, "child", &child) == 0, "gup_mm_fork");
}

int side_child_read(unsigned int page)
{
	return read_byte(child, page);
}

void side_child_write(unsigned int page, int byte)
{
	write_byte(child, page, byte);
}

void side_child_end(void)
{
	gup_mm_destroy(child);
	child = NULL;
}

int side_file_read(unsigned int page)
{
	unsigned char byte;

	return gup_object_read(object, page * PAGE, &byte, 1) == 1 ? byte : PIN_IS_GONE;
}

static const enum gup_entry entries[PIN_NR_ENTRIES] = {
	[PIN_GET] = GUP_GET_USER_PAGES,
	[PIN_GET_FAST] = GUP_GET_USER_PAGES_FAST,
	[PIN_GET_FAST_ONLY] = GUP_GET_USER_PAGES_FAST_ONLY,
	[PIN_GET_REMOTE] = GUP_GET_USER_PAGES_REMOTE,
	[PIN_GET_UNLOCKED] = GUP_GET_USER_PAGES_UNLOCKED,
	[PIN_PIN] = GUP_PIN_USER_PAGES,
	[PIN_PIN_FAST] = GUP_PIN_USER_PAGES_FAST,
	[PIN_PIN_FAST_ONLY] = GUP_PIN_USER_PAGES_FAST_ONLY,
	[PIN_PIN_REMOTE] = GUP_PIN_USER_PAGES_REMOTE,
	[PIN_PIN_UNLOCKED] = GUP_PIN_USER_PAGES_UNLOCKED,
	[PIN_GET_REMOTE_LOCKED] = GUP_GET_USER_PAGES_REMOTE,
	[PIN_PIN_REMOTE_LOCKED] = GUP_PIN_USER_PAGES_REMOTE,
};

static bool caller_locks(enum pin_entry entry)
{
	return entry == PIN_GET || entry == PIN_PIN || entry == PIN_GET_REMOTE || entry == PIN_PIN_REMOTE ||
	       entry >= PIN_GET_REMOTE_LOCKED;
}

static long take(unsigned int page, unsigned int nr, enum pin_entry entry, unsigned int foll, struct gup_page **out)
{
	int locked = 1;
	long got;
	struct gup_call call = {
		.entry = entries[entry],
		.start = at + page * PAGE,
		.nr_pages = nr,
		.flags = gup_linux_flags(foll, pin_entry_pins(entry) ? 0 : FOLL_GET),
		.pages = out,
		.locked = entry >= PIN_GET_REMOTE_LOCKED ? &locked : NULL,
	};

	if (caller_locks(entry))
		gup_mmap_read_lock(app);
	got = gup_user_pages(app, &call, NULL);
	if (caller_locks(entry) && locked)
		gup_mmap_read_unlock(app);
	return got;
}

long side_take(enum pin_entry entry, unsigned int foll)
{
	held = take(0, PIN_PAGES, entry, foll, pages);
	held_by = entry;
	return held;
}

void side_hold(unsigned int page, enum pin_entry entry, unsigned int foll)
{
	need(take(page, 1, entry, foll, &other_page) == 1, "another hold");
	other_by = entry;
}

static void release(struct gup_page **of, long nr, enum pin_entry by)
{
	int err = pin_entry_pins(by) ? gup_unpin_user_pages(m, of, (unsigned long)nr)
				     : gup_put_pages(m, of, (unsigned long)nr);

	need(!err, "a release");
}

void side_release(void)
{
	if (held > 0)
		release(pages, held, held_by);
	held = 0;
}

void side_unhold(void)
{
	if (other_page)
		release(&other_page, 1, other_by);
	other_page = NULL;
}

uint64_t side_held(unsigned int page)
{
	return gup_page_to_pfn(m, pages[page]);
}

int side_device_read(unsigned int page)
{
	return *(unsigned char *)gup_page_address(m, pages[page]);
}

void side_device_write(unsigned int page, int byte)
{
	*(unsigned char *)gup_page_address(m, pages[page]) = (unsigned char)byte;
}

void side_mapped(unsigned int page, struct side_frame *out)
{
	uint64_t addr = at + page * PAGE, pfn = addr < GUP_USER_TOP ? gup_user_pfn(app, addr) : 0;

	memset(out, 0, sizeof(*out));
	if (pfn && gup_pfn_to_page(m, pfn))
		side_frame(pfn, out);
}

void side_frame(uint64_t pfn, struct side_frame *out)
{
	static const char *const zones[] = {
		[GUP_ZONE_NORMAL] = "normal",
		[GUP_ZONE_CMA] = "cma",
		[GUP_ZONE_MOVABLE] = "movable",
		[GUP_ZONE_DAX] = "dax",
	};
	struct gup_frame_info info;

	need(gup_frame_info(m, pfn, &info) == 0, "gup_frame_info");
	*out = (struct side_frame){
		.pfn = pfn,
		.zone = zones[info.zone],
		.order = info.order,
		.refs = (long)info.refs - (long)info.pins,
		.pins = info.pins,
	};
}

/* A machine reserves no frames of its memory. */
bool side_could_want(uint64_t pfn)
{
	(void)pfn;
	return true;
}

void side_keep(void)
{
}

/* A range is taken away in pieces of 2 MiB. */
int side_want(uint64_t pfn)
{
	uint64_t first = pfn / GUP_HUGE_PAGES * GUP_HUGE_PAGES;
	int err = gup_offline_range(m, first, GUP_HUGE_PAGES, PATIENCE_NS, NULL);

	if (!err)
		need(gup_online_range(m, first, GUP_HUGE_PAGES) == 0, "gup_online_range");
	return err;
}

int side_want_area(void)
{
	struct gup_page *first;
	int err = gup_cma_alloc(m, "cma", CMA_BYTES, 0, PATIENCE_NS, &first, NULL);

	if (!err)
		need(gup_cma_free(m, first, CMA_BYTES) == 0, "gup_cma_free");
	return err;
}
