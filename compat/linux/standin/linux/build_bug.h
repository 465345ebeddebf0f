/* SPDX-License-Identifier: BSD-2-Clause */
/* For drivers that are built without kernel sources: last on the include path, so that the kernel's own comes first. */
#ifndef STANDIN_BUILD_BUG_H
#define STANDIN_BUILD_BUG_H
#define BUILD_BUG_ON(cond) _Static_assert(!(cond), "BUILD_BUG_ON(" #cond ")")
#endif
