/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * testing/device.c - the device: DMA mappings, and reads and writes through them.
 *
 * A DMA address is used once, so whatever is done to one that was unmapped is seen. Each mapped frame remembers what
 * kept it in place when it was mapped. When the last hold on it goes (testing/books.c tells) the mapping has lost its
 * cover for good, also if somebody takes the frame again: what the device does to it then is a stale access. It is
 * reported and not carried out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit.h"

static u64 dma_end(const struct gup_kit_dma *dma)
{
	return dma->start + dma->bytes;
}

/* ---- mapping ---- */

/* The mapping is in the list already: a load of the core's is a point where others may run and release. */
static void cover_frame(const struct gup_test *t, u64 pfn, struct gup_kit_dma_frame *frame)
{
	const struct gup_kit_hold *hold = gup_kit_holder(t, pfn);

	if (pfn == t->m->zero_pfn) {
		frame->cover = GUP_KIT_ZERO;
	} else if (hold) {
		frame->cover = hold->pin ? GUP_KIT_PIN : GUP_KIT_GET;
		frame->taken = hold->site;
	} else if (gup_kind(gup_page_at(t->m, pfn)) == GUP_FRAME_CMA) {
		frame->cover = GUP_KIT_CMA;
	}
}

static bool range_ok(const struct gup_test *t, const struct gup_page *page, u64 offset, u64 bytes)
{
	u64 room;

	if (page < t->m->frames + GUP_HUGE_PAGES || page >= t->m->frames + t->m->nr_pfns || !bytes)
		return false;
	room = (t->m->nr_pfns - gup_pfn(t->m, page)) << GUP_PAGE_SHIFT;
	return offset < room && bytes <= room - offset;
}

static struct gup_kit_dma *dma_new(struct gup_test *t, u64 pfn, u64 offset, u64 bytes, bool write)
{
	u64 nr = (offset + bytes + GUP_PAGE_SIZE - 1) >> GUP_PAGE_SHIFT, i;
	struct gup_kit_dma *dma = calloc(1, sizeof(*dma) + nr * sizeof(dma->frames[0]));

	if (!dma)
		return NULL;
	dma->start = t->next_dma + offset;
	dma->bytes = bytes;
	dma->pfn = pfn;
	dma->nr = nr;
	dma->write = write;
	dma->born = ++t->clock;
	t->next_dma += (nr + 1) << GUP_PAGE_SHIFT; /* and a gap */
	dma->next = t->dmas;
	t->dmas = dma;
	for (i = 0; i < nr; i++)
		cover_frame(t, pfn + i, &dma->frames[i]);
	return dma;
}

uint64_t gup_test_dma_map_for(struct gup_test *t, const struct gup_test_area *area)
{
	struct gup_kit_dma *dma;
	u64 pfn;

	if (!range_ok(t, area->page, area->offset, area->bytes)) {
		gup_test_complain(t, GUP_TEST_MISUSE, area->site, "a DMA mapping of what is not memory of the machine");
		return GUP_TEST_DMA_ERROR;
	}
	if (gup_kit_step(t, GUP_TEST_FAIL_DMA))
		return GUP_TEST_DMA_ERROR;
	pfn = gup_pfn(t->m, area->page) + (area->offset >> GUP_PAGE_SHIFT);
	dma = dma_new(t, pfn, area->offset & ~GUP_PAGE_MASK, area->bytes, area->write);
	if (!dma)
		return GUP_TEST_DMA_ERROR;
	dma->mapped = area->site;
	return dma->start;
}

uint64_t gup_test_dma_map(struct gup_test *t, struct gup_page *page, uint64_t offset, uint64_t bytes, bool write)
{
	struct gup_test_area area = { page, offset, bytes, write, GUP_KIT_HERE };

	return gup_test_dma_map_for(t, &area);
}

/* The mapping that @address lies in or, if there is none, that it lay in last; NULL if never. */
static struct gup_kit_dma *find(const struct gup_test *t, u64 address)
{
	struct gup_kit_dma *dma;

	for (dma = t->dmas; dma; dma = dma->next)
		if (address >= dma->start && address < dma_end(dma))
			break;
	return dma;
}

int gup_test_dma_unmap_for(struct gup_test *t, uint64_t address, uint64_t bytes, const void *site)
{
	struct gup_kit_dma *dma = find(t, address);
	struct gup_kit_about about = { .finding = GUP_TEST_BAD_RELEASE, .count = 1 };
	char here[GUP_KIT_SITE], mapped[GUP_KIT_SITE], unmapped[GUP_KIT_SITE];

	if (dma && !dma->unmapped && dma->start == address && dma->bytes == bytes) {
		dma->unmapped = site;
		return 0;
	}
	gup_kit_site(site, here);
	about.taken = dma ? dma->mapped : NULL;
	about.released = dma ? dma->unmapped : NULL;
	gup_kit_site(about.taken, mapped);
	gup_kit_site(about.released, unmapped);
	if (!dma)
		gup_kit_report(t, &about, "DMA unmap at %s of 0x%llx, where nothing was mapped", here,
			       (unsigned long long)address);
	else if (dma->unmapped)
		gup_kit_report(t, &about, "DMA unmap at %s of 0x%llx, mapped at %s, unmapped at %s before", here,
			       (unsigned long long)address, mapped, unmapped);
	else
		gup_kit_report(t, &about,
			       "DMA unmap at %s of %llu bytes at 0x%llx, but mapped at %s were %llu bytes at 0x%llx",
			       here, (unsigned long long)bytes, (unsigned long long)address, mapped,
			       (unsigned long long)dma->bytes, (unsigned long long)dma->start);
	return -GUP_EINVAL;
}

int gup_test_dma_unmap(struct gup_test *t, uint64_t address, uint64_t bytes)
{
	return gup_test_dma_unmap_for(t, address, bytes, GUP_KIT_HERE);
}

void gup_kit_uncover(struct gup_test *t, u64 pfn, const void *site)
{
	struct gup_kit_dma *dma;
	struct gup_kit_dma_frame *frame;

	for (dma = t->dmas; dma; dma = dma->next) {
		if (dma->unmapped || pfn < dma->pfn || pfn >= dma->pfn + dma->nr)
			continue;
		frame = &dma->frames[pfn - dma->pfn];
		if ((frame->cover == GUP_KIT_PIN || frame->cover == GUP_KIT_GET) && !frame->released)
			frame->released = site;
	}
}

/* ---- use ---- */

struct access {
	u64 address, bytes;
	bool write;
	const void *site;
};

static bool is_covered(const struct gup_test *t, const struct gup_kit_dma *dma, u64 i)
{
	const struct gup_kit_dma_frame *frame = &dma->frames[i];

	switch (frame->cover) {
	case GUP_KIT_PIN:
	case GUP_KIT_GET:
		return !frame->released;
	case GUP_KIT_CMA:
		return gup_kind(gup_page_at(t->m, dma->pfn + i)) == GUP_FRAME_CMA;
	case GUP_KIT_ZERO:
		return true;
	default:
		return false;
	}
}

/* Whose the frame is at this moment. */
static void say_owner(struct gup_test *t, u64 pfn, char *text, size_t size)
{
	char name[GUP_NAME_MAX] = "";

	if (gup_frame_user(t->m, pfn, name) == 1)
		snprintf(text, size, "owned by \"%s\"", name);
	else
		snprintf(text, size, "%s", name);
}

/* How a frame was kept in place, and until when. */
static void say_cover(const struct gup_kit_dma *dma, const struct gup_kit_dma_frame *frame, char *text, size_t size)
{
	char taken[GUP_KIT_SITE], released[GUP_KIT_SITE];
	bool pin = frame->cover == GUP_KIT_PIN;

	if (frame->cover == GUP_KIT_PIN || frame->cover == GUP_KIT_GET)
		snprintf(text, size, "%s at %s, %s at %s", pin ? "pinned" : "got", gup_kit_site(frame->taken, taken),
			 pin ? "unpinned" : "put", gup_kit_site(frame->released, released));
	else
		snprintf(text, size, "%s when it was mapped at %s",
			 frame->cover == GUP_KIT_CMA ? "allocated" : "which nobody held",
			 gup_kit_site(dma->mapped, taken));
}

static void report_stale(struct gup_test *t, const struct access *a, const struct gup_kit_dma *dma, u64 i, u64 count)
{
	const struct gup_kit_dma_frame *frame = &dma->frames[i];
	struct gup_kit_about about = { GUP_TEST_STALE_DMA, count, frame->taken, frame->released };
	char cover[2 * GUP_KIT_SITE + 64], owner[GUP_NAME_MAX + 16], more[48] = "";
	u64 pfn = dma->pfn + i;

	if (!about.taken)
		about.taken = dma->mapped;
	if (count > 1)
		snprintf(more, sizeof(more), " and %llu more", (unsigned long long)count - 1);
	say_cover(dma, frame, cover, sizeof(cover));
	say_owner(t, pfn, owner, sizeof(owner));
	gup_kit_report(t, &about, "device %s pfn %llu%s, %s, now %s", a->write ? "wrote to" : "read from",
		       (unsigned long long)pfn, more, cover, owner);
}

/* Every frame that the access touches is kept in place. */
static bool check_frames(struct gup_test *t, const struct access *a, const struct gup_kit_dma *dma)
{
	u64 base = dma->start & GUP_PAGE_MASK, i, first = 0, count = 0;
	u64 last = (a->address + a->bytes - 1 - base) >> GUP_PAGE_SHIFT;

	for (i = (a->address - base) >> GUP_PAGE_SHIFT; i <= last; i++)
		if (!is_covered(t, dma, i) && !count++)
			first = i;
	if (count)
		report_stale(t, a, dma, first, count);
	return !count;
}

/* Why the mapping does not allow the access; NULL if it does. */
static const char *wrong(const struct access *a, const struct gup_kit_dma *dma)
{
	if (!dma)
		return "which was never mapped";
	if (dma->unmapped)
		return "which is not mapped any more";
	if (a->bytes > dma_end(dma) - a->address)
		return "beyond the end of the mapping";
	if (a->write && !dma->write)
		return "which is mapped for reading only";
	if (a->write &&
	    dma->frames[(a->address - (dma->start & GUP_PAGE_MASK)) >> GUP_PAGE_SHIFT].cover == GUP_KIT_ZERO)
		return "which is the zero page";
	return NULL;
}

static void report_wrong(struct gup_test *t, const struct access *a, const struct gup_kit_dma *dma, const char *why)
{
	struct gup_kit_about about = { .finding = GUP_TEST_NO_MAPPING, .count = 1 };
	char here[GUP_KIT_SITE], mapped[GUP_KIT_SITE + 16] = "", unmapped[GUP_KIT_SITE + 16] = "", site[GUP_KIT_SITE];

	if (dma) {
		about.taken = dma->mapped;
		about.released = dma->unmapped;
		snprintf(mapped, sizeof(mapped), ", mapped at %s", gup_kit_site(dma->mapped, site));
	}
	if (about.released)
		snprintf(unmapped, sizeof(unmapped), ", unmapped at %s", gup_kit_site(about.released, site));
	gup_kit_report(t, &about, "device %s %llu bytes %s DMA address 0x%llx at %s, %s%s%s",
		       a->write ? "wrote" : "read", (unsigned long long)a->bytes, a->write ? "to" : "from",
		       (unsigned long long)a->address, gup_kit_site(a->site, here), why, mapped, unmapped);
}

/* Where the bytes are, NULL if the device may not have them. */
static u8 *use(struct gup_test *t, const struct access *a)
{
	const struct gup_kit_dma *dma = find(t, a->address);
	const char *why = wrong(a, dma);

	if (why) {
		report_wrong(t, a, dma, why);
		return NULL;
	}
	if (!check_frames(t, a, dma))
		return NULL;
	return gup_direct(t->m, dma->pfn) + (a->address - (dma->start & GUP_PAGE_MASK));
}

int gup_test_dma_write(struct gup_test *t, uint64_t address, const void *buf, uint64_t bytes)
{
	struct access a = { address, bytes, true, GUP_KIT_HERE };
	u8 *at = bytes ? use(t, &a) : NULL;

	if (at)
		memcpy(at, buf, bytes);
	return at || !bytes ? 0 : -GUP_EFAULT;
}

int gup_test_dma_read(struct gup_test *t, uint64_t address, void *buf, uint64_t bytes)
{
	struct access a = { address, bytes, false, GUP_KIT_HERE };
	const u8 *at = bytes ? use(t, &a) : NULL;

	if (at)
		memcpy(buf, at, bytes);
	return at || !bytes ? 0 : -GUP_EFAULT;
}

/* ---- what is left ---- */

static bool is_left(const struct gup_test *t, const struct gup_kit_dma *dma)
{
	return !dma->unmapped && dma->born > t->mark;
}

/* All mappings of one site are one report. */
void gup_kit_dma_left(struct gup_test *t)
{
	struct gup_kit_dma *dma, *other;
	u64 count;

	for (dma = t->dmas; dma; dma = dma->next) {
		if (!is_left(t, dma))
			continue;
		count = 0;
		for (other = dma; other; other = other->next) {
			if (!is_left(t, other) || !gup_kit_same_site(other->mapped, dma->mapped))
				continue;
			count++;
			if (other != dma)
				other->born = 0;
		}
		dma->born = 0;
		gup_kit_report_left(t, GUP_TEST_DMA_LEFT, dma->mapped, count, "DMA mapping", "mapped");
	}
}

void gup_kit_dma_free(struct gup_test *t)
{
	struct gup_kit_dma *dma;

	while ((dma = t->dmas)) {
		t->dmas = dma->next;
		free(dma);
	}
}
