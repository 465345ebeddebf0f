/* SPDX-License-Identifier: BSD-2-Clause */
#include <compat/uio.h>
