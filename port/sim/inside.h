/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/inside.h - what the files of the deterministic host share: the fibers and the state of a play.
 *
 *	sched.c   points, who runs next, blocking, the end of a play
 *	plan.c    choices: everything that comes from the number of the play
 *	stack.c   stacks and the switch itself
 *	buffer.c  stores that the others see late
 *	police.c  rules of the port contract, and how findings are passed on
 *	order.c   which locks were taken inside which
 *	lock.c    locks and read sections; port.c the functions of gup/port.h; site.c addresses in words; trace.c
 */
#ifndef GUP_PORT_SIM_INSIDE_H
#define GUP_PORT_SIM_INSIDE_H

#include <setjmp.h>
#include <ucontext.h>

#include <gup/port.h>

#include "gup_port.h"
#include "sim.h"

#define GUP_SIM_HELD 32u
#define GUP_SIM_TOUCHED 32u
#define GUP_SIM_LATE 16u
#define GUP_SIM_SITE 160u
#define GUP_SIM_TEXT 1024u
#define GUP_SIM_NS_PER_POINT 10u

/* Why a fiber does not run. */
enum gup_sim_state {
	GUP_SIM_CAN_RUN,
	GUP_SIM_FOR_LOCK,
	GUP_SIM_FOR_READ,
	GUP_SIM_FOR_WRITE,
	GUP_SIM_FOR_WAKE,
	GUP_SIM_FOR_TIME,
	GUP_SIM_FOR_GRACE,
	GUP_SIM_FOR_OTHERS, /* stalled, or in a spin loop */
	GUP_SIM_ENDED,
};

enum gup_sim_held_kind { GUP_SIM_HELD_LOCK, GUP_SIM_HELD_READ, GUP_SIM_HELD_WRITE };

struct gup_sim_held {
	const void *lock;
	enum gup_sim_held_kind kind;
	const char *name; /* of its kind of lock */
	const void *site;
};

/* A store in its fiber's buffer. */
struct gup_sim_late_store {
	volatile void *at;
	unsigned int bytes;
	bool release;
	uint8_t other[8]; /* what the others see; while the fiber is stopped, what it sees itself */
};

struct gup_sim_touched {
	uint64_t page;
	unsigned int owner;
};

/* Number 0 is whoever runs when there is no play, and plays are begun from it. */
struct gup_sim_actor {
	unsigned int number;
	const char *name;
	void (*run)(void *arg);
	void *arg;
	void *local;

	enum gup_sim_state state;
	void *waits_for; /* lock or word */
	const char *what;
	uint64_t wake_at; /* UINT64_MAX: no timeout */
	bool woken;
	uint64_t turn;	  /* FOR_OTHERS: of the play, when it stopped */
	uint64_t ran;	  /* steps until it stopped last */
	uint64_t since;	  /* step at which it went on last */
	int64_t priority; /* a style with priorities: the highest runs */

	enum gup_sim_op op; /* the point where it was last asked */
	const void *site;

	struct gup_sim_held held[GUP_SIM_HELD];
	unsigned int nr_held, nr_locks; /* nr_locks of them are gup_port_locks */
	unsigned int sections;		/* depth */
	uint64_t section;		/* how many it has begun */
	const void *section_site;
	uint64_t grace[GUP_SIM_MAX_FIBERS + 1]; /* FOR_GRACE: sections of others that were open, 0 for none */
	struct gup_sim_touched touched[GUP_SIM_TOUCHED];
	unsigned int nr_touched;
	struct gup_sim_late_store late[GUP_SIM_LATE]; /* in order */
	unsigned int nr_late;

	char *stack;
	ucontext_t context;
	jmp_buf jump;
	bool fresh; /* not started yet */
	void *fake_stack;
};

enum gup_sim_manner { GUP_SIM_IN_TURN, GUP_SIM_WALK, GUP_SIM_PREEMPT, GUP_SIM_PRIORITIES, GUP_SIM_EXACT };

/* What becomes of stores that are not seq_cst while their fiber is stopped. */
enum gup_sim_stores { GUP_SIM_STORES_AT_ONCE, GUP_SIM_STORES_LATER, GUP_SIM_STORES_LAST };

#define GUP_SIM_MAX_CHANGES 4u

/* Before so many steps of one fiber; 0: it is over. */
struct gup_sim_change {
	unsigned int number;
	uint64_t at;
};

/* What the number of a play was made into. */
struct gup_sim_choices {
	enum gup_sim_manner manner;
	uint64_t random;
	unsigned int mean; /* WALK: about one switch in so many points */
	unsigned int nr_changes;
	struct gup_sim_change changes[GUP_SIM_MAX_CHANGES]; /* the others */
	int64_t lowest;
	enum gup_sim_stores stores;
	struct gup_sim_exact exact;
	unsigned int next_move; /* EXACT */
};

struct gup_sim_play {
	struct gup_sim_actor actors[GUP_SIM_MAX_FIBERS + 1];
	struct gup_sim_actor *current;
	unsigned int nr; /* actors 1..nr play; 0: no play */
	struct gup_sim_plan plan;
	struct gup_sim_outcome outcome;
	struct gup_sim_choices choices;

	uint64_t horizon;	       /* step at which the fuel runs out */
	uint64_t begin;		       /* step at which the play began */
	uint64_t next_ask;	       /* step at which the plan wants a choice */
	uint64_t clock;		       /* nanoseconds that are not steps */
	uint64_t turn;		       /* raised whenever another fiber goes on */
	uint64_t stalls, changes_seen; /* stalls in a row without a change */
	unsigned int open_sections;
	unsigned int quiet;

	const char *watched;
	uint64_t watched_pages;
	gup_sim_watch_fn *watch;
	void *watch_ctx;
	gup_sim_complain_fn *complain;
	void *complain_ctx;
};

extern struct gup_sim_play gup_sim;

#define GUP_SIM_SITE_HERE __builtin_return_address(0)

/* sched.c */
uint64_t gup_sim_step(void);
/* Those of one fiber. */
uint64_t gup_sim_steps_of(const struct gup_sim_actor *actor);
uint64_t gup_sim_clock(void);
/* Let others run until the current fiber, whose state was set, can go on. */
void gup_sim_block(enum gup_sim_state state, void *on, uint64_t wake_at);
/* Somebody may be able to go on now: the plan decides soon who. */
void gup_sim_look_again(void);
/* The play ends here; its fibers are left where they are. Returns only outside of a play. */
void gup_sim_abandon(void);
/* Between the two no point has any effect, and no time passes. */
int64_t gup_sim_hush(void);
void gup_sim_unhush(int64_t fuel);
/* The fuel, after the reason to be asked at each point came or went. */
void gup_sim_refuel(void);
/* A fiber has come to its end. Returns in the next play that has one of this number. */
void gup_sim_ended(void);

/* plan.c */
void gup_sim_plan_begin(void);
/* Who of the @nr that can run goes on. */
struct gup_sim_actor *gup_sim_choose(struct gup_sim_actor **can, unsigned int nr);
/* @actor goes on: when does the plan want to be asked again? */
void gup_sim_plan_next(const struct gup_sim_actor *actor);
uint64_t gup_sim_random(uint64_t below);

/* buffer.c */
/* The running fiber stops; a stopped one goes on; what a stopped one has stored becomes visible. */
void gup_sim_stores_out(struct gup_sim_actor *actor);
void gup_sim_stores_in(struct gup_sim_actor *actor);
void gup_sim_stores_flush(struct gup_sim_actor *actor);

/* order.c */
void gup_sim_order_reset(void);
/* The current fiber takes @lock, with all that it holds. */
void gup_sim_order_note(const struct gup_sim_held *lock);

/* stack.c */
/* Called with the state of the play before. */
void gup_sim_stack_prepare(struct gup_sim_actor *actor);
void gup_sim_switch(struct gup_sim_actor *to);

/* police.c */
void gup_sim_complain(enum gup_sim_finding kind, const void *site, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void gup_sim_may_sleep(const char *what, const void *site);
void gup_sim_hold(const void *lock, enum gup_sim_held_kind kind, const char *name, const void *site);
/* False, after a complaint, if the current fiber does not hold it so. */
bool gup_sim_let_go(const void *lock, enum gup_sim_held_kind kind, const void *site);
bool gup_sim_holds(const struct gup_sim_actor *actor, const void *lock);
void gup_sim_nothing_held(struct gup_sim_actor *actor);
void gup_sim_touch(const volatile void *at);
void gup_sim_check_touched(void);
void gup_sim_report_stuck(const char *why);
const char *gup_sim_place(const void *site, char *buf, size_t size);
int gup_sim_say_wait(const struct gup_sim_actor *actor, char *buf, size_t size);

/* trace.c */
const char *gup_sim_op_name(enum gup_sim_op op);
void gup_sim_trace_begin(void);
void gup_sim_trace_switch(const struct gup_sim_actor *from, const struct gup_sim_actor *to);
void gup_sim_trace_end(void);

/* lock.c */
void gup_sim_force_open(const struct gup_sim_held *held);

#endif
