/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/demo.c - `gup demo`: checks its arguments, plays the acts and prints the table.
 */
#define _GNU_SOURCE
#include "act.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND "gup demo"
#define NR_ACTS 4

static const struct act {
	const char *name;
	const char *title;
	const char *stake[4];
	const char *without;
	const char *with;
	void (*play)(struct gup_show *show, bool rule, struct gup_verdict *verdict);
} acts[NR_ACTS] = {
	{
		.name = "1 DAX",
		.title = "a file shrinks under a device",
		.stake = { "On a DAX disk the blocks of a file are the memory that programs see: nothing is",
			   "copied. When the file shrinks, its blocks go to other files. A device that still",
			   "writes to them would destroy somebody else's file, so the file system has to wait",
			   "until it lets go." },
		.without =
			"Without the rule: the device does not say that it will hold the pages for long (linux-6.12)",
		.with = "With the rule: FOLL_LONGTERM (linux-6.12)",
		.play = gup_act_dax,
	},
	{
		.name = "2 CMA",
		.title = "a camera wants its memory back",
		.stake = { "A camera needs much memory in one piece, but seldom. Until then programs may borrow",
			   "that area, as long as their pages can be moved elsewhere. A page that a device may",
			   "write to cannot be moved: the device would write to where the page was." },
		.without = "Without the rule: get_user_pages_fast() as in linux-5.2",
		.with = "With the rule: pin_user_pages_fast() as in linux-6.12",
		.play = gup_act_cma,
	},
	{
		.name = "3 fork",
		.title = "a program forks while a device writes",
		.stake = { "After a fork parent and child share their pages, until one of them writes and gets a",
			   "copy. If the writer's page is one that a device fills, the writer moves to the copy,",
			   "while the device goes on filling the old page. There is no error; the data just are",
			   "not there." },
		.without = "Without the rule: get_user_pages_fast() as in linux-5.2",
		.with = "With the rule: pin_user_pages_fast() as in linux-6.12",
		.play = gup_act_fork,
	},
	{
		.name = "4 driver",
		.title = "a driver that nobody could test",
		.stake = { "Drivers pin pages too, and few of their authors have the card in their test machines.",
			   "Here a small driver in Linux style runs against a card made of software: every call",
			   "fails once, and everybody runs in many different orders. What is wrong is named by",
			   "file and line." },
		.without = "The driver as it was written (linux-6.12): tools/gup/drv/drv.c",
		.with = "The driver without its two bugs: the same file with FIXED defined",
		.play = gup_act_driver,
	},
};

struct options {
	const char *file;
	const char *map_path;
	unsigned int only; /* act, 0 for all */
};

static int print_help(void)
{
	printf("Usage: gup demo [FILE] [--map OUT.svg] [--act N]\n"
	       "Three acts, each without and with the rule that FOLL_LONGTERM brought, and a driver under test.\n\n"
	       "  FILE            its bytes are read into pinned memory in act 2; default: a library of this machine\n"
	       "  --map OUT.svg   draw the physical memory of act 2, before and after\n"
	       "  --act N         only act N, 1 to 4\n"
	       "  -h, --help      this text\n\n"
	       "Exit status: 0 every act ended as it must, 1 one did not, 2 the arguments must be changed.\n");
	return GUP_EXIT_OK;
}

static bool parse_act(const char *text, unsigned int *out)
{
	if (strlen(text) != 1 || *text < '1' || *text > '0' + NR_ACTS)
		return false;
	*out = (unsigned int)(*text - '0');
	return true;
}

/* Return: -1 to go on, else an exit status. */
static int parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "map", required_argument, NULL, 'm' },
		{ "act", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int code;

	while ((code = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
		if (code == 'h')
			return print_help();
		if (code == 'm')
			options->map_path = optarg;
		else if (code != 'a')
			return gup_option_error(COMMAND, code, argv);
		else if (!parse_act(optarg, &options->only))
			return gup_usage_error(COMMAND, "'%s' is not an act; give --act 1, 2, 3 or 4, or leave it out.",
					       optarg);
	}
	if (argc - optind > 1)
		return gup_usage_error(COMMAND, "'%s' is one file too many; give one FILE, or none.", argv[optind + 1]);
	options->file = argv[optind];
	if (options->map_path && options->only && options->only != 2)
		return gup_usage_error(COMMAND, "--map draws act 2; leave out --act %u.", options->only);
	return -1;
}

static bool same_file(int fd, const char *path)
{
	struct stat a, b;

	return !fstat(fd, &a) && !stat(path, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Opened before anything is played, and emptied only if it is not the file that is read. NULL after one sentence. */
static FILE *open_map(const char *path, const char *source)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0) {
		gup_usage_error(COMMAND, "'%s' cannot be written: %s; name a file in a directory of yours.", path,
				strerror(errno));
		return NULL;
	}
	if (same_file(fd, source)) {
		gup_usage_error(COMMAND, "'%s' is the FILE that is read; name another file for --map.", path);
		close(fd);
		return NULL;
	}
	close(fd);
	return fopen(path, "we");
}

/* Half a picture is removed, but no device. */
static bool finish_map(const struct gup_map *map, FILE *file, const char *path)
{
	bool ok = map && gup_svg_write(map, file);
	struct stat st;
	bool regular = !fstat(fileno(file), &st) && S_ISREG(st.st_mode);

	ok &= fclose(file) == 0;
	if (!ok && regular)
		unlink(path);
	if (!ok)
		return gup_say_unexpected("'%s' could not be written to its end; is there room?", path);
	gup_say_title("The map of act 2 is in %s; any web browser shows it.", path);
	return true;
}

static void play(const struct act *act, struct gup_show *show, struct gup_verdict verdicts[2])
{
	gup_say_title("ACT %s: %s", act->name, act->title);
	for (size_t i = 0; i < 4 && act->stake[i]; i++)
		gup_say("%s", act->stake[i]);
	for (int rule = 0; rule < 2; rule++) {
		gup_say_part("%s", rule ? act->with : act->without);
		act->play(show, rule, &verdicts[rule]);
	}
}

/* Return: whether the act ended as it must. */
static bool print_row(const struct act *act, const struct gup_verdict verdicts[2])
{
	const struct gup_verdict *without = &verdicts[0], *with = &verdicts[1];
	bool check_ok = without->check_ok && with->check_ok;

	gup_say("%-8s %-34s %-34s %9" PRIu64 "  %s", act->name,
		without->as_expected ? without->text : "NOT AS IT MUST BE",
		with->as_expected ? with->text : "NOT AS IT MUST BE", without->left + with->left,
		check_ok ? "ok" : "BROKEN");
	return without->as_expected && with->as_expected && check_ok && !without->left && !with->left;
}

static bool print_table(struct gup_verdict verdicts[NR_ACTS][2], unsigned int only)
{
	bool ok = true;

	gup_say_title("Result");
	gup_say("%-8s %-34s %-34s %9s  %s", "act", "without the rule", "with the rule", "pins left", "machine check");
	for (unsigned int i = 0; i < NR_ACTS; i++)
		if (!only || only == i + 1)
			ok &= print_row(&acts[i], verdicts[i]);
	return ok;
}

static int run(struct gup_show *show, const struct options *options, FILE *map_file)
{
	struct gup_verdict verdicts[NR_ACTS][2] = { 0 };
	bool ok = true;

	for (unsigned int i = 0; i < NR_ACTS; i++)
		if (!options->only || options->only == i + 1)
			play(&acts[i], show, verdicts[i]);
	if (map_file)
		ok = finish_map(show->map, map_file, options->map_path);
	ok &= print_table(verdicts, options->only);
	return ok ? GUP_EXIT_OK : GUP_EXIT_FAILED;
}

int gup_command_demo(int argc, char **argv)
{
	struct options options = { 0 };
	struct gup_show show = { 0 };
	FILE *map_file = NULL;
	int status = parse(argc, argv, &options);

	if (status >= 0)
		return status;
	if (!gup_source_open(&show.source, options.file, GUP_ACT_BUFFER))
		return GUP_EXIT_USAGE;
	if (options.map_path) {
		map_file = open_map(options.map_path, show.source.path);
		if (!map_file)
			return GUP_EXIT_USAGE;
		show.map = gup_svg_create();
	}
	status = run(&show, &options, map_file);
	gup_svg_destroy(show.map);
	return status;
}
