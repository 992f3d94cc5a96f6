/* SPDX-License-Identifier: ISC */
/* ini.c: the sections and entries of a configuration file, and finding one among 10,000. */
#include "ini.h"
#include "site/keys.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void
tw_ini_free(struct tw_ini *ini)
{
	for (size_t i = 0; i < ini->n_sections; i++)
		free(ini->section[i].name);
	for (size_t i = 0; i < ini->n_entries; i++) {
		free(ini->entry[i].key);
		explicit_bzero(ini->entry[i].value, strlen(ini->entry[i].value));
		free(ini->entry[i].value);
	}
	for (size_t i = 0; i < ini->n_files; i++) {
		free(ini->file[i].name);
		tw_buf_free(&ini->file[i].text);
	}
	free(ini->section);
	free(ini->entry);
	free(ini->slot);
	free(ini->file);
	*ini = (struct tw_ini)TW_INI_INIT;
}

bool
tw_ini_in(const struct tw_ini *ini, const struct tw_ini_entry *entry, const char *section)
{
	return strcmp(ini->section[entry->section].name, section) == 0;
}

/* hash is FNV-1a over the section's name, a NUL and the key. */
static uint64_t
hash(const char *section, const char *key)
{
	uint64_t h = 14695981039346656037u;

	for (const char *s = section; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	h *= 1099511628211u;
	for (const char *s = key; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}

/* slot_find is where the entry of that name is, or where it would be. There is always room. */
static size_t
slot_find(const struct tw_ini *ini, const char *section, const char *key)
{
	size_t i = hash(section, key) & (ini->n_slots - 1);

	for (; ini->slot[i] != 0; i = (i + 1) & (ini->n_slots - 1)) {
		const struct tw_ini_entry *entry = &ini->entry[ini->slot[i] - 1];

		if (strcmp(entry->key, key) == 0 && tw_ini_in(ini, entry, section))
			break;
	}
	return i;
}

/* reset_since tells whether a later [pgbouncer] took the entry back. */
static bool
reset_since(const struct tw_ini *ini, const struct tw_ini_entry *entry)
{
	const struct tw_key *k;

	if (entry->section >= ini->last_main || !tw_ini_in(ini, entry, "pgbouncer"))
		return false;
	k = tw_key_find(TW_KEY_GLOBAL, entry->key);
	return k != NULL && k->fallback != NULL;
}

const struct tw_ini_entry *
tw_ini_find(const struct tw_ini *ini, const char *section, const char *key)
{
	size_t at;

	if (ini->n_slots == 0)
		return NULL;
	at = ini->slot[slot_find(ini, section, key)];
	return at != 0 && !reset_since(ini, &ini->entry[at - 1]) ? &ini->entry[at - 1] : NULL;
}

/* slots_grow makes a hash that is at most half full with one more entry. */
static bool
slots_grow(struct tw_ini *ini, struct tw_err *e)
{
	size_t n = ini->n_slots > 0 ? ini->n_slots * 2 : 64, *grown;

	if ((ini->n_entries + 1) * 2 <= ini->n_slots)
		return true;
	grown = calloc(n, sizeof(*grown));
	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	free(ini->slot);
	ini->slot = grown;
	ini->n_slots = n;
	for (size_t i = 0; i < ini->n_entries; i++)
		grown[slot_find(ini, ini->section[ini->entry[i].section].name, ini->entry[i].key)] =
		    i + 1;
	return true;
}

/* room_grow makes room for one more entry. */
static bool
room_grow(struct tw_ini *ini, struct tw_err *e)
{
	size_t room = ini->entry_room > 0 ? ini->entry_room * 2 : 32;
	struct tw_ini_entry *grown;

	if (ini->n_entries < ini->entry_room)
		return true;
	grown = realloc(ini->entry, room * sizeof(*grown));
	if (grown == NULL)
		return tw_fail(e, EX_OSERR, "out of memory");
	ini->entry = grown;
	ini->entry_room = room;
	return true;
}

bool
tw_ini_add(struct tw_ini *ini, struct tw_ini_entry entry, struct tw_err *e)
{
	if (entry.key == NULL || entry.value == NULL || !room_grow(ini, e) || !slots_grow(ini, e)) {
		free(entry.key);
		free(entry.value);
		return tw_fail(e, EX_OSERR, "out of memory");
	}
	ini->entry[ini->n_entries++] = entry;
	ini->slot[slot_find(ini, ini->section[entry.section].name, entry.key)] = ini->n_entries;
	return true;
}

bool
tw_ini_open(struct tw_ini *ini, const char *name, size_t n, struct tw_place at, struct tw_err *e)
{
	struct tw_ini_section *grown = realloc(ini->section,
	                                       (ini->n_sections + 1) * sizeof(*grown));
	char *copy = strndup(name, n);

	if (grown != NULL)
		ini->section = grown;
	if (grown == NULL || copy == NULL) {
		free(copy);
		return tw_fail(e, EX_OSERR, "out of memory");
	}
	if (strcmp(copy, "pgbouncer") == 0)
		ini->last_main = ini->n_sections;
	grown[ini->n_sections++] = (struct tw_ini_section){ copy, at };
	return true;
}

bool
tw_ini_keep(struct tw_ini *ini, struct tw_ini_file file, struct tw_err *e)
{
	struct tw_ini_file *grown = realloc(ini->file, (ini->n_files + 1) * sizeof(*grown));

	if (grown == NULL) {
		free(file.name);
		tw_buf_free(&file.text);
		return tw_fail(e, EX_OSERR, "out of memory");
	}
	ini->file = grown;
	grown[ini->n_files++] = file;
	return true;
}
