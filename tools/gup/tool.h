/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/tool.h - what the parts of the command line share: exit statuses, talking to the user, and the stage, a
 * machine with one application on it that is checked when it is left.
 */
#ifndef GUP_TOOL_H
#define GUP_TOOL_H

#include <gup/gup.h>

#include <stdio.h>

#define GUP_MIB (UINT64_C(1) << 20)
#define GUP_MS UINT64_C(1000000)

enum gup_exit { GUP_EXIT_OK, GUP_EXIT_FAILED, GUP_EXIT_USAGE };

/* say.c */

/** gup_usage_error() - one sentence on stderr, for input that the user must change. Return: GUP_EXIT_USAGE. */
int gup_usage_error(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** gup_option_error() - the sentence for what getopt_long() returned as '?' or ':'. Return: GUP_EXIT_USAGE. */
int gup_option_error(const char *command, int code, char **argv);

/** gup_say_title(), gup_say_part(), gup_say() - a heading, a heading below it, a line of the story. */
void gup_say_title(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void gup_say_part(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void gup_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** gup_say_wrapped() - a long text in as many lines as it needs, each with @before in front. */
void gup_say_wrapped(const char *before, const char *text);

/** gup_say_why() - the library's own sentence about a refusal. */
void gup_say_why(const struct gup_why *why);

/** gup_say_unexpected() - the story went another way than it must. Return: false. */
bool gup_say_unexpected(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** gup_say_progress() - on a terminal a line that the next one replaces; elsewhere nothing. */
void gup_say_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** gup_errno_text() - "-EBUSY" for -16, "0" for 0, the number for a count. */
const char *gup_errno_text(int64_t result);

/** gup_now_ms() - monotonic time in milliseconds. */
double gup_now_ms(void);

/* stage.c */

/** struct gup_stage - a machine, the application that runs on it, and how it was left. */
struct gup_stage {
	struct gup_machine *m;
	struct gup_mm *mm;
};

/** struct gup_verdict - how one half of an act or a bug ended. */
struct gup_verdict {
	bool as_expected;
	bool check_ok;
	uint64_t left; /* pins and gets that nobody released */
	char text[72]; /* what happened, for the table */
};

/** gup_stage_open() - Return: true, or false after having said why. */
bool gup_stage_open(struct gup_stage *stage, const struct gup_machine_config *config, const char *application);

/** gup_stage_close() - check the machine, say the result, record it and give everything back. */
void gup_stage_close(struct gup_stage *stage, struct gup_verdict *verdict);

/** gup_stage_map() - map anonymous memory or @object, read and write. Return: the address, 0 after having said why. */
uint64_t gup_stage_map(struct gup_stage *stage, uint64_t bytes, struct gup_object *object);

/** gup_pages_in_zone() - how many of the pages mapped in a range lie in zones of that kind. */
uint64_t gup_pages_in_zone(struct gup_mm *mm, uint64_t addr, uint64_t bytes, enum gup_zone_kind kind);

/* command.c */

/** gup_main() - the whole command line; may be called again and again. Return: an exit status. */
int gup_main(int argc, char **argv);

/* commands */

int gup_command_demo(int argc, char **argv);
int gup_command_bugs(int argc, char **argv);
int gup_command_bug(int argc, char **argv);
int gup_command_device(int argc, char **argv);
int gup_command_replay(int argc, char **argv);
int gup_command_driver(int argc, char **argv);
int gup_command_contract(int argc, char **argv);
int gup_command_explain(int argc, char **argv);

#endif
