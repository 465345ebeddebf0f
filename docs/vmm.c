/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine monitor in small. Guest memory is one object in two address spaces: the monitor's own, where a user
 * address is a pointer, and the guest's, which begins at guest-physical 1 GiB. A disk is a thread that writes into guest
 * memory which it has pinned for long; a notifier takes the memory from it before the monitor takes it from the guest.
 */
#include <gup/gup.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define RAM (16 * MIB)
#define GUEST (UINT64_C(1) << 30) /* guest-physical address of the memory's first byte */
#define BUFFER (GUEST + 4 * MIB)  /* the disk's, in the guest */
#define SECTOR 4096u
#define SECTORS 64u
#define BYTES (SECTORS * SECTOR)
#define RW (GUP_PROT_READ | GUP_PROT_WRITE)

#define MUST(call)                                                                                                     \
	do {                                                                                                           \
		long result_ = (long)(call);                                                                           \
		if (result_ < 0) {                                                                                     \
			fprintf(stderr, "%s: %ld\n", #call, result_);                                                  \
			return -1;                                                                                     \
		}                                                                                                      \
	} while (0)

struct disk {
	struct gup_mm *guest;
	struct gup_interval *interval;
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows; held while the disk writes */
	pthread_cond_t changed;
	struct gup_pin *pin; /* NULL: the guest's buffer is not the disk's any more */
	unsigned int asked, done;
	bool off;
};

/* One sector, by frames: the device does not know the guest's page table, nor does it fault. */
static void write_sector(const struct disk *d, unsigned int sector)
{
	struct gup_extent_iter at = { .pin = d->pin };
	uint64_t skip = (uint64_t)sector * SECTOR;
	struct gup_extent e;

	while (gup_pin_next_extent(&at, &e) && skip >= e.bytes)
		skip -= e.bytes;
	snprintf((char *)gup_page_address(gup_mm_machine(d->guest), e.page) + e.offset + skip, 32, "sector %u", sector);
}

static void *disk_runs(void *arg)
{
	struct disk *d = arg;

	pthread_mutex_lock(&d->lock);
	while (!d->off) {
		if (d->asked == d->done) {
			pthread_cond_wait(&d->changed, &d->lock);
			continue;
		}
		if (d->pin)
			write_sector(d, d->done);
		d->done++;
		pthread_cond_broadcast(&d->changed);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

/* The guest's buffer is about to go. When this returns nobody writes there. Fork and migration do not touch a pin. */
static bool buffer_changes(void *context, struct gup_interval *interval, const struct gup_notifier_range *range,
			   uint64_t seq)
{
	struct disk *d = context;

	pthread_mutex_lock(&d->lock);
	gup_interval_set_seq(interval, seq);
	if (d->pin && range->event != GUP_EVENT_PROTECT_PAGE) {
		gup_unpin(d->pin, true);
		d->pin = NULL;
	}
	pthread_mutex_unlock(&d->lock);
	return true;
}

static const struct gup_interval_ops watch = { .invalidate = buffer_changes };

/* Pin, and look whether anything changed meanwhile: then pin again. */
static int disk_attach(struct disk *d)
{
	struct gup_request request = { .addr = BUFFER, .bytes = BYTES, .flags = GUP_WRITE | GUP_LONGTERM };
	bool valid = false;
	struct gup_pin *pin;
	uint64_t seq;

	MUST(gup_interval_insert(d->guest, BUFFER, BYTES, &watch, d, &d->interval));
	while (!valid) {
		seq = gup_interval_read_begin(d->interval);
		MUST(gup_pin(d->guest, &request, &pin, NULL));
		pthread_mutex_lock(&d->lock);
		valid = !gup_interval_read_retry(d->interval, seq);
		if (valid)
			d->pin = pin;
		pthread_mutex_unlock(&d->lock);
		if (!valid)
			gup_unpin(pin, false);
	}
	return -pthread_create(&d->thread, NULL, disk_runs, d);
}

static void disk_reads(struct disk *d, unsigned int sectors)
{
	pthread_mutex_lock(&d->lock);
	d->asked += sectors;
	pthread_cond_broadcast(&d->changed);
	while (d->done < d->asked)
		pthread_cond_wait(&d->changed, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

static int disk_off(struct disk *d)
{
	pthread_mutex_lock(&d->lock);
	d->off = true;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);
	return gup_interval_remove(d->interval) || (d->pin && gup_unpin(d->pin, true)) ? -1 : 0;
}

int main(void)
{
	struct gup_machine_config config = { .normal_bytes = 32 * MIB, .cma = { { "gpu", 32 * MIB } } };
	struct gup_map_request map = { .length = RAM, .prot = RW, .flags = GUP_MAP_SHARED };
	struct disk disk = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct gup_machine *m;
	struct gup_mm *monitor;
	struct gup_page *area;
	char *ram, *guest_code, *sector;
	int64_t addr;
	bool wrong;

	MUST(gup_machine_create(&config, &m));
	MUST(gup_shm_create(m, RAM, 0, &map.object));
	MUST(gup_mm_create(m, "monitor", &monitor));
	MUST(gup_mirror_open(monitor, 0, 2 * RAM));
	MUST(addr = gup_mmap(monitor, &map));
	ram = gup_mirror_pointer(monitor, (uint64_t)addr);

	MUST(gup_mm_create(m, "guest", &disk.guest));
	MUST(gup_mirror_open(disk.guest, GUEST, RAM));
	map.addr = GUEST;
	map.flags |= GUP_MAP_FIXED;
	MUST(gup_mmap(disk.guest, &map));
	guest_code = gup_mirror_pointer(disk.guest, GUEST);

	memset(ram, 'x', RAM); /* the monitor loads the guest; some of it borrows frames of the gpu's area */
	guest_code[17] = 'y';  /* what runs in the guest sees the same memory */
	MUST(disk_attach(&disk));
	disk_reads(&disk, SECTORS);
	MUST(gup_cma_alloc(m, "gpu", 32 * MIB, 0, UINT64_C(1000000000), &area, NULL)); /* the disk is not in its way */
	sector = guest_code + (BUFFER - GUEST) + 9 * SECTOR;
	printf("ram[17] is %c; sector 9 of the guest says \"%s\"\n", ram[17], sector);
	wrong = ram[17] != 'y' || strcmp(sector, "sector 9") != 0;

	MUST(gup_munmap(disk.guest, BUFFER, BYTES)); /* a balloon: the guest gives its buffer back */
	disk_reads(&disk, 1);
	printf("the disk has %s; ram is as before: %c\n", disk.pin ? "the buffer still" : "let go of the buffer",
	       ram[RAM - 1]);
	wrong |= disk.pin != NULL || ram[RAM - 1] != 'x';

	MUST(disk_off(&disk));
	MUST(gup_cma_free(m, area, 32 * MIB));
	gup_object_put(map.object);
	MUST(gup_machine_check(m, NULL));
	gup_mm_destroy(disk.guest);
	gup_mm_destroy(monitor);
	return gup_machine_destroy(m) || wrong;
}
