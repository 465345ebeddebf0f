/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/card.h - a world with an AF_XDP card in it, on a cable of its own, and what goes over that cable.
 *
 * A network frame is told by its number: length and bytes follow from it. The application writes and reads frames in its
 * memory; the other end of the cable is a packet socket.
 */
#ifndef CARD_H
#define CARD_H

#include "world.h"

#include "../../devices/af_xdp.h"
#include "../../devices/cable.h"

#define CHUNK GUP_XDP_CHUNK
#define NR_CHUNKS (HUGE / CHUNK)
#define HALF (HUGE / 2)
#define FRAME_MAX 1514u

struct card {
	struct world w;
	struct gup_cable cable;
	struct gup_xdp *dev;
	struct gup_mm *mm; /* who sends and receives */
	int descriptors;
};

/* A machine, its first application's 2 MiB at BASE, and a device on a cable; nothing is attached. */
void card_begin(struct card *card, const struct world_spec *spec);
/* The device goes, with what is attached; everything is as it was before. */
void card_end(struct card *card);
/* Pin, register, and lend the second half of the range. */
void card_attach(struct card *card);
/* All of the range, for gup_xdp_attach_range(). */
extern const struct gup_request card_range;

uint32_t frame_make(uint8_t *bytes, unsigned int nr, bool back);

/* Frames @first to @first + @nr - 1, from chunks 0 to @nr - 1 to the other end, where every byte is right. */
void card_send(struct card *card, unsigned int first, unsigned int nr);
void far_expect(struct card *card, unsigned int first, unsigned int nr);
/* The same way back, into lent chunks, which are lent again; the application sees every byte. */
void far_send(struct card *card, unsigned int first, unsigned int nr);
void card_expect(struct card *card, unsigned int first, unsigned int nr);

/* Can this process make a cable, and hear something on it? If not, says so in one sentence and skips the test. */
void need_cable(void);

#endif
