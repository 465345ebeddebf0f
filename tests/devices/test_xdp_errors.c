/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/test_xdp_errors.c - the AF_XDP card where its caller or its host gives less: an errno says what, nothing is
 * held, no descriptor stays open, and what still works goes on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <xdp/xsk.h>

#include "card.h"

static const struct world_spec plain = { .normal = 8 };

/* ---- between the device and its host ---- */

enum refusal { NOTHING, UMEM, SOCKET, MAP, ENTRY, PROGRAM, LINK, NR_REFUSALS, ALIAS };

static enum refusal refused;
static int refusal_error;

#define REFUSE(what)                                                                                                   \
	do {                                                                                                           \
		if (refused == (what))                                                                                 \
			return refusal_error;                                                                          \
	} while (0)

int __real_xsk_umem__create(struct xsk_umem **umem, void *area, __u64 size, struct xsk_ring_prod *fill,
			    struct xsk_ring_cons *comp, const struct xsk_umem_config *config);
int __wrap_xsk_umem__create(struct xsk_umem **umem, void *area, __u64 size, struct xsk_ring_prod *fill,
			    struct xsk_ring_cons *comp, const struct xsk_umem_config *config);
int __wrap_xsk_umem__create(struct xsk_umem **umem, void *area, __u64 size, struct xsk_ring_prod *fill,
			    struct xsk_ring_cons *comp, const struct xsk_umem_config *config)
{
	REFUSE(UMEM);
	return __real_xsk_umem__create(umem, area, size, fill, comp, config);
}

int __real_xsk_socket__create(struct xsk_socket **xsk, const char *ifname, __u32 queue, struct xsk_umem *umem,
			      struct xsk_ring_cons *rx, struct xsk_ring_prod *tx,
			      const struct xsk_socket_config *config);
int __wrap_xsk_socket__create(struct xsk_socket **xsk, const char *ifname, __u32 queue, struct xsk_umem *umem,
			      struct xsk_ring_cons *rx, struct xsk_ring_prod *tx,
			      const struct xsk_socket_config *config);
int __wrap_xsk_socket__create(struct xsk_socket **xsk, const char *ifname, __u32 queue, struct xsk_umem *umem,
			      struct xsk_ring_cons *rx, struct xsk_ring_prod *tx,
			      const struct xsk_socket_config *config)
{
	REFUSE(SOCKET);
	return __real_xsk_socket__create(xsk, ifname, queue, umem, rx, tx, config);
}

int __real_bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size, __u32 value_size, __u32 max_entries,
			  const struct bpf_map_create_opts *opts);
int __wrap_bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size, __u32 value_size, __u32 max_entries,
			  const struct bpf_map_create_opts *opts);
int __wrap_bpf_map_create(enum bpf_map_type type, const char *name, __u32 key_size, __u32 value_size, __u32 max_entries,
			  const struct bpf_map_create_opts *opts)
{
	REFUSE(MAP);
	return __real_bpf_map_create(type, name, key_size, value_size, max_entries, opts);
}

int __real_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);
int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags);
int __wrap_bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	REFUSE(ENTRY);
	return __real_bpf_map_update_elem(fd, key, value, flags);
}

int __real_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license, const struct bpf_insn *insns,
			 size_t nr, const struct bpf_prog_load_opts *opts);
int __wrap_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license, const struct bpf_insn *insns,
			 size_t nr, const struct bpf_prog_load_opts *opts);
int __wrap_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license, const struct bpf_insn *insns,
			 size_t nr, const struct bpf_prog_load_opts *opts)
{
	REFUSE(PROGRAM);
	return __real_bpf_prog_load(type, name, license, insns, nr, opts);
}

int __real_bpf_link_create(int program, int target, enum bpf_attach_type type, const struct bpf_link_create_opts *opts);
int __wrap_bpf_link_create(int program, int target, enum bpf_attach_type type, const struct bpf_link_create_opts *opts);
int __wrap_bpf_link_create(int program, int target, enum bpf_attach_type type, const struct bpf_link_create_opts *opts)
{
	REFUSE(LINK);
	return __real_bpf_link_create(program, target, type, opts);
}

int __real_gup_vmap(struct gup_machine *m, struct gup_page *const *pages, uint32_t nr, void **out);
int __wrap_gup_vmap(struct gup_machine *m, struct gup_page *const *pages, uint32_t nr, void **out);
int __wrap_gup_vmap(struct gup_machine *m, struct gup_page *const *pages, uint32_t nr, void **out)
{
	REFUSE(ALIAS);
	return __real_gup_vmap(m, pages, nr, out);
}

static void begin(struct card *card)
{
	need_cable();
	card_begin(card, &plain);
	map_anon(card->mm, BASE, HUGE);
}

/* Without memory or socket there is no device. */
static void no_registration(void **state)
{
	static const int errors[] = { -EPERM, -EAFNOSUPPORT, -ENOBUFS, -ENOMEM, -EMFILE, -EOPNOTSUPP };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		for (enum refusal now = UMEM; now <= SOCKET; now++) {
			struct card card;

			begin(&card);
			refused = now;
			refusal_error = errors[i];
			assert_int_equal(gup_xdp_attach_range(card.dev, card.mm, &card_range, NULL), errors[i]);
			refused = NOTHING;
			check_rest(card.w.m, 0, 0);
			assert_int_equal(gup_xdp_lend(card.dev, 0, CHUNK), -EINVAL);
			card_attach(&card);
			far_send(&card, 0, 5);
			card_expect(&card, 0, 5);
			card_end(&card);
		}
}

/* Scattered pages, with and without contiguous addresses for them, and without a socket to register those with. */
static void no_alias(void **state)
{
	static const enum refusal refusals[] = { ALIAS, UMEM, SOCKET };
	struct card card;

	(void)state;
	need_cable();
	card_begin(&card, &(struct world_spec){ .normal = 8, .no_huge_pages = true });
	map_anon(card.mm, BASE, HUGE);
	for (uint64_t i = 0; i < HALF; i += PAGE) {
		app_poke(card.mm, BASE + i, 1);
		app_poke(card.mm, BASE + HUGE - PAGE - i, 1);
	}
	refusal_error = -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		refused = refusals[i];
		assert_int_equal(gup_xdp_attach_range(card.dev, card.mm, &card_range, NULL), -ENOMEM);
		refused = NOTHING;
		check_rest(card.w.m, 0, 0);
	}
	card_attach(&card);
	far_send(&card, 0, 5);
	card_expect(&card, 0, 5);
	card_end(&card);
}

/* Without the program the card sends. */
static void no_program(void **state)
{
	struct gup_xdp_frame frame;

	(void)state;
	for (enum refusal now = MAP; now < NR_REFUSALS; now++) {
		struct gup_xdp_stats stats;
		struct card card;

		begin(&card);
		refused = now;
		refusal_error = -EPERM;
		assert_int_equal(gup_xdp_attach_range(card.dev, card.mm, &card_range, NULL), 0);
		refused = NOTHING;
		card_send(&card, 0, 20);
		far_send(&card, 0, 20);
		assert_int_equal(gup_xdp_lend(card.dev, 0, CHUNK), -EPERM);
		assert_int_equal(gup_xdp_receive(card.dev, &frame, 1, -1), -EPERM);
		gup_xdp_stats_get(card.dev, &stats);
		assert_int_equal(stats.receive_error, -EPERM);
		assert_int_equal(stats.sent, 20);
		assert_int_equal(gup_xdp_detach(card.dev), 0);
		card_attach(&card);
		far_send(&card, 0, 5);
		card_expect(&card, 0, 5);
		card_end(&card);
	}
}

static void bad_ranges(void **state)
{
	static const struct gup_request bad[] = {
		{ BASE + 1, PAGE, GUP_WRITE, NULL },
		{ BASE, PAGE + 1, GUP_WRITE, NULL },
		{ BASE, 0, GUP_WRITE, NULL },
		{ BASE, HUGE, 0, NULL },
		{ BASE, HUGE, GUP_WRITE | 1u << 31, NULL },
	};
	const struct gup_request unmapped = { BASE + HUGE, PAGE, GUP_WRITE, NULL };
	struct gup_why why = { 0 };
	struct gup_xdp_stats stats;
	struct gup_xdp *dev;
	struct card card;

	(void)state;
	begin(&card);
	assert_int_equal(gup_xdp_open(NULL, &dev), -EINVAL);
	assert_int_equal(gup_xdp_open(GUP_CABLE_NEAR, NULL), -EINVAL);
	assert_int_equal(gup_xdp_open("no-such", &dev), -ENODEV);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(gup_xdp_attach_range(card.dev, card.mm, &bad[i], NULL), -EINVAL);
	assert_int_equal(gup_xdp_attach_range(NULL, card.mm, &card_range, NULL), -EINVAL);
	assert_int_equal(gup_xdp_attach_range(card.dev, NULL, &card_range, NULL), -EINVAL);
	assert_int_equal(gup_xdp_attach_range(card.dev, card.mm, NULL, NULL), -EINVAL);
	assert_int_equal(gup_xdp_attach_range(card.dev, card.mm, &unmapped, &why), -EFAULT);
	assert_int_equal(why.error, -EFAULT);
	check_rest(card.w.m, 0, 0);
	card_attach(&card);
	assert_int_equal(gup_xdp_attach_range(card.dev, card.mm, &card_range, NULL), -EINVAL);
	check_rest(card.w.m, HUGE / PAGE, 0);
	assert_int_equal(gup_xdp_close(NULL), 0);
	assert_int_equal(gup_xdp_detach(NULL), -EINVAL);
	gup_xdp_stats_get(NULL, &stats);
	assert_int_equal(stats.sent, 0);
	card_end(&card);
}

static void bad_frames(void **state)
{
	const struct gup_xdp_frame bad[] = {
		{ HUGE, 60 }, { UINT64_MAX, 60 }, { 0, 13 }, { 0, CHUNK + 1 }, { CHUNK - 60, 61 }, { 0, UINT32_MAX },
	};
	const struct gup_xdp_frame twice[] = { { 0, 60 }, { CHUNK, 60 }, { 60, 60 } }, lent = { HALF, 60 };
	struct gup_xdp_frame frame = { 0, 60 };
	struct card card;

	(void)state;
	begin(&card);
	assert_int_equal(gup_xdp_send(card.dev, &frame, 1), -EINVAL);
	assert_int_equal(gup_xdp_receive(card.dev, &frame, 1, 0), -EINVAL);
	card_attach(&card);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(gup_xdp_send(card.dev, &bad[i], 1), -EINVAL);
	assert_int_equal(gup_xdp_send(card.dev, twice, 3), -EBUSY);
	assert_int_equal(gup_xdp_send(card.dev, &lent, 1), -EBUSY);
	assert_int_equal(gup_xdp_send(card.dev, NULL, 1), -EINVAL);
	assert_int_equal(gup_xdp_send(card.dev, twice, 0), 0);
	assert_int_equal(gup_xdp_lend(card.dev, HALF - CHUNK, 2 * CHUNK), -EBUSY);
	assert_int_equal(gup_xdp_lend(card.dev, 1, CHUNK), -EINVAL);
	assert_int_equal(gup_xdp_lend(card.dev, 0, 1), -EINVAL);
	assert_int_equal(gup_xdp_lend(card.dev, HUGE, CHUNK), -EINVAL);
	assert_int_equal(gup_xdp_lend(card.dev, CHUNK, UINT64_MAX - CHUNK + 1), -EINVAL);
	assert_int_equal(gup_xdp_lend(NULL, 0, CHUNK), -EINVAL);
	assert_int_equal(gup_xdp_receive(card.dev, NULL, 1, 0), -EINVAL);
	assert_int_equal(gup_xdp_receive(card.dev, &frame, 0, -1), 0);
	assert_int_equal(recv(card.cable.far, &frame, sizeof(frame), 0), -1);
	card_send(&card, 0, 20); /* what was refused was given back */
	far_send(&card, 0, 20);
	card_expect(&card, 0, 20);
	card_end(&card);
}

/* One queue, one socket: the second one is told so, and the first one does not notice. */
static void two_on_one_queue(void **state)
{
	struct gup_xdp *second;
	struct gup_mm *mm;
	struct card card;

	(void)state;
	begin(&card);
	card_attach(&card);
	mm = world_mm(&card.w, "second");
	map_anon(mm, BASE, HUGE);
	assert_int_equal(gup_xdp_open(GUP_CABLE_NEAR, &second), 0);
	assert_int_equal(gup_xdp_attach_range(second, mm, &card_range, NULL), -EBUSY);
	check_rest(card.w.m, HUGE / PAGE, 0);
	assert_int_equal(gup_xdp_close(second), 0);
	far_send(&card, 0, 20);
	card_expect(&card, 0, 20);
	card_end(&card);
}

static void set_near(bool up)
{
	struct ifreq request = { .ifr_name = GUP_CABLE_NEAR, .ifr_flags = up ? IFF_UP : 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

/* A frame that the host did not take stays with the card, and goes with the next one. */
static void interface_is_down(void **state)
{
	const struct gup_xdp_frame again = { 0, 60 };
	struct gup_xdp_frame frame = { 0, 0 };
	uint8_t bytes[FRAME_MAX];
	struct card card;

	(void)state;
	begin(&card);
	card_attach(&card);
	frame.bytes = frame_make(bytes, 0, false);
	assert_int_equal(gup_copy_to_user(card.mm, BASE, bytes, frame.bytes), 0);
	set_near(false);
	assert_int_equal(gup_xdp_send(card.dev, &frame, 1), -ENETDOWN);
	assert_int_equal(gup_xdp_send(card.dev, &again, 1), -EBUSY);
	set_near(true);
	assert_int_equal(gup_xdp_send(card.dev, &frame, 0), 0);
	far_expect(&card, 0, 1);
	card_send(&card, 1, 10);
	card_end(&card);
}

/* The namespace and its interfaces are those of before, also if the cable is closed twice as often. */
static void host_is_as_before(void **state)
{
	struct stat before, inside, after;
	struct card card;

	(void)state;
	assert_int_equal(stat("/proc/thread-self/ns/net", &before), 0);
	begin(&card);
	assert_int_equal(stat("/proc/thread-self/ns/net", &inside), 0);
	assert_int_not_equal(inside.st_ino, before.st_ino);
	assert_int_not_equal(if_nametoindex(GUP_CABLE_NEAR), 0);
	card_attach(&card);
	card_end(&card);
	assert_int_equal(stat("/proc/thread-self/ns/net", &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(if_nametoindex(GUP_CABLE_NEAR), 0);
}

/* ---- an ordinary user, in a child: it has namespaces, no program, and little locked memory ---- */

#define NO_NAMESPACES 77
#define NO_SOCKETS 78
#define NO_MEMORY 79

static int send_one(struct gup_xdp *dev, struct gup_mm *mm, int far)
{
	struct gup_xdp_frame frame = { 0, 0 };
	uint8_t bytes[FRAME_MAX], seen[FRAME_MAX];
	int64_t got;

	frame.bytes = frame_make(bytes, 3, false);
	if (gup_copy_to_user(mm, BASE, bytes, frame.bytes) || gup_xdp_send(dev, &frame, 1) != 1)
		return 1;
	while ((got = recv(far, seen, sizeof(seen), 0)) < 0 && errno == EAGAIN)
		usleep(1000);
	return got != frame.bytes || memcmp(seen, bytes, frame.bytes) ? 2 : 0;
}

static int use_card(struct gup_mm *mm, int far)
{
	const struct rlimit little = { HUGE / 2, 2 * HUGE }, enough = { 2 * HUGE, 2 * HUGE };
	struct gup_xdp_stats stats;
	struct gup_xdp *dev;
	int line;

	if (setrlimit(RLIMIT_MEMLOCK, &little))
		return NO_MEMORY;
	if (gup_xdp_open(GUP_CABLE_NEAR, &dev))
		return 3;
	if (gup_xdp_attach_range(dev, mm, &card_range, NULL) != -ENOBUFS)
		return 4;
	if (setrlimit(RLIMIT_MEMLOCK, &enough) || gup_xdp_attach_range(dev, mm, &card_range, NULL))
		return 5;
	gup_xdp_stats_get(dev, &stats);
	if (stats.receive_error != -EPERM || gup_xdp_lend(dev, HALF, HALF) != -EPERM)
		return 6;
	line = send_one(dev, mm, far);
	return gup_xdp_close(dev) ? 7 : line;
}

static int as_nobody(void)
{
	const struct gup_map_request request = { BASE, HUGE, RW, ANON_AT, NULL, 0 };
	const struct gup_machine_config config = { .normal_bytes = 8 * MIB };
	uid_t nobody = 10000 + (uid_t)getpid() % 50000;
	struct gup_machine *m;
	struct gup_cable cable;
	struct gup_mm *mm;
	int line, fd;

	if (!geteuid() && (setgid(nobody) || setuid(nobody)))
		return 8;
	fd = socket(AF_XDP, SOCK_RAW, 0);
	if (fd < 0 && errno == EAFNOSUPPORT)
		return NO_SOCKETS;
	if (fd >= 0)
		close(fd);
	if (gup_cable_open(&cable))
		return NO_NAMESPACES;
	if (gup_machine_create(&config, &m) || gup_mm_create(m, "nobody", &mm) || gup_mmap(mm, &request) != BASE)
		return 9;
	line = use_card(mm, cable.far);
	gup_mm_destroy(mm);
	gup_cable_close(&cable);
	return gup_machine_destroy(m) ? 10 : line;
}

/* Return: what the host does not give, or NULL for a status that is none of that. */
static const char *not_given(int status)
{
	switch (status) {
	case NO_NAMESPACES:
		return "this host lets ordinary users make no network namespaces";
	case NO_SOCKETS:
		return "this kernel has no AF_XDP sockets; it takes CONFIG_XDP_SOCKETS";
	case NO_MEMORY:
		return "the hard limit of locked memory is below 4 MiB; raise RLIMIT_MEMLOCK";
	default:
		return NULL;
	}
}

static void ordinary_user(void **state)
{
	const char *missing;
	int status;
	pid_t pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(as_nobody());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	missing = not_given(WEXITSTATUS(status));
	if (missing) {
		print_message("skipped: %s\n", missing);
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_registration),   cmocka_unit_test(no_program),
		cmocka_unit_test(no_alias),	     cmocka_unit_test(bad_ranges),
		cmocka_unit_test(bad_frames),	     cmocka_unit_test(two_on_one_queue),
		cmocka_unit_test(interface_is_down), cmocka_unit_test(host_is_as_before),
		cmocka_unit_test(ordinary_user),
	};

	return cmocka_run_group_tests_name("xdp errors", tests, NULL, NULL);
}
