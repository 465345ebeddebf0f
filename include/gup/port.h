/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gup/port.h - what a host provides, as link-time functions.
 *
 * A port has two halves. `gup_port.h` (found on the port's include path) holds what changes layout or hot paths:
 * atomics, locks, RCU read sections; port/template/gup_port.h documents each. This header holds the rest. Blanket
 * rules: every function may be called from any thread unless it says otherwise; none may call back into libgup, but for a window's fault(); none
 * fails unless it says how.
 */
#ifndef GUP_PORT_H
#define GUP_PORT_H

#include <gup/config.h>

GUP_BEGIN_DECLS

/**
 * struct gup_port_memory - a range of host memory
 * @base:   page-aligned start
 * @bytes:  length
 * @handle: the port's own (a file descriptor on Linux)
 */
struct gup_port_memory {
	void *base;
	uint64_t bytes;
	int64_t handle;
};

/**
 * gup_port_memory_map() - reserve zero-filled memory
 * @mem:   receives the range; @mem->bytes is set by the caller, a multiple of 4 KiB
 * @frames: true for the frames of a machine (2 MiB aligned, may be shared with devices and windows), false for metadata
 *
 * Memory that is never touched should cost nothing. It is not inherited by a host fork().
 *
 * Return: 0; or -ENOMEM, whatever it is that the host has no more of, with nothing left behind. On Linux: memory, address
 * space, mappings (vm.max_map_count), file descriptors, or RLIMIT_FSIZE if SIGXFSZ is ignored.
 */
int gup_port_memory_map(struct gup_port_memory *mem, bool frames);

/** gup_port_memory_unmap() - give a range back. Cannot fail, also where the host makes no more mappings. */
void gup_port_memory_unmap(struct gup_port_memory *mem);

/* What a program does to memory. */
enum gup_port_access {
	GUP_PORT_LOAD,
	GUP_PORT_STORE,
	GUP_PORT_FETCH, /* of an instruction */
};

/* What became of an access that the host could not do by itself. */
enum gup_port_fault {
	GUP_PORT_FAULT_DONE,	 /* it can now */
	GUP_PORT_FAULT_UNMAPPED, /* nothing is mapped there: SIGSEGV, SEGV_MAPERR */
	GUP_PORT_FAULT_DENIED,	 /* the mapping does not allow it: SIGSEGV, SEGV_ACCERR */
	GUP_PORT_FAULT_BUS,	 /* there is no memory for it: SIGBUS, BUS_ADRERR */
	GUP_PORT_FAULT_POISON,	 /* the memory has failed: SIGBUS, BUS_MCEERR_AR */
};

#define GUP_PORT_MAP_WRITE 1u
#define GUP_PORT_MAP_EXEC 2u
/* Instead of an offset into frames: memory that reads as zeroes. */
#define GUP_PORT_ZEROES UINT64_MAX

/**
 * struct gup_port_window - host addresses through which programs reach frames
 * @bytes: length, set by the core, a multiple of 4 KiB
 * @fault: set by the core, or NULL; called in the thread that touched what is not mapped, with the offset in the window.
 *         It takes locks and sleeps, and never touches a window.
 * @base:  set by the port, 2 MiB aligned
 * @own:   the port's own
 */
struct gup_port_window {
	uint64_t bytes;
	enum gup_port_fault (*fault)(struct gup_port_window *window, uint64_t offset, enum gup_port_access access);
	char *base;
	void *own;
};

/**
 * gup_port_window_open() - reserve the addresses; nothing is mapped
 *
 * Return: 0; -ENOMEM; -EOPNOTSUPP of a host that has no such thing. Context: sleeps.
 */
int gup_port_window_open(struct gup_port_window *window);

/** gup_port_window_close() - give them back. Nobody uses the window any more, and no other function of it runs. */
void gup_port_window_close(struct gup_port_window *window);

/**
 * gup_port_window_map() - show frames, in the place of what was there
 * @window: the window
 * @at:     offset in the window; pages
 * @bytes:  length; pages
 * @frames: the frame memory of the machine
 * @from:   offset in it, or GUP_PORT_ZEROES
 * @flags:  GUP_PORT_MAP_*; reading is always allowed
 *
 * The port may take out of the window at any time what it was told to show, but nothing that is held: the core is asked
 * again when it is missed. Context: sleeps, table locks of the core are held.
 *
 * Return: false if the host cannot.
 */
bool gup_port_window_map(struct gup_port_window *window, uint64_t at, uint64_t bytes,
			 const struct gup_port_memory *frames, uint64_t from, unsigned int flags);

/**
 * gup_port_window_shows() - may anything be shown at [@at, @at + @bytes) of a window with a fault()?
 *
 * Context: as above. Return: false only if nothing is.
 */
bool gup_port_window_shows(struct gup_port_window *window, uint64_t at, uint64_t bytes);

/** gup_port_window_unmap() - show nothing at [@at, @at + @bytes) of a window with a fault(). Cannot fail. Context: as above. */
void gup_port_window_unmap(struct gup_port_window *window, uint64_t at, uint64_t bytes);

/** gup_port_window_hold() - do not take out what is there, until the same call with @on false. Context: sleeps. */
void gup_port_window_hold(struct gup_port_window *window, uint64_t at, uint64_t bytes, bool on);

/** gup_port_window_holds() - is anything held in the 2 MiB around @at? Context: a table lock of the core is held. */
bool gup_port_window_holds(struct gup_port_window *window, uint64_t at);

/** gup_port_window_drop() - take out what is not held. Context: sleeps. */
void gup_port_window_drop(struct gup_port_window *window);

/** gup_port_now_ns() - monotonic time in nanoseconds. */
uint64_t gup_port_now_ns(void);

/** gup_port_sleep_ns() - let others run for about that long, whatever signals come. Context: may sleep. */
void gup_port_sleep_ns(uint64_t ns);

/**
 * gup_port_wait() - sleep while *word is @seen
 * @word:       changed by atomics
 * @seen:       value that was read before
 * @timeout_ns: longest time to sleep
 *
 * Returns at once if *word differs; may return early for no reason. Context: may sleep, no lock but sleeping ones held.
 */
void gup_port_wait(uint32_t *word, uint32_t seen, uint64_t timeout_ns);

/** gup_port_wake() - wake all who sleep on @word, which was changed before. */
void gup_port_wake(uint32_t *word);

/**
 * gup_port_slot() - a small number that differs for most threads that run at once; picks a per-thread cache
 *
 * A number below GUP_PORT_OWN_SLOTS (gup_port.h) is the calling thread's alone until it ends; above, threads may share, and
 * a thread may come to have another. Context: any.
 */
unsigned int gup_port_slot(void);

/** gup_port_self() - a number that no other thread which runs at once has; tells whether it is the same one. */
uint64_t gup_port_self(void);

/**
 * gup_port_rcu_synchronize() - return when every RCU read section that was running has ended
 * Context: sleeps; not inside a read section, no lock that a read section could wait for.
 */
void gup_port_rcu_synchronize(void);

/**
 * gup_port_site() - say in words where a code address is, e.g. "driver_probe+0x2a"
 * @site: return address of a call
 * @buf:  receives the text, terminated
 * @size: bytes at @buf, at least 1
 *
 * Return: false if nothing is known about it; then @buf is not used.
 */
bool gup_port_site(const void *site, char *buf, size_t size);

/** gup_port_log() - one line of text for whoever runs the program; no newline at its end. */
void gup_port_log(const char *line);

/** gup_port_panic() - an invariant is broken: say where, and do not return. */
void gup_port_panic(const char *file, int line, const char *what) __attribute__((noreturn));

GUP_END_DECLS

#endif
