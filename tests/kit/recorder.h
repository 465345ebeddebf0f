/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kit/recorder.h - a small driver of a recording device, with a place for each mistake that drivers make.
 *
 * It is right as long as no mistake is chosen. The lines of its calls are noted as they run, so that a test can say
 * which site a report has to name.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include <gup/testing.h>

#define PAGES 4
#define EIO 5

enum mistake {
	NO_MISTAKE,
	PIN_LEFT_ON_COPY,
	PIN_LEFT_ON_ALLOC,
	PIN_LEFT_ON_SHORT,
	UNPIN_TWICE,
	PUT_FOR_UNPIN,
	DMA_LEFT,
	UNMAP_TWICE,
	UNMAP_SHORT,
	WRITE_AFTER_UNPIN,
	WRITE_TO_ANOTHER,
	READ_AFTER_UNMAP,
	READ_NOWHERE,
	READ_TOO_FAR,
	WRITE_READ_ONLY,
	ALLOC_LEFT,
	FREE_TWICE,
	FREE_NOTHING_OF_OURS,
	CMA_LEFT,
	BUSY_AFTER_FAILURE,
	LIMIT_COUNTED_TWICE,
	ERROR_WITHOUT_FAILURE,
	NR_MISTAKES,
};

extern enum mistake mistake;
/* What it pins with. Without GUP_WRITE it plays: the device reads what the application has there. */
extern unsigned int recorder_flags;

/* The calls of the driver, and the line where each of them is. */
enum call {
	CALL_PIN,
	CALL_UNPIN,
	CALL_UNPIN_AGAIN,
	CALL_PUT,
	CALL_MAP,
	CALL_UNMAP,
	CALL_UNMAP_AGAIN,
	CALL_WRITE,
	CALL_READ,
	CALL_ALLOC,
	CALL_FREE,
	CALL_FREE_AGAIN,
	NR_CALLS,
};

extern unsigned int lines[NR_CALLS];

/* The device's driver is loaded, without anything in use. */
void recorder_reset(void);
/* Record to @addr: PAGES pages of an application. 0 or a negative errno, with nothing held. */
int recorder_record(struct gup_test *t, uint64_t addr);
/* The tag of what the device writes. */
#define RECORDED 7

/* A whole scenario: a buffer, a recording, and the application looks at it. */
int recorder_play(struct gup_test *t);

#endif
