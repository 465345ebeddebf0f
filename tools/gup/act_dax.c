/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/act_dax.c - act 1: a file that shrinks under a device.
 *
 * Without the rule the pin of a DAX page is granted, and truncate has to wait for somebody whom nobody can hurry. With
 * FOLL_LONGTERM the pin is refused, and truncate has nobody to wait for.
 */
#include "act.h"

#include <inttypes.h>
#include <string.h>

#define FILE_BYTES (8 * GUP_MIB)
#define PAGES 4
#define PATIENCE (300 * GUP_MS)

struct scene {
	struct gup_stage stage;
	struct gup_object *file;
	uint64_t addr;
	struct gup_page *pages[PAGES];
	long held;
};

static bool set_scene(struct scene *scene)
{
	struct gup_machine_config config = {
		.normal_bytes = 32 * GUP_MIB,
		.dax = { { .name = "pmem0", .bytes = 32 * GUP_MIB, .kind = GUP_DAX_FS } },
		.contract = GUP_LINUX_6_12,
		.track_holders = true,
	};
	static const char text[] = "a recording";
	int err;

	if (!gup_stage_open(&scene->stage, &config, "recorder"))
		return false;
	err = gup_dax_file_create(scene->stage.m, "pmem0", FILE_BYTES, &scene->file);
	if (err)
		return gup_say_unexpected("no file on pmem0: %s", gup_errno_text(err));
	scene->addr = gup_stage_map(&scene->stage, FILE_BYTES, scene->file);
	if (!scene->addr)
		return false;
	if (gup_copy_to_user(scene->stage.mm, scene->addr, text, sizeof(text)))
		return gup_say_unexpected("the application cannot write to its file");
	gup_say("Program \"recorder\" maps a file of 8 MiB on the DAX disk pmem0 at address 0x%" PRIx64 ".",
		scene->addr);
	gup_say("Its first byte is in frame %" PRIu64 ": that frame is the disk's block.",
		gup_user_pfn(scene->stage.mm, scene->addr));
	return true;
}

static void take(struct scene *scene, unsigned int flags, struct gup_why *why)
{
	struct gup_call call = {
		.entry = GUP_PIN_USER_PAGES_FAST,
		.start = scene->addr,
		.nr_pages = PAGES,
		.flags = flags,
		.pages = scene->pages,
	};

	scene->held = gup_user_pages(scene->stage.mm, &call, why);
}

/* Truncates to nothing and says how that went. */
static int truncate_file(struct scene *scene, struct gup_why *why)
{
	double begin = gup_now_ms();
	int err;

	gup_say_progress("truncate waits for the pages of the file");
	err = gup_object_truncate(scene->file, 0, PATIENCE, why);
	gup_say("truncate(file, 0) returned %s after %.2f ms; the file has %" PRIu64 " bytes.", gup_errno_text(err),
		gup_now_ms() - begin, gup_object_size(scene->file));
	return err;
}

static bool play_without(struct scene *scene, struct gup_verdict *verdict)
{
	struct gup_why why = { 0 };
	int err;

	take(scene, GUP_WRITE, &why);
	if (scene->held != PAGES)
		return gup_say_unexpected("the pin of %d pages gave %s", PAGES, gup_errno_text(scene->held));
	gup_say("A network card pins %d pages of it to write into them, for as long as it likes:", PAGES);
	gup_say("pin_user_pages_fast(FOLL_WRITE) = %ld; the block at frame %" PRIu64 " has %" PRIu32 " pins.",
		scene->held, gup_page_to_pfn(scene->stage.m, scene->pages[0]),
		gup_page_pins(scene->stage.m, scene->pages[0]));
	err = truncate_file(scene, &why);
	if (err != -GUP_EBUSY || strcmp(why.holder, "recorder"))
		return gup_say_unexpected("truncate should have met the pin of \"recorder\", but the holder is \"%s\"",
					  why.holder);
	gup_say_why(&why);
	gup_say("libgup gives up after a time that the caller chose. A kernel waits for ever: truncate hangs.");
	gup_say("The card lets go of its pages at last, and the file shrinks:");
	gup_unpin_user_pages(scene->stage.m, scene->pages, PAGES);
	scene->held = 0;
	snprintf(verdict->text, sizeof(verdict->text), "truncate hangs on \"%s\"", why.holder);
	return truncate_file(scene, &why) == 0;
}

static bool play_with(struct scene *scene, struct gup_verdict *verdict)
{
	struct gup_why why = { 0 };
	struct gup_check check;

	gup_say("The network card now says that it will hold them for long:");
	take(scene, GUP_WRITE | GUP_LONGTERM, &why);
	gup_say("pin_user_pages_fast(FOLL_WRITE | FOLL_LONGTERM) = %s", gup_errno_text(scene->held));
	if (scene->held != -GUP_EOPNOTSUPP)
		return gup_say_unexpected("this must be refused with -EOPNOTSUPP");
	gup_say_why(&why);
	if (gup_machine_check(scene->stage.m, &check) || check.pins)
		return gup_say_unexpected("%" PRIu64 " pins were kept", check.pins);
	gup_say("%" PRIu64 " pins were kept, so the file may shrink whenever it must:", check.pins);
	snprintf(verdict->text, sizeof(verdict->text), "long pin refused, truncate works");
	return truncate_file(scene, &why) == 0;
}

void gup_act_dax(struct gup_show *show, bool rule, struct gup_verdict *verdict)
{
	struct scene scene = { 0 };

	(void)show;
	if (set_scene(&scene))
		verdict->as_expected = rule ? play_with(&scene, verdict) : play_without(&scene, verdict);
	if (scene.held > 0)
		gup_unpin_user_pages(scene.stage.m, scene.pages, (unsigned long)scene.held);
	gup_object_put(scene.file);
	gup_stage_close(&scene.stage, verdict);
}
