/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/fuzz_api.c - the target over the public interface: an input is a program (program.c). With GUP_FUZZ_TRACE in
 * the environment each step is named.
 */
#include "program.h"
#include "host.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	program_run(data, size, getenv("GUP_FUZZ_TRACE"));
	PROMISE(host_used() == 0, "%u ranges of the host are left", host_used());
	return 0;
}
