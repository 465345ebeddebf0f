/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/act_driver.c - act 4: a driver under test; and `gup replay`, which plays one of its schedules again.
 *
 * "Without the rule" is the driver with its bugs, "with" is the one without. The playing itself is done in drv/, on the
 * deterministic host.
 */
#include "act.h"

#include "drv/play.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SCHEDULES 2000

static void say_failures(const struct gup_drv_outcome *out)
{
	gup_say("Everything that can fail is made to fail once, on %" PRIu64 " machines: %s", out->runs,
		out->findings ? "" : "nothing is left, ever.");
	if (out->text[0])
		gup_say("  copy_to_user fails: %s", out->text);
}

static void say_schedules(const struct gup_drv_outcome *out)
{
	gup_say("The card, the program and another program run in %" PRIu64 " different orders: %s", out->runs,
		out->findings ? "" : "the card writes to its own pages only.");
	if (out->text[0]) {
		gup_say("  schedule %" PRIu64 ": %s", out->schedule, out->text);
		gup_say("  replay: gup replay %" PRIu64, out->schedule);
	}
}

void gup_act_driver(struct gup_show *show, bool rule, struct gup_verdict *verdict)
{
	struct gup_drv_outcome failures, orders;
	bool clean, caught;

	(void)show;
	gup_drv_fail_each(rule, &failures);
	say_failures(&failures);
	gup_drv_schedules(rule, SCHEDULES, &orders);
	say_schedules(&orders);
	clean = !failures.findings && !orders.findings && orders.runs == SCHEDULES;
	caught = failures.text[0] && orders.text[0];
	verdict->as_expected = rule ? clean : caught;
	verdict->check_ok = true;
	snprintf(verdict->text, sizeof(verdict->text), "%s",
		 rule ? "nothing is found" : "both bugs found, with their lines");
	if (!verdict->as_expected)
		gup_say_unexpected(rule ? "the driver without bugs was found fault with" : "a bug was not found");
}

static int print_help(void)
{
	printf("Usage: gup replay SCHEDULE\n"
	       "Play one order of act 4's driver again and show who did what when.\n\n"
	       "  SCHEDULE        a number that `gup demo` has printed; 1 to 2^63\n"
	       "  -h, --help      this text\n\n"
	       "Exit status: 0 it was played, 2 the arguments must be changed.\n");
	return GUP_EXIT_OK;
}

static bool parse_schedule(const char *text, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return *text >= '1' && *text <= '9' && !*end && *out <= UINT64_C(1) << 63;
}

int gup_command_replay(int argc, char **argv)
{
	static const struct option known[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	int code = getopt_long(argc, argv, ":h", known, NULL);
	struct gup_drv_outcome out;
	uint64_t schedule;

	if (code == 'h')
		return print_help();
	if (code != -1)
		return gup_option_error("gup replay", code, argv);
	if (argc - optind != 1 || !parse_schedule(argv[optind], &schedule))
		return gup_usage_error("gup replay",
				       "give the number of one schedule, as `gup demo --act 4` prints it.");
	gup_drv_replay(schedule, &out);
	if (out.text[0])
		gup_say("%s", out.text);
	else
		gup_say("Nothing is found in this schedule.");
	return GUP_EXIT_OK;
}
