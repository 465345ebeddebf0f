/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/tool/test_lost_frame.c - `gup device xdp` where a frame never leaves the card, or arrives without its last byte: it says
 * so, plays no further and fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../devices/af_xdp.h"
#include "tool.h"

#define LOST 7

static unsigned int sent;
static bool shorter; /* not lost */

int64_t __real_gup_xdp_send(struct gup_xdp *dev, const struct gup_xdp_frame *frames, size_t nr);
int64_t __wrap_gup_xdp_send(struct gup_xdp *dev, const struct gup_xdp_frame *frames, size_t nr);
int64_t __wrap_gup_xdp_send(struct gup_xdp *dev, const struct gup_xdp_frame *frames, size_t nr)
{
	struct gup_xdp_frame cut = frames[0];

	if (++sent != LOST)
		return __real_gup_xdp_send(dev, frames, nr);
	if (!shorter)
		return 1;
	cut.bytes--;
	return __real_gup_xdp_send(dev, &cut, 1);
}

static void play(void)
{
	char *argv[] = { "gup", "device", "xdp", NULL };
	int status;

	sent = 0;
	status = gup_main(3, argv);
	if (status == GUP_EXIT_USAGE) /* it has said why */
		skip();
	assert_int_equal(status, GUP_EXIT_FAILED);
	assert_int_equal(sent, LOST);
}

static void lost(void **state)
{
	(void)state;
	shorter = false;
	play();
}

static void wrong(void **state)
{
	(void)state;
	shorter = true;
	play();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lost), cmocka_unit_test(wrong) };

	return cmocka_run_group_tests_name("lost frame", tests, NULL, NULL);
}
