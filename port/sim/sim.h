/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/sim.h - what the test kit uses of the deterministic host beyond gup/port.h.
 *
 * A play is some fibers that run until all have ended. Its number decides every choice of the scheduler; nothing else
 * does: no address, no clock of the host. Outside of a play there is one fiber, the caller, and each primitive simply
 * acts. The rules of the port contract are watched in both.
 */
#ifndef GUP_PORT_SIM_SIM_H
#define GUP_PORT_SIM_SIM_H

#include <gup/config.h>

#define GUP_SIM_MAX_FIBERS 8u

/** enum gup_sim_finding - what the host complains about */
enum gup_sim_finding {
	GUP_SIM_MISUSE,	  /* a rule of the port contract is broken */
	GUP_SIM_DEADLOCK, /* nobody can go on, or it does not end */
	GUP_SIM_BROKEN,	  /* the core found a broken invariant of its own */
};

/**
 * typedef gup_sim_complain_fn - receives one finding
 * @ctx:  as given to gup_sim_set_complain()
 * @kind: what it is
 * @site: return address that it is about, or NULL
 * @text: the sentence, without @site
 *
 * Runs on the stack of the fiber that is found out, while no other can run.
 */
typedef void gup_sim_complain_fn(void *ctx, enum gup_sim_finding kind, const void *site, const char *text);

/** gup_sim_set_complain() - who receives findings. NULL: they are logged, and the program is aborted. */
void gup_sim_set_complain(gup_sim_complain_fn *fn, void *ctx);

/**
 * gup_sim_reset() - begin anew: the clock at its start, no lock or section held, no local words
 *
 * A run that can be repeated begins with it. What its caller still holds is reported first. Not within a play.
 */
void gup_sim_reset(void);

/**
 * typedef gup_sim_watch_fn - whose is a frame now?
 * @ctx:  as given to gup_sim_watch()
 * @page: number of the frame, counted from the start of the watched memory
 *
 * Return: what it is used for; 0 if no lockless reader has any business there.
 */
typedef unsigned int gup_sim_watch_fn(void *ctx, uint64_t page);

/**
 * gup_sim_watch() - frames that a read section looks at must stay what they are until it ends
 * @base:  the frames; NULL ends the watch
 * @pages: how many
 * @fn:    asked at each point while a section is open
 * @ctx:   for it
 */
void gup_sim_watch(const void *base, uint64_t pages, gup_sim_watch_fn *fn, void *ctx);

/** struct gup_sim_fiber - one actor of a play */
struct gup_sim_fiber {
	const char *name;
	void (*run)(void *arg);
	void *arg;
};

#define GUP_SIM_MAX_MOVES 3u
#define GUP_SIM_MAX_STEP UINT64_C(0xffff)
#define GUP_SIM_LATE_HERE 0x80u

/** struct gup_sim_move - a pre-emption: @fiber (from 1) goes on before point @step of the play, if it can */
struct gup_sim_move {
	uint64_t step;
	unsigned int fiber;
};

/**
 * struct gup_sim_exact - a schedule that is said, not drawn
 * @order:  who goes first, who next ...: one of the orders of the fibers, from 0
 * @linger: stores that are not seq_cst stay in their buffer as long as they may
 * @nr:     pre-emptions
 * @moves:  in order of steps, from 1 to GUP_SIM_MAX_STEP
 */
struct gup_sim_exact {
	unsigned int order;
	bool linger;
	unsigned int nr;
	struct gup_sim_move moves[GUP_SIM_MAX_MOVES];
};

/** gup_sim_exact_number() - the number of a play that is scheduled so; numbers of all others are smaller. */
uint64_t gup_sim_exact_number(const struct gup_sim_exact *exact);

/** gup_sim_is_exact() - does this number say itself how it is scheduled? */
bool gup_sim_is_exact(uint64_t number);

/** gup_sim_orders() - how many orders @nr fibers have. */
unsigned int gup_sim_orders(unsigned int nr);

/**
 * struct gup_sim_plan - how a play is scheduled
 * @number: decides all choices. 0: one fiber after the other, a switch only where one cannot go on.
 * @length: about how many points each fiber passes, for the places of pre-emptions; 0 for 1000
 * @limit:  points after which it is said not to end; 0 for 2 million
 * @trace:  print each switch on stderr
 * @others: GUP_SIM_MAX_STEP + 1 bytes or NULL: receives for each step who else could have gone on, a bit for each
 *          fiber; and GUP_SIM_LATE_HERE if a store of the one who ran could have lingered
 */
struct gup_sim_plan {
	uint64_t number;
	uint64_t length[GUP_SIM_MAX_FIBERS];
	uint64_t limit;
	bool trace;
	uint8_t *others;
};

/**
 * struct gup_sim_outcome - how it went
 * @steps:    points that were passed
 * @length:   and by each fiber
 * @switches: how often another fiber went on
 * @jumps:    how often nobody could run until the clock was moved to the next timeout
 * @digest:   of all switches: equal plays have equal ones
 * @stuck:    fibers were abandoned where they were, and with them all that they had; do not touch it any more
 */
struct gup_sim_outcome {
	uint64_t steps, switches, jumps, digest;
	uint64_t length[GUP_SIM_MAX_FIBERS];
	bool stuck;
};

/** gup_sim_run() - play. Not within a play. At most GUP_SIM_MAX_FIBERS. */
void gup_sim_run(const struct gup_sim_fiber *fibers, unsigned int nr, const struct gup_sim_plan *plan,
		 struct gup_sim_outcome *out);

/** gup_sim_note() - a line of the running fiber's own in the trace, if there is one. */
void gup_sim_note(const char *text);

/** gup_sim_stall() - the caller cannot go on until another fiber has done something; @site: for reports. */
void gup_sim_stall(const char *what, const void *site);

/** gup_sim_local() - a word of the running fiber's own, NULL when it starts and after gup_sim_reset(). */
void **gup_sim_local(void);

/** gup_sim_name() - name of the running fiber; "main" outside of a play. */
const char *gup_sim_name(void);

/** gup_sim_style() - in words, how plays with this number are scheduled. */
void gup_sim_style(const struct gup_sim_plan *plan, char *buf, size_t size);

#endif
