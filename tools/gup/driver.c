/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/driver.c - `gup driver new`: finds the compat layer and lets the script driver-new do the work.
 */
#define _GNU_SOURCE
#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int print_help(void)
{
	printf("Usage: gup driver new NAME FILE.c [OPTIONS]\n"
	       "Make a folder in which a Linux driver file is tested in user space; 'gup driver new --help' has the "
	       "options.\n");
	return GUP_EXIT_OK;
}

/* Installed, the layer is in share/libgup; in a build folder it is where the sources are. */
static void say_where(char *script, size_t size)
{
	bool installed = access(GUP_SHARE_DIR "/driver-new", R_OK) == 0;

	setenv("GUP_SHARE", installed ? GUP_SHARE_DIR : GUP_SOURCE_DIR "/compat", 0);
	setenv("GUP_PKGCONFIG", installed ? GUP_PKGCONFIG_DIR : GUP_BUILD_DIR "/meson-uninstalled", 0);
	snprintf(script, size, "%s/driver-new", installed ? GUP_SHARE_DIR : GUP_SOURCE_DIR "/tools/gup");
}

int gup_command_driver(int argc, char **argv)
{
	char script[4096];

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return print_help();
	if (argc < 2 || strcmp(argv[1], "new"))
		return gup_usage_error("gup driver", "say 'gup driver new NAME FILE.c'; there is nothing else yet.");
	say_where(script, sizeof(script));
	argv[1] = script;
	execv("/bin/sh", argv);
	return gup_usage_error("gup driver", "/bin/sh cannot be run: %s.", strerror(errno));
}
