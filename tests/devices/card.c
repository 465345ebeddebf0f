/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/card.c - a cable, a card, and frames that are told by their numbers.
 */
#define _GNU_SOURCE
#include "card.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENT_MS 20000

const struct gup_request card_range = { BASE, HUGE, GUP_WRITE, NULL };

/* Lengths from a header and a byte to the longest; what comes back has all bytes of the payload inverted. */
uint32_t frame_make(uint8_t *bytes, unsigned int nr, bool back)
{
	static const uint8_t header[14] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
	uint32_t length = 15 + nr * 97 % (FRAME_MAX - 14);

	memcpy(bytes, header, sizeof(header));
	for (uint32_t i = sizeof(header); i < length; i++)
		bytes[i] = (uint8_t)((nr * 31 + i * 7 + i / 256) ^ (back ? 0xff : 0));
	return length;
}

void need_cable(void)
{
	struct gup_cable cable;
	struct gup_xdp *dev;
	struct gup_xdp_stats stats;
	struct world w;
	int err = gup_cable_open(&cable);

	if (err) {
		print_message("skipped: no network namespaces can be made here (%s); run as root\n", strerror(-err));
		skip();
	}
	world_begin(&w, &(struct world_spec){ .normal = 8 });
	map_anon(w.mm, BASE, HUGE);
	assert_int_equal(gup_xdp_open(GUP_CABLE_NEAR, &dev), 0);
	err = gup_xdp_attach_range(dev, w.mm, &card_range, NULL);
	gup_xdp_stats_get(dev, &stats);
	assert_int_equal(gup_xdp_close(dev), 0);
	gup_cable_close(&cable);
	world_end(&w);
	if (!err)
		err = stats.receive_error;
	if (err) {
		print_message(
			"skipped: the host lets no AF_XDP socket receive here (%s); run as root, on a kernel with "
			"CONFIG_XDP_SOCKETS\n",
			strerror(-err));
		skip();
	}
}

void card_begin(struct card *card, const struct world_spec *spec)
{
	memset(card, 0, sizeof(*card));
	card->descriptors = open_descriptors();
	world_begin(&card->w, spec);
	card->mm = card->w.mm;
	assert_int_equal(gup_cable_open(&card->cable), 0);
	assert_int_equal(gup_xdp_open(GUP_CABLE_NEAR, &card->dev), 0);
}

void card_attach(struct card *card)
{
	assert_int_equal(gup_xdp_attach_range(card->dev, card->mm, &card_range, NULL), 0);
	assert_int_equal(gup_xdp_lend(card->dev, HALF, HALF), 0);
	check_rest(card->w.m, HUGE / PAGE, 0);
}

void card_end(struct card *card)
{
	assert_int_equal(gup_xdp_close(card->dev), 0);
	gup_cable_close(&card->cable);
	world_end(&card->w);
	assert_int_equal(open_descriptors(), card->descriptors);
}

void card_send(struct card *card, unsigned int first, unsigned int nr)
{
	struct gup_xdp_frame frames[NR_CHUNKS];
	uint8_t bytes[FRAME_MAX];

	for (unsigned int i = 0; i < nr; i++) {
		frames[i] = (struct gup_xdp_frame){ i * CHUNK + i % 8, frame_make(bytes, first + i, false) };
		assert_int_equal(gup_copy_to_user(card->mm, BASE + frames[i].offset, bytes, frames[i].bytes), 0);
	}
	assert_int_equal(gup_xdp_send(card->dev, frames, nr), nr);
	far_expect(card, first, nr);
}

void far_expect(struct card *card, unsigned int first, unsigned int nr)
{
	struct pollfd fd = { card->cable.far, POLLIN, 0 };
	uint8_t bytes[FRAME_MAX], seen[FRAME_MAX + 1];

	for (unsigned int i = 0; i < nr; i++) {
		uint32_t length = frame_make(bytes, first + i, false);

		assert_int_equal(poll(&fd, 1, PATIENT_MS), 1);
		assert_int_equal(recv(fd.fd, seen, sizeof(seen), 0), length);
		assert_memory_equal(seen, bytes, length);
	}
}

/* A busy host may not have taken what was sent before. */
static ssize_t send_when_there_is_room(int far, const void *bytes, size_t length)
{
	struct pollfd fd = { .fd = far, .events = POLLOUT };
	ssize_t sent;

	while ((sent = send(far, bytes, length, 0)) < 0 && (errno == EAGAIN || errno == ENOBUFS))
		if (poll(&fd, 1, PATIENT_MS) != 1)
			return -1;
	return sent;
}

void far_send(struct card *card, unsigned int first, unsigned int nr)
{
	uint8_t bytes[FRAME_MAX];

	for (unsigned int i = 0; i < nr; i++) {
		uint32_t length = frame_make(bytes, first + i, true);

		assert_int_equal(send_when_there_is_room(card->cable.far, bytes, length), length);
	}
}

static void expect_frame(struct card *card, const struct gup_xdp_frame *frame, unsigned int nr)
{
	uint8_t bytes[FRAME_MAX], seen[FRAME_MAX];

	assert_int_equal(frame->bytes, frame_make(bytes, nr, true));
	assert_true(frame->offset >= HALF && frame->offset < HUGE);
	assert_int_equal(gup_copy_from_user(card->mm, seen, BASE + frame->offset, frame->bytes), 0);
	assert_memory_equal(seen, bytes, frame->bytes);
	assert_int_equal(gup_xdp_lend(card->dev, frame->offset / CHUNK * CHUNK, CHUNK), 0);
}

void card_expect(struct card *card, unsigned int first, unsigned int nr)
{
	struct gup_xdp_frame frames[16];

	for (unsigned int done = 0; done < nr;) {
		int64_t got = gup_xdp_receive(card->dev, frames, nr - done < 16 ? nr - done : 16, PATIENT_MS);

		assert_true(got > 0);
		for (int64_t i = 0; i < got; i++)
			expect_frame(card, &frames[i], first + done++);
	}
}
