/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm/mmap.c - the address space calls: map, unmap, protect. Others are in mm/mremap.c and mm/madvise.c.
 *
 * Each checks everything first, then takes mmap_lock and makes all that can fail (new VMAs, splits), and only then
 * changes what the application can see.
 */
#include "internal.h"

#define MAP_KNOWN (GUP_MAP_SHARED | GUP_MAP_PRIVATE | GUP_MAP_FIXED | GUP_MAP_FIXED_NOREPLACE | GUP_MAP_POPULATE)
#define MAP_FIXED_ANY (GUP_MAP_FIXED | GUP_MAP_FIXED_NOREPLACE)
#define PROT_KNOWN (GUP_PROT_READ | GUP_PROT_WRITE | GUP_PROT_EXEC)

_Static_assert(GUP_PROT_READ == GUP_VM_READ && GUP_PROT_WRITE == GUP_VM_WRITE && GUP_PROT_EXEC == GUP_VM_EXEC,
	       "protection bits are VMA flags");

static int request_check(const struct gup_mm *mm, const struct gup_map_request *r, u64 *out_length)
{
	unsigned int type = r->flags & (GUP_MAP_SHARED | GUP_MAP_PRIVATE);
	u64 unit = r->object ? gup_object_unit(r->object) : GUP_PAGE_SIZE;

	if (!r->length || r->flags & ~MAP_KNOWN || r->prot & ~PROT_KNOWN || !type ||
	    type == (GUP_MAP_SHARED | GUP_MAP_PRIVATE))
		return -GUP_EINVAL;
	if (r->offset & (unit - 1) || (r->flags & MAP_FIXED_ANY && r->addr & (unit - 1)))
		return -GUP_EINVAL;
	if (r->object && (r->object->m != mm->m || (r->object->ops->shared_only && type != GUP_MAP_SHARED)))
		return -GUP_EINVAL;
	if (r->length > GUP_USER_TOP)
		return -GUP_ENOMEM;
	*out_length = (r->length + unit - 1) & ~(unit - 1);
	if (r->offset + *out_length < r->offset)
		return -GUP_EOVERFLOW;
	if (r->flags & MAP_FIXED_ANY && !gup_range_ok(r->addr, *out_length))
		return -GUP_ENOMEM;
	return 0;
}

/* The first gap from @addr on; 0 if there is none below the top. */
static u64 gap_from(struct gup_mm *mm, u64 addr, u64 length, u64 align)
{
	struct gup_vma *vma;

	for (;;) {
		addr = (addr + align - 1) & ~(align - 1);
		if (addr + length > mm->highest || addr + length < addr)
			return 0;
		vma = gup_vma_first(mm, addr, addr + length);
		if (!vma)
			return addr;
		addr = gup_vma_end(vma);
	}
}

u64 gup_find_gap(struct gup_mm *mm, u64 wish, u64 length, u64 unit)
{
	u64 align = length >= GUP_HUGE_SIZE ? GUP_HUGE_SIZE : GUP_PAGE_SIZE, addr;

	wish &= ~(unit - 1);
	if (wish && gup_range_ok(wish, length) && !gup_vma_first(mm, wish, wish + length))
		return wish;
	addr = gap_from(mm, gup_max(mm->hint, mm->lowest), length, align);
	if (!addr)
		addr = gap_from(mm, mm->lowest, length, align);
	if (addr)
		mm->hint = addr + length;
	return addr;
}

/* Make the ends of the range VMA boundaries. */
static int split_ends(struct gup_mm *mm, u64 start, u64 end)
{
	struct gup_vma *vma = gup_vma_find(mm, start);
	int err = vma ? gup_vma_split(vma, start) : 0;

	vma = err ? NULL : gup_vma_find(mm, end - 1);
	return vma ? gup_vma_split(vma, end) : err;
}

int gup_unmap_locked(struct gup_mm *mm, u64 start, u64 end)
{
	struct gup_vma *vma;
	int err = split_ends(mm, start, end);

	if (err)
		return err;
	while ((vma = gup_vma_first(mm, start, end))) {
		gup_zap_range(vma, gup_vma_start(vma), gup_vma_end(vma), GUP_ZAP_ALL, GUP_EVENT_UNMAP);
		gup_vma_unlink(vma);
		gup_vma_free(vma);
	}
	gup_pt_free_range(mm, start, end);
	return 0;
}

/* A VMA for the request, in no tree and without references yet. */
static struct gup_vma *vma_for(struct gup_mm *mm, const struct gup_map_request *r, struct gup_object *object)
{
	struct gup_vma *vma = gup_vma_new(mm, NULL);

	if (!vma)
		return NULL;
	vma->flags = r->prot | GUP_VM_MAYREAD | GUP_VM_MAYWRITE;
	if (r->flags & GUP_MAP_SHARED)
		vma->flags |= GUP_VM_SHARED;
	else
		vma->lineage = mm->lineage;
	vma->object = object;
	if (object && object->kind == GUP_OBJECT_PFNMAP)
		vma->flags |= GUP_VM_PFNMAP;
	if (object && object->kind == GUP_OBJECT_SECRET)
		vma->flags |= GUP_VM_LOCKED;
	return vma;
}

/* Place and link the VMA. What is unmapped for it stays so if the hugetlb pool is short, as in Linux. */
static s64 map_locked(struct gup_mm *mm, const struct gup_map_request *r, u64 length, struct gup_vma *vma)
{
	u64 unit = vma->object ? gup_object_unit(vma->object) : GUP_PAGE_SIZE;
	u64 addr = r->flags & MAP_FIXED_ANY ? r->addr : gup_find_gap(mm, r->addr, length, unit);
	int err = 0;

	if (!addr && !(r->flags & MAP_FIXED_ANY))
		return -GUP_ENOMEM;
	if (r->flags & GUP_MAP_FIXED_NOREPLACE && gup_vma_first(mm, addr, addr + length))
		return -GUP_EEXIST;
	if (vma->flags & GUP_VM_LOCKED && gup_lock_exceeds(mm, length >> GUP_PAGE_SHIFT))
		return -GUP_EAGAIN;
	if (r->flags & GUP_MAP_FIXED)
		err = gup_unmap_locked(mm, addr, addr + length);
	if (err)
		return err;
	vma->node.start = addr;
	vma->node.last = addr + length - 1;
	vma->pgoff = (vma->object ? r->offset : addr) >> GUP_PAGE_SHIFT;
	err = gup_vma_is(vma, GUP_OBJECT_HUGETLB) ? gup_hugetlb_reserve(vma) : 0;
	if (err)
		return err;
	gup_vma_link(vma);
	gup_vma_merge(vma);
	return (s64)addr;
}

static s64 map_object(struct gup_mm *mm, const struct gup_map_request *r, u64 length, struct gup_object *object)
{
	struct gup_vma *vma = vma_for(mm, r, object);
	s64 addr;

	if (!vma)
		return -GUP_ENOMEM;
	gup_port_rwlock_write_lock(&mm->mmap_lock);
	addr = map_locked(mm, r, length, vma);
	gup_port_rwlock_write_unlock(&mm->mmap_lock);
	gup_tables_reap_many(mm->m);
	if (addr < 0)
		gup_slab_free(mm->m, GUP_SLAB_VMA, vma);
	return addr;
}

int64_t gup_mmap(struct gup_mm *mm, const struct gup_map_request *request)
{
	struct gup_object *object;
	u64 length;
	s64 addr;
	int err;

	if (!mm || !request)
		return -GUP_EINVAL;
	err = request_check(mm, request, &length);
	if (err)
		return err;
	object = request->object;
	if (!object && request->flags & GUP_MAP_SHARED) {
		err = gup_shm_create(mm->m, length, 0, &object);
		if (err)
			return err;
	}
	addr = map_object(mm, request, length, object);
	if (object != request->object)
		gup_object_put(object);
	if (addr >= 0 && request->flags & GUP_MAP_POPULATE)
		(void)gup_populate(mm, (u64)addr, length);
	return addr;
}

int gup_munmap(struct gup_mm *mm, uint64_t addr, uint64_t length)
{
	int err;

	length = mm ? gup_range_length(addr, length) : 0;
	if (!length)
		return -GUP_EINVAL;
	gup_port_rwlock_write_lock(&mm->mmap_lock);
	err = gup_unmap_locked(mm, addr, addr + length);
	gup_port_rwlock_write_unlock(&mm->mmap_lock);
	gup_tables_reap_many(mm->m);
	return err;
}

/* The end of what is mapped from @start on without a hole, at most @end. */
static u64 mapped_until(struct gup_mm *mm, u64 start, u64 end)
{
	struct gup_vma *vma;

	while (start < end && (vma = gup_vma_find(mm, start)))
		start = gup_vma_end(vma);
	return gup_min(start, end);
}

/* Where locked private memory becomes writable, its pages are its own at once: no store has to wait for a copy later. */
static void break_cow(struct gup_vma *vma)
{
	u64 addr;

	for (addr = gup_vma_start(vma); addr < gup_vma_end(vma); addr += GUP_PAGE_SIZE)
		if (gup_fault_in(vma->mm, vma, addr, GUP_FAULT_WRITE))
			return;
}

static void protect_vma(struct gup_vma *vma, u32 prot)
{
	bool was_locked = (vma->flags & (GUP_VM_LOCKED | GUP_VM_SHARED | GUP_VM_WRITE)) == GUP_VM_LOCKED;

	if ((vma->flags & GUP_VM_PROT) == prot)
		return;
	vma->flags = (vma->flags & ~GUP_VM_PROT) | prot;
	gup_protect_range(vma, gup_vma_start(vma), gup_vma_end(vma));
	if (was_locked && prot & GUP_VM_WRITE)
		break_cow(vma);
}

/* Give [start, end), up to the first hole, another protection, VMA by VMA; then say that there is one, as Linux does. */
static int protect_locked(struct gup_mm *mm, u64 start, u64 end, u32 prot)
{
	u64 mapped = mapped_until(mm, start, end);
	int err = start < mapped ? split_ends(mm, start, mapped) : 0;
	struct gup_vma *vma;

	if (err)
		return err;
	while (start < mapped) {
		vma = gup_vma_find(mm, start);
		start = gup_vma_end(vma);
		protect_vma(vma, prot);
		gup_vma_merge(vma);
	}
	return mapped < end ? -GUP_ENOMEM : 0;
}

int gup_mprotect(struct gup_mm *mm, uint64_t addr, uint64_t length, unsigned int prot)
{
	int err;

	length = mm ? gup_range_length(addr, length) : 0;
	if (!length || prot & ~PROT_KNOWN)
		return -GUP_EINVAL;
	gup_port_rwlock_write_lock(&mm->mmap_lock);
	err = protect_locked(mm, addr, addr + length, prot);
	gup_port_rwlock_write_unlock(&mm->mmap_lock);
	return err;
}
