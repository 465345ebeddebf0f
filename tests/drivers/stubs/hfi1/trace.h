/* SPDX-License-Identifier: BSD-2-Clause */
/* trace.h - trace points: what is given to them is read, and that is all. */
#ifndef HFI_TRACE_H
#define HFI_TRACE_H

static inline void hfi1_trace(int first, ...)
{
	(void)first;
}

#define trace_hfi1_mmu_rb_insert(...) hfi1_trace(0, __VA_ARGS__)
#define trace_hfi1_mmu_rb_search(...) hfi1_trace(0, __VA_ARGS__)
#define trace_hfi1_mmu_rb_evict(...) hfi1_trace(0, __VA_ARGS__)
#define trace_hfi1_mmu_release_node(...) hfi1_trace(0, __VA_ARGS__)
#define trace_hfi1_mmu_mem_invalidate(...) hfi1_trace(0, __VA_ARGS__)
#define trace_hfi1_exp_tid_reg(...) hfi1_trace(0, __VA_ARGS__)
#define trace_hfi1_exp_tid_unreg(...) hfi1_trace(0, __VA_ARGS__)
#define trace_hfi1_exp_tid_inval(...) hfi1_trace(0, __VA_ARGS__)

#endif
