/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup.pml - the world at its start, and who runs in it. docs/model.md relates each part to the code.
 *
 * Macros on spin's command line choose (tests/model/runs has what is checked):
 *   FRAMES, WALKERS, OPERATIONS		bounds: frames 1 .. FRAMES - 1, walks, steps of the application
 *   TOUCH ZAP UNMAP FORK CHILD_WRITES CHILD_EXITS	what these steps may be
 *   MOVER EMPTIER SPLITTER TRUNCATE OTHER_USER		who else runs, once each
 *   READ_ONLY					the walkers pin for reading only
 *   anything else				a seeded defect: one line of the protocol is left out or in the wrong place
 */
#ifdef SPLITTER
#define ADDRESS 1 /* of the entry that is walked to: the folio's second page */
#else
#define ADDRESS 0
#endif

#include "memory.pml"
#include "walker.pml"
#include "mover.pml"
#include "truncate.pml"
#if OPERATIONS
#include "fork.pml"
#include "application.pml"
#endif

/* Somebody else takes a frame, writes into it what looks like an entry, and keeps it. */
proctype other()
{
	byte frame;

	alloc(frame, OTHER);
	if
	:: frame -> word(frame, 0) = entry(LEAF, frame, WRITE)
	:: else
	fi
}

/* The parent has one table, frame 2. It maps frame 1, or the folio of the frames 3 and 4. */
inline set_up()
{
	for (f : 0 .. FRAMES - 1) {
		kind[f] = FREE
	}
	kind[0] = OTHER;
	kind[2] = TABLE;
	count[2] = REF;
	above[PARENT] = entry(BELOW, 2, 0);
	mapped[PARENT] = 1;
#ifdef SPLITTER
	kind[3] = ANON;
	kind[4] = ANON;
	head_word[3] = 3;
	head_word[4] = 3;
	count[3] = 2 * REF;
	exclusive[3] = 1;
	exclusive[4] = 1;
	word(2, 0) = entry(LEAF, 3, WRITE);
	word(2, 1) = entry(LEAF, 4, WRITE)
#elif defined(TRUNCATE)
	kind[1] = DAX;
	count[1] = 2 * REF;
	word(2, 0) = entry(LEAF, 1, WRITE)
#else
	kind[1] = ANON;
	count[1] = REF;
	exclusive[1] = 1;
	word(2, 0) = entry(LEAF, 1, WRITE)
#endif
}

init
{
	byte i, maps, f;

	d_step { set_up() }
	atomic {
		for (i : 0 .. WALKERS - 1) {
			run walker(i)
		}
#if OPERATIONS
		run application();
		run reaper();
#endif
#ifdef MOVER
		run mover();
#endif
#ifdef EMPTIER
		run emptier();
#endif
#ifdef SPLITTER
		run splitter();
#endif
#ifdef TRUNCATE
		run truncate();
#endif
#ifdef OTHER_USER
		run other();
#endif
	}
	_nr_pr == 1; /* all have ended: a process that is stuck is an invalid end state */
	d_step { check_counts(f, i, maps) }
}
