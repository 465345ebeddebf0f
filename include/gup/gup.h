/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/gup.h - everything at once: get_user_pages() outside the Linux kernel.
 *
 * The order below is also a reading order: a machine has frames (page.h), an mm maps objects over them (mm.h, object.h,
 * dax.h), pins hold them (pin.h), and movement works around the pins (migrate.h, cma.h).
 *
 * Blanket rules. Functions that return an errno say -EINVAL to a NULL that they need. Functions that have none answer
 * 0, NULL or false, and those that return nothing do nothing. Where a comment names no Context, the function takes no
 * lock and does not sleep. Where it names no difference after "Linux:", it follows Linux as far as the contract says.
 */
#ifndef GUP_GUP_H
#define GUP_GUP_H

#include <gup/config.h>
#include <gup/errno.h>
#include <gup/why.h>
#include <gup/machine.h>
#include <gup/page.h>
#include <gup/object.h>
#include <gup/dax.h>
#include <gup/file.h>
#include <gup/mm.h>
#include <gup/mirror.h>
#include <gup/pin.h>
#include <gup/pin_cache.h>
#include <gup/contract.h>
#include <gup/migrate.h>
#include <gup/poison.h>
#include <gup/cma.h>
#include <gup/notifier.h>

#endif
