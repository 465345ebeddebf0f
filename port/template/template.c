/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port/template/template.c - the link-time half of a port without an operating system; gup/port.h is its manual.
 *
 * Memory is one static array, handed out from the low end. The clock is the CPU's counter. Text goes to a buffer that a
 * debugger or a console driver reads. Copy the folder, then replace these three by what the board has.
 */
#include <gup/errno.h>
#include <gup/port.h>
#include <gup_port.h>

#define BOARD_MEMORY_BYTES (UINT64_C(256) << 20)
#define BOARD_TICKS_PER_US 1000
#define BOARD_CONSOLE_BYTES 4096

/* Memory. Ranges come back in any order; the space is used again once all of it has come back. */

static unsigned char board_memory[BOARD_MEMORY_BYTES] __attribute__((aligned(GUP_HUGE_SIZE)));
static struct gup_port_lock memory_lock;
static uint64_t memory_used, memory_out;

static void zero_fill(unsigned char *at, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		at[i] = 0;
}

int gup_port_memory_map(struct gup_port_memory *mem, bool frames)
{
	uint64_t align = frames ? GUP_HUGE_SIZE : GUP_PAGE_SIZE, start;
	bool fits;

	gup_port_lock_acquire(&memory_lock);
	start = (memory_used + align - 1) & ~(align - 1);
	fits = start <= BOARD_MEMORY_BYTES && mem->bytes <= BOARD_MEMORY_BYTES - start;
	if (fits) {
		memory_used = start + mem->bytes;
		memory_out += mem->bytes;
	}
	gup_port_lock_release(&memory_lock);
	if (!fits)
		return -GUP_ENOMEM;
	zero_fill(board_memory + start, mem->bytes);
	mem->base = board_memory + start;
	mem->handle = (int64_t)start;
	return 0;
}

void gup_port_memory_unmap(struct gup_port_memory *mem)
{
	gup_port_lock_acquire(&memory_lock);
	memory_out -= mem->bytes;
	if (!memory_out)
		memory_used = 0;
	gup_port_lock_release(&memory_lock);
	mem->base = 0;
}

/* Time. BOARD_TICKS_PER_US is the counter's rate; firmware or the device tree knows the real one. */

static uint64_t read_counter(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
#elif defined(__riscv)
	uint64_t ticks;

	__asm__ volatile("rdtime %0" : "=r"(ticks));
	return ticks;
#else
#error "this CPU's counter is missing here"
#endif
}

uint64_t gup_port_now_ns(void)
{
	uint64_t ticks = read_counter();

	return ticks / BOARD_TICKS_PER_US * 1000 + ticks % BOARD_TICKS_PER_US * 1000 / BOARD_TICKS_PER_US;
}

void gup_port_sleep_ns(uint64_t ns)
{
	uint64_t start = gup_port_now_ns();

	while (gup_port_now_ns() - start < ns)
		gup_port_relax();
}

/* Without a scheduler a sleeper is a loop, and needs nobody to wake it. */
void gup_port_wait(uint32_t *word, uint32_t seen, uint64_t timeout_ns)
{
	uint64_t start = gup_port_now_ns();

	while (gup_port_load(word) == seen && gup_port_now_ns() - start < timeout_ns)
		gup_port_relax();
}

void gup_port_wake(uint32_t *word)
{
	(void)word;
}

/* One slot that is nobody's own. With several CPUs their numbers keep them apart. */
unsigned int gup_port_slot(void)
{
	return GUP_PORT_OWN_SLOTS;
}

/* As long as there is one thread. */
uint64_t gup_port_self(void)
{
	return 1;
}

/* RCU: a moment without any section is a moment after every earlier one. */

uint32_t gup_port_rcu_sections;

void gup_port_rcu_synchronize(void)
{
	while (gup_port_load(&gup_port_rcu_sections))
		gup_port_relax();
}

/* Without a symbol table an address stays an address. */
bool gup_port_site(const void *site, char *buf, size_t size)
{
	(void)site;
	(void)buf;
	(void)size;
	return false;
}

/* Windows: where the core's page table is the CPU's, there is nothing to mirror, and a program has its pointers. */

int gup_port_window_open(struct gup_port_window *window)
{
	(void)window;
	return -GUP_EOPNOTSUPP;
}

void gup_port_window_close(struct gup_port_window *window)
{
	(void)window;
}

bool gup_port_window_map(struct gup_port_window *window, uint64_t at, uint64_t bytes,
			 const struct gup_port_memory *frames, uint64_t from, unsigned int flags)
{
	(void)window, (void)at, (void)bytes, (void)frames, (void)from, (void)flags;
	return false;
}

bool gup_port_window_shows(struct gup_port_window *window, uint64_t at, uint64_t bytes)
{
	(void)window, (void)at, (void)bytes;
	return false;
}

void gup_port_window_unmap(struct gup_port_window *window, uint64_t at, uint64_t bytes)
{
	(void)window, (void)at, (void)bytes;
}

void gup_port_window_hold(struct gup_port_window *window, uint64_t at, uint64_t bytes, bool on)
{
	(void)window, (void)at, (void)bytes, (void)on;
}

bool gup_port_window_holds(struct gup_port_window *window, uint64_t at)
{
	(void)window, (void)at;
	return false;
}

void gup_port_window_drop(struct gup_port_window *window)
{
	(void)window;
}

/* Text. The newest BOARD_CONSOLE_BYTES are in board_console, ending before console_at. */

static char board_console[BOARD_CONSOLE_BYTES];
static uint32_t console_at;

static void put_text(const char *text)
{
	for (; *text; text++) {
		uint32_t at = gup_port_fetch_add(&console_at, 1) % BOARD_CONSOLE_BYTES;

		gup_port_store_relaxed(&board_console[at], *text);
	}
}

void gup_port_log(const char *line)
{
	put_text("libgup: ");
	put_text(line);
	put_text("\n");
}

static void put_number(unsigned int n)
{
	char digits[11];
	char *at = digits + sizeof(digits) - 1;

	*at = 0;
	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	put_text(at);
}

_Noreturn void gup_port_panic(const char *file, int line, const char *what)
{
	put_text("libgup: broken invariant at ");
	put_text(file);
	put_text(":");
	put_number((unsigned int)line);
	put_text(": ");
	put_text(what);
	put_text("\n");
	for (;;)
		gup_port_relax();
}
