/* SPDX-License-Identifier: BSD-2-Clause */
/* For drivers that are built without kernel sources. */
#ifndef STANDIN_ERR_H
#define STANDIN_ERR_H
#include <compat/compiler.h>
#define MAX_ERRNO 4095
#define ERR_PTR(error) ((void *)(long)(error))
#define PTR_ERR(ptr) ((long)(ptr))
#define IS_ERR(ptr) ((unsigned long)(ptr) >= (unsigned long)-MAX_ERRNO)
#define IS_ERR_OR_NULL(ptr) (!(ptr) || IS_ERR(ptr))
#endif
