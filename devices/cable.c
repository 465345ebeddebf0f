/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/cable.c - a veth pair between two network namespaces that nothing but this process's descriptors keep alive.
 */
#define _GNU_SOURCE
#include "cable.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAR "gup-far"

/* ---- a request to the kernel's table of interfaces ---- */

struct request {
	struct nlmsghdr header;
	struct ifinfomsg info;
	uint8_t attributes[256];
};

static void *end_of(struct request *request)
{
	return (uint8_t *)request + request->header.nlmsg_len;
}

static void grow(struct request *request, const void *data, size_t bytes)
{
	if (bytes)
		memcpy(end_of(request), data, bytes);
	request->header.nlmsg_len += NLMSG_ALIGN((uint32_t)bytes);
}

/* An attribute that more are added to belongs to its parent until close_attribute(). */
static struct rtattr *add(struct request *request, unsigned short type, const void *data, size_t bytes)
{
	struct rtattr *attribute = end_of(request);
	const struct rtattr head = { (unsigned short)RTA_LENGTH(bytes), type };

	grow(request, &head, sizeof(head));
	grow(request, data, bytes);
	return attribute;
}

static void close_attribute(struct request *request, struct rtattr *attribute)
{
	attribute->rta_len = (unsigned short)((uint8_t *)end_of(request) - (uint8_t *)attribute);
}

/* Return: what the kernel answers. */
static int ask(struct request *request)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t rest[512];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), err = 0;

	if (fd < 0)
		return -errno;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		err = -errno;
	else if (answer.header.nlmsg_type == NLMSG_ERROR)
		err = answer.error.error;
	close(fd);
	return err;
}

static int make_pair(int far_namespace)
{
	struct request request = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(request.info)),
			    .nlmsg_type = RTM_NEWLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK },
	};
	const struct ifinfomsg peer_info = { 0 };
	struct rtattr *link, *data, *peer;

	add(&request, IFLA_IFNAME, GUP_CABLE_NEAR, sizeof(GUP_CABLE_NEAR));
	link = add(&request, IFLA_LINKINFO, NULL, 0);
	add(&request, IFLA_INFO_KIND, "veth", sizeof("veth"));
	data = add(&request, IFLA_INFO_DATA, NULL, 0);
	peer = add(&request, VETH_INFO_PEER, &peer_info, sizeof(peer_info));
	add(&request, IFLA_IFNAME, FAR, sizeof(FAR));
	add(&request, IFLA_NET_NS_FD, &far_namespace, sizeof(far_namespace));
	close_attribute(&request, peer);
	close_attribute(&request, data);
	close_attribute(&request, link);
	return ask(&request);
}

/* ---- the ends ---- */

static int this_namespace(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* Nobody else speaks on the cable. A host without IPv6, or with a /proc that cannot be written to, is none the worse. */
static void be_silent(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "1", 1);
	close(fd);
}

static int up(const char *interface)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;
	struct ifreq request = { .ifr_flags = IFF_UP };

	if (fd < 0)
		return -errno;
	strncpy(request.ifr_name, interface, sizeof(request.ifr_name) - 1);
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		err = -errno;
	close(fd);
	return err;
}

static int open_far(void)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(GUP_CABLE_TYPE),
		.sll_ifindex = (int)if_nametoindex(FAR),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd < 0 ? -errno : fd;
}

/* From the near end's namespace to the far one and back. */
static int fill_far(struct gup_cable *cable, int near, int far)
{
	int err;

	if (setns(far, CLONE_NEWNET))
		return -errno;
	err = up(FAR);
	if (!err)
		cable->far = open_far();
	if (setns(near, CLONE_NEWNET))
		return -errno;
	return err ? err : cable->far < 0 ? cable->far : 0;
}

static int connect_ends(struct gup_cable *cable, int near, int far)
{
	int err = make_pair(far);

	if (!err)
		err = up(GUP_CABLE_NEAR);
	return err ? err : fill_far(cable, near, far);
}

/* The first one by a user namespace, if it must be. */
static int leave(void)
{
	if (unshare(CLONE_NEWNET) && (errno != EPERM || unshare(CLONE_NEWUSER | CLONE_NEWNET)))
		return -errno;
	be_silent();
	return 0;
}

/* The thread is in the far end's namespace, and goes on to the near one's. */
static int make_near(struct gup_cable *cable, int far)
{
	int near, err = leave();

	if (err)
		return err;
	near = this_namespace();
	if (near < 0)
		return -errno;
	err = connect_ends(cable, near, far);
	close(near);
	return err;
}

static int make(struct gup_cable *cable)
{
	int far, err = leave();

	if (err)
		return err;
	far = this_namespace();
	if (far < 0)
		return -errno;
	err = make_near(cable, far);
	close(far);
	return err;
}

int gup_cable_open(struct gup_cable *cable)
{
	int err;

	if (!cable)
		return -EINVAL;
	cable->far = -1;
	cable->home = this_namespace();
	if (cable->home < 0)
		return -errno;
	err = make(cable);
	if (err)
		gup_cable_close(cable);
	return err;
}

void gup_cable_cut(struct gup_cable *cable)
{
	if (cable->far >= 0)
		close(cable->far);
	cable->far = -1;
}

void gup_cable_close(struct gup_cable *cable)
{
	gup_cable_cut(cable);
	(void)setns(cable->home, CLONE_NEWNET);
	close(cable->home);
}
