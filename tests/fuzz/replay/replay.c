/* SPDX-License-Identifier: ISC */
/* replay.c: main of a target without libFuzzer: each file, or each file of a directory, once. */
#include "../lib/fuzz.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* file_replay hands one file to the target. */
static void
file_replay(const char *path, off_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n = (size_t)size;
	/* exactly as long as the input, so that a sanitizer sees a read past it */
	uint8_t *data = malloc(n > 0 ? n : 1);

	if (f == NULL || data == NULL || fread(data, 1, n, f) != n) {
		perror(path);
		exit(1);
	}
	fclose(f);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
}

int
main(int argc, char **argv)
{
	FTS *walk = argc > 1 ? fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
	FTSENT *entry;
	size_t n = 0;

	while (walk != NULL && (entry = fts_read(walk)) != NULL) {
		if (entry->fts_info != FTS_F)
			continue;
		/* before it runs: the last line names the input of a crash */
		printf("%s\n", entry->fts_path);
		fflush(stdout);
		file_replay(entry->fts_path, entry->fts_statp->st_size);
		n++;
	}
	if (walk != NULL)
		fts_close(walk);
	printf("%zu inputs\n", n);
	return n > 0 ? 0 : 1;
}
