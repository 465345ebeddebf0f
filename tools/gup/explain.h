/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain.h - what the parts of `gup explain` share: a question (one call on one kind of mapping under the
 * rules of one kernel) and its answer, which is not looked up: the call is run on a small machine.
 *
 *	explain_words.c     the user's words -> question, and back into words
 *	explain_scene.c     question -> machine, mapping, call -> answer
 *	explain_caller.c    what io_uring refuses by itself
 *	explain_instead.c   the same question with one thing changed
 *	explain_say.c       question and answer, printed
 *	explain_pid.c       a range of a real process -> questions (explain_range.h)
 */
#ifndef GUP_EXPLAIN_H
#define GUP_EXPLAIN_H

#include "ruleset.h"
#include "tool.h"

/** enum gup_backing - what is mapped. */
enum gup_backing {
	GUP_BACKING_ANON,
	GUP_BACKING_SHARED_ANON,
	GUP_BACKING_MEMFD,
	GUP_BACKING_TMPFS,
	GUP_BACKING_FILE, /* of a file system that writes it back */
	GUP_BACKING_FSDAX,
	GUP_BACKING_DEVDAX,
	GUP_BACKING_HUGETLB,
	GUP_BACKING_SECRET,
	GUP_BACKING_DRIVER, /* ordinary pages that a driver or the kernel has put there */
	GUP_BACKING_PFNMAP,
	GUP_BACKING_ZERO, /* anonymous memory that was only read */
	GUP_BACKING_NONE,
	GUP_NR_BACKINGS,
};

/** enum gup_memory - where its pages lie, or who holds them already. */
enum gup_memory { GUP_MEMORY_NORMAL, GUP_MEMORY_CMA, GUP_MEMORY_MOVABLE, GUP_MEMORY_HELD, GUP_NR_MEMORIES };

/**
 * struct gup_question - would this call be refused?
 * @fs:          name of the file system of a file, "" for other backings
 * @entry_given: the user named @entry; else an older kernel's own function stands for a missing one
 * @io_uring:    io_uring makes the call, to register buffers
 * @touched:     the pages are there: written, or read where they cannot be written
 * @beyond:      the range is past the end of the object
 * @beyond_user: the range is at addresses of the kernel
 * @stands_in:   @rules are of another kernel than the one that is running, which has none
 */
struct gup_question {
	struct gup_ruleset rules;
	enum gup_entry entry;
	bool entry_given;
	unsigned int flags;
	bool io_uring;
	enum gup_backing backing;
	char fs[16];
	bool shared;
	unsigned int prot;
	enum gup_memory memory;
	bool touched;
	bool beyond;
	bool beyond_user;
	bool stands_in;
};

/**
 * struct gup_answer - what came of it
 * @entry:  the function that was called
 * @result: what it returned
 * @taken:  all pages were
 * @why:    the reason if not
 * @by_caller: a sentence if the function's caller refuses, and not the function; else NULL
 * @missing: the kernel has no such memory
 * @moved:  it had to move before it was taken
 */
struct gup_answer {
	enum gup_entry entry;
	long result;
	bool taken;
	struct gup_why why;
	const char *by_caller;
	bool missing;
	bool moved;
};

/* explain_words.c */

/** gup_parse_flags(), gup_parse_mapping(), gup_parse_entry(), gup_parse_memory() - Return: false after one sentence. */
bool gup_parse_flags(const char *text, struct gup_question *q);
bool gup_parse_mapping(const char *text, struct gup_question *q);
bool gup_parse_entry(const char *text, struct gup_question *q);
bool gup_parse_memory(const char *text, struct gup_question *q);

/** gup_flags_text() - "WRITE | LONGTERM", "0" for none. Return: @buf. */
const char *gup_flags_text(unsigned int flags, char *buf, size_t size);

/** gup_prot_text() - "PROT_READ | PROT_WRITE". */
const char *gup_prot_text(unsigned int prot);

/** gup_mapping_text() - "a shared mapping of a file on ext4". Return: @buf. */
const char *gup_mapping_text(const struct gup_question *q, char *buf, size_t size);

/** gup_check_memory() - whether the mapping can lie where the user says. Return: false after one sentence. */
bool gup_check_memory(const struct gup_question *q);

/* explain_scene.c */

/** gup_ask() - run the call. Return: false after having said that no machine could be made. */
bool gup_ask(const struct gup_question *q, struct gup_answer *out);

/* explain_caller.c */

/** gup_io_uring_looks() - what io_uring makes of a call that succeeded. */
void gup_io_uring_looks(const struct gup_question *q, struct gup_answer *answer);

/** gup_io_uring_entry() - what it calls to pin. */
enum gup_entry gup_io_uring_entry(uint32_t release);

/** gup_io_uring_next() - the next release after @release with which that changes; 0 if there is none. */
uint32_t gup_io_uring_next(uint32_t release);

/* explain_instead.c */

/** struct gup_instead - a change with which the call succeeds. */
struct gup_instead {
	char what[72];
	const char *when; /* it is a way out */
};

/** gup_find_instead() - changes that work, most useful first. Return: how many; -1 if no machine could be made. */
int gup_find_instead(const struct gup_question *q, const struct gup_answer *refused, struct gup_instead *out, int room);

/* explain_say.c */

/** gup_say_question() - the call that is asked about, and whose rules apply. */
void gup_say_question(const struct gup_question *q, const struct gup_answer *answer);

/**
 * gup_say_answer() - refused, by which rule and since when, what other kernels do, and what works instead
 *
 * Return: false if no machine could be made.
 */
bool gup_say_answer(const struct gup_question *q, const struct gup_answer *answer);

/* explain_pid.c */

/** gup_explain_pid() - for ADDR LEN [FLAGS] in @argv, of a real process; the rest of @q is as given. */
int gup_explain_pid(const char *pid, int argc, char **argv, struct gup_question *q);

#endif
