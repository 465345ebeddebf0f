/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/soak/worker.c - what a worker may do, and how often.
 */
#include "soak.h"

static const struct act {
	const char *name;
	unsigned int weight;
	int (*play)(struct worker *w);
} acts[] = {
	{ "writing", 20, act_write },
	{ "checking bytes", 10, act_check },
	{ "pinning", 20, act_pin },
	{ "getting", 8, act_get },
	{ "device access", 12, act_device },
	{ "unpinning", 16, act_unpin },
	{ "MADV_DONTNEED", 4, act_drop },
	{ "mapping anew", 3, act_remap },
	{ "mprotect", 3, act_protect },
	{ "fork", 2, act_fork },
	{ "migration", 3, act_migrate },
	{ "splitting a folio", 2, act_split },
	{ "CMA", 3, act_cma },
	{ "offline, online", 1, act_offline },
	{ "shared memory", 6, act_shared },
	{ "DAX file", 3, act_file },
	{ "following", 6, act_follow },
};

#define NR_ACTS (sizeof(acts) / sizeof(acts[0]))

static const struct act *pick(struct worker *w)
{
	unsigned int i, sum = 0;
	uint64_t at;

	for (i = 0; i < NR_ACTS; i++)
		sum += acts[i].weight;
	at = dice(w, sum);
	for (i = 0; at >= acts[i].weight; i++)
		at -= acts[i].weight;
	return &acts[i];
}

int worker_play(struct worker *w)
{
	const struct act *act = pick(w);

	atomic_store(&w->doing, act->name);
	return act->play(w);
}
