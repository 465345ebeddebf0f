/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/common/access.c - what applications and devices do to memory, and taking pages through any entry point.
 *
 * Applications go through gup_copy_{to,from}_user(), or through pointers where their mm has a window; devices through
 * the frame's address. Both use patterns in which
 * each 8 bytes tell the address they were written for and a tag that stands for writer and generation.
 */
#include "world.h"

uint64_t app_store(struct gup_mm *mm, uint64_t addr, const void *from, uint64_t bytes)
{
	void *pointer = gup_mirror_pointer(mm, addr);

	return pointer ? native_copy(pointer, from, bytes) : gup_copy_to_user(mm, addr, from, bytes);
}

uint64_t app_load(struct gup_mm *mm, void *to, uint64_t addr, uint64_t bytes)
{
	void *pointer = gup_mirror_pointer(mm, addr);

	return pointer ? native_copy(to, pointer, bytes) : gup_copy_from_user(mm, to, addr, bytes);
}

static uint64_t pattern_word(uint64_t addr, uint32_t tag)
{
	uint64_t x = addr * UINT64_C(0x9e3779b97f4a7c15) + (tag + 1) * UINT64_C(0xd1342543de82ef95);

	x ^= x >> 29;
	return x * UINT64_C(0xbf58476d1ce4e5b9) | 1;
}

void pattern_make(void *buf, uint64_t addr, uint64_t bytes, uint32_t tag)
{
	uint64_t at;

	for (at = 0; at < bytes; at += 8) {
		uint64_t word = pattern_word(addr + at, tag);

		memcpy((char *)buf + at, &word, bytes - at < 8 ? bytes - at : 8);
	}
}

bool pattern_is(const void *buf, uint64_t addr, uint64_t bytes, uint32_t tag)
{
	uint64_t at;

	for (at = 0; at < bytes; at += 8) {
		uint64_t word = pattern_word(addr + at, tag);

		if (memcmp((const char *)buf + at, &word, bytes - at < 8 ? bytes - at : 8) != 0)
			return false;
	}
	return true;
}

bool all_zero(const void *buf, uint64_t bytes)
{
	const uint8_t *p = buf;

	while (bytes > 0 && *p == 0) {
		p++;
		bytes--;
	}
	return bytes == 0;
}

static uint64_t piece(uint64_t done, uint64_t bytes)
{
	return bytes - done < PAGE ? bytes - done : PAGE;
}

void app_fill(struct gup_mm *mm, uint64_t addr, uint64_t bytes, uint32_t tag)
{
	uint8_t buf[PAGE];
	uint64_t done;

	for (done = 0; done < bytes; done += PAGE) {
		pattern_make(buf, addr + done, piece(done, bytes), tag);
		assert_int_equal(app_store(mm, addr + done, buf, piece(done, bytes)), 0);
	}
}

void app_expect(struct gup_mm *mm, uint64_t addr, uint64_t bytes, uint32_t tag)
{
	uint8_t buf[PAGE];
	uint64_t done;

	for (done = 0; done < bytes; done += PAGE) {
		memset(buf, 0xee, sizeof(buf));
		assert_int_equal(app_load(mm, buf, addr + done, piece(done, bytes)), 0);
		if (!pattern_is(buf, addr + done, piece(done, bytes), tag))
			fail_msg("%s: address %#llx does not hold tag %u", gup_mm_name(mm),
				 (unsigned long long)(addr + done), tag);
	}
}

void app_expect_zero(struct gup_mm *mm, uint64_t addr, uint64_t bytes)
{
	uint8_t buf[PAGE];
	uint64_t done;

	for (done = 0; done < bytes; done += PAGE) {
		memset(buf, 0xee, sizeof(buf));
		assert_int_equal(app_load(mm, buf, addr + done, piece(done, bytes)), 0);
		assert_true(all_zero(buf, piece(done, bytes)));
	}
}

void app_poke(struct gup_mm *mm, uint64_t addr, uint8_t byte)
{
	assert_int_equal(app_store(mm, addr, &byte, 1), 0);
}

uint8_t app_peek(struct gup_mm *mm, uint64_t addr)
{
	uint8_t byte = 0xee;

	assert_int_equal(app_load(mm, &byte, addr, 1), 0);
	return byte;
}

bool app_cannot_read(struct gup_mm *mm, uint64_t addr)
{
	uint64_t word = UINT64_C(0x5a5a5a5a5a5a5a5a);

	return app_load(mm, &word, addr, sizeof(word)) == sizeof(word) && word == UINT64_C(0x5a5a5a5a5a5a5a5a);
}

bool app_cannot_write(struct gup_mm *mm, uint64_t addr)
{
	uint64_t word = UINT64_C(0x5a5a5a5a5a5a5a5a);

	return app_store(mm, addr, &word, sizeof(word)) == sizeof(word);
}

void device_write(struct gup_machine *m, struct gup_page *page, unsigned int offset, const void *buf, size_t bytes)
{
	memcpy((char *)gup_page_address(m, page) + offset, buf, bytes);
}

void device_read(struct gup_machine *m, struct gup_page *page, unsigned int offset, void *buf, size_t bytes)
{
	memcpy(buf, (char *)gup_page_address(m, page) + offset, bytes);
}

void device_fill(struct gup_machine *m, struct gup_page *page, uint64_t addr, uint32_t tag)
{
	pattern_make(gup_page_address(m, page), addr, PAGE, tag);
}

void device_expect(struct gup_machine *m, struct gup_page *page, uint64_t addr, uint32_t tag)
{
	assert_true(pattern_is(gup_page_address(m, page), addr, PAGE, tag));
}

struct gup_frame_info frame_at(struct gup_mm *mm, uint64_t addr)
{
	struct gup_frame_info info;

	assert_int_equal(gup_frame_info(gup_mm_machine(mm), gup_user_pfn(mm, addr), &info), 0);
	return info;
}

struct gup_frame_info frame_of(struct gup_machine *m, struct gup_page *page)
{
	struct gup_frame_info info;

	assert_int_equal(gup_frame_info(m, gup_page_to_pfn(m, page), &info), 0);
	return info;
}

bool same_frame(struct gup_mm *mm, uint64_t addr, struct gup_page *page)
{
	return gup_user_pfn(mm, addr) == gup_page_to_pfn(gup_mm_machine(mm), page);
}

bool entry_pins(enum gup_entry entry)
{
	return entry >= GUP_PIN_USER_PAGES;
}

bool entry_is_fast(enum gup_entry entry)
{
	return entry == GUP_GET_USER_PAGES_FAST || entry == GUP_GET_USER_PAGES_FAST_ONLY ||
	       entry == GUP_PIN_USER_PAGES_FAST || entry == GUP_PIN_USER_PAGES_FAST_ONLY;
}

static bool entry_takes_lock_itself(enum gup_entry entry)
{
	return entry_is_fast(entry) || entry == GUP_GET_USER_PAGES_UNLOCKED || entry == GUP_PIN_USER_PAGES_UNLOCKED;
}

long take(struct gup_mm *mm, const struct gup_call *call, struct gup_why *why)
{
	struct gup_call c = *call;
	int locked = 1;
	long ret;

	if (entry_takes_lock_itself(c.entry))
		return gup_user_pages(mm, &c, why);
	if (c.locked || c.entry == GUP_GET_USER_PAGES_LOCKED || c.entry == GUP_PIN_USER_PAGES_LOCKED)
		c.locked = &locked;
	gup_mmap_read_lock(mm);
	ret = gup_user_pages(mm, &c, why);
	if (locked)
		gup_mmap_read_unlock(mm);
	return ret;
}

long pin_plain(struct gup_mm *mm, uint64_t addr, long nr, unsigned int flags, struct gup_page **pages)
{
	long ret;

	gup_mmap_read_lock(mm);
	ret = gup_pin_user_pages(mm, addr, nr, flags, pages);
	gup_mmap_read_unlock(mm);
	return ret;
}

long get_plain(struct gup_mm *mm, uint64_t addr, long nr, unsigned int flags, struct gup_page **pages)
{
	long ret;

	gup_mmap_read_lock(mm);
	ret = gup_get_user_pages(mm, addr, nr, flags, pages);
	gup_mmap_read_unlock(mm);
	return ret;
}

int release(struct gup_machine *m, enum gup_entry entry, struct gup_page **pages, unsigned long nr)
{
	return entry_pins(entry) ? gup_unpin_user_pages(m, pages, nr) : gup_put_pages(m, pages, nr);
}
