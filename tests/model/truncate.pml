/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truncate.pml - mm/truncate.c:cut_dax: the block, frame 1, leaves its file if nobody holds it.
 */
proctype truncate()
{
	byte table = frame_of(above[PARENT]), value;
	bool ok, last;

#ifdef ENTRY_AFTER_COUNT
	ok = count[1] == 2 * REF;
	if
	:: !ok -> goto done
	:: else
	fi;
#endif
	lock(rmap_lock); /* mm/rmap.c:gup_object_unmap */
	lock_and_load(value, table, 0);
	d_step { word(table, 0) = NONE; let_go[1] = 1 };
	unlock_table(table);
	give_back(1, REF, last);
	unlock(rmap_lock);
#ifdef ENTRY_AFTER_COUNT
	count[1] = 0;
#else
	freeze(1, REF, ok); /* under the object's lock, which keeps faults away */
#endif
	if
	:: ok -> free_frame(1) /* mm/truncate.c:drop_frozen; the block is anybody's */
	:: else		       /* in the code: wait, and try again */
	fi;
done:
	skip
}
