/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/fuzz/target.h - what a fuzz target is: libFuzzer calls it with bytes of its making, replay.c with files.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/** LLVMFuzzerTestOneInput() - one input; aborts if a promise is broken. Return: 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
