/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/map.h - pictures of physical memory: snapshots of a machine, side by side in one SVG.
 */
#ifndef GUP_TOOL_MAP_H
#define GUP_TOOL_MAP_H

#include <gup/gup.h>

#include <stdio.h>

struct gup_map;

/** gup_svg_create() - an empty picture; NULL without memory. */
struct gup_map *gup_svg_create(void);

/**
 * gup_svg_add() - take a snapshot of a machine as the next panel
 * @map:     the picture; NULL does nothing
 * @m:       the machine
 * @title:   above the panel
 * @caption: below it: what has just happened
 *
 * Return: false without memory.
 */
bool gup_svg_add(struct gup_map *map, struct gup_machine *m, const char *title, const char *caption);

/** gup_svg_write() - write the SVG. Return: false if the file takes no more. */
bool gup_svg_write(const struct gup_map *map, FILE *file);

/** gup_svg_destroy() - NULL is allowed. */
void gup_svg_destroy(struct gup_map *map);

#endif
