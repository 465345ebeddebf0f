/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/device.c - `gup device`: lists the devices, plays one, and is the memory around its range.
 *
 * All stories are one: pin and register, I/O, everything around moves, I/O into the same frames, the range is unmapped,
 * the device has let go before that returns.
 */
#define _GNU_SOURCE
#include "device.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#define COMMAND "gup device"
#define AREA (16 * GUP_MIB)
#define NEIGHBOUR (4 * GUP_MIB)
#define PATIENCE (2000 * GUP_MS)

static const struct gup_device *const devices[] = { &gup_device_io_uring, &gup_device_rdma, &gup_device_xdp };

#define NR_DEVICES (sizeof(devices) / sizeof(devices[0]))

void gup_device_pattern(void *buf, uint64_t offset, uint64_t bytes, uint32_t tag)
{
	uint64_t *words = buf;

	for (uint64_t at = 0; at < bytes / 8; at++)
		words[at] = (offset / 8 + at) * UINT64_C(0x9e3779b97f4a7c15) ^ tag;
}

uint64_t gup_device_count(struct gup_stage *stage, uint64_t range, uint32_t tag)
{
	static uint64_t found[1 << 13], wanted[1 << 13];
	uint64_t right = 0;

	for (uint64_t at = 0; at < GUP_DEVICE_RANGE; at += sizeof(found)) {
		gup_device_pattern(wanted, at, sizeof(wanted), tag);
		if (gup_copy_from_user(stage->mm, found, range + at, sizeof(found)))
			return right;
		for (size_t i = 0; i < sizeof(found) / 8; i++)
			right += found[i] == wanted[i] ? 8 : 0;
	}
	return right;
}

static bool give_camera(struct gup_stage *stage)
{
	struct gup_page *camera;
	struct gup_why why = { 0 };
	int err = gup_cma_alloc(stage->m, "camera", AREA, 0, PATIENCE, &camera, &why);

	if (err) {
		gup_say_why(&why);
		return gup_say_unexpected("the camera should have got its area");
	}
	memset(gup_page_address(stage->m, camera), 0xC5, AREA);
	return !gup_cma_free(stage->m, camera, AREA) || gup_say_unexpected("the camera's area is in use");
}

bool gup_device_disturb(struct gup_stage *stage)
{
	uint64_t neighbour = gup_stage_map(stage, NEIGHBOUR, NULL);
	struct gup_mm *child;
	long moved;
	bool ok;

	if (!neighbour || gup_populate(stage->mm, neighbour, NEIGHBOUR) || gup_mm_fork(stage->mm, "child", &child))
		return gup_say_unexpected("the application cannot have more memory, or a child");
	moved = gup_migrate_range(stage->mm, neighbour, NEIGHBOUR, NULL);
	ok = give_camera(stage);
	gup_mm_destroy(child);
	gup_munmap(stage->mm, neighbour, NEIGHBOUR);
	gup_say("Meanwhile the application forks, %ld pages around the range move, and the camera takes its 16 MiB.",
		moved);
	return ok && (moved > 0 || gup_say_unexpected("nothing moved"));
}

bool gup_device_unmap(struct gup_stage *stage, uint64_t range)
{
	struct gup_check check = { 0 };

	if (gup_munmap(stage->mm, range, GUP_DEVICE_RANGE) || gup_machine_check(stage->m, &check))
		return gup_say_unexpected("the range cannot be unmapped: %s", check.first_error);
	gup_say("The application unmaps the range. When munmap returns, the device has let go: %" PRIu64 " pins.",
		check.pins);
	return !check.pins || gup_say_unexpected("the device should have unpinned the range");
}

static int print_help(void)
{
	printf("Usage: gup device [NAME]\n"
	       "Let a device do real I/O into pinned memory, while the memory around it moves. Without NAME: list "
	       "them.\n\n"
	       "Exit status: 0 every byte is there and every pin was released, 1 it is not so, 2 the arguments must "
	       "be\n"
	       "changed or the device cannot be had here: one sentence says why.\n");
	return GUP_EXIT_OK;
}

static int list(void)
{
	for (size_t i = 0; i < NR_DEVICES; i++)
		printf("%-10s %s\n", devices[i]->name, devices[i]->title);
	return GUP_EXIT_OK;
}

static int play(const struct gup_device *device)
{
	const struct gup_machine_config config = {
		.normal_bytes = 32 * GUP_MIB,
		.cma = { { .name = "camera", .bytes = AREA } },
		.no_huge_pages = true,
	};
	const char *missing = device->missing();
	struct gup_verdict verdict = { 0 };
	struct gup_stage stage;
	uint64_t range;

	if (missing)
		return gup_usage_error(COMMAND, "%s", missing);
	gup_say_title("%s: %s", device->name, device->title);
	if (gup_stage_open(&stage, &config, "application")) {
		range = gup_stage_map(&stage, GUP_DEVICE_RANGE, NULL);
		verdict.as_expected = range && device->play(&stage, range);
	}
	gup_stage_close(&stage, &verdict);
	return verdict.as_expected && verdict.check_ok && !verdict.left ? GUP_EXIT_OK : GUP_EXIT_FAILED;
}

static const struct gup_device *find_device(const char *name)
{
	for (size_t i = 0; i < NR_DEVICES; i++)
		if (!strcmp(name, devices[i]->name))
			return devices[i];
	return NULL;
}

int gup_command_device(int argc, char **argv)
{
	static const struct option known[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "partner", no_argument, NULL, 'p' }, /* for ourselves */
		{ 0 },
	};
	int code = getopt_long(argc, argv, ":h", known, NULL);
	const struct gup_device *device;

	if (code == 'h')
		return print_help();
	if (code == 'p')
		return gup_device_partner();
	if (code != -1)
		return gup_option_error(COMMAND, code, argv);
	if (argc == optind)
		return list();
	if (argc - optind > 1)
		return gup_usage_error(COMMAND, "'%s' is one device too many; give one NAME, or none.",
				       argv[optind + 1]);
	device = find_device(argv[optind]);
	if (!device)
		return gup_usage_error(COMMAND, "there is no device '%s'; 'gup device' lists them.", argv[optind]);
	return play(device);
}
