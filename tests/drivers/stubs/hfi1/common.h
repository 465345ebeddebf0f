/* SPDX-License-Identifier: BSD-2-Clause */
/* common.h - nothing of it is used. */
