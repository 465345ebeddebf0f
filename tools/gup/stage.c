/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/stage.c - a machine with one application, as each half of an act and each bug needs it.
 *
 * Leaving it runs the machine check and destroys the machine, which only works if nobody forgot a pin.
 */
#include "tool.h"

#include <inttypes.h>

bool gup_stage_open(struct gup_stage *stage, const struct gup_machine_config *config, const char *application)
{
	int err = gup_machine_create(config, &stage->m);

	stage->mm = NULL;
	if (err) {
		stage->m = NULL;
		return gup_say_unexpected("no machine could be made: %s; is enough memory free?", gup_errno_text(err));
	}
	err = gup_mm_create(stage->m, application, &stage->mm);
	return err ? gup_say_unexpected("no address space could be made: %s", gup_errno_text(err)) : true;
}

void gup_stage_close(struct gup_stage *stage, struct gup_verdict *verdict)
{
	struct gup_check check = { 0 };
	int err;

	if (!stage->m)
		return;
	gup_mm_destroy(stage->mm);
	err = gup_machine_check(stage->m, &check);
	verdict->left = check.pins + check.gets;
	verdict->check_ok = err == 0 && check.errors == 0;
	if (verdict->check_ok && !verdict->left)
		gup_say("Afterwards: 0 pins left, every count of the machine verified.");
	else
		verdict->as_expected = gup_say_unexpected("%" PRIu64 " pins and gets left, %u broken invariants%s%s",
							  verdict->left, check.errors, check.errors ? ": " : "",
							  check.first_error);
	err = gup_machine_destroy(stage->m);
	if (err)
		verdict->as_expected = gup_say_unexpected("the machine is still in use: %s", gup_errno_text(err));
}

uint64_t gup_stage_map(struct gup_stage *stage, uint64_t bytes, struct gup_object *object)
{
	struct gup_map_request request = {
		.length = bytes,
		.prot = GUP_PROT_READ | GUP_PROT_WRITE,
		.flags = object ? GUP_MAP_SHARED : GUP_MAP_PRIVATE,
		.object = object,
	};
	int64_t addr = gup_mmap(stage->mm, &request);

	if (addr > 0)
		return (uint64_t)addr;
	gup_say_unexpected("mmap of %" PRIu64 " bytes: %s", bytes, gup_errno_text(addr));
	return 0;
}

uint64_t gup_pages_in_zone(struct gup_mm *mm, uint64_t addr, uint64_t bytes, enum gup_zone_kind kind)
{
	struct gup_machine *m = gup_mm_machine(mm);
	uint64_t pages = 0;

	for (uint64_t at = addr; at < addr + bytes; at += GUP_PAGE_SIZE) {
		struct gup_frame_info info;
		uint64_t pfn = gup_user_pfn(mm, at);

		if (pfn && gup_frame_info(m, pfn, &info) == 0 && info.zone == kind)
			pages++;
	}
	return pages;
}
