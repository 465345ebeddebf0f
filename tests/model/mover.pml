/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mover.pml - mm/migrate.c: the page that the parent maps moves to another frame, if nobody holds it; and the split of
 * a folio in place, which unmaps and maps again in the same way.
 *
 * One of them at a time: the isolated flag of the folio and its lock make it so. They hold no mmap_lock, as when they
 * work for a CMA allocation.
 */

/* mm/migrate.c:unmap_slot, table locked. */
inline unmap_slot(table, i, head)
{
	load_entry(value, table, i);
	if
	:: type_of(value) == LEAF && head_of(frame_of(value)) == head ->
		was = exclusive[frame_of(value)];
		exclusive[frame_of(value)] = 0;
#ifdef UNMAP_COUNT_FIRST
		pinned = pins_of(count[head]) > 0;
#endif
		store_entry(table, i, entry(MIGRATION, frame_of(value), attr_of(value) | (was -> EXCL : 0)));
#if !defined(UNMAP_COUNT_FIRST) && !defined(UNMAP_PINNED)
		pinned = pins_of(count[head]) > 0;
#endif
		if
		:: was && pinned ->
			exclusive[frame_of(value)] = 1;
			store_entry(table, i, value)
		:: else -> give_back(head, REF, last)
		fi
	:: else
	fi
}

/* mm/migrate.c:remap_slot, table locked. */
inline remap_slot(table, i, from, onto)
{
	load_entry(value, table, i);
	if
	:: type_of(value) == MIGRATION && frame_of(value) == from ->
		take(head_of(onto), REF, ok);
		assert(ok);
		if
		:: value & EXCL -> exclusive[onto] = 1
		:: else
		fi;
		store_entry(table, i, entry(LEAF, onto, attr_of(value) & WRITE))
	:: else
	fi
}

/* mm/rmap.c:gup_rmap_walk: the parent, then the child; no VMA comes or goes meanwhile. */
inline unmap_folio(folio)
{
	lock(rmap_lock);
	for (mm : PARENT .. CHILD) {
		table = (mapped[mm] -> frame_of(above[mm]) : 0);
		if
		:: table ->
			lock(table_lock[table]);
			for (slot : 0 .. ADDRESS) {
				unmap_slot(table, slot, folio)
			}
			unlock_table(table)
		:: else
		fi
	}
	unlock(rmap_lock)
}

inline remap_folio(old_frame, new_frame)
{
	lock(rmap_lock);
	for (mm : PARENT .. CHILD) {
		table = (mapped[mm] -> frame_of(above[mm]) : 0);
		if
		:: table ->
			lock(table_lock[table]);
			for (slot : 0 .. ADDRESS) {
				remap_slot(table, slot, old_frame, new_frame)
			}
			unlock_table(table)
		:: else
		fi
	}
	unlock(rmap_lock)
}

/* mm/migrate.c:movable_at: the page that is mapped now, with a reference; 0 if there is none. */
inline movable_at()
{
	lock(rmap_lock); /* stands for mmap_lock: the table stays */
	table = (mapped[PARENT] -> frame_of(above[PARENT]) : 0);
	if
	:: table ->
		lock_and_load(value, table, 0);
		if
		:: type_of(value) == LEAF ->
			page = frame_of(value);
			take(page, REF, ok);
			assert(ok)
		:: else
		fi;
		unlock_table(table)
	:: else
	fi;
	unlock(rmap_lock)
}

/* mm/migrate.c:move_once, and the end of gup_folio_migrate; the caller's reference on the page goes. */
inline move_once()
{
#ifdef ENTRY_AFTER_COUNT
	ok = count[page] == REF + (mapped[PARENT] -> REF : 0) + (mapped[CHILD] -> REF : 0);
	if
	:: ok -> unmap_folio(page); count[page] = 0
	:: else
	fi;
#else
	unmap_folio(page);
	freeze(page, REF, ok);
#endif
	if
	:: ok -> /* mm/migrate.c:move_frozen; the bytes are copied here */
		remap_folio(page, new);
		give_back(new, REF, last);
		free_frame(page);
		page = 0
	:: else ->
		remap_folio(page, page);
		give_back(new, REF, last);
		give_back(page, REF, last)
	fi
}

proctype mover()
{
	byte mm, slot, table, value, page, new;
	bool was, pinned, ok, last;

	movable_at();
	if
	:: page ->
		alloc(new, ANON);
		if
		:: new -> move_once()
		:: else -> give_back(page, REF, last)
		fi
	:: else
	fi
}

#ifdef EMPTIER
/* mm/isolate.c:gup_range_take for the block of frame 1: begin, one scan, claim or undo. */
proctype emptier()
{
	byte mm, slot, table, value, page, new, w;
	bool was, pinned, ok, last;

	block_type[1] = 1; /* mm/isolate.c:begin */
#ifndef NO_ISOLATE_GRACE
	grace_period(w);
#endif
	scanning = 1;
	if
	:: kind[1] == ANON -> take(1, REF, ok) /* mm/isolate.c:move_away */
	:: else
	fi;
	if
	:: ok ->
		page = 1;
		alloc(new, ANON);
		if
		:: new -> move_once()
		:: else -> give_back(page, REF, last)
		fi
	:: else
	fi;
	d_step { /* mm/buddy.c:gup_buddy_claim, under the zone's lock; then mm/cma.c:own_frames */
		if
		:: kind[1] == FREE -> kind[1] = OTHER; count[1] = REF
		:: else
		fi
	}
	scanning = 0;
	block_type[1] = 0
}
#endif

#ifdef SPLITTER
/* mm/migrate.c:split_isolated of the folio of frames 3 and 4: the same entries afterwards, but two folios. */
proctype splitter()
{
	byte mm, slot, table, value;
	bool was, pinned, ok, last;

	take(3, REF, ok);
	unmap_folio(3);
	freeze(3, REF, ok);
	if
	:: ok -> /* mm/migrate.c:split_frozen */
		head_word[4] = 4;
		count[3] = 2 * REF;
		count[4] = REF;
		remap_folio(3, 3);
		remap_folio(4, 4);
		give_back(3, REF, last);
		give_back(4, REF, last)
	:: else ->
		remap_folio(3, 3);
		remap_folio(4, 4)
	fi;
	give_back(3, REF, last)
}
#endif
