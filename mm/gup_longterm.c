/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/gup_longterm.c - making sure that what is held long lies where that does no harm.
 *
 *	a batch is taken -> does each page lie in long-term memory? yes: done
 *	  no: claim the folios that do not (isolate)
 *	      give the whole batch back        our own counts must not be what blocks the move
 *	      move each claimed folio, wait for those that somebody else is moving
 *	      take the batch again
 *
 * Who isolates a folio holds one reference on it; who finds it isolated holds none while waiting. So any number of
 * long-term pins of one page make progress: one moves it, the others wait and find it moved. The claims of one batch
 * are kept on the stack; nothing is allocated.
 */
#include "gup.h"

#define MOVE_TRIES 40u

/* A folio of the batch that may not stay, and where the batch met it. */
struct claim {
	struct gup_page *head;
	u64 addr;
};

struct claims {
	struct claim mine[GUP_BATCH_RUNS];   /* isolated by us, one reference each */
	struct claim others[GUP_BATCH_RUNS]; /* being moved by somebody else, or immovable */
	u32 nr_mine, nr_others;
};

static void claim(struct gup_op *op, struct gup_page *page, u64 addr, struct claims *claims)
{
	struct gup_page *head = gup_head(op->m, page);

	if (gup_kind_movable(gup_kind(head)) && gup_folio_take(head, 1, false) == GUP_TAKE_OK) {
		if (gup_folio_isolate(head)) {
			claims->mine[claims->nr_mine++] = (struct claim){ head, addr };
			return;
		}
		gup_folio_put(op->m, head, 1);
	}
	claims->others[claims->nr_others++] = (struct claim){ head, addr };
}

static void collect(struct gup_op *op, struct claims *claims)
{
	u64 addr = op->addr;
	u32 i;

	for (i = op->nr_runs; i-- > 0;) {
		addr -= (u64)op->runs[i].nr << GUP_PAGE_SHIFT;
		if (!gup_longterm_ok(op->m, op->runs[i].page))
			claim(op, op->runs[i].page, addr, claims);
	}
}

/* Move what is claimed, and remember the first failure; after one, nobody is waited for any more. */
static int move_claimed(struct gup_op *op, const struct claims *claims)
{
	struct gup_why why;
	int err, first = 0;
	u32 i;

	for (i = claims->nr_mine; i-- > 0;) {
		err = gup_folio_migrate(op->m, claims->mine[i].head, op->scope | GUP_SCOPE_UNMOVABLE,
					first ? 1 : MOVE_TRIES, &why);
		if (!err || first)
			continue;
		first = err;
		*op->why = why;
		op->why->addr = claims->mine[i].addr;
	}
	for (i = 0; i < claims->nr_others; i++)
		gup_folio_wait_isolated(op->m, claims->others[i].head);
	return first;
}

/* A folio that could not be claimed and that nobody moves, if that is all there is: it will never fit. */
static const struct claim *hopeless(const struct claims *claims)
{
	u32 i;

	for (i = 0; i < claims->nr_others && !claims->nr_mine; i++) {
		struct gup_page *head = claims->others[i].head;

		if (!gup_kind_movable(gup_kind(head)) && !gup_flag_test(head, GUP_PF_ISOLATED))
			return &claims->others[i];
	}
	return NULL;
}

enum gup_settled gup_longterm_settle(struct gup_op *op, unsigned int tries, int *out_error)
{
	struct claims claims = { .nr_mine = 0 };
	const struct claim *stuck;
	int err;

	if (op->ignore_unfit)
		return GUP_SETTLED;
	collect(op, &claims);
	if (!claims.nr_mine && !claims.nr_others)
		return GUP_SETTLED;
	stuck = hopeless(&claims);
	gup_op_release_batch(op);
	err = move_claimed(op, &claims);
	if (!err && stuck)
		err = gup_refuse(op->why, op->rules->refusal[GUP_RULE_UNMOVABLE_LONGTERM], GUP_RULE_UNMOVABLE_LONGTERM,
				 stuck->addr, gup_pfn(op->m, stuck->head));
	if (!err)
		return GUP_UNSETTLED;
	if (op->rules->migrate_failure_ignored) {
		op->ignore_unfit = true;
		return GUP_UNSETTLED;
	}
	op->why->error = op->rules->refusal[op->why->rule];
	op->why->tries += tries;
	op->drop = op->rules->migrate_drop;
	*out_error = op->why->error;
	return GUP_REFUSED;
}
