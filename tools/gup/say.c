/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/say.c - everything that the user reads: story lines on stdout, complaints as one sentence on stderr.
 *
 * On a terminal headings are bold and progress lines replace each other; elsewhere all lines are plain.
 */
#define _GNU_SOURCE
#include "tool.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_LENGTH 88

static bool on_terminal(void)
{
	static int known = -1;

	if (known < 0)
		known = isatty(STDOUT_FILENO);
	return known;
}

/* Wipes a progress line. */
static void begin_line(void)
{
	if (on_terminal())
		fputs("\r\033[K", stdout);
}

static void line(const char *before, const char *bold, const char *fmt, va_list args)
{
	bool styled = *bold && on_terminal();

	begin_line();
	fputs(before, stdout);
	fputs(styled ? bold : "", stdout);
	vprintf(fmt, args);
	fputs(styled ? "\033[0m\n" : "\n", stdout);
	fflush(stdout);
}

int gup_usage_error(const char *command, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fprintf(stderr, "%s: ", command);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	return GUP_EXIT_USAGE;
}

int gup_option_error(const char *command, int code, char **argv)
{
	const char *given = argv[optind - 1];

	if (code == ':')
		return gup_usage_error(command, "option '%s' needs a value; see '%s --help'.", given, command);
	if (optopt && strncmp(given, "--", 2))
		return gup_usage_error(command, "there is no option '-%c'; see '%s --help' for those that exist.",
				       optopt, command);
	return gup_usage_error(command, "option '%s' does not exist or takes no value; see '%s --help'.", given,
			       command);
}

void gup_say_title(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line("\n", "\033[1;4m", fmt, args);
	va_end(args);
}

void gup_say_part(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line("\n  ", "\033[1m", fmt, args);
	va_end(args);
}

void gup_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line("    ", "", fmt, args);
	va_end(args);
}

/* Characters of @text that fit into a line, without breaking a word. */
static size_t line_length(const char *text)
{
	size_t length = strlen(text), at = LINE_LENGTH;

	if (length <= at)
		return length;
	while (at && text[at] != ' ')
		at--;
	return at ? at : length;
}

void gup_say_wrapped(const char *before, const char *text)
{
	while (*text) {
		size_t length = line_length(text);

		gup_say("%s%.*s", before, (int)length, text);
		text += length;
		text += *text == ' ';
	}
}

void gup_say_why(const struct gup_why *why)
{
	char sentence[400];

	gup_why_str(why, sentence, sizeof(sentence));
	gup_say("libgup says why:");
	gup_say_wrapped("  | ", sentence);
}

bool gup_say_unexpected(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	line("    NOT AS IT MUST BE: ", "\033[1;31m", fmt, args);
	va_end(args);
	return false;
}

void gup_say_progress(const char *fmt, ...)
{
	va_list args;

	if (!on_terminal())
		return;
	va_start(args, fmt);
	begin_line();
	fputs("    ... ", stdout);
	vprintf(fmt, args);
	fflush(stdout);
	va_end(args);
}

const char *gup_errno_text(int64_t result)
{
	static char buf[2][32];
	static unsigned int turn;
	const char *name = result < 0 && result > -4096 ? strerrorname_np((int)-result) : NULL;
	char *out = buf[turn++ % 2];

	if (name)
		snprintf(out, sizeof(buf[0]), "-%s", name);
	else
		snprintf(out, sizeof(buf[0]), "%" PRId64, result);
	return out;
}

double gup_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}
