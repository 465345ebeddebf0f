/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fork.pml - mm/fork.c: the parent's page is shared with the child, or copied if it is pinned.
 */

/* mm/fork.c:try_share. Both tables are locked, so nobody but the mover's and the walker's steps fall in between. */
inline try_share(page, shared)
{
	shared = !exclusive[page];
	if
	:: !shared ->
#ifdef FORK_COUNT_FIRST
		shared = pins_of(count[page]) == 0;
		exclusive[page] = !shared
#else
#ifndef FORK_KEEPS_EXCLUSIVE
		exclusive[page] = 0;
#endif
#ifdef FORK_SHARES_PINNED
		shared = true;
#else
		shared = pins_of(count[page]) == 0;
#endif
		if
		:: !shared -> exclusive[page] = 1
		:: else
		fi
#endif
	:: else
	fi
}

/* mm/fork.c:copy_entry */
inline copy_entry(from, to)
{
	load_entry(value, from, 0);
	if
	:: type_of(value) == MIGRATION ->
		value = entry(MIGRATION, frame_of(value), 0);
		store_entry(from, 0, value);
		store_entry(to, 0, value)
	:: type_of(value) == LEAF ->
		page = frame_of(value);
		try_share(page, shared);
		if
		:: shared -> /* mm/fork.c:share */
			take(page, REF, ok);
			assert(ok);
			store_entry(from, 0, entry(LEAF, page, 0));
			store_entry(to, 0, entry(LEAF, page, 0))
		:: else -> map_new(to, page) /* mm/fork.c:copy_pinned; without memory the child has nothing */
		fi
	:: else
	fi
}

/* mm/fork.c:copy_mm, once; mmap_lock for writing. */
inline fork()
{
	if
	:: above[PARENT] && !above[CHILD] ->
		wp_seq++;
		set_mapped(CHILD, 1);
		populate(CHILD, to);
		table = frame_of(above[PARENT]);
		if
		:: to ->
			lock(table_lock[table]);
			lock(table_lock[to]);
			copy_entry(table, to);
			unlock_table(to);
			unlock_table(table)
		:: else
		fi;
		wp_seq++
	:: else
	fi
}
