/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runtime/runtime.h - what the files of the runtime offer each other.
 */
#ifndef GUP_LINUX_RUNTIME_H
#define GUP_LINUX_RUNTIME_H

#include <compat/work.h>

/* The call that a function of the runtime was reached by. */
#define CALLER __builtin_extract_return_addr(__builtin_return_address(0))

/* An allocation that may fail and may sleep. NULL if it shall fail. */
void *gup_linux_alloc(size_t size, gfp_t gfp, const void *site);

/* A new machine has none of the old one's pages. page.c */
void gup_linux_forget_pages(void);

/* Called when the test is over, before its processes end; for notifier.c. NULL: nobody wants to know. task.c */
extern void (*gup_linux_at_end)(void);

/* As alloc_pages() and __free_pages(), for somebody else. page.c */
struct page *gup_linux_alloc_pages(gfp_t gfp, unsigned int order, const void *site);
void gup_linux_free_pages(struct page *page, unsigned int order, const void *site);

#endif
