/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/machine.c - making and destroying a machine: where its frames are and what each range is for.
 *
 * Frames in order of pfn: one block that never exists, so that pfn 0 means "none"; NORMAL; the CMA areas; MOVABLE; the
 * DAX devices. Frame table and frames are reserved from the host and cost what is touched.
 */
#include "internal.h"

/* What anonymous memory may take besides 4 KiB and 2 MiB: order 1 to 8. */
#define ANON_ORDERS ((1u << GUP_HUGE_ORDER) - 2)

static bool name_ok(const char *name)
{
	size_t len = 0;

	while (len < GUP_NAME_MAX && name[len])
		len++;
	return len > 0 && len < GUP_NAME_MAX;
}

bool gup_name_set(char *to, const char *from)
{
	size_t i;

	for (i = 0; i < GUP_NAME_MAX; i++) {
		to[i] = from[i];
		if (!from[i])
			return true;
	}
	to[0] = '\0';
	return false;
}

static bool name_is(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool bytes_ok(u64 bytes, bool zero_ok)
{
	return !(bytes & (GUP_HUGE_SIZE - 1)) && (bytes || zero_ok) && bytes <= (UINT64_C(1) << 43);
}

struct gup_zone *gup_zone_by_name(struct gup_machine *m, enum gup_zone_kind kind, const char *name)
{
	unsigned int i;

	for (i = 0; i < m->nr_zones; i++)
		if (m->zones[i].kind == kind && name_is(m->zones[i].name, name))
			return &m->zones[i];
	return NULL;
}

/* Only pfns and names: nothing is touched until the memory exists. */
static bool zone_add(struct gup_machine *m, enum gup_zone_kind kind, const char *name, u64 bytes)
{
	struct gup_zone *zone = &m->zones[m->nr_zones];
	unsigned int i;

	if (!name_ok(name) || !bytes_ok(bytes, false))
		return false;
	for (i = 0; i < m->nr_zones; i++)
		if (name_is(m->zones[i].name, name))
			return false;
	gup_name_set(zone->name, name);
	zone->kind = kind;
	zone->start = zone->frontier = m->nr_pfns;
	m->nr_pfns += bytes >> GUP_PAGE_SHIFT;
	zone->end = m->nr_pfns;
	zone->nr_free = zone->end - zone->start;
	m->nr_zones++;
	return true;
}

static bool zones_from_config(struct gup_machine *m, const struct gup_machine_config *config)
{
	unsigned int i;

	m->nr_pfns = GUP_HUGE_PAGES;
	if (!zone_add(m, GUP_ZONE_NORMAL, "NORMAL", config->normal_bytes))
		return false;
	for (i = 0; i < GUP_CMA_MAX; i++)
		if (config->cma[i].name && !zone_add(m, GUP_ZONE_CMA, config->cma[i].name, config->cma[i].bytes))
			return false;
	if (config->movable_bytes && !zone_add(m, GUP_ZONE_MOVABLE, "MOVABLE", config->movable_bytes))
		return false;
	for (i = 0; i < GUP_DAX_MAX; i++) {
		if (!config->dax[i].name)
			continue;
		if (config->dax[i].kind != GUP_DAX_FS && config->dax[i].kind != GUP_DAX_DEVICE)
			return false;
		if (!zone_add(m, GUP_ZONE_DAX, config->dax[i].name, config->dax[i].bytes))
			return false;
		m->zones[m->nr_zones - 1].dax = config->dax[i].kind;
	}
	return m->nr_pfns <= UINT32_MAX;
}

static enum gup_block home_of(const struct gup_zone *zone)
{
	switch (zone->kind) {
	case GUP_ZONE_CMA:
		return GUP_BLOCK_CMA;
	case GUP_ZONE_MOVABLE:
		return GUP_BLOCK_ZONE_MOVABLE;
	case GUP_ZONE_DAX:
		return zone->dax == GUP_DAX_FS ? GUP_BLOCK_FSDAX : GUP_BLOCK_DEVDAX;
	default:
		return GUP_BLOCK_MOVABLE;
	}
}

static void blocks_init(struct gup_machine *m)
{
	unsigned int i;

	for (i = 0; i < m->nr_zones; i++)
		memset(m->blocks + (m->zones[i].start >> GUP_HUGE_ORDER), home_of(&m->zones[i]),
		       (m->zones[i].end - m->zones[i].start) >> GUP_HUGE_ORDER);
}

static u64 round_up_page(u64 bytes)
{
	return (bytes + GUP_PAGE_SIZE - 1) & GUP_PAGE_MASK;
}

static int memory_map(struct gup_machine *m)
{
	u64 table = round_up_page(m->nr_pfns * sizeof(struct gup_page));

	m->table_memory.bytes = table + round_up_page(m->nr_pfns >> GUP_HUGE_ORDER);
	if (gup_port_memory_map(&m->table_memory, false))
		return -GUP_ENOMEM;
	m->frame_memory.bytes = m->nr_pfns << GUP_PAGE_SHIFT;
	if (gup_port_memory_map(&m->frame_memory, true)) {
		gup_port_memory_unmap(&m->table_memory);
		return -GUP_ENOMEM;
	}
	m->frames = m->table_memory.base;
	m->blocks = (u8 *)m->table_memory.base + table;
	m->memory = m->frame_memory.base;
	return 0;
}

void gup_list_add(struct gup_machine *m, struct gup_link *list, struct gup_link *link)
{
	gup_port_lock_acquire(&m->list_lock);
	gup_link_add(list, link);
	gup_port_lock_release(&m->list_lock);
}

void gup_list_del(struct gup_machine *m, struct gup_link *link)
{
	gup_port_lock_acquire(&m->list_lock);
	gup_link_del(link);
	gup_port_lock_release(&m->list_lock);
}

static int machine_start(struct gup_machine *m, const struct gup_machine_config *config)
{
	struct gup_page *zero;
	unsigned int i;

	blocks_init(m);
	for (i = 0; i < m->nr_zones; i++)
		gup_port_rwlock_init(&m->zones[i].isolate_lock);
	gup_slab_init(m);
	gup_link_init(&m->mms);
	gup_link_init(&m->objects);
	gup_link_init(&m->owners);
	gup_link_init(&m->pins);
	zero = gup_folio_alloc(m, 0, GUP_FRAME_ZERO, false, GUP_SCOPE_UNMOVABLE);
	if (!zero)
		return -GUP_ENOMEM;
	gup_folio_zero(m, zero);
	m->zero_pfn = gup_pfn(m, zero);
	return gup_hugetlb_init(m, config->hugetlb_pages, config->hugetlb_movable);
}

static void memory_unmap(struct gup_machine *m)
{
	struct gup_port_memory self = m->self_memory;

	gup_port_memory_unmap(&m->frame_memory);
	gup_port_memory_unmap(&m->table_memory);
	gup_port_memory_unmap(&self);
}

static int contract_from_config(const struct gup_machine_config *config)
{
	if (!gup_contract_name(config->contract) || (config->kernel && config->contract))
		return -GUP_EINVAL;
	return config->kernel && !gup_kernel_known(config->kernel) ? -GUP_EOPNOTSUPP : 0;
}

int gup_machine_create(const struct gup_machine_config *config, struct gup_machine **out)
{
	struct gup_port_memory self = { .bytes = round_up_page(sizeof(struct gup_machine)) };
	struct gup_machine *m;
	int err;

	if (!config || !out || !bytes_ok(config->movable_bytes, true) || config->anon_orders & ~ANON_ORDERS)
		return -GUP_EINVAL;
	err = contract_from_config(config);
	if (err)
		return err;
	if (gup_port_memory_map(&self, false))
		return -GUP_ENOMEM;
	m = self.base;
	m->self_memory = self;
	gup_contract_fill(&m->rules, config->kernel ? config->kernel : gup_contract_kernel(config->contract));
	m->contract = &m->rules;
	gup_gate_init(m);
	m->no_huge_pages = config->no_huge_pages;
	m->anon_orders = config->anon_orders;
	m->track_holders = config->track_holders;
	err = zones_from_config(m, config) ? memory_map(m) : -GUP_EINVAL;
	if (err) {
		gup_port_memory_unmap(&self);
		return err;
	}
	err = machine_start(m, config);
	if (err) {
		memory_unmap(m);
		return err;
	}
	*out = m;
	return 0;
}

/* Log whoever holds something: -EBUSY if there is anybody. */
static int log_leftovers(struct gup_machine *m)
{
	struct gup_holder holders[16];
	long nr = gup_pin_holders(m, 0, UINT64_MAX, holders, GUP_ARRAY_SIZE(holders)), i;

	if (nr < 0)
		return (int)nr;
	for (i = 0; i < nr && i < (long)GUP_ARRAY_SIZE(holders); i++)
		gup_log_holder(&holders[i]);
	if (nr > (long)GUP_ARRAY_SIZE(holders))
		gup_port_log("left: and more");
	return nr ? -GUP_EBUSY : 0;
}

/* Locks of the host may hold host resources. */
static void locks_destroy(struct gup_machine *m)
{
	unsigned int i;

	while (m->mms.next != &m->mms)
		gup_mm_destroy((struct gup_mm *)m->mms.next);
	while (m->objects.next != &m->objects)
		gup_object_put((struct gup_object *)m->objects.next);
	gup_port_rwlock_destroy(&m->hugetlb.fill_lock);
	for (i = 0; i < m->nr_zones; i++)
		gup_port_rwlock_destroy(&m->zones[i].isolate_lock);
}

int gup_machine_destroy(struct gup_machine *m)
{
	int err = m ? log_leftovers(m) : 0;

	if (!m || err)
		return err;
	locks_destroy(m);
	gup_tables_reap(m);
	memory_unmap(m);
	return 0;
}
