/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/map.c - snapshots of physical memory, drawn side by side.
 *
 * One row is a pageblock of 2 MiB and one unit across is a frame, so neither position nor amount is ever averaged. A
 * block of 64 KiB or more ends with a gap: that shows its order. Runs of one state become one path.
 */
#include "map.h"

#include <inttypes.h>
#include <stdlib.h>

#define ROW_FRAMES GUP_HUGE_PAGES
#define ROW_HEIGHT 9u
#define LEFT 74u
#define PANEL_STEP (ROW_FRAMES + 52u)
#define TOP 132u
#define ZONE_HEAD 34u
#define GAP_ORDER 4u

enum state {
	STATE_FREE_WHOLE,
	STATE_FREE,
	STATE_DATA,
	STATE_HELD,
	STATE_HELD_IN_CMA,
	STATE_CMA_OWNER,
	STATE_OWN,
	NR_STATES,
};

static const struct {
	const char *colour;
	const char *text;
} states[NR_STATES] = {
	[STATE_FREE_WHOLE] = { "#e9edf0", "free, a whole 2 MiB block" },
	[STATE_FREE] = { "#c9d1d8", "free, smaller blocks" },
	[STATE_DATA] = { "#6fa8dc", "program's data, may be moved" },
	[STATE_HELD] = { "#2e8b57", "held by the disk, in normal memory" },
	[STATE_HELD_IN_CMA] = { "#d62728", "held by the disk, in the camera's area" },
	[STATE_CMA_OWNER] = { "#f2a93b", "given to the camera" },
	[STATE_OWN] = { "#4a4a4a", "page tables, metadata" },
};

struct frame {
	uint8_t state;
	bool ends_block;
};

struct zone {
	char name[GUP_NAME_MAX];
	enum gup_zone_kind kind;
	uint64_t nr;
	struct frame *frames;
	uint64_t count[NR_STATES];
	unsigned int y;
};

struct panel {
	const char *title;
	const char *caption;
	struct zone zones[GUP_CMA_MAX + 2];
	unsigned int nr_zones;
	unsigned int bottom;
};

struct gup_map {
	struct panel panels[3];
	unsigned int nr;
};

struct gup_map *gup_svg_create(void)
{
	return calloc(1, sizeof(struct gup_map));
}

static enum state state_of(const struct gup_frame_info *info)
{
	bool held = info->pins || info->refs > info->mapcount;

	switch (info->kind) {
	case GUP_FRAME_UNUSED:
		return STATE_FREE_WHOLE;
	case GUP_FRAME_FREE:
	case GUP_FRAME_CACHED:
		return info->order == GUP_HUGE_ORDER ? STATE_FREE_WHOLE : STATE_FREE;
	case GUP_FRAME_ANON:
		if (!held)
			return STATE_DATA;
		return info->zone == GUP_ZONE_CMA ? STATE_HELD_IN_CMA : STATE_HELD;
	case GUP_FRAME_CMA:
		return STATE_CMA_OWNER;
	default:
		return STATE_OWN;
	}
}

static void look_at_frames(struct zone *zone, struct gup_machine *m, uint64_t first_pfn)
{
	for (uint64_t i = 0; i < zone->nr; i++) {
		struct gup_frame_info info;

		if (gup_frame_info(m, first_pfn + i, &info))
			continue;
		zone->frames[i].state = (uint8_t)state_of(&info);
		zone->frames[i].ends_block = info.order >= GAP_ORDER &&
					     first_pfn + i == info.head_pfn + (UINT64_C(1) << info.order) - 1;
		zone->count[zone->frames[i].state]++;
	}
}

static bool add_zone(struct panel *panel, struct gup_machine *m, const struct gup_zone_info *info)
{
	struct zone *zone = &panel->zones[panel->nr_zones];

	zone->frames = calloc(info->nr_frames, sizeof(*zone->frames));
	if (!zone->frames)
		return false;
	snprintf(zone->name, sizeof(zone->name), "%s", info->name);
	zone->kind = info->kind;
	zone->nr = info->nr_frames;
	zone->y = panel->bottom + ZONE_HEAD;
	panel->bottom = zone->y + (unsigned int)(zone->nr / ROW_FRAMES) * ROW_HEIGHT;
	panel->nr_zones++;
	look_at_frames(zone, m, info->first_pfn);
	return true;
}

bool gup_svg_add(struct gup_map *map, struct gup_machine *m, const char *title, const char *caption)
{
	struct gup_zone_info info;
	struct panel *panel;

	if (!map)
		return true;
	panel = &map->panels[map->nr++];
	panel->title = title;
	panel->caption = caption;
	panel->bottom = TOP;
	for (unsigned int i = 0; gup_zone_info(m, i, &info) == 0; i++)
		if (info.kind != GUP_ZONE_DAX && !add_zone(panel, m, &info))
			return false;
	return true;
}

static double mib(uint64_t frames)
{
	return (double)frames / (double)(UINT64_C(1) << (20 - GUP_PAGE_SHIFT));
}

static void draw_text(FILE *file, unsigned int x, unsigned int y, const char *style, const char *text)
{
	fprintf(file, "<text x=\"%u\" y=\"%u\" %s>%s</text>\n", x, y, style, text);
}

/* The frames of one state as one path; a run ends with its row, its state or its block. */
static void draw_state(FILE *file, const struct zone *zone, enum state state, unsigned int left)
{
	if (!zone->count[state])
		return;
	fprintf(file, "<path fill=\"%s\" d=\"", states[state].colour);
	for (uint64_t i = 0; i < zone->nr;) {
		uint64_t end = i;
		double gap;

		if (zone->frames[i].state != state) {
			i++;
			continue;
		}
		do
			end++;
		while (end < zone->nr && end % ROW_FRAMES && zone->frames[end].state == state &&
		       !zone->frames[end - 1].ends_block);
		gap = zone->frames[end - 1].ends_block ? 1 : 0;
		fprintf(file, "M%" PRIu64 " %" PRIu64 "h%gv%uh-%gz", left + i % ROW_FRAMES,
			zone->y + i / ROW_FRAMES * ROW_HEIGHT, (double)(end - i) - gap, ROW_HEIGHT - 1,
			(double)(end - i) - gap);
		i = end;
	}
	fputs("\"/>\n", file);
}

static const char *zone_purpose(const struct zone *zone)
{
	switch (zone->kind) {
	case GUP_ZONE_CMA:
		return zone->count[STATE_CMA_OWNER] ? "in its owner's hands" : "lent out meanwhile";
	case GUP_ZONE_MOVABLE:
		return "only data that can be moved";
	default:
		return "for any use";
	}
}

static void draw_zone(FILE *file, const struct zone *zone, unsigned int left)
{
	uint64_t free_frames = zone->count[STATE_FREE] + zone->count[STATE_FREE_WHOLE];
	char text[160];

	snprintf(text, sizeof(text), "%s%s%s: %.0f MiB, %s; %.1f MiB free",
		 zone->kind == GUP_ZONE_CMA ? "Area &quot;" : "", zone->name,
		 zone->kind == GUP_ZONE_CMA ? "&quot;" : "", mib(zone->nr), zone_purpose(zone), mib(free_frames));
	draw_text(file, left, zone->y - 7, "class=\"zone\"", text);
	for (enum state state = 0; state < NR_STATES; state++)
		draw_state(file, zone, state, left);
}

static uint64_t count(const struct panel *panel, enum state state)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < panel->nr_zones; i++)
		sum += panel->zones[i].count[state];
	return sum;
}

static void draw_panel(FILE *file, const struct panel *panel, unsigned int left)
{
	char text[160];

	draw_text(file, left, TOP - 24, "class=\"panel\"", panel->title);
	draw_text(file, left, TOP - 4, "class=\"caption\"", panel->caption);
	for (unsigned int i = 0; i < panel->nr_zones; i++)
		draw_zone(file, &panel->zones[i], left);
	snprintf(text, sizeof(text), "Held by the disk: %.1f MiB, of which in the camera's area: %.1f MiB",
		 mib(count(panel, STATE_HELD) + count(panel, STATE_HELD_IN_CMA)), mib(count(panel, STATE_HELD_IN_CMA)));
	draw_text(file, left, panel->bottom + 22, "class=\"caption\"", text);
}

/* Where a row lies in memory, for every eighth one, left of the first panel. */
static void draw_scale(FILE *file, const struct panel *panel)
{
	unsigned int before = 0;

	for (unsigned int i = 0; i < panel->nr_zones; i++) {
		const struct zone *zone = &panel->zones[i];

		for (unsigned int row = 0; row < zone->nr / ROW_FRAMES; row += 8)
			fprintf(file, "<text x=\"%u\" y=\"%u\" class=\"scale\">%u MiB</text>\n", LEFT - 8,
				zone->y + row * ROW_HEIGHT + ROW_HEIGHT - 1, (before + row) * 2);
		before += (unsigned int)(zone->nr / ROW_FRAMES);
	}
}

static void draw_legend(FILE *file, unsigned int y)
{
	for (unsigned int i = 0; i < NR_STATES; i++) {
		unsigned int x = LEFT + i % 4 * 400, row = y + i / 4 * 28;

		fprintf(file, "<rect x=\"%u\" y=\"%u\" width=\"26\" height=\"16\" fill=\"%s\" stroke=\"#999\"/>\n", x,
			row - 13, states[i].colour);
		draw_text(file, x + 36, row, "class=\"caption\"", states[i].text);
	}
}

bool gup_svg_write(const struct gup_map *map, FILE *file)
{
	const unsigned int width = LEFT + 3 * PANEL_STEP;
	const unsigned int bottom = map->nr ? map->panels[0].bottom : TOP;

	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" height=\"%u\">\n"
		"<title>Physical memory before and after a long-term pin</title>\n"
		"<style>text{font-family:sans-serif;fill:#222}.head{font-size:26px;font-weight:bold}"
		".panel{font-size:19px;font-weight:bold}.caption{font-size:15px}.zone{font-size:14px;font-weight:bold}"
		".scale{font-size:12px;text-anchor:end;fill:#666}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		width, bottom + 110, width, bottom + 110);
	draw_text(file, LEFT, 40, "class=\"head\"",
		  "A disk holds 32 MiB for long, a camera wants its 64 MiB: physical memory");
	draw_text(file, LEFT, 68, "class=\"caption\"",
		  "One row is 2 MiB of memory, one dot across is a frame of 4 KiB. Blocks of 64 KiB and more end with "
		  "a gap.");
	for (unsigned int i = 0; i < map->nr; i++)
		draw_panel(file, &map->panels[i], LEFT + i * PANEL_STEP);
	if (map->nr)
		draw_scale(file, &map->panels[0]);
	draw_legend(file, bottom + 62);
	fputs("</svg>\n", file);
	return !ferror(file);
}

void gup_svg_destroy(struct gup_map *map)
{
	if (!map)
		return;
	for (unsigned int i = 0; i < map->nr; i++)
		for (unsigned int z = 0; z < map->panels[i].nr_zones; z++)
			free(map->panels[i].zones[z].frames);
	free(map);
}
