/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/main.c - random: one program after the other, from seed to seed, by several workers.
 *
 * The first difference ends it: it is made small and printed as C. The last line is the count.
 */
#define _GNU_SOURCE
#include "judge.h"

#include <getopt.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "number.h"

#define MAX_JOBS 64

/* @passed, @found, @steps: of all workers; who is the first to find something reports it. */
struct tally {
	atomic_ullong passed, steps;
	atomic_uint found;
	char missing[128];
};

struct hunt {
	uint64_t programs, seed, steps, jobs;
	bool print;
	uint32_t kernel;
	struct tally *tally;
};

static void usage(const char *self)
{
	fprintf(stderr,
		"usage: %s [--programs N] [--seed S] [--steps N] [--jobs N] [--print]\n"
		"  programs of seeds S, S + 1 ... on this kernel and on libgup; --print: the first as C, and no more\n",
		self);
	exit(2);
}

static void parse(int argc, char **argv, struct hunt *h)
{
	static const struct option options[] = {
		{ "programs", required_argument, NULL, 'n' }, { "seed", required_argument, NULL, 's' },
		{ "steps", required_argument, NULL, 't' },    { "jobs", required_argument, NULL, 'j' },
		{ "print", no_argument, NULL, 'p' },	      { 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			h->programs = number_of(optarg, UINT32_MAX, argv[0]);
		else if (option == 's')
			h->seed = number_of(optarg, UINT64_MAX, argv[0]);
		else if (option == 't')
			h->steps = number_of(optarg, MAX_STEPS, argv[0]);
		else if (option == 'j')
			h->jobs = number_of(optarg, MAX_JOBS, argv[0]);
		else if (option == 'p')
			h->print = true;
		else
			usage(argv[0]);
	}
	if (optind < argc)
		usage(argv[0]);
}

static void report(struct judge *j, struct program *p, struct difference *d)
{
	struct program whole = *p;
	struct difference first = *d;

	if (d->part != IN_HOST && !program_shrink(j, p, d)) {
		printf("seed %llu differs, but not again on a machine of its own:\n", (unsigned long long)p->seed);
		*p = whole;
		*d = first;
	}
	printf("seed %llu differs; of its %u steps these %u are left:\n\n", (unsigned long long)p->seed, whole.nr,
	       p->nr);
	program_print(stdout, p, d);
	fflush(stdout);
}

/* A worker's programs: every h->jobs-th seed. */
static void work(const struct hunt *h, uint64_t first)
{
	static struct judge j;
	struct difference d;
	struct program p;
	int err = judge_open(&j, h->kernel);

	if (err) {
		fprintf(stderr, "random: the two sides could not be made: %s\n", strerror(-err));
		atomic_fetch_add(&h->tally->found, 1);
		return;
	}
	memcpy(h->tally->missing, j.host->missing, sizeof(h->tally->missing));
	for (uint64_t i = first; i < h->programs && !atomic_load(&h->tally->found); i += h->jobs) {
		program_draw(&p, h->seed + i, (unsigned int)h->steps);
		judge_leave_out(&j, &p);
		if (judge_program(&j, &p, &d)) {
			atomic_fetch_add(&h->tally->passed, 1);
			atomic_fetch_add(&h->tally->steps, p.nr);
		} else if (!atomic_fetch_add(&h->tally->found, 1)) {
			report(&j, &p, &d);
		}
	}
	judge_close(&j);
}

/* Workers that end in another way than by themselves have found something, too. */
static void hunt(const struct hunt *h)
{
	int status;

	for (uint64_t i = 0; i < h->jobs; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			work(h, i);
			exit(0);
		}
		if (pid < 0) {
			perror("random: fork");
			atomic_fetch_add(&h->tally->found, 1);
		}
	}
	while (wait(&status) > 0)
		if (status) {
			fprintf(stderr, "random: a worker ended with status %#x\n", (unsigned int)status);
			atomic_fetch_add(&h->tally->found, 1);
		}
}

static void print_first(const struct hunt *h)
{
	struct program p;

	program_draw(&p, h->seed, (unsigned int)h->steps);
	program_print(stdout, &p, NULL);
}

int main(int argc, char **argv)
{
	struct hunt h = { .programs = 1000, .seed = 1, .steps = 30, .jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN) };
	struct utsname host;

	parse(argc, argv, &h);
	if (h.print) {
		print_first(&h);
		return 0;
	}
	uname(&host);
	h.kernel = kernel_of(host.release);
	if (!h.kernel) {
		printf("skipped: libgup has no rules of pins for Linux %s\n0 passed, 0 failed, 1 skipped\n",
		       host.release);
		return 77;
	}
	h.jobs = h.jobs < MAX_JOBS ? h.jobs : MAX_JOBS;
	h.tally = mmap(NULL, sizeof(*h.tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (h.tally == MAP_FAILED)
		return 2;
	hunt(&h);
	if (h.tally->missing[0])
		printf("skipped: steps that pin, and those of devices: %s\n", h.tally->missing);
	printf("%llu steps of programs with seeds from %llu on agree with Linux %s\n", atomic_load(&h.tally->steps),
	       (unsigned long long)h.seed, host.release);
	printf("%llu passed, %u failed\n", atomic_load(&h.tally->passed), atomic_load(&h.tally->found));
	return atomic_load(&h.tally->found) || !atomic_load(&h.tally->passed);
}
