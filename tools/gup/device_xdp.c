/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/device_xdp.c - `gup device xdp`: a network card whose frames lie in the range. At the other end of its cable is
 * a packet socket.
 */
#define _GNU_SOURCE
#include "../../devices/af_xdp.h"
#include "../../devices/cable.h"
#include "device.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HALF (GUP_DEVICE_RANGE / 2)
#define FRAMES 500u
#define FRAME_MAX 1514u
#define PATIENT_MS 10000

struct scene {
	struct gup_stage *stage;
	uint64_t range;
	struct gup_cable cable;
	struct gup_xdp *dev;
	bool receives;
};

static const char *missing(void)
{
	static char sentence[160];
	struct gup_cable cable;
	int fd, err = gup_cable_open(&cable);

	if (err) {
		snprintf(sentence, sizeof(sentence),
			 "this system lets us make no network namespaces with a cable between them (%s); run it as "
			 "root.",
			 gup_errno_text(err));
		return sentence;
	}
	fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	err = fd < 0 ? -errno : close(fd);
	gup_cable_close(&cable);
	if (!err)
		return NULL;
	snprintf(sentence, sizeof(sentence),
		 "this kernel has no AF_XDP sockets for us (%s); it takes CONFIG_XDP_SOCKETS.", gup_errno_text(err));
	return sentence;
}

/* Length and bytes follow from the number; @tag is another one for each way and round. */
static uint32_t make_frame(uint8_t *bytes, unsigned int nr, uint8_t tag)
{
	static const uint8_t header[14] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	uint32_t length = 60 + nr * 97 % (FRAME_MAX - 59);

	memcpy(bytes, header, sizeof(header));
	for (uint32_t i = sizeof(header); i < length; i++)
		bytes[i] = (uint8_t)((nr * 31 + i * 7) ^ tag);
	return length;
}

/* Return: bytes that the other end got as the application had written them; 0 for a frame that is not right. */
static uint32_t send_one(struct scene *scene, unsigned int nr, uint8_t tag)
{
	struct pollfd far = { scene->cable.far, POLLIN, 0 };
	uint8_t bytes[FRAME_MAX], seen[FRAME_MAX];
	const struct gup_xdp_frame frame = { nr * GUP_XDP_CHUNK, make_frame(bytes, nr, tag) };

	if (gup_copy_to_user(scene->stage->mm, scene->range + frame.offset, bytes, frame.bytes) ||
	    gup_xdp_send(scene->dev, &frame, 1) != 1 || poll(&far, 1, PATIENT_MS) != 1)
		return 0;
	return recv(far.fd, seen, sizeof(seen), 0) == frame.bytes && !memcmp(seen, bytes, frame.bytes) ? frame.bytes
												       : 0;
}

/* The same way back. */
static uint32_t receive_one(struct scene *scene, unsigned int nr, uint8_t tag)
{
	uint8_t bytes[FRAME_MAX], seen[FRAME_MAX];
	uint32_t length = make_frame(bytes, nr, tag);
	struct gup_xdp_frame frame;

	if (send(scene->cable.far, bytes, length, 0) != length ||
	    gup_xdp_receive(scene->dev, &frame, 1, PATIENT_MS) != 1 || frame.bytes != length ||
	    gup_copy_from_user(scene->stage->mm, seen, scene->range + frame.offset, length) ||
	    gup_xdp_lend(scene->dev, frame.offset / GUP_XDP_CHUNK * GUP_XDP_CHUNK, GUP_XDP_CHUNK))
		return 0;
	return memcmp(seen, bytes, length) ? 0 : length;
}

/* A frame that is lost ends it: from there on each would be taken for the one before. */
static bool pass(struct scene *scene, const char *way, uint32_t (*one)(struct scene *, unsigned int, uint8_t),
		 uint8_t tag)
{
	uint64_t total = 0, right = 0;
	unsigned int nr;

	for (nr = 0; nr < FRAMES && right == total; nr++) {
		uint8_t bytes[FRAME_MAX];

		total += make_frame(bytes, nr, tag);
		right += one(scene, nr, tag);
	}
	gup_say("%u frames go %s: %" PRIu64 " of %" PRIu64 " bytes right.", nr, way, right, total);
	return right == total || gup_say_unexpected("the last of them is lost or wrong");
}

static bool pass_both(struct scene *scene, uint8_t tag)
{
	return pass(scene, "out", send_one, tag) && (!scene->receives || pass(scene, "in", receive_one, (uint8_t)~tag));
}

static bool attach(struct scene *scene)
{
	const struct gup_request range = { scene->range, GUP_DEVICE_RANGE, GUP_WRITE, NULL };
	struct gup_xdp_stats stats;
	int err = gup_xdp_open(GUP_CABLE_NEAR, &scene->dev);

	if (!err)
		err = gup_xdp_attach_range(scene->dev, scene->stage->mm, &range, NULL);
	if (err)
		return gup_say_unexpected("the card does not start: %s%s", gup_errno_text(err),
					  err == -ENOBUFS ? "; raise RLIMIT_MEMLOCK" : "");
	gup_xdp_stats_get(scene->dev, &stats);
	scene->receives = !stats.receive_error;
	gup_say("4 MiB of the application are pinned for long: the UMEM of an AF_XDP socket, %u chunks of 4 KiB.",
		(unsigned int)(GUP_DEVICE_RANGE / GUP_XDP_CHUNK));
	if (!scene->receives)
		gup_say("The host lets only root receive (%s), so frames go one way.",
			gup_errno_text(stats.receive_error));
	return !scene->receives || !gup_xdp_lend(scene->dev, HALF, HALF) ||
	       gup_say_unexpected("the card takes no memory for frames that arrive");
}

static bool late_frame(struct scene *scene)
{
	const struct gup_xdp_frame frame = { 0, 60 };
	int64_t result = gup_xdp_send(scene->dev, &frame, 1);

	gup_say("One more frame: %s.", gup_errno_text(result));
	return result == -ECANCELED || gup_say_unexpected("the card should not send what is not its own");
}

static bool play(struct gup_stage *stage, uint64_t range)
{
	struct scene scene = { .stage = stage, .range = range };
	int err = gup_cable_open(&scene.cable);
	bool ok;

	if (err)
		return gup_say_unexpected("no cable: %s", gup_errno_text(err));
	ok = attach(&scene) && pass_both(&scene, 1) && gup_device_disturb(stage) && pass_both(&scene, 2) &&
	     gup_device_unmap(stage, range) && late_frame(&scene);
	err = gup_xdp_close(scene.dev);
	gup_cable_close(&scene.cable);
	return ok && (!err || gup_say_unexpected("the card does not close: %s", gup_errno_text(err)));
}

const struct gup_device gup_device_xdp = {
	.name = "xdp",
	.title = "a network card, by AF_XDP: real frames over a cable of its own",
	.missing = missing,
	.play = play,
};
