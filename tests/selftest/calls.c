/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls.c - the system calls of the user half: memory is mapped in the libgup address space, whose addresses are native
 * pointers, and the file in /sys/kernel/debug is the kernel half's. Other files are the host's.
 */
#define SELFTEST_CALLS
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "selftest.h"
#include "user.h"

#define DEBUGFS "/sys/kernel/debug/"
#define PAGE 4096ul
#define HUGE (2ul << 20)

/* Of vm_util.c, the rest of which needs newer headers than Debian 12 has. */
unsigned int __page_size, __page_shift;

/* The number of the open debugfs file, which is a host's file that nobody reads. */
static int debugfs_fd = -1;

static long fail(long err)
{
	errno = (int)-err;
	return -1;
}

static uint64_t round_up(uint64_t bytes, uint64_t unit)
{
	return (bytes + unit - 1) & ~(unit - 1);
}

int selftest_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (!strncmp(path, DEBUGFS, strlen(DEBUGFS))) {
		if (!selftest_debugfs_open(path + strlen(DEBUGFS)))
			return (int)fail(-ENOENT);
		debugfs_fd = open("/dev/null", O_RDWR);
		return debugfs_fd;
	}
	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return open(path, flags, mode & 0666);
}

int selftest_close(int fd)
{
	if (fd == debugfs_fd)
		selftest_exit_files();
	return close(fd);
}

void selftest_exit_files(void)
{
	if (debugfs_fd >= 0)
		selftest_debugfs_close();
	debugfs_fd = -1;
}

/* ---- ioctl: the structure lies on a thread's stack, which is no memory of the machine's ---- */

static long ioctl_by_copy(unsigned int cmd, void *arg)
{
	struct gup_map_request page = { .length = PAGE,
					.prot = GUP_PROT_READ | GUP_PROT_WRITE,
					.flags = GUP_MAP_PRIVATE };
	int64_t at = gup_mmap(selftest.mm, &page);
	long ret;

	if (at < 0)
		return at;
	ret = gup_copy_to_user(selftest.mm, (uint64_t)at, arg, _IOC_SIZE(cmd)) ? -EFAULT : 0;
	if (!ret)
		ret = selftest_debugfs_ioctl(cmd, (unsigned long)at);
	if (_IOC_DIR(cmd) & _IOC_READ && !ret)
		ret = gup_copy_from_user(selftest.mm, arg, (uint64_t)at, _IOC_SIZE(cmd)) ? -EFAULT : 0;
	gup_munmap(selftest.mm, (uint64_t)at, PAGE);
	return ret;
}

int selftest_ioctl(int fd, unsigned long cmd, ...)
{
	va_list args;
	void *arg;
	long ret;

	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	if (fd != debugfs_fd)
		return (int)fail(-ENOTTY);
	ret = _IOC_SIZE(cmd) ? ioctl_by_copy((unsigned int)cmd, arg) : selftest_debugfs_ioctl((unsigned int)cmd, 0);
	return (int)(ret < 0 ? fail(ret) : ret);
}

/* ---- memory ---- */

static bool is_zero_device(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 5);
}

/* What is behind a mapping; *@out stays NULL for private anonymous memory, which /dev/zero is too. */
static int backing(size_t length, int flags, int fd, struct gup_object **out)
{
	struct stat st;

	if (flags & MAP_HUGETLB)
		return gup_hugetlb_create(selftest.machine, length, out);
	if (!(flags & MAP_ANONYMOUS) && fstat(fd, &st))
		return -errno;
	if (flags & MAP_ANONYMOUS || is_zero_device(&st))
		return flags & MAP_SHARED ? gup_shm_create(selftest.machine, length, 0, out) : 0;
	return gup_shm_create(selftest.machine, round_up((uint64_t)st.st_size, PAGE), 0, out);
}

void *selftest_mmap(void *at, size_t length, int prot, int flags, int fd, off_t offset)
{
	struct gup_map_request request = { .length = round_up(length, flags & MAP_HUGETLB ? HUGE : PAGE),
					   .prot = (unsigned int)prot,
					   .flags = (unsigned int)flags & (GUP_MAP_SHARED | GUP_MAP_PRIVATE),
					   .offset = (uint64_t)offset };
	int64_t ret;

	(void)at;
	ret = backing(request.length, flags, fd, &request.object);
	if (!ret)
		ret = gup_mmap(selftest.mm, &request);
	gup_object_put(request.object);
	if (ret < 0) {
		fail(ret);
		return MAP_FAILED;
	}
	return gup_mirror_pointer(selftest.mm, (uint64_t)ret);
}

int selftest_munmap(void *at, size_t length)
{
	int ret = gup_munmap(selftest.mm, (uintptr_t)at, round_up(length, PAGE));

	return ret ? (int)fail(ret) : 0;
}

int selftest_mprotect(void *at, size_t length, int prot)
{
	int ret = gup_mprotect(selftest.mm, (uintptr_t)at, round_up(length, PAGE), (unsigned int)prot);

	return ret ? (int)fail(ret) : 0;
}

int selftest_madvise(void *at, size_t length, int advice)
{
	int ret = gup_madvise(selftest.mm, (uintptr_t)at, round_up(length, PAGE), (unsigned int)advice);

	return ret ? (int)fail(ret) : 0;
}
