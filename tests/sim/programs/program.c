/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/sim/programs/program.c - programs from numbers and from text.
 */
#include <stdio.h>

#include "program.h"

#define MAX_PAIRS 1024u
#define TEXT_MAX 256

#define TAKES .takes = true
#define DISCARDS .discards = true
#define PROTECTS .protects = true
#define HIDES .hides = true
#define PLAIN .takes = false

const struct op ops[] = {
	{ "pin", op_pin, ALL_KINDS, TAKES },
	{ "pin-read", op_pin_read, ALL_KINDS, TAKES },
	{ "long", op_pin_long, ALL_KINDS, TAKES },
	{ "slow", op_pin_slow, ALL_KINDS, TAKES },
	{ "own", op_pin_own, ALL_KINDS, TAKES },
	{ "get", op_get, ALL_KINDS, TAKES },
	{ "device", op_device, ALL_KINDS, PLAIN },
	{ "unpin", op_unpin, ALL_KINDS, PLAIN },
	{ "write", op_write, ALL_KINDS, PLAIN },
	{ "read", op_read, ALL_KINDS, PLAIN },
	{ "populate", op_populate, ALL_KINDS, PLAIN },
	{ "fork", op_fork, ALL_KINDS, PLAIN },
	{ "child-write", op_child_write, ANON_KINDS, PLAIN },
	{ "unmap", op_unmap, ALL_KINDS, DISCARDS },
	{ "remap", op_remap, ANON_KINDS, DISCARDS },
	{ "protect", op_protect, ALL_KINDS, PROTECTS },
	{ "protect-one", op_protect_one, ON(HUGE) | ON(FOLIO), PROTECTS },
	{ "dontneed", op_dontneed, ALL_KINDS, DISCARDS },
	{ "mremap", op_mremap, ALL_KINDS, HIDES },
	{ "mremap-odd", op_mremap_odd, ALL_KINDS, HIDES },
	{ "mremap-one", op_mremap_one, ALL_KINDS, HIDES },
	{ "grow", op_grow, ANON_KINDS, PLAIN },
	{ "double", op_double, ON(SHARED) | ON(DAX), PLAIN },
	{ "dontfork", op_dontfork, ALL_KINDS, HIDES },
	{ "wipe", op_wipe, ANON_KINDS, DISCARDS },
	{ "remove", op_remove, ON(SHARED) | ON(DAX), DISCARDS },
	{ "migrate", op_migrate, ANON_KINDS | ON(SHARED), PLAIN },
	{ "split", op_split, ON(HUGE) | ON(FOLIO), PLAIN },
	{ "cma", op_cma, ON(CMA), PLAIN },
	{ "offline", op_offline, ON(MOVABLE) | ON(FOLIO), PLAIN },
	{ "truncate", op_truncate, ON(SHARED) | ON(DAX), DISCARDS },
	{ "punch", op_punch, ON(SHARED) | ON(DAX), DISCARDS },
	{ "reuse", op_reuse, ALL_KINDS, PLAIN },
	{ "mirror", op_mirror, ALL_KINDS, PLAIN },
	{ "listen", op_listen, ALL_KINDS, PLAIN },
};

const unsigned int nr_ops = sizeof(ops) / sizeof(ops[0]);

/* ---- text ---- */

void program_text(const struct program *program, char *buf, size_t size)
{
	size_t used = (size_t)snprintf(buf, size, "%s", gup_test_memory_name(program->memory));
	unsigned int i, k;

	if (program->contract != GUP_LINUX_6_12)
		used += (size_t)snprintf(buf + used, size - used, " %s", gup_contract_name(program->contract));
	for (i = 0; i < program->nr_actors; i++) {
		used += (size_t)snprintf(buf + used, size - used, i ? " |" : ":");
		for (k = 0; k < program->nr[i]; k++)
			used += (size_t)snprintf(buf + used, size - used, " %s", program->ops[i][k]->name);
	}
}

static bool head_parse(char *word, struct program *out, bool first)
{
	unsigned int i;

	for (i = 0; first && i < GUP_TEST_NR_MEMORY; i++)
		if (!strcmp(word, gup_test_memory_name(i))) {
			out->memory = i;
			return 1u << i & ALL_KINDS;
		}
	for (i = 0; !first && gup_contract_name(i); i++)
		if (!strcmp(word, gup_contract_name(i))) {
			out->contract = i;
			return true;
		}
	return false;
}

static const struct op *op_named(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_ops; i++)
		if (!strcmp(name, ops[i].name))
			return &ops[i];
	return NULL;
}

static bool add_op(struct program *out, const char *word)
{
	unsigned int actor = out->nr_actors - 1;
	const struct op *op = op_named(word);

	if (!op || !(op->memory & 1u << out->memory) || out->nr[actor] == MAX_OPS)
		return false;
	out->ops[actor][out->nr[actor]++] = op;
	return true;
}

/* A word, with its colon if it has one. */
static bool word_parse(char *word, struct program *out, bool first)
{
	size_t len = strlen(word);
	bool last = word[len - 1] == ':';

	if (!strcmp(word, "|"))
		return out->nr_actors && out->nr_actors++ < MAX_ACTORS;
	if (out->nr_actors)
		return add_op(out, word);
	if (last)
		word[len - 1] = '\0';
	out->nr_actors = last;
	return head_parse(word, out, first);
}

static bool everybody_acts(const struct program *program)
{
	unsigned int i;

	for (i = 0; i < program->nr_actors; i++)
		if (!program->nr[i])
			return false;
	return true;
}

bool program_parse(const char *text, struct program *out, char *why, size_t size)
{
	char copy[TEXT_MAX], *word, *save;
	bool first = true;

	memset(out, 0, sizeof(*out));
	out->contract = GUP_LINUX_6_12;
	snprintf(copy, sizeof(copy), "%s", text);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save), first = false)
		if (!word_parse(word, out, first)) {
			snprintf(why, size, "\"%s\" does not fit there", word);
			return false;
		}
	snprintf(why, size, "a program is, for example, \"anon: pin write | fork reuse\"");
	return out->nr_actors >= 2 && strlen(text) < sizeof(copy) && everybody_acts(out);
}

/* ---- all pairs ---- */

static const char *const takers[] = {
	"pin device unpin", "pin-read device", "long device", "slow device", "own device",
	"get device unpin", "write read",      "mirror",      "listen",	     "protect-one pin device",
};

static const char *const disturbers[] = {
	"fork",	       "fork child-write", "unmap reuse",    "remap reuse",
	"protect",     "dontneed reuse",   "migrate reuse",  "split",
	"cma",	       "offline",	   "truncate reuse", "punch reuse",
	"long device", "mremap fork",	   "mremap-odd",     "mremap-one",
};

static struct program pairs[MAX_PAIRS];
static unsigned int nr_pairs;
static bool pairs_made;

static void add_pair(enum gup_test_memory memory, const char *taker, const char *disturber)
{
	char text[TEXT_MAX], why[TEXT_MAX];

	snprintf(text, sizeof(text), "%s: %s | %s", gup_test_memory_name(memory), taker, disturber);
	if (nr_pairs < MAX_PAIRS && program_parse(text, &pairs[nr_pairs], why, sizeof(why)))
		nr_pairs++;
}

static void add_pairs(enum gup_test_memory memory)
{
	unsigned int i, k;

	for (i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		for (k = 0; k < sizeof(disturbers) / sizeof(disturbers[0]); k++)
			add_pair(memory, takers[i], disturbers[k]);
}

uint64_t program_nr_pairs(void)
{
	unsigned int memory;

	for (memory = 0; memory < GUP_TEST_NR_MEMORY && !pairs_made; memory++)
		add_pairs((enum gup_test_memory)memory);
	pairs_made = true;
	return nr_pairs;
}

/* ---- drawn ---- */

static uint64_t draw(uint64_t *state, uint64_t below)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (z ^ z >> 31) % below;
}

static const struct op *draw_op(uint64_t *state, enum gup_test_memory memory, bool takes)
{
	const struct op *op;

	do
		op = &ops[draw(state, nr_ops)];
	while (!(op->memory & 1u << memory) || (takes && !op->takes));
	return op;
}

/* The first actor begins with taking something: without anybody who holds pages there is little to break. */
static void draw_program(uint64_t number, struct program *out)
{
	static const enum gup_contract_id contracts[] = { GUP_LINUX_6_12, GUP_LINUX_6_12, GUP_LINUX_6_1, GUP_NATIVE };
	uint64_t state = number;
	unsigned int i, k;

	memset(out, 0, sizeof(*out));
	do
		out->memory = (enum gup_test_memory)draw(&state, GUP_TEST_NR_MEMORY);
	while (!(1u << out->memory & ALL_KINDS));
	out->contract = contracts[draw(&state, 4)];
	out->nr_actors = 2 + (unsigned int)draw(&state, MAX_ACTORS - 1);
	for (i = 0; i < out->nr_actors; i++) {
		out->nr[i] = 1 + (unsigned int)draw(&state, MAX_OPS);
		for (k = 0; k < out->nr[i]; k++)
			out->ops[i][k] = draw_op(&state, out->memory, !i && !k);
	}
}

void program_make(uint64_t number, struct program *out)
{
	if (number <= program_nr_pairs())
		*out = pairs[number - 1];
	else
		draw_program(number, out);
}
