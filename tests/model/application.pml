/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * application.pml - what changes entries under mmap_lock: write faults, MADV_DONTNEED, munmap, fork.
 *
 * One process does them one after the other, which is what mmap_lock does; spin tries every series of OPERATIONS of
 * them. Dead tables go to another process, since the code frees them later, without the lock.
 */

bit application_done;

/* mmap and fork link a VMA into the reverse map, munmap takes it out: the map's lock is held for that. */
inline set_mapped(mm, value)
{
	if
	:: mapped[mm] != value -> atomic { !rmap_lock -> mapped[mm] = value }
	:: else
	fi
}

/* mm/pt_walk.c:gup_pt_populate: the table, or 0 if memory ran out. Nobody else links tables here. */
inline populate(mm, table)
{
	table = frame_of(above[mm]);
	if
	:: table == 0 ->
		alloc(table, TABLE);
		if
		:: table -> above[mm] = entry(BELOW, table, 0)
		:: else
		fi
	:: else
	fi
}

/* mm/fault_anon.c:gup_fault_map_anon: a page of one's own; the table is locked. */
inline map_new(table, page)
{
	alloc(page, ANON);
	if
	:: page ->
		exclusive[page] = 1;
		store_entry(table, 0, entry(LEAF, page, WRITE))
	:: else
	fi
}

/* A write fault, mm/fault.c and mm/cow.c: afterwards the entry allows writing, or memory ran out. */
inline touch(mm)
{
	set_mapped(mm, 1);
	populate(mm, table);
	do
	:: table == 0 -> break
	:: else ->
		old = 0;
		lock_and_load(value, table, 0);
		if
		:: value == NONE -> map_new(table, page)
		:: type_of(value) == LEAF && !(value & WRITE) ->
			old = frame_of(value);
			reuse = exclusive[old]; /* mm/cow.c:can_reuse */
			if
			:: !reuse -> reuse = refs_of(count[old]) == 1
			:: else
			fi;
			if
			:: reuse ->
				exclusive[old] = 1;
				store_entry(table, 0, value | WRITE);
				old = 0
			:: else ->
				map_new(table, page);
				old = (page -> old : 0)
			fi
		:: else
		fi;
		unlock_table(table);
		if
		:: old -> give_back(old, REF, last)
		:: else
		fi;
		if
		:: type_of(value) != MIGRATION -> break
		:: else -> type_of(word(table, 0)) != MIGRATION /* mm/fault.c:gup_fault_wait */
		fi
	od
}

/* mm/pt_map.c:zap_slot: entry first, then its reference. */
inline zap(mm)
{
	table = frame_of(above[mm]);
	if
	:: table ->
		lock_and_load(value, table, 0);
#ifdef PUT_BEFORE_CLEAR
		if
		:: type_of(value) == LEAF -> give_back(frame_of(value), REF, last)
		:: else
		fi;
#endif
		d_step {
			assert(kind[table] == TABLE);
			word(table, 0) = NONE;
			let_go[frame_of(value)] = let_go[frame_of(value)] || (value && mm == PARENT)
		};
		unlock_table(table);
#ifndef PUT_BEFORE_CLEAR
		if
		:: type_of(value) == LEAF -> give_back(frame_of(value), REF, last)
		:: else
		fi
#endif
	:: else
	fi
}

/* mm/mmap.c:gup_munmap: entries, the VMA's place in the reverse map, then the table. */
inline unmap(mm)
{
#ifdef UNLINK_FULL /* a table goes with its entries: the code never does that */
	table = frame_of(above[mm]);
	value = NONE;
	if
	:: table ->
		lock_and_load(value, table, 0);
		d_step { above[mm] = NONE; let_go[frame_of(value)] = 1 };
		unlock_table(table)
	:: else
	fi;
	if
	:: type_of(value) == LEAF -> give_back(frame_of(value), REF, last)
	:: else
	fi;
	set_mapped(mm, 0);
#else
	zap(mm);
	set_mapped(mm, 0);
	above[mm] = NONE;			     /* mm/pt_walk.c:unlink_table */
#endif
	if
	:: table -> d_step { dead = dead | (1 << table) } /* mm/pt_walk.c:table_dead, under dead_lock */
	:: else
	fi
}

proctype application()
{
	byte n, table, to, value, page, old;
	bool last, ok, shared, reuse;

	for (n : 1 .. OPERATIONS) {
		if
#ifdef TOUCH
		:: true -> touch(PARENT)
#endif
#ifdef ZAP
		:: true -> zap(PARENT)
#endif
#ifdef UNMAP
		:: true -> unmap(PARENT)
#endif
#ifdef FORK
		:: true -> fork()
#endif
#ifdef CHILD_WRITES
		:: above[CHILD] -> touch(CHILD)
#endif
#ifdef CHILD_EXITS
		:: above[CHILD] -> unmap(CHILD)
#endif
		fi
	}
	application_done = 1
}

/* mm/pt_walk.c:gup_tables_reap: the whole list, after one grace period. */
proctype reaper()
{
	byte list, w, table;
	bool last;

	do
	:: dead ->
		d_step { list = dead; dead = 0 }; /* under dead_lock */
#ifndef NO_GRACE_PERIOD
		grace_period(w);
#endif
		for (table : 1 .. FRAMES - 1) {
			if
			:: list & (1 << table) -> give_back(table, REF, last)
			:: else
			fi
		}
	:: application_done && !dead -> break
	od
}
