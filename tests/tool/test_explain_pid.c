/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/tool/test_explain_pid.c GUP DOCUMENT - `gup explain --pid` asked about this process, which maps memory of every kind.
 *
 * The command runs as a program of its own. Where the kernel has io_uring, the same range is registered with it as well:
 * prediction and kernel have to agree.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <liburing.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define NR 16ul
#define BYTES (NR * PAGE)
#define LEN(table) (sizeof(table) / sizeof((table)[0]))
#define RW (PROT_READ | PROT_WRITE)

static const char *gup;
static char output[1 << 16];

/* Return: the exit status; what was printed is in output. */
static int explain(const char *options, const void *addr, const char *length, const char *flags)
{
	char command[512];
	FILE *pipe;
	size_t got;

	snprintf(command, sizeof(command), "'%s' explain --pid %d %s %p %s %s 2>&1", gup, (int)getpid(), options, addr,
		 length, flags);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	got = fread(output, 1, sizeof(output) - 1, pipe);
	output[got] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static void expect(const char *text)
{
	if (!strstr(output, text))
		fail_msg("'%s' is not in:\n%s", text, output);
}

/* ---- kinds of memory ---- */

static int file_in(const char *folder, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s-%d", folder, name, (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0)
		unlink(path);
	if (fd >= 0)
		assert_int_equal(ftruncate(fd, BYTES), 0);
	return fd;
}

/* Maps and closes @fd, also after an error; NULL if there is none. */
static void *map(int fd, int prot, int flags)
{
	void *addr;

	if (fd < 0 && !(flags & MAP_ANONYMOUS))
		return NULL;
	addr = mmap(NULL, BYTES, prot, flags, fd, 0);
	if (fd >= 0)
		close(fd);
	return addr == MAP_FAILED ? NULL : addr;
}

static void *anonymous(void)
{
	return map(-1, RW, MAP_PRIVATE | MAP_ANONYMOUS);
}

static void *read_only(void)
{
	return map(-1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
}

static void *write_only(void)
{
	return map(-1, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
}

static void *no_access(void)
{
	return map(-1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
}

static void *shared_anonymous(void)
{
	return map(-1, RW, MAP_SHARED | MAP_ANONYMOUS);
}

static void *zero_private(void)
{
	return map(open("/dev/zero", O_RDWR | O_CLOEXEC), RW, MAP_PRIVATE);
}

static void *zero_shared(void)
{
	return map(open("/dev/zero", O_RDWR | O_CLOEXEC), RW, MAP_SHARED);
}

static int memfd(unsigned long bytes)
{
	int fd = memfd_create("odd name\n ", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static void *memfd_shared(void)
{
	return map(memfd(BYTES), RW, MAP_SHARED);
}

static void *memfd_private(void)
{
	return map(memfd(BYTES), RW, MAP_PRIVATE);
}

/* Stays open, as in most programs: nobody but root can ask for its length otherwise. */
static void *memfd_short(void)
{
	int fd = memfd(5 * PAGE + 1);

	return map(dup(fd), RW, MAP_SHARED);
}

static void *sysv(void)
{
	int id = shmget(IPC_PRIVATE, BYTES, IPC_CREAT | 0600);
	void *addr = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return addr == (void *)-1 ? NULL : addr;
}

static void *on_tmpfs(void)
{
	struct statfs fs;

	return statfs("/dev/shm", &fs) || fs.f_type != TMPFS_MAGIC ? NULL
								   : map(file_in("/dev/shm", "x y"), RW, MAP_SHARED);
}

static bool disk_here(void)
{
	struct statfs fs;

	return !statfs(".", &fs) && fs.f_type != TMPFS_MAGIC;
}

static void *file_shared(void)
{
	return disk_here() ? map(file_in(".", "odd\nname"), RW, MAP_SHARED) : NULL;
}

static void *file_private(void)
{
	return disk_here() ? map(file_in(".", "gup"), RW, MAP_PRIVATE) : NULL;
}

static void *file_shared_read_only(void)
{
	return disk_here() ? map(file_in(".", "gup"), PROT_READ, MAP_SHARED) : NULL;
}

static void *secret(void)
{
	int fd = (int)syscall(447, 0);

	if (fd >= 0 && ftruncate(fd, BYTES))
		return NULL;
	return map(fd, RW, MAP_SHARED);
}

static void *huge(void)
{
	void *addr = mmap(NULL, 2 << 20, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	return addr == MAP_FAILED ? NULL : addr;
}

static void *hole(void)
{
	char *addr = anonymous();

	assert_int_equal(munmap(addr + 8 * PAGE, PAGE), 0);
	return addr;
}

static void *half_read_only(void)
{
	char *addr = anonymous();

	assert_int_equal(mprotect(addr + 8 * PAGE, 8 * PAGE, PROT_READ), 0);
	return addr;
}

static const struct kind {
	const char *name;
	void *(*make)(void);
	const char *refused; /* what is printed; NULL if the pages are taken */
	unsigned int good;   /* pages before that */
} kinds[] = {
	{ "anonymous", anonymous, NULL, 0 },
	{ "read only", read_only, "REFUSED: -EFAULT, VMA_NOT_WRITABLE", 0 },
	{ "write only", write_only, NULL, 0 },
	{ "no access", no_access, "REFUSED: -EFAULT, VMA_NOT_WRITABLE", 0 },
	{ "shared anonymous", shared_anonymous, NULL, 0 },
	{ "/dev/zero, private", zero_private, NULL, 0 },
	{ "/dev/zero, shared", zero_shared, NULL, 0 },
	{ "memfd", memfd_shared, NULL, 0 },
	{ "memfd, private", memfd_private, NULL, 0 },
	{ "memfd, short", memfd_short, "REFUSED: -EFAULT, BEYOND_OBJECT", 6 },
	{ "System V", sysv, NULL, 0 },
	{ "tmpfs", on_tmpfs, NULL, 0 },
	{ "file, shared", file_shared, "REFUSED: -EFAULT, DIRTY_TRACKED", 0 },
	{ "file, private", file_private, NULL, 0 },
	{ "file, shared, read only", file_shared_read_only, "REFUSED: -EFAULT, VMA_NOT_WRITABLE", 0 },
	{ "secret", secret, "REFUSED: -EFAULT, SECRET", 0 },
	{ "hugetlb", huge, NULL, 0 },
	{ "hole", hole, "REFUSED: -EFAULT, NO_VMA", 8 },
	{ "half read only", half_read_only, "REFUSED: -EFAULT, VMA_NOT_WRITABLE", 8 },
};

static void each_kind(void **state)
{
	char where[80];

	(void)state;
	for (size_t i = 0; i < LEN(kinds); i++) {
		char *addr = kinds[i].make();
		int status;

		if (!addr) {
			print_message("skipped: %s cannot be mapped here\n", kinds[i].name);
			continue;
		}
		status = explain("--kernel 6.12", addr, "64K", "");
		if (status != (kinds[i].refused != NULL))
			fail_msg("%s: status %d\n%s", kinds[i].name, status, output);
		expect(kinds[i].refused ? kinds[i].refused : "    TAKEN");
		snprintf(where, sizeof(where), "At 0x%" PRIxPTR ", after %u page",
			 (uintptr_t)addr + kinds[i].good * PAGE, kinds[i].good);
		if (kinds[i].refused)
			expect(where);
		munmap(addr, BYTES);
	}
}

/* ---- the kernel's own word ---- */

static int register_with(struct io_uring *ring, void *addr)
{
	struct iovec buffer = { addr, BYTES };
	int err = io_uring_register_buffers(ring, &buffer, 1);

	if (!err)
		io_uring_unregister_buffers(ring);
	return err;
}

static void as_the_kernel_does(void **state)
{
	struct io_uring ring;
	int err = io_uring_queue_init(4, &ring, 0);

	(void)state;
	if (err) {
		print_message("skipped: no io_uring here: %s\n", strerror(-err));
		skip();
	}
	for (size_t i = 0; i < LEN(kinds); i++) {
		char *addr = kinds[i].make(), text[64];
		int status;

		if (!addr)
			continue;
		err = register_with(&ring, addr);
		status = explain("", addr, "64K", "io_uring");
		if (status != (err != 0))
			fail_msg("%s: the kernel says %s\n%s", kinds[i].name, err ? strerrorname_np(-err) : "OK",
				 output);
		snprintf(text, sizeof(text), "REFUSED: -%s,", err ? strerrorname_np(-err) : "");
		expect(err ? text : "    TAKEN");
		munmap(addr, BYTES);
	}
	io_uring_queue_exit(&ring);
}

/* ---- words ---- */

static void pieces(void **state)
{
	char *addr = half_read_only();

	(void)state;
	assert_int_equal(explain("--kernel 6.12", addr, "65536", "longterm"), 0);
	assert_int_equal(explain("--kernel 6.12", addr, "0x10000", "write"), 1);
	expect("16 pages from 0x");
	expect("    32K  taken       private mapping of anonymous memory, PROT_READ | PROT_WRITE");
	expect("    32K  -EFAULT     private mapping of anonymous memory, PROT_READ\n");
	assert_int_equal(explain("--kernel 6.12", addr + 100, "1", ""), 0);
	expect("1 page from 0x");
	assert_int_equal(explain("--kernel 6.12", addr + PAGE - 1, "2", ""), 0);
	expect("2 pages from 0x");
	munmap(addr, BYTES);
}

/* More than io_uring takes at once; the pin alone has no such bound. */
static void large_buffer(void **state)
{
	const unsigned long bytes = (1ul << 30) + PAGE;
	void *addr = mmap(NULL, bytes, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)state;
	if (addr == MAP_FAILED)
		skip();
	assert_int_equal(explain("--kernel 6.12", addr, "1073745920", "io_uring"), 1);
	expect("register it in parts");
	assert_int_equal(explain("--kernel 6.12", addr, "1073745920", "write"), 0);
	munmap(addr, bytes);
}

/* ---- the document ---- */

static const char *document;

/* Without its end, and not what differs from run to run: the process and the paths. */
static void normalize(char *line)
{
	char *process = strstr(line, " of process ");

	line[strcspn(line, "\n")] = '\0';
	for (size_t at = strlen(line); at && line[at - 1] == ' '; at--)
		line[at - 1] = '\0';
	if (process)
		*process = '\0';
	if (line[strspn(line, " ")] == '/')
		strcpy(line, "/path");
}

/* The example of a document, up to what depends on who runs it. */
static void compare_with(FILE *file)
{
	char line[256], *rest = output;
	unsigned int nr = 0;

	while (fgets(line, sizeof(line), file) && !strstr(line, "# gup explain --pid"))
		;
	while (fgets(line, sizeof(line), file) && !strstr(line, "Limits:")) {
		char *said = strsep(&rest, "\n");

		assert_non_null(said);
		normalize(line);
		normalize(said);
		assert_string_equal(strlen(line) > 4 ? line + 4 * (*line == ' ') : line, said);
		nr++;
	}
	assert_true(nr > 10);
}

static void as_documented(void **state)
{
	char *place = (char *)0x7f5500000000;
	const int flags = MAP_FIXED_NOREPLACE;
	int fd = file_in(".", "ring");
	struct statfs fs;
	FILE *file;

	(void)state;
	if (fd < 0 || fstatfs(fd, &fs) || fs.f_type != EXT4_SUPER_MAGIC)
		skip();
	if (mmap(place, BYTES / 2, RW, flags | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != place ||
	    mmap(place + BYTES / 2, BYTES / 2, RW, flags | MAP_SHARED, fd, 0) != place + BYTES / 2)
		skip();
	assert_int_equal(explain("--kernel 6.12", place, "64K", ""), 1);
	close(fd);
	file = fopen(document, "re");
	assert_non_null(file);
	compare_with(file);
	fclose(file);
	munmap(place, BYTES);
}

static void odd_path(void **state)
{
	char *addr = memfd_shared();

	(void)state;
	assert_int_equal(explain("", addr, "4K", "longterm"), 0);
	expect("/memfd:odd name?  (deleted)");
	munmap(addr, BYTES);
}

static void many_pieces(void **state)
{
	char *addr = mmap(NULL, 200 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	for (unsigned long i = 1; i < 200; i += 2)
		assert_int_equal(mprotect(addr + i * PAGE, PAGE, PROT_READ), 0);
	assert_int_equal(explain("--kernel 6.12", addr, "800K", ""), 1);
	expect("... and 190 more pieces, of which 95 are refused");
	munmap(addr, 200 * PAGE);
}

static void kernel_pages(void **state)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start = 0;

	(void)state;
	while (!start && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vvar]"))
			start = strtoul(line, NULL, 16);
	fclose(maps);
	if (!start)
		skip();
	assert_int_equal(explain("", (void *)start, "4K", "0"), 1);
	expect("REFUSED: -EFAULT, VMA_SPECIAL");
	assert_int_equal(explain("", (void *)0xffffffffff600000ul, "4K", "0"), 1);
	expect("REFUSED: -EFAULT, RANGE_BEYOND_USER");
	assert_int_equal(explain("", (void *)0xffffffffff600000ul, "4K", "force"), 1);
	expect("REFUSED: -EFAULT, RANGE_BEYOND_USER");
}

/* What io_uring counts against the limit of the process. */
static void locked_memory(void **state)
{
	const struct rlimit little = { 8192, 8192 };
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid) {
		void *addr = anonymous();

		if (setrlimit(RLIMIT_MEMLOCK, &little) || (!geteuid() && (setgid(65534) || setuid(65534))) ||
		    prctl(PR_SET_DUMPABLE, 1))
			_exit(1);
		if (explain("--kernel 6.12", addr, "64K", "io_uring") != 1 || !strstr(output, "    TAKEN"))
			_exit(3);
		_exit(!strstr(output, "RLIMIT_MEMLOCK is 8K,\n    and this is 64K") ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind),	cmocka_unit_test(as_the_kernel_does), cmocka_unit_test(pieces),
		cmocka_unit_test(large_buffer), cmocka_unit_test(as_documented),      cmocka_unit_test(odd_path),
		cmocka_unit_test(many_pieces),	cmocka_unit_test(kernel_pages),	      cmocka_unit_test(locked_memory),
	};

	if (argc != 3) {
		fprintf(stderr, "Usage: test_explain_pid GUP DOCUMENT\n");
		return 2;
	}
	gup = argv[1];
	document = argv[2];
	return cmocka_run_group_tests_name("explain pid", tests, NULL, NULL);
}
