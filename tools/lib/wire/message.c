/* SPDX-License-Identifier: ISC */
/* message.c: what a server says, one message at a time. */
#include "wire_io.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* field is the field of an error or a notice, "" where there is none. */
static const char *
field(const char *body, size_t n, char name)
{
	size_t i = 0;

	while (i < n && body[i] != '\0') {
		size_t len = strnlen(body + i + 1, n - i - 1);

		if (len == n - i - 1)
			break; /* without its end */
		if (body[i] == name)
			return body + i + 1;
		i += len + 2;
	}
	return "";
}

/* report_read makes words of an error or a notice, as libpq does with PQERRORS_VERBOSE. */
static void
report_read(const char *body, size_t n, char words[TW_WIRE_WORDS])
{
	snprintf(words, TW_WIRE_WORDS, "%.16s:  %.5s: %.900s", field(body, n, 'S'),
	         field(body, n, 'C'), field(body, n, 'M'));
}

/* tell calls the ear with the words that are in the target. */
static bool
tell(struct tw_wire_target *t, const struct tw_wire_ear *ear, enum tw_wire_event event,
     struct tw_err *e)
{
	return ear->hear(ear->owner, event, t->words, e);
}

/* error_read: while logging in, or with nothing under way, it is the reason of the end to come. */
static bool
error_read(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
           const char *body, size_t n, struct tw_err *e)
{
	report_read(body, n, t->words);
	if (w->state == TW_WIRE_BUSY && strncmp(t->words, "FATAL", 5) != 0 &&
	    strncmp(t->words, "PANIC", 5) != 0)
		return tell(t, ear, TW_WIRE_ERROR, e);
	snprintf(w->refusal, sizeof(w->refusal), "%.255s", t->words);
	w->refused = true;
	if (w->state == TW_WIRE_STARTING) {
		char words[sizeof(t->words) + sizeof(t->place) + 2];

		snprintf(words, sizeof(words), "%s: %s", t->place, t->words);
		return tw_wire_lose(w, t, ear, words, e);
	}
	return true;
}

/* row_read takes the first column out of a row. */
static void
row_read(const char *body, size_t n, char words[TW_WIRE_WORDS])
{
	uint32_t len = n >= 6 ? tw_wire_number(body + 2) : UINT32_MAX;

	words[0] = '\0';
	if (len == UINT32_MAX || len > n - 6)
		return;
	snprintf(words, TW_WIRE_WORDS, "%.*s", (int)(len < TW_WIRE_WORDS ? len : TW_WIRE_WORDS - 1),
	         body + 6);
}

/* ready_read: the end of the login, or of a statement. */
static bool
ready_read(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear, char status,
           struct tw_err *e)
{
	bool up = w->state == TW_WIRE_STARTING;

	w->transaction = status;
	w->state = TW_WIRE_IDLE;
	w->events = POLLIN;
	t->words[0] = '\0';
	return tell(t, ear, up ? TW_WIRE_UP : TW_WIRE_DONE, e);
}

bool
tw_wire_lose(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear,
             const char *words, struct tw_err *e)
{
	char copy[TW_WIRE_WORDS];

	/* What the server had said before it hung up is the better reason. */
	snprintf(copy, sizeof(copy), "%s",
	         w->refused && w->state != TW_WIRE_STARTING ? w->refusal : words);
	w->state = TW_WIRE_BUSY; /* nothing is sent any more */
	tw_wire_close(w);
	snprintf(t->words, sizeof(t->words), "%s", copy);
	return tell(t, ear, TW_WIRE_LOST, e);
}

bool
tw_wire_parse(struct tw_wire *w, struct tw_wire_target *t, const struct tw_wire_ear *ear, char type,
              const char *body, size_t n, struct tw_err *e)
{
	switch (type) {
	case 'R':
		return tw_wire_login(w, t, ear, body, n, e);
	case 'K':
		if (n >= 8) {
			w->pid = tw_wire_number(body);
			w->key = tw_wire_number(body + 4);
		}
		return true;
	case 'E':
		return error_read(w, t, ear, body, n, e);
	case 'N':
		report_read(body, n, t->words);
		return tell(t, ear, TW_WIRE_NOTICE, e);
	case 'D':
		row_read(body, n, t->words);
		return tell(t, ear, TW_WIRE_VALUE, e);
	case 'Z':
		return ready_read(w, t, ear, n >= 1 ? body[0] : 'I', e);
	case 'G':
	case 'H':
	case 'W':
		t->words[0] = '\0';
		return tell(t, ear, TW_WIRE_COPY, e);
	case 'S': /* a parameter */
	case 'T': /* a row's description */
	case 'C': /* a command is complete */
	case 'I': /* an empty one */
	case '1': /* parsed */
	case '2': /* bound */
	case 'n': /* no data */
	case 'A': /* a notification */
	case 'v': /* a lower minor version of the protocol */
	case 's': /* a portal is suspended */
		return true;
	default:
		return tw_wire_lose(w, t, ear, "the server does not speak the protocol", e);
	}
}
