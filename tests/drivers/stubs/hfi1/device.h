/* SPDX-License-Identifier: BSD-2-Clause */
/* device.h - nothing of it is used. */
