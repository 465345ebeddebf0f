/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/print.c - a program as C: the system calls in their order, each in its process.
 *
 * All processes run through the same main(); TURN(step, process) is a statement that one of them does when it is its
 * turn (tests/random/calls.h).
 */
#include "judge.h"

static const char *prot_text(unsigned int prot)
{
	static const char *const texts[] = { "PROT_NONE", "PROT_READ", "PROT_WRITE", "PROT_READ | PROT_WRITE" };

	return texts[prot & 3];
}

/* "(void *)0x200000003000, 8192": a range as most calls want it. */
static void print_range(FILE *out, const struct step *s)
{
	fprintf(out, "(void *)%#llx, %llu", (unsigned long long)step_addr(s), (unsigned long long)step_bytes(s));
}

static void open_call(FILE *out, const struct step *s, const char *call)
{
	fprintf(out, "turns_show(\"%s\", result(%s(", s->op->name, call);
}

static void close_call(FILE *out)
{
	fprintf(out, ")), NULL, 0);\n");
}

/* A call of calls.h that fills @nr words. */
static void open_words(FILE *out, const struct step *s)
{
	fprintf(out, "turns_show(\"%s\", n = ", s->op->name);
}

static void close_words(FILE *out)
{
	fprintf(out, ", words, n);\n");
}

void print_mmap(FILE *out, const struct step *s)
{
	bool file = s->kind >= 2;

	open_call(out, s, "(long)mmap");
	print_range(out, s);
	fprintf(out, ", %s, %s | %s%s, ", prot_text(s->prot), mappings[s->kind].name,
		s->exact ? "MAP_FIXED_NOREPLACE" : "MAP_FIXED", s->fill ? " | MAP_POPULATE" : "");
	if (file)
		fprintf(out, "files[%u], %u", s->file, s->offset * PAGE);
	else
		fprintf(out, "-1, 0");
	close_call(out);
}

static void print_range_call(FILE *out, const struct step *s, const char *last)
{
	open_call(out, s, s->op->name);
	print_range(out, s);
	fprintf(out, "%s%s", last ? ", " : "", last ? last : "");
	close_call(out);
}

void print_munmap(FILE *out, const struct step *s)
{
	print_range_call(out, s, NULL);
}

void print_mprotect(FILE *out, const struct step *s)
{
	print_range_call(out, s, prot_text(s->prot));
}

void print_madvise(FILE *out, const struct step *s)
{
	print_range_call(out, s, advices[s->kind].name);
}

void print_mremap(FILE *out, const struct step *s)
{
	open_call(out, s, "(long)mremap");
	print_range(out, s);
	fprintf(out, ", %u, %s, (void *)%#llx", s->to_nr * PAGE, moves[s->kind].name,
		(unsigned long long)(BASE + (uint64_t)s->to * PAGE));
	close_call(out);
}

void print_mlock(FILE *out, const struct step *s)
{
	print_range_call(out, s, NULL);
}

void print_munlock(FILE *out, const struct step *s)
{
	print_range_call(out, s, NULL);
}

void print_fork(FILE *out, const struct step *s)
{
	fprintf(out, "turns_fork(%u);\n", s->slot);
}

void print_exit(FILE *out, const struct step *s)
{
	(void)s;
	fprintf(out, "turns_exit();\n");
}

void print_load(FILE *out, const struct step *s)
{
	open_words(out, s);
	fprintf(out, "load(%#llx, %u, %u, words)", (unsigned long long)step_addr(s), s->nr, s->lane);
	close_words(out);
}

void print_store(FILE *out, const struct step *s)
{
	fprintf(out, "turns_show(\"store\", store(%#llx, %u, %u, %#llx), NULL, 0);\n", (unsigned long long)step_addr(s),
		s->nr, s->lane, (unsigned long long)s->value);
}

void print_truncate(FILE *out, const struct step *s)
{
	open_call(out, s, "ftruncate");
	fprintf(out, "files[%u], %llu", s->file, (unsigned long long)step_bytes(s));
	close_call(out);
}

void print_write(FILE *out, const struct step *s)
{
	fprintf(out, "turns_show(\"write\", file_store(files[%u], %u, %#llx), NULL, 0);\n", s->file, s->page,
		(unsigned long long)s->value);
}

void print_read(FILE *out, const struct step *s)
{
	open_words(out, s);
	fprintf(out, "file_load(files[%u], %u, %u, words)", s->file, s->page, s->lane);
	close_words(out);
}

void print_pin(FILE *out, const struct step *s)
{
	fprintf(out, "turns_show(\"pin\", ring_pin(%u, %#llx, %llu), NULL, 0);\n", s->slot,
		(unsigned long long)step_addr(s), (unsigned long long)step_bytes(s));
}

void print_unpin(FILE *out, const struct step *s)
{
	fprintf(out, "turns_show(\"unpin\", ring_unpin(%u), NULL, 0);\n", s->slot);
}

void print_device_store(FILE *out, const struct step *s)
{
	fprintf(out, "turns_show(\"device store\", device_store(%u, %u, %#llx), NULL, 0);\n", s->slot, s->page,
		(unsigned long long)s->value);
}

void print_device_load(FILE *out, const struct step *s)
{
	open_words(out, s);
	fprintf(out, "device_load(%u, %u, words)", s->slot, s->lane);
	close_words(out);
}

/* Who is there after a step; false if nobody is there who could do it. */
static bool follow(bool alive[PROCESSES], const struct step *s)
{
	if (!alive[s->who] || (s->op->role == FORK && alive[s->slot]))
		return false;
	if (s->op->role == FORK)
		alive[s->slot] = true;
	if (s->op->role == EXIT)
		alive[s->who] = false;
	return true;
}

static void print_steps(FILE *out, const struct program *p, const struct difference *d)
{
	bool alive[PROCESSES] = { true };
	unsigned int turn = 0, i;

	for (i = 0; i < p->nr; i++) {
		if (follow(alive, &p->steps[i])) {
			fprintf(out, "\tTURN(%u, %u) ", turn++, p->steps[i].who);
			p->steps[i].op->print(out, &p->steps[i]);
		} else {
			fprintf(out, "\t/* %s: nobody is there to do it */\n", p->steps[i].op->name);
		}
		if (d && d->part != SAME && i == d->step)
			fprintf(out, "\t/* kernel: %s */\n\t/* libgup: %s */\n", d->kernel, d->libgup);
	}
	for (i = 0; i < PROCESSES; i++)
		if (alive[i])
			fprintf(out, "\tTURN(%u, %u) turns_look();\n", turn++, i);
}

void program_print(FILE *out, const struct program *p, const struct difference *d)
{
	fprintf(out, "/* seed %llu%s; cc -I tests/random THIS.c tests/random/calls.c -luring */\n",
		(unsigned long long)p->seed, p->looks ? ", with a look at everything after each step" : "");
	fprintf(out, "#define _GNU_SOURCE\n#include <sys/mman.h>\n#include <unistd.h>\n#include \"calls.h\"\n\n");
	fprintf(out, "int main(void)\n{\n\tuint64_t words[%u];\n\tlong n;\n\n\tturns_begin();\n", MAX_WORDS);
	print_steps(out, p, d);
	fprintf(out, "\tturns_finish();\n\t(void)words, (void)n;\n\treturn 0;\n}\n");
}
