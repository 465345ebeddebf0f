/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/sim/site.c - "gup_fast.c:41 (entries_same)" for a return address, from the program's debug information.
 *
 * A point is an inline function of gup_port.h; its place is where it was inlined. Without debug information it is the
 * nearest symbol.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inside.h"

struct place {
	const char *file;
	int line;
	const char *function;
};

/* Only what is in the loaded files themselves: looking for more may go as far as a network. */
static int no_separate_file(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, const char *file,
			    const char *link, GElf_Word crc, char **out)
{
	(void)module;
	(void)data;
	(void)name;
	(void)base;
	(void)file;
	(void)link;
	(void)crc;
	(void)out;
	return -1;
}

static Dwfl *loaded_files(void)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_linux_proc_find_elf,
		.find_debuginfo = no_separate_file,
	};
	static Dwfl *dwfl;
	static bool tried;

	if (tried)
		return dwfl;
	tried = true;
	dwfl = dwfl_begin(&callbacks);
	if (dwfl && (dwfl_linux_proc_report(dwfl, getpid()) || dwfl_report_end(dwfl, NULL, NULL))) {
		dwfl_end(dwfl);
		dwfl = NULL;
	}
	return dwfl;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool number_of(Dwarf_Die *die, unsigned int name, Dwarf_Word *out)
{
	Dwarf_Attribute attr;

	return dwarf_attr(die, name, &attr) && !dwarf_formudata(&attr, out);
}

/* Out of an inline function to where it is used. */
static void go_out(Dwarf_Die *unit, Dwarf_Die *scope, struct place *place)
{
	Dwarf_Word file, line;
	Dwarf_Files *files;
	const char *name;
	size_t nr;

	if (!number_of(scope, DW_AT_call_file, &file) || !number_of(scope, DW_AT_call_line, &line) ||
	    dwarf_getsrcfiles(unit, &files, &nr))
		return;
	name = dwarf_filesrc(files, file, NULL, NULL);
	if (!name)
		return;
	place->file = base_name(name);
	place->line = (int)line;
}

static bool is_function(Dwarf_Die *scope)
{
	return dwarf_tag(scope) == DW_TAG_inlined_subroutine || dwarf_tag(scope) == DW_TAG_subprogram;
}

static void scopes_of(Dwarf_Die *unit, Dwarf_Die *scopes, int nr, struct place *place)
{
	int i;

	for (i = 0; i < nr; i++) {
		if (!is_function(&scopes[i]))
			continue;
		if (strcmp(place->file, "gup_port.h") || dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine) {
			place->function = dwarf_diename(&scopes[i]);
			return;
		}
		go_out(unit, &scopes[i], place);
	}
}

static void function_of(Dwarf_Die *unit, Dwarf_Addr addr, struct place *place)
{
	Dwarf_Die *at = NULL, *around = NULL;
	int nr;

	if (dwarf_getscopes(unit, addr, &at) <= 0)
		return;
	nr = dwarf_getscopes_die(&at[0], &around);
	if (nr > 0)
		scopes_of(unit, around, nr, place);
	free(around);
	free(at);
}

/* By the table of address ranges, which gcc writes and clang does not; else by looking at each unit. */
static Dwarf_Die *unit_of(Dwfl_Module *module, Dwarf_Addr addr, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(module, addr, bias);

	if (!unit)
		while ((unit = dwfl_module_nextcu(module, unit, bias)) && dwarf_haspc(unit, addr - *bias) <= 0)
			;
	return unit;
}

static bool find(Dwarf_Addr addr, struct place *place)
{
	Dwfl *dwfl = loaded_files();
	Dwfl_Module *module = dwfl ? dwfl_addrmodule(dwfl, addr) : NULL;
	Dwarf_Addr bias = 0;
	Dwarf_Die *unit = module ? unit_of(module, addr, &bias) : NULL;
	Dwarf_Line *line = unit ? dwarf_getsrc_die(unit, addr - bias) : NULL;
	const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;

	if (!file || dwarf_lineno(line, &place->line))
		return false;
	place->file = base_name(file);
	function_of(unit, addr - bias, place);
	if (!place->function)
		place->function = dwfl_module_addrname(module, addr);
	return true;
}

static bool nearest_symbol(Dwarf_Addr addr, char *buf, size_t size)
{
	Dwfl *dwfl = loaded_files();
	Dwfl_Module *module = dwfl ? dwfl_addrmodule(dwfl, addr) : NULL;
	const char *name = module ? dwfl_module_addrname(module, addr) : NULL;
	Dl_info info;

	if (name) {
		snprintf(buf, size, "%s", name);
		return true;
	}
	if (!dladdr((const void *)(uintptr_t)addr, &info) || !info.dli_fname)
		return false;
	snprintf(buf, size, "%s+0x%zx", base_name(info.dli_fname), (size_t)(addr - (uintptr_t)info.dli_fbase));
	return true;
}

/* A return address is behind its call: one byte before it is still in it. */
bool gup_port_site(const void *site, char *buf, size_t size)
{
	Dwarf_Addr addr = (Dwarf_Addr)(uintptr_t)site - 1;
	struct place place = { NULL, 0, NULL };

	if (!find(addr, &place))
		return nearest_symbol(addr, buf, size);
	if (place.function)
		snprintf(buf, size, "%s:%d (%s)", place.file, place.line, place.function);
	else
		snprintf(buf, size, "%s:%d", place.file, place.line);
	return true;
}
