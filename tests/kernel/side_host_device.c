/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/side_host_device.c - the running kernel's side: pins through the module, and where pages are.
 *
 * /proc/self/pagemap tells the frame behind an address, the module what is in it.
 */
#define _GNU_SOURCE
#include "side_host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module/gup_probe.h"

#define LONGTERM 0x10000u
#define PAGEMAP_PFN ((1ull << 55) - 1)
#define PAGEMAP_PRESENT (1ull << 63)

static int device = -1, pagemap = -1;
static int hold = -1, other_hold = -1;

void host_open_device(void)
{
	device = open("/dev/gup_probe", O_RDWR | O_CLOEXEC);
	if (device < 0)
		host_fail("/dev/gup_probe");
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		host_fail("/proc/self/pagemap");
}

int host_device_fd(void)
{
	return device;
}

static void ask(unsigned long command, void *argument, const char *what)
{
	if (ioctl(device, command, argument) < 0)
		host_fail(what);
}

static unsigned int module_entry(enum pin_entry entry)
{
	if (entry == PIN_GET_REMOTE_LOCKED)
		return GUP_PROBE_GET_REMOTE;
	return entry == PIN_PIN_REMOTE_LOCKED ? GUP_PROBE_PIN_REMOTE : (unsigned int)entry;
}

static struct gup_probe_take take(unsigned int page, unsigned int nr, enum pin_entry entry, unsigned int foll)
{
	struct gup_probe_take take = {
		.addr = (uintptr_t)host_page(page),
		.nr = nr,
		.flags = foll,
		.entry = module_entry(entry),
		.options = entry >= PIN_GET_REMOTE_LOCKED ? GUP_PROBE_LOCKED : 0,
	};

	ask(GUP_PROBE_IOC_TAKE, &take, "take");
	return take;
}

long side_take(enum pin_entry entry, unsigned int foll)
{
	struct gup_probe_take taken = take(0, PIN_PAGES, entry, foll);

	hold = taken.hold;
	if (foll & LONGTERM && taken.result > 0)
		host_pinned_for_long();
	return taken.result;
}

void side_hold(unsigned int page, enum pin_entry entry, unsigned int foll)
{
	struct gup_probe_take taken = take(page, 1, entry, foll);

	other_hold = taken.hold;
	errno = taken.result < 0 ? -taken.result : 0;
	if (taken.result != 1)
		host_fail("another hold");
}

static void release(int *number)
{
	unsigned int nr = (unsigned int)*number;

	if (*number >= 0)
		ask(GUP_PROBE_IOC_RELEASE, &nr, "release");
	*number = -1;
}

void side_release(void)
{
	release(&hold);
}

void side_unhold(void)
{
	release(&other_hold);
}

uint64_t side_held(unsigned int page)
{
	struct gup_probe_held held = { .hold = (unsigned int)hold, .index = page };

	ask(GUP_PROBE_IOC_HELD, &held, "held");
	return held.pfn;
}

static uint64_t access_held(unsigned int page, bool write, uint64_t value)
{
	struct gup_probe_access access = { .hold = (unsigned int)hold, .index = page, .write = write, .value = value };

	ask(GUP_PROBE_IOC_ACCESS, &access, "access");
	return access.value;
}

int side_device_read(unsigned int page)
{
	return (int)(access_held(page, false, 0) & 0xff);
}

void side_device_write(unsigned int page, int byte)
{
	access_held(page, true, (uint64_t)byte);
}

void side_mapped(unsigned int page, struct side_frame *out)
{
	uint64_t entry = 0;

	memset(out, 0, sizeof(*out));
	if (pread(pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)host_page(page) / 4096 * sizeof(entry))) < 0)
		return;
	if (entry & PAGEMAP_PRESENT)
		side_frame(entry & PAGEMAP_PFN, out);
}

/* A page that was just faulted in or moved waits in a list of its CPU's, with a reference; unmapping anything empties it. */
static void drain(void)
{
	void *any = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (any == MAP_FAILED || munmap(any, 4096) < 0)
		host_fail("mmap");
}

static const char *zone_word(const char *name)
{
	if (!strcmp(name, "Movable"))
		return "movable";
	if (!strcmp(name, "CMA"))
		return "cma";
	return strcmp(name, "Device") ? "normal" : "dax";
}

void side_frame(uint64_t pfn, struct side_frame *out)
{
	struct gup_probe_frame frame = { .pfn = pfn };

	drain();
	ask(GUP_PROBE_IOC_FRAME, &frame, "frame");
	*out = (struct side_frame){
		.pfn = pfn, .zone = zone_word(frame.zone), .order = frame.order, .refs = frame.refs, .pins = frame.pins
	};
}

/*
 * The kernel's own tables lie at the end of memory, and so in ZONE_MOVABLE: frames of the same pageblock go to whoever asks,
 * but the block cannot be isolated.
 */
bool side_could_want(uint64_t pfn)
{
	struct gup_probe_contig want = { .pfn = pfn, .nr = 1 };

	ask(GUP_PROBE_IOC_COULD, &want, "could");
	return want.result == 0;
}

void side_keep(void)
{
	struct gup_probe_take kept = take(0, PIN_PAGES, PIN_GET, 0);

	errno = kept.result < 0 ? -kept.result : 0;
	if (kept.result != PIN_PAGES)
		host_fail("a frame to keep");
}

int side_want(uint64_t pfn)
{
	struct gup_probe_contig want = { .pfn = pfn, .nr = 1 };

	drain();
	ask(GUP_PROBE_IOC_CONTIG, &want, "contig");
	return want.result;
}

/* The area that cma= set aside: the only one, and all of it lies below FRAMES. */
int side_want_area(void)
{
	enum { FRAMES = 1 << 19, BLOCK = 512 };
	struct gup_probe_contig want = { .cma = 1 };

	for (uint64_t pfn = 0; pfn < FRAMES; pfn += BLOCK) {
		struct gup_probe_frame frame = { .pfn = pfn };

		if (ioctl(device, GUP_PROBE_IOC_FRAME, &frame) < 0 || strcmp(frame.zone, "CMA") != 0)
			continue;
		if (!want.nr)
			want.pfn = pfn;
		want.nr += BLOCK;
	}
	drain();
	ask(GUP_PROBE_IOC_CONTIG, &want, "contig");
	return want.result;
}
