/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devices/cable.h - two network interfaces with a cable between them, in namespaces of their own, for trying out the
 * AF_XDP device: it has one of them, and somebody with a packet socket has the other.
 *
 * None of the host's interfaces is seen from there, and all is gone when the cable is closed or its process ends.
 */
#ifndef GUP_DEVICES_CABLE_H
#define GUP_DEVICES_CABLE_H

/** GUP_CABLE_NEAR - the name of the interface for the device. */
#define GUP_CABLE_NEAR "gup-near"

/** GUP_CABLE_TYPE - the Ethernet type of what goes through the packet socket; for experiments on one's own cable. */
#define GUP_CABLE_TYPE 0x88b5

/**
 * struct gup_cable - a pair of interfaces
 * @home: namespace that the thread came from
 * @far:  a packet socket at the other end, which sends and receives whole frames and does not block; -1 when it was cut
 */
struct gup_cable {
	int home;
	int far;
};

/**
 * gup_cable_open() - make it, and move the calling thread to the near end's namespace
 * @cable: receives it
 *
 * Without CAP_SYS_ADMIN it takes a user namespace, too, if the host allows that; then the thread cannot go home.
 *
 * Return: 0; -EPERM or -ENOSPC if the host allows no namespaces; -EINVAL for NULL, or if it takes a user namespace and
 * the process has several threads; -EOPNOTSUPP if the host has no veth; another errno of the host's. On error the thread
 * is where it was, but for a user namespace.
 */
int gup_cable_open(struct gup_cable *cable);

/** gup_cable_cut() - who had the other end is dead: its namespace goes, and with it, some time later, both interfaces. */
void gup_cable_cut(struct gup_cable *cable);

/** gup_cable_close() - both ends go, and the thread goes home. What was opened on the near end is closed before. */
void gup_cable_close(struct gup_cable *cable);

#endif
