/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/devices/test_rdma_fails.c - every step of a registration by libfabric fails once, and so does its end.
 *
 * Steps are calls of the library and of the host. Those that go through tables of libfabric's objects are reached by a
 * copy of the table; fi_ep_bind() is left out, since libfabric itself does not survive fi_close() then. After each failure
 * nothing is pinned or open; after a failed end all is still pinned.
 */
#define _GNU_SOURCE
#include "around.h"

#include "../../devices/rdma.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_errno.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77
#define PROVIDER "tcp"
#define NEVER UINT64_MAX

static uint64_t fails_at = NEVER, steps;
static int closes_fail;

static bool fails(void)
{
	return ++steps == fails_at;
}

/* ---- tables ---- */

static const struct fi_ops *ep_fid_ops;
static const struct fi_ops_domain *domain_ops;
static const struct fi_ops_mr *mr_ops;
static const struct fi_ops_fabric *fabric_ops;

static int ep_close(struct fid *fid)
{
	return closes_fail && closes_fail-- ? -FI_EBUSY : ep_fid_ops->close(fid);
}

static int ep_control(struct fid *fid, int command, void *arg)
{
	return fails() ? -FI_ENOMEM : ep_fid_ops->control(fid, command, arg);
}

static int endpoint(struct fid_domain *domain, struct fi_info *info, struct fid_ep **ep, void *context)
{
	static struct fi_ops ops;
	int ret = fails() ? -FI_ENOMEM : domain_ops->endpoint(domain, info, ep, context);

	if (ret)
		return ret;
	ep_fid_ops = (*ep)->fid.ops;
	ops = *ep_fid_ops;
	ops.close = ep_close;
	ops.control = ep_control;
	(*ep)->fid.ops = &ops;
	return 0;
}

static int cq_open(struct fid_domain *domain, struct fi_cq_attr *attr, struct fid_cq **cq, void *context)
{
	return fails() ? -FI_EMFILE : domain_ops->cq_open(domain, attr, cq, context);
}

static int av_open(struct fid_domain *domain, struct fi_av_attr *attr, struct fid_av **av, void *context)
{
	return fails() ? -FI_ENOMEM : domain_ops->av_open(domain, attr, av, context);
}

/* As hardware where RLIMIT_MEMLOCK is short. */
static int mr_reg(struct fid *fid, const void *buf, size_t bytes, uint64_t access, uint64_t offset, uint64_t key,
		  uint64_t flags, struct fid_mr **mr, void *context)
{
	return fails() ? -FI_ENOMEM : mr_ops->reg(fid, buf, bytes, access, offset, key, flags, mr, context);
}

static int domain(struct fid_fabric *fabric, struct fi_info *info, struct fid_domain **out, void *context)
{
	static struct fi_ops_domain ops;
	static struct fi_ops_mr mrs;
	int ret = fails() ? -FI_ENOMEM : fabric_ops->domain(fabric, info, out, context);

	if (ret)
		return ret;
	domain_ops = (*out)->ops;
	mr_ops = (*out)->mr;
	ops = *domain_ops;
	mrs = *mr_ops;
	ops.endpoint = endpoint;
	ops.cq_open = cq_open;
	ops.av_open = av_open;
	mrs.reg = mr_reg;
	(*out)->ops = &ops;
	(*out)->mr = &mrs;
	return 0;
}

/* ---- functions ---- */

int __real_fi_fabric(struct fi_fabric_attr *attr, struct fid_fabric **out, void *context);
int __wrap_fi_fabric(struct fi_fabric_attr *attr, struct fid_fabric **out, void *context);
int __wrap_fi_fabric(struct fi_fabric_attr *attr, struct fid_fabric **out, void *context)
{
	static struct fi_ops_fabric ops;
	int ret = fails() ? -FI_ENOMEM : __real_fi_fabric(attr, out, context);

	if (ret)
		return ret;
	fabric_ops = (*out)->ops;
	ops = *fabric_ops;
	ops.domain = domain;
	(*out)->ops = &ops;
	return 0;
}

int __real_fi_getinfo(uint32_t version, const char *node, const char *service, uint64_t flags,
		      const struct fi_info *hints, struct fi_info **info);
int __wrap_fi_getinfo(uint32_t version, const char *node, const char *service, uint64_t flags,
		      const struct fi_info *hints, struct fi_info **info);
int __wrap_fi_getinfo(uint32_t version, const char *node, const char *service, uint64_t flags,
		      const struct fi_info *hints, struct fi_info **info)
{
	return fails() ? -FI_ENODATA : __real_fi_getinfo(version, node, service, flags, hints, info);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
	return fails() ? EAGAIN : __real_pthread_create(thread, attr, run, arg);
}

ssize_t __real_getrandom(void *buf, size_t bytes, unsigned int flags);
ssize_t __wrap_getrandom(void *buf, size_t bytes, unsigned int flags);
ssize_t __wrap_getrandom(void *buf, size_t bytes, unsigned int flags)
{
	if (fails())
		return -1;
	return __real_getrandom(buf, bytes, flags);
}

static const struct gup_request range = { .addr = RANGE, .bytes = RANGE_BYTES, .flags = GUP_WRITE };

/* Return: the errno of the first step that failed, with nothing open. */
static int open_and_attach(struct around *a, struct gup_rdma **dev)
{
	int err = gup_rdma_open(PROVIDER, NULL, dev);

	if (err)
		return err;
	err = gup_rdma_attach_range(*dev, a->w.mm, &range, NULL);
	if (err)
		assert_int_equal(gup_rdma_close(*dev), 0);
	return err;
}

static void nothing_is_left_of_half_a_registration(void **state)
{
	struct around a;
	struct gup_rdma *dev;
	uint64_t nr;
	int err, descriptors;

	(void)state;
	around_begin(&a);
	descriptors = open_descriptors();
	for (nr = 1;; nr++) {
		steps = 0;
		fails_at = nr;
		err = open_and_attach(&a, &dev);
		fails_at = NEVER;
		if (!err)
			break;
		assert_true(err == -ENOMEM || err == -ENODEV || err == -EMFILE || err == -EAGAIN || err == -EIO);
		check_rest(a.w.m, 0, 0);
		assert_int_equal(open_descriptors(), descriptors);
	}
	assert_true(steps < nr);
	assert_true(nr > NR_PAGES); /* each frame has a key and a registration */
	check_rest(a.w.m, NR_PAGES, 0);
	assert_int_equal(gup_rdma_close(dev), 0);
	around_end(&a);
}

/* The memory stays pinned, so nobody else gets it; then it is released once. */
static void the_host_does_not_let_go(void **state)
{
	struct around a;
	struct gup_rdma *dev;

	(void)state;
	around_begin(&a);
	assert_int_equal(open_and_attach(&a, &dev), 0);
	closes_fail = 3;
	assert_int_equal(gup_rdma_detach(dev), -EBUSY);
	check_rest(a.w.m, NR_PAGES, 0);
	assert_int_equal(gup_munmap(a.w.mm, RANGE, RANGE_BYTES), 0);
	check_rest(a.w.m, NR_PAGES, 0);
	assert_int_equal(gup_rdma_close(dev), -EBUSY);
	check_rest(a.w.m, NR_PAGES, 0);
	assert_int_equal(gup_rdma_close(dev), 0);
	check_rest(a.w.m, 0, 0);
	around_end(&a);
}

/* Return: never 0; the connection's endpoint does not close after an error. */
static int write_to_nobody(const struct gup_rdma_ticket *ticket, size_t bytes)
{
	static char buf[PAGE];
	struct gup_rdma_peer *peer;

	if (signal(SIGABRT, SIG_DFL) == SIG_ERR || gup_rdma_connect(PROVIDER, NULL, ticket, bytes, 20000, &peer))
		return 1;
	closes_fail = 1;
	return gup_rdma_write(peer, 0, buf, sizeof(buf)) ? 2 : 3;
}

/* The caller's buffer cannot be given back to him. */
static void the_provider_keeps_the_buffer(void **state)
{
	struct gup_rdma_ticket *ticket;
	struct around a;
	struct gup_rdma *dev;
	size_t bytes;
	int status;
	pid_t pid;

	(void)state;
	around_begin(&a);
	assert_int_equal(open_and_attach(&a, &dev), 0);
	(void)gup_rdma_ticket(dev, &bytes);
	ticket = malloc(bytes);
	assert_non_null(ticket);
	memcpy(ticket, gup_rdma_ticket(dev, &bytes), bytes);
	assert_int_equal(gup_rdma_close(dev), 0);
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(write_to_nobody(ticket, bytes));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	free(ticket);
	around_end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_of_half_a_registration),
		cmocka_unit_test(the_host_does_not_let_go),
		cmocka_unit_test(the_provider_keeps_the_buffer),
	};
	struct gup_rdma *dev;

	if (gup_rdma_open(PROVIDER, NULL, &dev)) {
		printf("skipped: libfabric has no provider " PROVIDER " here\n");
		return SKIPPED;
	}
	assert_int_equal(gup_rdma_close(dev), 0);
	return cmocka_run_group_tests_name("rdma fails", tests, NULL, NULL);
}
