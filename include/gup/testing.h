/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/testing.h - what tests need and applications do not: failing allocations.
 */
#ifndef GUP_TESTING_H
#define GUP_TESTING_H

#include <gup/machine.h>

GUP_BEGIN_DECLS

/**
 * gup_test_fail_alloc() - make one allocation of the machine fail
 * @m:   the machine
 * @nth: 1 for the next folio or metadata allocation, 2 for the one after it ...; 0 switches it off
 *
 * Return: allocations that were still to come when it was last armed; 0 if it has fired or was off. So a sweep ends
 * when the value is not 0: the scenario made fewer allocations.
 */
uint64_t gup_test_fail_alloc(struct gup_machine *m, uint64_t nth);

GUP_END_DECLS

#endif
