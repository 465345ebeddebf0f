/* SPDX-License-Identifier: BSD-2-Clause */
/* For drivers that are built without kernel sources. */
#ifndef STANDIN_MINMAX_H
#define STANDIN_MINMAX_H
#define min_t(type, x, y)                                                                                              \
	({                                                                                                             \
		type x_ = (x), y_ = (y);                                                                               \
		x_ < y_ ? x_ : y_;                                                                                     \
	})
#define max_t(type, x, y)                                                                                              \
	({                                                                                                             \
		type x_ = (x), y_ = (y);                                                                               \
		x_ > y_ ? x_ : y_;                                                                                     \
	})
#define min(x, y) min_t(typeof(x), x, y)
#define max(x, y) max_t(typeof(x), x, y)
#endif
