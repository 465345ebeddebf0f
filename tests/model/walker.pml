/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walker.pml - mm/gup_fast.c: one lockless section that pins the page at ADDRESS, then a device that holds it.
 *
 * The pin is for writing or for reading only; spin tries both. Runs are one page long. In doubt the walk ends without
 * a pin, as in the code, where the slow path would go on.
 */

/* What the holder of a pin relies on, at every moment: spin comes here after every number of steps of the others. */
inline check_pin(page)
{
	d_step {
		assert(kind[page] == ANON || kind[page] == DAX);  /* not freed, not somebody else's */
		assert(pins_of(count[head_of(page)]) > 0);
		/* The parent has this page at this address, unless it gave it up; the child has another. */
		assert(let_go[page] || (above[PARENT] && frame_of(entry_at(PARENT, ADDRESS)) == page));
		assert(kind[page] == DAX || !above[CHILD] || frame_of(entry_at(CHILD, ADDRESS)) != page);
#ifdef EMPTIER
		assert(!late || !scanning || !isolated(page)); /* taken before the scan, or elsewhere */
#endif
		skip
	}
}

proctype walker(byte me)
{
	byte attr, seq, upper, value, page, head, again;
	bool ok, fits, last, late;

	if
	:: attr = 0
#ifndef READ_ONLY
	:: attr = WRITE
#endif
	fi;

read_seq:
	seq = wp_seq;
#ifndef NO_ODD_TEST
	if
	:: seq % 2 -> goto done
	:: else
	fi;
#endif
enter:
	in_section[me] = 1;
read_above:
	upper = above[PARENT];
	if
	:: type_of(upper) != BELOW -> goto leave
	:: else
	fi;
read_entry:
	load_entry(value, frame_of(upper), ADDRESS);
	if
	:: type_of(value) != LEAF || (attr && !(value & WRITE)) -> goto leave
	:: else -> page = frame_of(value)
	fi;
read_head:
	head = head_of(page);
#ifdef LONGTERM_BEFORE_COUNT
	fits = !isolated(page);
	if
	:: !fits -> goto leave
	:: else
	fi;
#endif
#ifdef LOOK_BEFORE_COUNT
	load_entry(again, frame_of(upper), ADDRESS);
	fits = again == value;
#endif
take_count:
#ifdef EMPTIER
	late = scanning; /* ghost */
#endif
	take(head, PIN, ok);
	if
	:: !ok -> goto leave
	:: else
	fi;
#ifndef LOOK_BEFORE_COUNT
	fits = true;
#endif
reread_head:
#ifndef NO_SECOND_HEAD
	again = head_of(page);
	fits = fits && again == head;
#endif
reread_above:
#ifndef NO_SECOND_ABOVE
	again = above[PARENT];
	fits = fits && again == upper;
#endif
reread_entry:
#if !defined(NO_SECOND_ENTRY) && !defined(LOOK_BEFORE_COUNT)
	if
	:: fits -> load_entry(again, frame_of(upper), ADDRESS); fits = again == value
	:: else
	fi;
#endif
read_exclusive:
#ifndef NO_EXCLUSIVE_TEST
	fits = fits && (attr || kind[page] == DAX || exclusive[page]);
#endif
read_type:
#ifndef LONGTERM_BEFORE_COUNT
	fits = fits && !isolated(page);
#endif
leave:
	in_section[me] = 0;
	if
	:: !ok -> goto done
	:: ok && !fits -> goto unpin
	:: else
	fi;
reread_seq:
#ifndef NO_SECOND_SEQ
	if
	:: wp_seq != seq -> goto unpin
	:: else
	fi;
#endif
held:
	check_pin(page);
unpin:
	give_back(head, PIN, last);
done:
	skip
}
