/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tools/gup/explain_words.c - the words of `gup explain`: flags, mappings, entry points, and sentences made of them.
 *
 * A MAPPING is [shared:|private:]BACKING[,PROT]. What is unknown is refused with the list of what is known.
 */
#include "explain.h"

#include <ctype.h>
#include <string.h>

#define COMMAND "gup explain"
#define RW (GUP_PROT_READ | GUP_PROT_WRITE)

static const struct flag {
	const char *name;
	unsigned int bit;
} flags[] = {
	{ "write", GUP_WRITE },
	{ "force", GUP_FORCE },
	{ "longterm", GUP_LONGTERM },
	{ "nofault", GUP_NOFAULT },
	{ "nowait", GUP_NOWAIT },
	{ "anon", GUP_ANON },
	{ "dump", GUP_DUMP },
	{ "hwpoison", GUP_HWPOISON },
	{ "split_pmd", GUP_SPLIT_PMD },
	{ "interruptible", GUP_INTERRUPTIBLE },
	{ "honor_numa_fault", GUP_HONOR_NUMA_FAULT },
	{ "pci_p2pdma", GUP_PCI_P2PDMA },
};

/* How a backing can be mapped. The first that is allowed is meant if the user does not say. */
enum sharing { SHARED_ONLY, PRIVATE_ONLY, SHARED_FIRST, PRIVATE_FIRST };

static const struct backing {
	const char *name;
	enum gup_backing backing;
	enum sharing sharing;
	const char *fs;
} backings[] = {
	{ "anon", GUP_BACKING_ANON, PRIVATE_ONLY, "" },
	{ "shared-anon", GUP_BACKING_SHARED_ANON, SHARED_ONLY, "" },
	{ "memfd", GUP_BACKING_MEMFD, SHARED_FIRST, "" },
	{ "tmpfs", GUP_BACKING_TMPFS, SHARED_FIRST, "" },
	{ "ext4", GUP_BACKING_FILE, SHARED_FIRST, "ext4" },
	{ "xfs", GUP_BACKING_FILE, SHARED_FIRST, "xfs" },
	{ "btrfs", GUP_BACKING_FILE, SHARED_FIRST, "btrfs" },
	{ "dax:ext4", GUP_BACKING_FSDAX, SHARED_FIRST, "ext4" },
	{ "dax:xfs", GUP_BACKING_FSDAX, SHARED_FIRST, "xfs" },
	{ "devdax", GUP_BACKING_DEVDAX, SHARED_ONLY, "" },
	{ "hugetlb", GUP_BACKING_HUGETLB, PRIVATE_FIRST, "" },
	{ "secret", GUP_BACKING_SECRET, SHARED_ONLY, "" },
	{ "pfnmap", GUP_BACKING_PFNMAP, SHARED_FIRST, "" },
	{ "zero", GUP_BACKING_ZERO, PRIVATE_ONLY, "" },
	{ "none", GUP_BACKING_NONE, PRIVATE_ONLY, "" },
};

static const struct prot {
	const char *name;
	unsigned int prot;
	const char *words;
} prots[] = {
	{ "rw", RW, "PROT_READ | PROT_WRITE" },
	{ "r", GUP_PROT_READ, "PROT_READ" },
	{ "w", GUP_PROT_WRITE, "PROT_WRITE" },
	{ "none", 0, "PROT_NONE" },
};

static const char *const memories[GUP_NR_MEMORIES] = { "normal", "cma", "movable", "held" };

#define LENGTH(table) (sizeof(table) / sizeof((table)[0]))

/* Adds to a text that is cut where its room ends. */
static void add(char *buf, size_t size, const char *between, const char *word)
{
	size_t used = strlen(buf);

	snprintf(buf + used, size - used, "%s%s", used ? between : "", word);
}

static bool unknown_flag(const char *word, size_t length)
{
	char known[200] = "";

	for (size_t i = 0; i < LENGTH(flags); i++)
		add(known, sizeof(known), ", ", flags[i].name);
	gup_usage_error(COMMAND,
			"'%.*s' is no flag; give some of %s with commas between them, 0 for none, or io_uring.",
			(int)length, word, known);
	return false;
}

static bool choose_io_uring(struct gup_question *q)
{
	q->io_uring = true;
	q->flags = GUP_WRITE | GUP_LONGTERM;
	if (!q->entry_given)
		return true;
	gup_usage_error(COMMAND, "io_uring chooses the function itself; leave out --entry.");
	return false;
}

bool gup_parse_flags(const char *text, struct gup_question *q)
{
	if (!strcasecmp(text, "io_uring"))
		return choose_io_uring(q);
	q->flags = 0;
	if (!strcmp(text, "0"))
		return true;
	while (true) {
		size_t length, i = 0;

		if (!strncasecmp(text, "FOLL_", 5))
			text += 5;
		length = strcspn(text, ",");
		while (i < LENGTH(flags) &&
		       (strlen(flags[i].name) != length || strncasecmp(text, flags[i].name, length)))
			i++;
		if (i == LENGTH(flags))
			return unknown_flag(text, length);
		q->flags |= flags[i].bit;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

const char *gup_flags_text(unsigned int bits, char *buf, size_t size)
{
	*buf = '\0';
	for (size_t i = 0; i < LENGTH(flags); i++)
		if (bits & flags[i].bit)
			add(buf, size, " | ", flags[i].name);
	for (char *at = buf; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	return *buf ? buf : "0";
}

const char *gup_prot_text(unsigned int prot)
{
	for (size_t i = 0; i < LENGTH(prots); i++)
		if (prots[i].prot == (prot & RW))
			return prots[i].words;
	return "";
}

static bool parse_prot(const char *text, struct gup_question *q)
{
	for (size_t i = 0; i < LENGTH(prots); i++)
		if (!strcmp(text, prots[i].name)) {
			q->prot = prots[i].prot;
			return true;
		}
	gup_usage_error(COMMAND, "'%s' is no protection; give r, w, rw or none after the comma.", text);
	return false;
}

static bool unknown_mapping(const char *word, size_t length)
{
	char known[200] = "";

	for (size_t i = 0; i < LENGTH(backings); i++)
		add(known, sizeof(known), ", ", backings[i].name);
	gup_usage_error(COMMAND,
			"'%.*s' is no mapping that is known; give one of %s, with shared: or private: before it.",
			(int)length, word, known);
	return false;
}

static const struct backing *find_backing(const char *name, size_t length)
{
	for (size_t i = 0; i < LENGTH(backings); i++)
		if (strlen(backings[i].name) == length && !strncmp(name, backings[i].name, length))
			return &backings[i];
	return NULL;
}

static bool starts_with(const char **text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(*text, prefix, length))
		return false;
	*text += length;
	return true;
}

/* `shared:anon` is what mmap() calls so. */
static const struct backing *mapped_as(const struct backing *backing, bool shared)
{
	return shared && backing->backing == GUP_BACKING_ANON ? backing + 1 : backing;
}

static bool choose_sharing(const struct backing *backing, bool shared, bool private, struct gup_question *q)
{
	if ((shared && backing->sharing == PRIVATE_ONLY) || (private && backing->sharing == SHARED_ONLY)) {
		gup_usage_error(COMMAND, "'%s' cannot be mapped %s; leave out '%s:'.", backing->name,
				shared ? "shared" : "private", shared ? "shared" : "private");
		return false;
	}
	q->shared = shared || (!private && (backing->sharing == SHARED_ONLY || backing->sharing == SHARED_FIRST));
	return true;
}

bool gup_parse_mapping(const char *text, struct gup_question *q)
{
	bool shared = starts_with(&text, "shared:"), private = !shared && starts_with(&text, "private:");
	size_t length = strcspn(text, ",");
	const struct backing *backing = find_backing(text, length);

	if (!backing)
		return unknown_mapping(text, length);
	backing = mapped_as(backing, shared);
	if (!choose_sharing(backing, shared, private, q))
		return false;
	q->backing = backing->backing;
	snprintf(q->fs, sizeof(q->fs), "%s", backing->fs);
	q->prot = RW;
	return text[length] ? parse_prot(text + length + 1, q) : true;
}

static void backing_text(const struct gup_question *q, char *buf, size_t size)
{
	static const char *const words[GUP_NR_BACKINGS] = {
		[GUP_BACKING_ANON] = "anonymous memory",
		[GUP_BACKING_SHARED_ANON] = "anonymous memory",
		[GUP_BACKING_MEMFD] = "a memfd",
		[GUP_BACKING_TMPFS] = "a file on tmpfs",
		[GUP_BACKING_DEVDAX] = "a device DAX device",
		[GUP_BACKING_HUGETLB] = "hugetlb pages",
		[GUP_BACKING_SECRET] = "secret memory (memfd_secret)",
		[GUP_BACKING_DRIVER] = "pages of the kernel or a driver",
		[GUP_BACKING_PFNMAP] = "device memory without page descriptors",
		[GUP_BACKING_ZERO] = "anonymous memory that was only read",
		[GUP_BACKING_NONE] = "nothing",
	};

	if (words[q->backing])
		snprintf(buf, size, "%s", words[q->backing]);
	else
		snprintf(buf, size, "a file on %s%s", *q->fs ? q->fs : "another file system",
			 q->backing == GUP_BACKING_FSDAX ? " with DAX" : "");
}

const char *gup_mapping_text(const struct gup_question *q, char *buf, size_t size)
{
	static const char *const places[GUP_NR_MEMORIES] = { "", " in a CMA area", " in ZONE_MOVABLE",
							     " in ZONE_MOVABLE that somebody else holds" };
	char what[80];

	backing_text(q, what, sizeof(what));
	if (q->beyond_user)
		snprintf(buf, size, "beyond user space");
	else if (q->backing == GUP_BACKING_NONE)
		snprintf(buf, size, "nothing is mapped there");
	else
		snprintf(buf, size, "%s mapping of %s%s%s, %s", q->shared ? "shared" : "private", what,
			 places[q->memory], q->beyond ? ", past its end" : "", gup_prot_text(q->prot));
	return buf;
}

bool gup_parse_entry(const char *text, struct gup_question *q)
{
	char known[400] = "";

	for (int entry = 0; entry < GUP_NR_ENTRIES; entry++) {
		if (!strcmp(text, gup_entry_name((enum gup_entry)entry))) {
			q->entry = (enum gup_entry)entry;
			q->entry_given = true;
			return true;
		}
		add(known, sizeof(known), ", ", gup_entry_name((enum gup_entry)entry));
	}
	gup_usage_error(COMMAND, "'%s' is no entry point; give one of %s.", text, known);
	return false;
}

bool gup_parse_memory(const char *text, struct gup_question *q)
{
	for (int memory = 0; memory < GUP_NR_MEMORIES; memory++)
		if (!strcmp(text, memories[memory])) {
			q->memory = (enum gup_memory)memory;
			return true;
		}
	gup_usage_error(COMMAND, "'%s' is no place of memory; give --memory normal, cma, movable or held.", text);
	return false;
}

/* Memory that comes from elsewhere, or is not there, lies in no zone of ordinary memory. */
static bool may_lie(enum gup_backing backing, enum gup_memory memory)
{
	switch (backing) {
	case GUP_BACKING_FSDAX:
	case GUP_BACKING_DEVDAX:
	case GUP_BACKING_SECRET:
	case GUP_BACKING_PFNMAP:
	case GUP_BACKING_NONE:
		return memory == GUP_MEMORY_NORMAL;
	case GUP_BACKING_HUGETLB:
		return memory != GUP_MEMORY_CMA;
	default:
		return true;
	}
}

bool gup_check_memory(const struct gup_question *q)
{
	if (!may_lie(q->backing, q->memory)) {
		gup_usage_error(COMMAND, "such a mapping cannot lie in %s memory; leave out --memory.",
				memories[q->memory]);
		return false;
	}
	if (q->touched && q->backing == GUP_BACKING_NONE) {
		gup_usage_error(COMMAND, "where nothing is mapped, nothing can be touched; leave out --touched.");
		return false;
	}
	return true;
}
