/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/main.c - the program: everything else is in command.c and below it, so that tests can call that.
 */
#include "tool.h"

#include <fcntl.h>
#include <unistd.h>

/* A file that is opened must not get the number of a closed stdout: the story would be written into it. */
static void fill_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	fill_standard_files();
	return gup_main(argc, argv);
}
