/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/random/calls.h - what a program does on the running kernel where one system call would not say it: loads and
 * stores that may end in a signal, files in memory, pins by io_uring, and taking turns.
 *
 * The host's side of the comparison uses these, and so does a program that was printed: it is compiled with calls.c and
 * -luring, and nothing else.
 */
#ifndef RANDOM_CALLS_H
#define RANDOM_CALLS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The window of user addresses: far from everything else, so that what is unmapped there stays unmapped. */
#define BASE UINT64_C(0x200000000000)
#define PAGE 4096u
#define PAGES 32u
#define FILES 2u
#define FILE_PAGES 16u
#define PROCESSES 3u
#define PINS 4u
#define PIN_PAGES 8u

/* Words of a page that are written and looked at. Whoever writes a whole page writes the same word everywhere. */
#define LANES 4u
#define LANE_OFFSET(lane) ((lane)*1360u)

/* Of a system call: what it returned or a negative errno. */
static inline long result(long returned)
{
	return returned < 0 ? -errno : returned;
}

/* ---- loads and stores: pages done before a signal ---- */
void calls_catch_signals(void);
int load(uint64_t addr, unsigned int pages, unsigned int lane, uint64_t *words);
int store(uint64_t addr, unsigned int pages, unsigned int lane, uint64_t value);
/* All lanes of one page; false if there is nothing to read. */
bool look_at_page(uint64_t addr, uint64_t words[LANES]);

/* ---- files: 0 or a negative errno ---- */
extern int files[FILES];
int files_open(void);
/* As a program begins: half of the pages there, each with a word of its own, the rest a hole. */
int files_begin(void);
uint64_t first_word(unsigned int file, unsigned int page);
/* A page of the file as write() and read() see it; 0 beyond the end, where nothing is written. */
long file_store(int fd, unsigned int page, uint64_t value);
long file_load(int fd, unsigned int page, unsigned int lane, uint64_t *word);

/*
 * ---- pins: buffers registered with io_uring, WRITE and LONGTERM. 0, pages or a negative errno: -EBUSY and -ENXIO if
 * the slot is in use, or is not ----
 */
const char *ring_open(void); /* before the first fork; NULL, or why there is none */
int ring_pin(unsigned int slot, uint64_t addr, uint64_t bytes);
int ring_unpin(unsigned int slot);
unsigned int ring_pages(unsigned int slot); /* 0: nothing is pinned there */
long device_store(unsigned int slot, unsigned int page, uint64_t value);
long device_load(unsigned int slot, unsigned int lane, uint64_t *words);
/* All lanes of all pages. */
long device_look(unsigned int slot, uint64_t words[PIN_PAGES][LANES]);

/* ---- a printed program: each process runs through it, and does the steps that are its own ---- */
void turns_begin(void);
bool turn_begin(unsigned int step, unsigned int who);
bool turn_end(void);
void turns_fork(unsigned int child);
void turns_show(const char *what, long value, const uint64_t *words, long nr);
void turns_look(void);
void turns_exit(void);
void turns_finish(void);

#define TURN(step, who) for (bool mine_ = turn_begin(step, who); mine_; mine_ = turn_end())

#endif
