/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/act_cma.c - act 2: memory that a camera lends, and a disk that does not give it back.
 *
 * An application borrows frames of the area "camera" without knowing it and lends a buffer to a disk for long. Under
 * linux-5.2's fast path the buffer stays in the area, so the camera cannot have it. Under linux-6.12 the pages move out
 * before they are pinned; the camera gets its area, and the disk goes on reading into the same pins.
 */
#include "act.h"
#include "disk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define AREA (64 * GUP_MIB)
#define HEAP (16 * GUP_MIB)
#define BUFFER_PAGES ((long)(GUP_ACT_BUFFER / GUP_PAGE_SIZE))
#define PATIENCE (200 * GUP_MS)
#define CAMERA_BYTE 0xC5

struct scene {
	struct gup_show *show;
	bool rule;
	struct gup_stage stage;
	uint64_t buffer;
	uint64_t heap;
	struct gup_page **pages;
	long held;
	struct gup_disk *disk;
	struct gup_page *camera;
};

static bool fill(struct scene *scene, uint64_t addr, uint64_t bytes, int with)
{
	static uint8_t piece[1 << 16];

	memset(piece, with, sizeof(piece));
	for (uint64_t at = 0; at < bytes; at += sizeof(piece))
		if (gup_copy_to_user(scene->stage.mm, addr + at, piece, sizeof(piece)))
			return gup_say_unexpected("the application cannot write at 0x%" PRIx64, addr + at);
	return true;
}

/* Buffer and heap are touched in turns, so that both have pages everywhere. */
static bool touch(struct scene *scene)
{
	const uint64_t step = GUP_MIB;

	for (uint64_t at = 0; at < GUP_ACT_BUFFER; at += step)
		if (!fill(scene, scene->buffer + at, step, 0) || !fill(scene, scene->heap + at / 2, step / 2, 'h'))
			return false;
	return true;
}

static bool set_scene(struct scene *scene)
{
	struct gup_machine_config config = {
		.normal_bytes = AREA,
		.cma = { { .name = "camera", .bytes = AREA } },
		.contract = scene->rule ? GUP_LINUX_6_12 : GUP_LINUX_5_2,
		.no_huge_pages = true,
		.track_holders = true,
	};

	scene->pages = calloc((size_t)BUFFER_PAGES, sizeof(*scene->pages));
	if (!scene->pages || !gup_stage_open(&scene->stage, &config, "player"))
		return false;
	scene->buffer = gup_stage_map(&scene->stage, GUP_ACT_BUFFER, NULL);
	scene->heap = gup_stage_map(&scene->stage, HEAP, NULL);
	return scene->buffer && scene->heap && touch(scene);
}

static bool borrow(struct scene *scene)
{
	uint64_t buffer = gup_pages_in_zone(scene->stage.mm, scene->buffer, GUP_ACT_BUFFER, GUP_ZONE_CMA);
	uint64_t heap = gup_pages_in_zone(scene->stage.mm, scene->heap, HEAP, GUP_ZONE_CMA);

	gup_say("128 MiB of memory; 64 MiB of it are reserved for the camera, in one piece, and lent out meanwhile.");
	gup_say("Program \"player\" uses 48 MiB: a buffer of 32 MiB for the disk and 16 MiB of other data.");
	gup_say("%" PRIu64 " of its %" PRIu64 " pages lie in the camera's area, %" PRIu64 " of them in the buffer.",
		buffer + heap, (GUP_ACT_BUFFER + HEAP) / GUP_PAGE_SIZE, buffer);
	if (!scene->rule && !gup_svg_add(scene->show->map, scene->stage.m, "1. Before",
					 "The player has borrowed part of the camera's area."))
		return gup_say_unexpected("no memory for the picture");
	return (buffer && heap) || gup_say_unexpected("nothing was borrowed from the camera");
}

static bool take(struct scene *scene)
{
	struct gup_call call = {
		.entry = scene->rule ? GUP_PIN_USER_PAGES_FAST : GUP_GET_USER_PAGES_FAST,
		.start = scene->buffer,
		.nr_pages = BUFFER_PAGES,
		.flags = GUP_WRITE | GUP_LONGTERM,
		.pages = scene->pages,
	};
	struct gup_why why = { 0 };
	double begin = gup_now_ms();
	uint64_t there;

	scene->held = gup_user_pages(scene->stage.mm, &call, &why);
	gup_say("%s(FOLL_WRITE | FOLL_LONGTERM) on the buffer = %s, in %.1f ms.", gup_entry_name(call.entry),
		gup_errno_text(scene->held), gup_now_ms() - begin);
	if (scene->held != BUFFER_PAGES) {
		gup_say_why(&why);
		return gup_say_unexpected("all %ld pages should be held", BUFFER_PAGES);
	}
	there = gup_pages_in_zone(scene->stage.mm, scene->buffer, GUP_ACT_BUFFER, GUP_ZONE_CMA);
	gup_say("%" PRIu64 " of the held pages lie in the camera's area%s.", there,
		scene->rule ? "; they moved out before they were pinned" : ": the fast path never looked");
	if (scene->rule)
		return !there || gup_say_unexpected("a long-term pin must not rest there");
	return there || gup_say_unexpected("linux-5.2 should have left pages there");
}

static bool read_and_verify(struct scene *scene)
{
	uint64_t right;

	if (!gup_disk_read(scene->disk))
		return false;
	right = gup_disk_verify(scene->disk, scene->stage.mm, scene->buffer);
	gup_say("The player reads its buffer: SHA-256 right in %" PRIu64 " of %" PRIu64 " copies.", right,
		gup_disk_copies(scene->disk));
	return right == gup_disk_copies(scene->disk) || gup_say_unexpected("the data differ from the file");
}

static bool start_disk(struct scene *scene)
{
	const struct gup_source *source = &scene->show->source;
	char digits[2 * SHA256_DIGEST_SIZE + 1];

	scene->disk = gup_disk_attach(scene->stage.m, source, scene->pages, (uint64_t)BUFFER_PAGES);
	if (!scene->disk)
		return false;
	gup_say("The disk reads %s (%" PRIu64 " bytes%s), again and again until the buffer is full.", source->path,
		source->bytes, source->bytes < source->size ? ", the beginning of the file" : "");
	gup_say("SHA-256 without libgup: %s", gup_sha_text(source->sha, digits));
	return read_and_verify(scene);
}

static bool ask_without(struct scene *scene, struct gup_verdict *verdict)
{
	struct gup_why why = { 0 };
	double begin = gup_now_ms();
	int err;

	gup_say_progress("the camera waits for its memory");
	err = gup_cma_alloc(scene->stage.m, "camera", AREA, 0, PATIENCE, &scene->camera, &why);
	gup_say("The camera is switched on and wants its 64 MiB: %s after %.1f ms.", gup_errno_text(err),
		gup_now_ms() - begin);
	if (err != -GUP_EBUSY || strcmp(why.holder, "player"))
		return gup_say_unexpected("it should have met the pages held by \"player\", but the holder is \"%s\"",
					  why.holder);
	gup_say_why(&why);
	gup_say("No picture today: as long as the disk may use the buffer, the camera's memory is not its own.");
	snprintf(verdict->text, sizeof(verdict->text), "camera: -EBUSY, held by \"%s\"", why.holder);
	return gup_svg_add(scene->show->map, scene->stage.m, "2. Without the rule (linux-5.2)",
			   "The camera wants its area and gets -EBUSY.") ||
	       gup_say_unexpected("no memory for the picture");
}

static bool heap_is_right(struct scene *scene)
{
	static uint8_t piece[1 << 16];

	for (uint64_t at = 0; at < HEAP; at += sizeof(piece)) {
		if (gup_copy_from_user(scene->stage.mm, piece, scene->heap + at, sizeof(piece)))
			return false;
		for (size_t i = 0; i < sizeof(piece); i++)
			if (piece[i] != 'h')
				return false;
	}
	return true;
}

static bool camera_is_right(struct scene *scene)
{
	const uint8_t *picture = gup_page_address(scene->stage.m, scene->camera);

	for (uint64_t i = 0; i < AREA; i++)
		if (picture[i] != CAMERA_BYTE)
			return false;
	return true;
}

static bool give_camera(struct scene *scene)
{
	struct gup_why why = { 0 };
	double begin = gup_now_ms();
	int err = gup_cma_alloc(scene->stage.m, "camera", AREA, 0, PATIENCE, &scene->camera, &why);

	gup_say("The camera is switched on and wants its 64 MiB: %s after %.1f ms.", gup_errno_text(err),
		gup_now_ms() - begin);
	if (err) {
		gup_say_why(&why);
		return gup_say_unexpected("it should have got them");
	}
	memset(gup_page_address(scene->stage.m, scene->camera), CAMERA_BYTE, AREA);
	gup_say("It has frames %" PRIu64 " to %" PRIu64 ", in one piece. The player's other data moved away: %s.",
		gup_page_to_pfn(scene->stage.m, scene->camera),
		gup_page_to_pfn(scene->stage.m, scene->camera) + AREA / GUP_PAGE_SIZE - 1,
		heap_is_right(scene) ? "all 16 MiB intact" : "DAMAGED");
	return heap_is_right(scene) || gup_say_unexpected("moving must not change data");
}

static bool ask_with(struct scene *scene, struct gup_verdict *verdict)
{
	if (!give_camera(scene))
		return false;
	gup_say("The player wipes its buffer, and the disk reads again, into the same pins, while the camera films.");
	if (!fill(scene, scene->buffer, GUP_ACT_BUFFER, 0) || !read_and_verify(scene))
		return false;
	if (!camera_is_right(scene))
		return gup_say_unexpected("the disk wrote into the camera's picture");
	gup_say("All 64 MiB of the camera's picture are as it left them.");
	snprintf(verdict->text, sizeof(verdict->text), "camera: 64 MiB, data right twice");
	return gup_svg_add(scene->show->map, scene->stage.m, "3. With the rule (linux-6.12)",
			   "The camera has its area; the disk reads on.") ||
	       gup_say_unexpected("no memory for the picture");
}

static void release(struct scene *scene)
{
	gup_disk_detach(scene->disk);
	if (scene->held > 0 && scene->rule)
		gup_unpin_user_pages_dirty_lock(scene->stage.m, scene->pages, (unsigned long)scene->held, true);
	else if (scene->held > 0)
		gup_put_pages(scene->stage.m, scene->pages, (unsigned long)scene->held);
	if (scene->camera)
		gup_cma_free(scene->stage.m, scene->camera, AREA);
	free(scene->pages);
}

void gup_act_cma(struct gup_show *show, bool rule, struct gup_verdict *verdict)
{
	struct scene scene = { .show = show, .rule = rule };

	verdict->as_expected = set_scene(&scene) && borrow(&scene) && take(&scene) && start_disk(&scene) &&
			       (rule ? ask_with(&scene, verdict) : ask_without(&scene, verdict));
	release(&scene);
	gup_stage_close(&scene.stage, verdict);
}
