/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/act.h - the acts of `gup demo`. Each plays the same story twice: without the rule and with it.
 */
#ifndef GUP_TOOL_ACT_H
#define GUP_TOOL_ACT_H

#include "map.h"
#include "source.h"
#include "tool.h"

/** GUP_ACT_BUFFER - bytes that act 2 lends to the disk: no more of FILE is read. */
#define GUP_ACT_BUFFER (32 * GUP_MIB)

/**
 * struct gup_show - what the acts are given
 * @source: the file whose bytes act 2 moves
 * @map:    where act 2 draws physical memory, or NULL
 */
struct gup_show {
	struct gup_source source;
	struct gup_map *map;
};

/** gup_act_dax(), gup_act_cma(), gup_act_fork(), gup_act_driver() - play one half; @verdict says how it ended. */
void gup_act_dax(struct gup_show *show, bool rule, struct gup_verdict *verdict);
void gup_act_cma(struct gup_show *show, bool rule, struct gup_verdict *verdict);
void gup_act_fork(struct gup_show *show, bool rule, struct gup_verdict *verdict);
void gup_act_driver(struct gup_show *show, bool rule, struct gup_verdict *verdict);

#endif
