/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/child.c - start this program once more, and move bytes by pipes. What writes to it ignores SIGPIPE.
 */
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool gup_pipe_get(int fd, void *to, size_t bytes)
{
	for (size_t have = 0; have < bytes;) {
		ssize_t got = read(fd, (char *)to + have, bytes - have);

		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		have += got > 0 ? (size_t)got : 0;
	}
	return true;
}

bool gup_pipe_put(int fd, const void *from, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		ssize_t put = write(fd, (const char *)from + done, bytes - done);

		if (put < 0 && errno != EINTR)
			return false;
		done += put > 0 ? (size_t)put : 0;
	}
	return true;
}

/* Return: an errno, positive. */
static int spawn(pid_t *pid, int in, int out, char **argv)
{
	posix_spawn_file_actions_t actions;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	err = posix_spawn(pid, "/proc/self/exe", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

bool gup_child_start(struct gup_child *child, char **argv)
{
	int down[2], up[2], err;

	if (pipe2(down, O_CLOEXEC))
		return false;
	if (pipe2(up, O_CLOEXEC)) {
		close(down[0]);
		close(down[1]);
		return false;
	}
	err = spawn(&child->pid, down[0], up[1], argv);
	close(down[0]);
	close(up[1]);
	child->to = down[1];
	child->from = up[0];
	if (err) {
		close(child->to);
		close(child->from);
	}
	return !err;
}

int gup_child_wait(struct gup_child *child)
{
	int status = 0;

	close(child->to);
	close(child->from);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}
