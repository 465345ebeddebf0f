/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/act_fork.c - act 3: the parent writes while the device writes, after a fork.
 *
 * Under linux-5.2 fork does not look at references: the parent's next write moves it to a copy, and the device goes on
 * writing to the page that only the child still has. Under linux-6.12 a pinned page stays the parent's.
 */
#include "act.h"

#include <inttypes.h>
#include <string.h>

#define FIELD 16
#define BEFORE "as before fork.."
#define PARENT "parent's 16 byte"
#define DEVICE "device's 16 byte"

struct scene {
	struct gup_stage stage;
	struct gup_mm *child;
	uint64_t addr;
	struct gup_page *page;
	bool held;
};

static bool set_scene(struct scene *scene, bool rule)
{
	struct gup_machine_config config = {
		.normal_bytes = 16 * GUP_MIB,
		.contract = rule ? GUP_LINUX_6_12 : GUP_LINUX_5_2,
		.no_huge_pages = true,
		.track_holders = true,
	};

	if (!gup_stage_open(&scene->stage, &config, "parent"))
		return false;
	scene->addr = gup_stage_map(&scene->stage, GUP_PAGE_SIZE, NULL);
	if (!scene->addr)
		return false;
	return !gup_copy_to_user(scene->stage.mm, scene->addr, BEFORE BEFORE, 2 * FIELD) ||
	       gup_say_unexpected("the application cannot write to its memory");
}

static bool take(struct scene *scene, bool rule)
{
	int got = rule ? gup_pin_user_pages_fast(scene->stage.mm, scene->addr, 1, GUP_WRITE, &scene->page)
		       : gup_get_user_pages_fast(scene->stage.mm, scene->addr, 1, GUP_WRITE, &scene->page);

	scene->held = got == 1;
	gup_say("%s_user_pages_fast(0x%" PRIx64 ", FOLL_WRITE) = %d: the device has frame %" PRIu64 ".",
		rule ? "pin" : "get", scene->addr, got, scene->held ? gup_page_to_pfn(scene->stage.m, scene->page) : 0);
	return scene->held || gup_say_unexpected("the device should have got one page");
}

static bool fork_and_write(struct scene *scene)
{
	int err = gup_mm_fork(scene->stage.mm, "child", &scene->child);

	if (err)
		return gup_say_unexpected("fork: %s", gup_errno_text(err));
	gup_say("The program forks. Then it writes bytes 0-15, and the device writes bytes 16-31 of its frame.");
	if (gup_copy_to_user(scene->stage.mm, scene->addr, PARENT, FIELD))
		return gup_say_unexpected("the parent cannot write any more");
	memcpy((char *)gup_page_address(scene->stage.m, scene->page) + FIELD, DEVICE, FIELD);
	return true;
}

static bool row(struct scene *scene, const char *who, struct gup_mm *mm, char bytes[2 * FIELD])
{
	if (gup_copy_from_user(mm, bytes, scene->addr, 2 * FIELD))
		return gup_say_unexpected("%s cannot read its memory", who);
	gup_say("  %-14s %.16s     %.16s     %" PRIu64, who, bytes, bytes + FIELD, gup_user_pfn(mm, scene->addr));
	return true;
}

static bool compare(struct scene *scene, bool rule, struct gup_verdict *verdict)
{
	char parent[2 * FIELD], child[2 * FIELD];

	gup_say("  %-14s %-20s %-20s %s", "", "bytes 0-15", "bytes 16-31", "frame");
	if (!row(scene, "parent reads", scene->stage.mm, parent) || !row(scene, "child reads", scene->child, child))
		return false;
	if (memcmp(parent, rule ? PARENT DEVICE : PARENT BEFORE, 2 * FIELD) ||
	    memcmp(child, rule ? BEFORE BEFORE : BEFORE DEVICE, 2 * FIELD))
		return gup_say_unexpected("these are not the bytes that the rules of %s give",
					  gup_contract_name(gup_machine_contract(scene->stage.m)));
	if (rule)
		gup_say("All bytes are there. The child got its own copy at the fork, and sees nothing of the device.");
	else
		gup_say("The device's bytes are lost to the parent, and the child, who never asked, has them.");
	snprintf(verdict->text, sizeof(verdict->text),
		 rule ? "32 of 32 bytes are there" : "device's 16 bytes are lost");
	return true;
}

void gup_act_fork(struct gup_show *show, bool rule, struct gup_verdict *verdict)
{
	struct scene scene = { 0 };

	(void)show;
	verdict->as_expected = set_scene(&scene, rule) && take(&scene, rule) && fork_and_write(&scene) &&
			       compare(&scene, rule, verdict);
	if (scene.held && rule)
		gup_unpin_user_pages_dirty_lock(scene.stage.m, &scene.page, 1, true);
	else if (scene.held)
		gup_put_page(scene.stage.m, scene.page);
	gup_mm_destroy(scene.child);
	gup_stage_close(&scene.stage, verdict);
}
