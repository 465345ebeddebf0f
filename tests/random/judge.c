/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/judge.c - a program on both sides at the same time, and the first thing that is not the same.
 */
#include "judge.h"

#include <string.h>

static void say_value(char *buf, size_t size, int64_t value)
{
	if (value == NOBODY)
		snprintf(buf, size, "nobody is there");
	else
		snprintf(buf, size, "returns %lld", (long long)value);
}

static void say_words(char *buf, size_t size, const char *where, bool there, const uint64_t *words)
{
	if (there)
		snprintf(buf, size, "%s: %#llx %#llx %#llx %#llx", where, (unsigned long long)words[0],
			 (unsigned long long)words[1], (unsigned long long)words[2], (unsigned long long)words[3]);
	else
		snprintf(buf, size, "%s: a signal", where);
}

static enum part differ_in_words(const char *where, const uint64_t *theirs, const uint64_t *ours, enum part part,
				 struct difference *out)
{
	if (!memcmp(theirs, ours, LANES * sizeof(*theirs)))
		return SAME;
	say_words(out->kernel, sizeof(out->kernel), where, true, theirs);
	say_words(out->libgup, sizeof(out->libgup), where, true, ours);
	return part;
}

static enum part compare_page(unsigned int who, unsigned int page, const struct look *theirs, const struct look *ours,
			      struct difference *out)
{
	char where[64];

	if (theirs->there[who][page] == ours->there[who][page] &&
	    (!theirs->there[who][page] ||
	     !memcmp(theirs->memory[who][page], ours->memory[who][page], sizeof(ours->memory[who][page]))))
		return SAME;
	snprintf(where, sizeof(where), "process %u reads page %u", who, page);
	say_words(out->kernel, sizeof(out->kernel), where, theirs->there[who][page], theirs->memory[who][page]);
	say_words(out->libgup, sizeof(out->libgup), where, ours->there[who][page], ours->memory[who][page]);
	return IN_MEMORY;
}

static enum part compare_file(unsigned int file, const struct look *theirs, const struct look *ours,
			      struct difference *out)
{
	enum part part = SAME;
	char where[64];

	if (theirs->size[file] != ours->size[file]) {
		snprintf(out->kernel, sizeof(out->kernel), "file %u has %llu bytes", file,
			 (unsigned long long)theirs->size[file]);
		snprintf(out->libgup, sizeof(out->libgup), "file %u has %llu bytes", file,
			 (unsigned long long)ours->size[file]);
		return IN_SIZE;
	}
	for (unsigned int page = 0; page < FILE_PAGES && part == SAME; page++) {
		snprintf(where, sizeof(where), "file %u has in page %u", file, page);
		part = differ_in_words(where, theirs->file[file][page], ours->file[file][page], IN_FILE, out);
	}
	return part;
}

static enum part compare_pin(unsigned int slot, const struct look *theirs, const struct look *ours,
			     struct difference *out)
{
	enum part part = SAME;
	char where[64];

	for (unsigned int page = 0; page < PIN_PAGES && part == SAME; page++) {
		snprintf(where, sizeof(where), "the device reads from pin %u, page %u", slot, page);
		part = differ_in_words(where, theirs->device[slot][page], ours->device[slot][page], IN_DEVICE, out);
	}
	return part;
}

static enum part compare_looks(const struct look *theirs, const struct look *ours, struct difference *out)
{
	enum part part = SAME;
	unsigned int i, page;

	for (i = 0; i < PROCESSES; i++)
		for (page = 0; page < PAGES && part == SAME; page++)
			part = compare_page(i, page, theirs, ours, out);
	for (i = 0; i < FILES && part == SAME; i++)
		part = compare_file(i, theirs, ours, out);
	for (i = 0; i < PINS && part == SAME; i++)
		part = compare_pin(i, theirs, ours, out);
	return part;
}

static enum part compare_step(const struct outcome *theirs, const struct outcome *ours, struct difference *out)
{
	if (theirs->value != ours->value) {
		say_value(out->kernel, sizeof(out->kernel), theirs->value);
		say_value(out->libgup, sizeof(out->libgup), ours->value);
		return IN_RESULT;
	}
	for (unsigned int i = 0; i < ours->nr; i++)
		if (theirs->words[i] != ours->words[i]) {
			snprintf(out->kernel, sizeof(out->kernel), "word %u is %#llx", i,
				 (unsigned long long)theirs->words[i]);
			snprintf(out->libgup, sizeof(out->libgup), "word %u is %#llx", i,
				 (unsigned long long)ours->words[i]);
			return IN_WORDS;
		}
	return ours->looked ? compare_looks(&theirs->look, &ours->look, out) : SAME;
}

static void compare(const struct program *p, const struct trace *theirs, const struct trace *ours,
		    struct difference *out)
{
	out->part = SAME;
	for (out->step = 0; out->step < p->nr; out->step++) {
		out->part = compare_step(&theirs->outcomes[out->step], &ours->outcomes[out->step], out);
		if (out->part != SAME)
			return;
	}
	out->step = p->nr - 1;
	if (!ours->broken[0])
		return;
	out->part = IN_CHECK;
	snprintf(out->kernel, sizeof(out->kernel), "nothing");
	snprintf(out->libgup, sizeof(out->libgup), "gup_machine_check(): %s", ours->broken);
}

int judge_open(struct judge *j, uint32_t kernel)
{
	memset(j, 0, sizeof(*j));
	j->kernel = kernel;
	j->host = host_start();
	return j->host ? gup_side_open(&j->world, kernel) : -GUP_ENOMEM;
}

void judge_close(struct judge *j)
{
	gup_side_close(&j->world);
	if (j->host)
		host_stop(j->host);
}

static bool cannot_judge(const struct judge *j, const struct step *s)
{
	return step_shows_merges(s, j->kernel) ||
	       (j->host->missing[0] && (s->op->role == PIN || s->op->role == DEVICE));
}

void judge_leave_out(const struct judge *j, struct program *p)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < p->nr; i++)
		if (!cannot_judge(j, &p->steps[i]))
			p->steps[nr++] = p->steps[i];
	p->nr = nr;
}

bool judge_program(struct judge *j, const struct program *p, struct difference *out)
{
	const struct trace *theirs;

	*out = (struct difference){ .part = IN_HOST, .libgup = "one of the sides could not be made again" };
	if (j->fresh) {
		gup_side_close(&j->world);
		if (gup_side_open(&j->world, j->kernel))
			return false;
	}
	if (!j->host)
		return false;
	host_begin(j->host, p);
	gup_side_play(&j->world, p, &j->mine);
	theirs = host_end(j->host);
	j->played++;
	if (theirs) {
		compare(p, theirs, &j->mine, out);
	} else {
		*out = (struct difference){ .part = IN_HOST, .kernel = "its process is gone" };
		host_stop(j->host);
		j->host = host_start();
	}
	return out->part == SAME;
}
