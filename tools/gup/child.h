/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/child.h - this program once more, as another process that is told what to do by a pipe and answers by another.
 */
#ifndef GUP_CHILD_H
#define GUP_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct gup_child {
	pid_t pid;
	int to, from;
};

/** gup_child_start() - with the arguments @argv; its stdin and stdout are the pipes. Return: false, and nothing is open. */
bool gup_child_start(struct gup_child *child, char **argv);

/** gup_child_wait() - close the pipes and wait for its end. Return: its status as of waitpid(). */
int gup_child_wait(struct gup_child *child);

/** gup_pipe_get(), gup_pipe_put() - all of the bytes, whatever interrupts. Return: false if the other end is gone. */
bool gup_pipe_get(int fd, void *to, size_t bytes);
bool gup_pipe_put(int fd, const void *from, size_t bytes);

#endif
