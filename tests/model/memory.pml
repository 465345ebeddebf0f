/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.pml - the words that the fast walk and the others share: counts, entries, exclusive bits, locks, sections.
 *
 * One statement is one step: spin tries every order of the steps of all processes. A d_step is one step of several
 * statements; it stands for one atomic instruction of the code, or for what a lock makes one (said at each place).
 * What is marked "ghost" does not exist in the code: only assertions read it.
 */

#define PARENT 0 /* address spaces: the walkers walk the parent's */
#define CHILD  1

mtype = { FREE, TABLE, ANON, DAX, OTHER }; /* what a frame is; OTHER belongs to somebody else */

/* A count word as in mm/page.h: a pin is worth a reference, too. Frame 0 is "no frame". */
#define REF 1
#define PIN (16 + REF)
#define refs_of(c) ((c) & 15)
#define pins_of(c) ((c) >> 4)

byte count[FRAMES];
mtype kind[FRAMES];
bit exclusive[FRAMES];
byte words[FRAMES * 2];	   /* the first two words of each frame's memory: its entries, if it is a table */
bit let_go[FRAMES];	   /* ghost: the parent unmapped it, so it need not find it at its address any more */

/* Only some worlds need these: elsewhere folios are single frames, and no block is isolated. */
#ifdef SPLITTER
byte head_word[FRAMES];
#define head_of(frame) head_word[frame]
#else
#define head_of(frame) (frame)
#endif
#ifdef EMPTIER
bit block_type[FRAMES];
bit scanning; /* ghost: the block is isolated, and its counts are looked at */
#define isolated(frame) block_type[frame]
#else
#define isolated(frame) false
#endif

/* An entry is one word: type, attributes, frame. */
#define NONE 0
#define LEAF 1
#define MIGRATION 2
#define BELOW 3	 /* leads to a table */
#define WRITE 4
#define EXCL 8	 /* of a migration entry: the page was exclusive */
#define entry(type, frame, attr) ((type) | (attr) | (frame) << 4)
#define type_of(e) ((e) & 3)
#define attr_of(e) ((e) & (WRITE | EXCL))
#define frame_of(e) ((e) >> 4)
#define word(table, i) words[(table) * 2 + (i)]
#define entry_at(mm, i) word(frame_of(above[mm]), i)	/* ghost: of an mm that has a table */

byte above[2];	   /* of each mm: the entry that leads to the table with the leaf */
bit mapped[2];	   /* a VMA of this mm is in the reverse map */
byte wp_seq;	   /* of the parent */
byte dead;	   /* bit f: table f waits for a grace period */

bit table_lock[FRAMES];
bit rmap_lock;	   /* one walk of the reverse map, or one change of it */
bit in_section[WALKERS];

#define lock(l) atomic { !l -> l = 1 }
#define unlock(l) l = 0

/* mm/pt_walk.c:gup_pt_lock. One step: nobody else changes an entry between taking the lock and reading it. */
#define lock_and_load(to, table, i) atomic { !table_lock[table] -> table_lock[table] = 1; load_entry(to, table, i) }
#define unlock_table(table) unlock(table_lock[table])

/* Whoever reads or writes an entry: the frame must still be a table. */
#define load_entry(to, table, i) d_step { assert(kind[table] == TABLE); to = word(table, i) }
#define store_entry(table, i, value) d_step { assert(kind[table] == TABLE); word(table, i) = value }

/*
 * The lowest free frame with one reference, or 0. One step: the zone lock covers taking it out of its list, and nobody
 * can take a count before the last store makes it 1. A frame that was just freed is reused at once.
 */
inline alloc(frame, as)
{
	d_step {
		frame = 1;
		do
		:: frame < FRAMES && (kind[frame] != FREE || isolated(frame)) -> frame++
		:: else -> break
		od;
		if
		:: frame == FRAMES -> frame = 0
		:: else ->
			assert(count[frame] == 0 && exclusive[frame] == 0);
			kind[frame] = as;
			word(frame, 0) = NONE;
			word(frame, 1) = NONE;
			count[frame] = REF
		fi
	}
}

/* One step: the count is zero, so nobody can take it, and it is in no free list before the end. */
inline free_frame(frame)
{
	d_step {
		assert(kind[frame] != FREE && count[frame] == 0);
		kind[frame] = FREE;
		exclusive[frame] = 0;
		let_go[frame] = 0
	}
}

/* One compare-and-swap: one that fails has changed nothing and is tried again. */
inline take(frame, n, ok)
{
	d_step {
#ifdef TAKE_FROM_ZERO
		ok = true;
#else
		ok = refs_of(count[frame]) > 0;
#endif
		if
		:: ok -> count[frame] = count[frame] + n
		:: else
		fi
	}
}

inline give_back(frame, n, last)
{
	d_step {
		assert(refs_of(count[frame]) >= refs_of(n) && pins_of(count[frame]) >= pins_of(n));
		count[frame] = count[frame] - n;
		last = refs_of(count[frame]) == 0
	}
	if
	:: last -> free_frame(frame)
	:: else
	fi
}

inline freeze(frame, expected, ok)
{
	d_step {
#ifdef FREEZE_ANY_COUNT
		ok = true;
#else
		ok = count[frame] == expected;
#endif
		if
		:: ok -> count[frame] = 0
		:: else
		fi
	}
}

/* Every section that runs now has ended at some moment after now. */
inline grace_period(w)
{
	w = 0;
	do
	:: w < WALKERS -> !in_section[w]; w++
	:: else -> break
	od
}

/* What mm/check.c does at rest: counts are what entries and objects account for. */
inline check_counts(f, i, maps)
{
	for (f : 1 .. FRAMES - 1) {
		maps = 0;
		for (i : 0 .. 3) {
			if
			:: above[i / 2] && type_of(entry_at(i / 2, i % 2)) == LEAF &&
			   head_of(frame_of(entry_at(i / 2, i % 2))) == f -> maps++
			:: else
			fi
		}
		if
		:: kind[f] == FREE -> assert(count[f] == 0 && !maps)
		:: kind[f] == ANON && head_of(f) == f -> assert(count[f] == maps)
		:: kind[f] == ANON && head_of(f) != f -> assert(count[f] == 0)
		:: kind[f] == DAX -> assert(count[f] == maps + REF)
		:: else -> assert(count[f] == REF && !maps)
		fi
	}
}
