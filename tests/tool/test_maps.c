/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/tool/test_maps.c - lines of /proc/PID/maps and smaps as the kernel writes them, odd ones, and what is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "explain_maps.h"

#define LEN(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *line;
	struct gup_map_line want;
} good[] = {
	{ "7f00-7f01 r--p 00000000 fe:00 1                          /usr/bin/head\n",
	  { 0x7f00, 0x7f01, GUP_PROT_READ, false, 0, 0xfe, 0, 1, "/usr/bin/head", 0 } },
	{ "7f0000000000-7f0000001000 rw-s 00003000 00:01 670428                     /dev/zero (deleted)\n",
	  { 0x7f0000000000, 0x7f0000001000, 3, true, 0x3000, 0, 1, 670428, "/dev/zero (deleted)", 0 } },
	{ "1000-2000 ---p 00000000 00:00 0 \n", { 0x1000, 0x2000, 0, false, 0, 0, 0, 0, "", 0 } },
	{ "1000-2000 ---p 00000000 00:00 0", { 0x1000, 0x2000, 0, false, 0, 0, 0, 0, "", 0 } },
	{ "1000-2000 r--p 00000000 00:00 0    [vvar]\n", { 0x1000, 0x2000, 1, false, 0, 0, 0, 0, "[vvar]", 0 } },
	{ "1000-2000 r--p 00000000 00:00 0    [anon:my arena]\n",
	  { 0x1000, 0x2000, 1, false, 0, 0, 0, 0, "[anon:my arena]", 0 } },
	{ "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n",
	  { 0xffffffffff600000, 0xffffffffff601000, GUP_PROT_EXEC, false, 0, 0, 0, 0, "[vsyscall]", 0 } },
	{ "1000-2000 rwxp 00000000 08:11 18446744073709551615 /a  b \n",
	  { 0x1000, 0x2000, 7, false, 0, 8, 0x11, UINT64_MAX, "/a  b ", 0 } },
	{ "1000-2000 rw-s 00000000 fe:00 7 /tmp/x y\\012z (deleted)\n",
	  { 0x1000, 0x2000, 3, true, 0, 0xfe, 0, 7, "/tmp/x y\nz (deleted)", 0 } },
	{ "1000-2000 rw-s 00000000 00:0f 7 anon_inode:[io_uring]\n",
	  { 0x1000, 0x2000, 3, true, 0, 0, 0xf, 7, "anon_inode:[io_uring]", 0 } },
	{ "1000-2000 rw-s 00000000 00:0f 7 /x 1000-2000 r--p 00000000 00:00 0\n",
	  { 0x1000, 0x2000, 3, true, 0, 0, 0xf, 7, "/x 1000-2000 r--p 00000000 00:00 0", 0 } },
};

static const char *const bad[] = {
	"",
	"\n",
	"Size:                  8 kB\n",
	"VmFlags: rd mr mw me \n",
	"1000-2000\n",
	"1000 2000 rw-s 00000000 00:0f 7\n",
	"2000-1000 rw-s 00000000 00:0f 7\n",
	"1000-1000 rw-s 00000000 00:0f 7\n",
	"1000-2000 rw- 00000000 00:0f 7\n",
	"1000-2000 rw-q 00000000 00:0f 7\n",
	"1000-2000 rw-- 00000000 00:0f 7\n",
	"1000-2000 rw-s 00000000 0f 7\n",
	"1000-2000 rw-s 00000000 00:0f\n",
};

static void lines(void **state)
{
	struct gup_map_line got;

	(void)state;
	for (size_t i = 0; i < LEN(good); i++) {
		assert_true(gup_parse_map_line(good[i].line, &got));
		assert_int_equal(got.start, good[i].want.start);
		assert_int_equal(got.end, good[i].want.end);
		assert_int_equal(got.prot, good[i].want.prot);
		assert_int_equal(got.shared, good[i].want.shared);
		assert_int_equal(got.offset, good[i].want.offset);
		assert_int_equal(got.dev_major, good[i].want.dev_major);
		assert_int_equal(got.dev_minor, good[i].want.dev_minor);
		assert_int_equal(got.inode, good[i].want.inode);
		assert_string_equal(got.path, good[i].want.path);
		assert_int_equal(got.vm_flags, 0);
	}
}

static void no_lines(void **state)
{
	struct gup_map_line got;

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++)
		if (gup_parse_map_line(bad[i], &got))
			fail_msg("'%s' is taken for a mapping", bad[i]);
}

/* A path longer than any is cut, not written past its room. */
static void long_path(void **state)
{
	static char line[3 * PATH_MAX] = "1000-2000 rw-s 00000000 00:0f 7 /";
	struct gup_map_line got;

	(void)state;
	memset(line + strlen(line), 'x', 2 * PATH_MAX);
	assert_true(gup_parse_map_line(line, &got));
	assert_int_equal(strlen(got.path), PATH_MAX - 1);
}

static void vm_flags(void **state)
{
	unsigned int flags = 99;

	(void)state;
	assert_false(gup_parse_vm_flags("Size: 8 kB\n", &flags));
	assert_int_equal(flags, 99);
	assert_true(gup_parse_vm_flags("VmFlags: rd mr pf io de dd \n", &flags));
	assert_int_equal(flags, GUP_VMF_SPECIAL);
	assert_true(gup_parse_vm_flags("VmFlags: rd wr ht mm ss\n", &flags));
	assert_int_equal(flags, GUP_VMF_HUGETLB | GUP_VMF_MIXED | GUP_VMF_SHADOW_STACK);
	assert_true(gup_parse_vm_flags("VmFlags: rd wr mr mw me ac sd \n", &flags));
	assert_int_equal(flags, 0);
	assert_true(gup_parse_vm_flags("VmFlags:\n", &flags));
	assert_int_equal(flags, 0);
}

/* This process: in order, and its stack is there. */
static void read_own(void **state)
{
	struct gup_map_reader reader;
	struct gup_map_line map;
	uint64_t end = 0;
	int here = 0;

	(void)state;
	assert_true(gup_maps_open(&reader, getpid()));
	while (gup_maps_next(&reader, &map)) {
		assert_true(map.start >= end);
		end = map.end;
		here += map.start <= (uintptr_t)&map && (uintptr_t)&map < map.end;
	}
	gup_maps_close(&reader);
	assert_int_equal(here, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),    cmocka_unit_test(no_lines), cmocka_unit_test(long_path),
		cmocka_unit_test(vm_flags), cmocka_unit_test(read_own),
	};

	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
