/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/kernel/side_host.c - the running kernel's side: the mapping, the application, its child.
 *
 * The application is this process. Its child is a process that reads and writes bytes of its memory on request. What the
 * module does is in side_host_device.c.
 */
#define _GNU_SOURCE
#include "side_host.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define HUGE (2ul << 20)
#define KERNEL_ADDRESS 0xffff888000000000ul
#define POOL "/proc/sys/vm/nr_hugepages"

/* A truncate that waits for a pin would wait for ever. */
#define PATIENCE_US 300000

static const char *file_dir, *dax_dir;
static unsigned char *at; /* the mapping */
static size_t length;	  /* 0: nothing is mapped */
static int object = -1;
static int map_flags;
static pid_t child;
static int to_child = -1;
static sigjmp_buf no_page;
static bool pool_is_old; /* a page of the pool may lie elsewhere than where it was made */

void host_fail(const char *what)
{
	fflush(stdout);
	perror(what);
	exit(1);
}

static void on_no_page(int signal)
{
	(void)signal;
	siglongjmp(no_page, 1);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void read_arguments(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--dir"))
			file_dir = argv[i + 1];
		else if (!strcmp(argv[i], "--dax"))
			dax_dir = argv[i + 1];
	}
	if (!file_dir || !dax_dir) {
		fprintf(stderr, "usage: pins-host --dir DIR-ON-EXT4 --dax DIR-ON-FS-DAX\n");
		exit(2);
	}
}

void side_begin(int argc, char **argv)
{
	read_arguments(argc, argv);
	sigaction(SIGSEGV, &(struct sigaction){ .sa_handler = on_no_page }, NULL);
	sigaction(SIGBUS, &(struct sigaction){ .sa_handler = on_no_page }, NULL);
	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm }, NULL);
	host_open_device();
}

void side_end(void)
{
}

static int file_in(const char *dir)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/pins", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int open_object(enum pin_mapping mapping)
{
	switch (mapping) {
	case PIN_MEMFD_PRIVATE:
	case PIN_MEMFD_SHARED:
		return memfd_create("pins", 0);
	case PIN_FILE_PRIVATE:
	case PIN_FILE_SHARED:
		return file_in(file_dir);
	case PIN_DAX_PRIVATE:
	case PIN_DAX_SHARED:
		return file_in(dax_dir);
	case PIN_HUGETLB_PRIVATE:
	case PIN_HUGETLB_SHARED:
		return memfd_create("pins", MFD_HUGETLB);
	case PIN_SECRET:
		return (int)syscall(SYS_memfd_secret, 0);
	case PIN_PFNMAP:
		return host_device_fd();
	default:
		return -1;
	}
}

static bool needs_object(enum pin_mapping mapping)
{
	return mapping >= PIN_MEMFD_PRIVATE && mapping <= PIN_PFNMAP;
}

static bool is_shared(enum pin_mapping mapping)
{
	return mapping == PIN_ANON_SHARED || mapping == PIN_MEMFD_SHARED || mapping == PIN_FILE_SHARED ||
	       mapping == PIN_DAX_SHARED || mapping == PIN_HUGETLB_SHARED || mapping == PIN_SECRET ||
	       mapping == PIN_PFNMAP;
}

/* Written zeroes, so that no file has a hole. */
static int fill_object(enum pin_mapping mapping)
{
	static const char zeroes[PIN_PAGES * PAGE];

	if (mapping == PIN_PFNMAP)
		return 0;
	if (ftruncate(object, (off_t)length) < 0)
		return -errno;
	if (pin_has_object(mapping) && write(object, zeroes, length) != (ssize_t)length)
		return -errno;
	return 0;
}

/* Two pieces of 2 MiB, of which the aligned one is kept. */
static int map_huge_anon(void)
{
	unsigned char *room = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, map_flags, -1, 0);
	uintptr_t begin = ((uintptr_t)room + HUGE - 1) & ~(HUGE - 1);

	if (room == MAP_FAILED)
		return -errno;
	munmap(room, begin - (uintptr_t)room);
	at = (unsigned char *)begin;
	munmap(at + HUGE, HUGE - (begin - (uintptr_t)room));
	return madvise(at, HUGE, MADV_HUGEPAGE) < 0 ? -errno : 0;
}

static int map_object(void)
{
	void *addr = mmap(NULL, length, PROT_READ | PROT_WRITE, map_flags, object, 0);

	if (addr == MAP_FAILED)
		return -errno;
	at = addr;
	return 0;
}

static int map_nothing(enum pin_mapping mapping)
{
	if (mapping == PIN_UNMAPPED) {
		at = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		munmap(at, length);
	}
	if (mapping != PIN_UNMAPPED)
		at = mapping == PIN_KERNEL ? (unsigned char *)KERNEL_ADDRESS : NULL;
	length = 0;
	return 0;
}

static int pool_file(const char *mode, int size)
{
	FILE *file = fopen(POOL, mode);

	if (!file || (*mode == 'r' ? fscanf(file, "%d", &size) != 1 : fprintf(file, "%d", size) < 0) || fclose(file))
		host_fail(POOL);
	return size;
}

/* A page that was moved for a pin takes the place of the old one in the pool: each cell begins with one that is as it was. */
static void renew_pool(void)
{
	int size = pool_file("r", 0);

	pool_file("w", 0);
	pool_file("w", size);
	if (pool_file("r", 0) != size)
		host_fail("the pool of huge pages cannot be made anew");
	pool_is_old = false;
}

int side_map(enum pin_mapping mapping)
{
	int err = 0;

	if (pool_is_old && (mapping == PIN_HUGETLB_PRIVATE || mapping == PIN_HUGETLB_SHARED))
		renew_pool();
	length = pin_is_huge(mapping) ? HUGE : PIN_PAGES * PAGE;
	map_flags = is_shared(mapping) ? MAP_SHARED : MAP_PRIVATE;
	if (mapping > PIN_PFNMAP)
		return map_nothing(mapping);
	if (mapping == PIN_PFNMAP)
		length = PAGE;
	object = open_object(mapping);
	if (object < 0 && needs_object(mapping))
		err = -errno;
	if (!needs_object(mapping))
		map_flags |= MAP_ANONYMOUS;
	else if (!err)
		err = fill_object(mapping);
	if (!err)
		err = mapping == PIN_THP ? map_huge_anon() : map_object();
	if (err)
		length = 0;
	return err;
}

const char *side_lacks(enum pin_mapping mapping)
{
	int err = side_map(mapping);

	side_unmap();
	return err ? strerror(-err) : NULL;
}

void side_unmap(void)
{
	if (length)
		munmap(at, length);
	if (object >= 0 && object != host_device_fd())
		close(object);
	length = 0;
	object = -1;
}

void host_pinned_for_long(void)
{
	pool_is_old = true;
}

unsigned char *host_page(unsigned int page)
{
	return at + page * PAGE;
}

int side_read(unsigned int page)
{
	if (sigsetjmp(no_page, 1))
		return PIN_IS_GONE;
	return *(volatile unsigned char *)host_page(page);
}

void side_write(unsigned int page, int byte)
{
	*(volatile unsigned char *)host_page(page) = (unsigned char)byte;
}

void side_protect(enum pin_prot prot)
{
	static const int values[] = { [PIN_R] = PROT_READ, [PIN_W] = PROT_WRITE, [PIN_NONE] = PROT_NONE };
	unsigned char *half = host_page(PIN_PAGES / 2);
	int err = 0;

	if (prot == PIN_HALF_R)
		err = mprotect(half, PIN_PAGES / 2 * PAGE, PROT_READ);
	else if (prot == PIN_HALF_GONE)
		err = munmap(half, PIN_PAGES / 2 * PAGE);
	else if (prot != PIN_RW && prot != PIN_AS_IS)
		err = mprotect(at, length, values[prot]);
	if (err < 0)
		host_fail("mprotect");
}

int side_dontneed(void)
{
	return madvise(at, length, MADV_DONTNEED) < 0 ? -errno : 0;
}

int side_remap(void)
{
	munmap(at, length);
	at = mmap(at, length, PROT_READ | PROT_WRITE, map_flags | MAP_FIXED, object, 0);
	return at == MAP_FAILED ? -errno : 0;
}

int side_truncate(unsigned int pages)
{
	struct itimerval patience = { .it_value.tv_usec = PATIENCE_US }, off = { 0 };
	int err;

	setitimer(ITIMER_REAL, &patience, NULL);
	err = ftruncate(object, (off_t)(pages * PAGE)) < 0 ? -errno : 0;
	setitimer(ITIMER_REAL, &off, NULL);
	return err;
}

/* A request is the page and the byte to write there, or -1 to read it. */
_Noreturn static void be_child(int requests)
{
	int request[2];

	while (read(requests, request, sizeof(request)) == sizeof(request)) {
		if (request[1] >= 0)
			side_write((unsigned int)request[0], request[1]);
		request[1] = side_read((unsigned int)request[0]);
		if (write(requests, request, sizeof(request)) != sizeof(request))
			break;
	}
	_exit(0);
}

void side_fork(void)
{
	int ends[2];

	if (child)
		return; /* its state has one already */
	fflush(stdout);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
		host_fail("socketpair");
	child = fork();
	if (child < 0)
		host_fail("fork");
	if (!child) {
		close(ends[0]);
		be_child(ends[1]);
	}
	close(ends[1]);
	to_child = ends[0];
}

static int ask_child(unsigned int page, int byte)
{
	int request[2] = { (int)page, byte };

	if (write(to_child, request, sizeof(request)) != sizeof(request) ||
	    read(to_child, request, sizeof(request)) != sizeof(request))
		host_fail("the child");
	return request[1];
}

int side_child_read(unsigned int page)
{
	return ask_child(page, -1);
}

void side_child_write(unsigned int page, int byte)
{
	ask_child(page, byte);
}

void side_child_end(void)
{
	if (!child)
		return;
	close(to_child);
	waitpid(child, NULL, 0);
	child = 0;
}

int side_file_read(unsigned int page)
{
	unsigned char byte;

	return pread(object, &byte, 1, (off_t)(page * PAGE)) == 1 ? byte : PIN_IS_GONE;
}
