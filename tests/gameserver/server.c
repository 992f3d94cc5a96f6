/* SPDX-License-Identifier: ISC */
/* A small real game server, on which twpool's tests and demo deploy a pooler. It has the traits
 * that decide whether a deploy works: a connection per player held from login to leave, no
 * reconnect, transactions in separate calls, and one mutex around all of libpq. */
#include "config.h"
#include "engine.h"
#include "log.h"
#include "options.h"
#include "session.h"
#include "setup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

enum { STOP_SECONDS = 5, BACKLOG = 1024 };

struct choices {
	const char *config;
	int listen;
	int dsn_buffer;
	int lock, send, think_ms;
	bool reconnect, setup, help, version;
};

static const struct gs_statement start_statements[] = {
	{ "INSERT INTO server_log (event) VALUES ('start')", 0 },
};

static const struct gs_statement stop_statements[] = {
	{ "INSERT INTO server_log (event) VALUES ('stop')", 0 },
};

/* listen_on returns a listening socket on 127.0.0.1, or -1; *port gets the real port where it
 * was 0. */
static int
listen_on(int *port, struct gs_err *e)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)*port) };
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socklen_t len = sizeof at;
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
		gs_fail(e, EX_UNAVAILABLE, "127.0.0.1:%d: %s", *port, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*port = ntohs(at.sin_port);
	return fd;
}

/* block_signals turns SIGTERM and SIGINT into something to read, for this thread and those it
 * will start. */
static int
block_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* accept_until_signal is the main thread's life. */
static void
accept_until_signal(struct gs_sessions *sessions, int listener, int signals)
{
	struct pollfd fds[] = { { listener, POLLIN, 0 }, { signals, POLLIN, 0 } };
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents)
			return;
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			gs_session_start(sessions, fd);
		} else {
			gs_log(GS_ERROR, "accept: %s", strerror(errno));
			/* Out of descriptors the listener stays readable: do not spin. */
			poll(&fds[1], 1, 100);
		}
	}
}

/* say writes one of the main thread's words into the database. This needs the database lock,
 * so a frozen server never gets past its good-bye. */
static void
say(struct gs_db *db, const struct gs_statement *statements)
{
	struct gs_err e;
	if (!gs_db_transaction(db, statements, 1, NULL, 0, NULL, &e))
		gs_log(GS_ERROR, "DB error in the main thread: %s", e.msg);
}

/* play runs the game on two open connections, from listen to good-bye. */
static bool
play(struct gs_source *source, struct gs_db *db, struct gs_engine *engine, int port,
     struct gs_err *e)
{
	struct gs_sessions sessions = { source, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
		                        NULL };
	int signals = block_signals();
	int listener = listen_on(&port, e);
	if (listener < 0 || !gs_engine_start(engine, e)) {
		close(listener);
		close(signals);
		return false;
	}
	say(db, start_statements);
	gs_log(GS_INFO, "listening on 127.0.0.1:%d", port);

	accept_until_signal(&sessions, listener, signals);
	gs_log(GS_INFO, "stopping");
	close(listener);
	close(signals);
	say(db, stop_statements);
	if (!gs_sessions_stop(&sessions, STOP_SECONDS)) {
		/* Their threads use what would be freed now. */
		gs_log(GS_WARNING, "some players are stuck, leaving without them");
		_exit(0);
	}
	gs_engine_stop(engine);
	gs_log(GS_INFO, "stopped");
	return true;
}

/* run opens the two connections of the server's own and plays. */
static int
run(const struct choices *choices, const char *dsn)
{
	struct gs_source source = { dsn,
		                    choices->lock,
		                    choices->send,
		                    choices->reconnect,
		                    choices->think_ms,
		                    PTHREAD_MUTEX_INITIALIZER };
	struct gs_db db = GS_DB_INIT;
	struct gs_engine engine = GS_ENGINE_INIT;
	struct gs_err e = GS_ERR_INIT;
	bool ok = gs_db_open(&db, &source, &e) && gs_db_open(&engine.db, &source, &e);
	if (!ok) {
		gs_log(GS_ERROR, "DB connect failed: %s", e.msg);
	} else {
		ok = play(&source, &db, &engine, choices->listen, &e);
		if (!ok)
			gs_log(GS_ERROR, "%s", e.msg);
	}
	gs_db_close(&engine.db);
	gs_db_close(&db);
	return ok ? 0 : 1;
}

static int
fail(const struct gs_err *e)
{
	fprintf(stderr, "server: %s\n", e->msg);
	return e->exit;
}

int
main(int argc, char **argv)
{
	struct choices c = { .config = "bin/bigbang.json", .listen = 7777, .dsn_buffer = 512 };
	const struct gs_option rows[] = {
		{ "config", GS_TEXT, &c.config, "FILE", "the DSNs (bin/bigbang.json)", 0, 0 },
		{ "listen", GS_INT, &c.listen, "PORT", "on 127.0.0.1 (7777); 0: any", 0, 65535 },
		{ "lock", GS_CHOICE, &c.lock, "process|thread", "held in libpq calls (process)", 0,
		  0 },
		{ "statements", GS_CHOICE, &c.send, "separate|single",
		  "how a transaction is sent (separate)", 0, 0 },
		{ "think-in-transaction", GS_INT, &c.think_ms, "MS", "before COMMIT (0)", 0,
		  600000 },
		{ "reconnect", GS_FLAG, &c.reconnect, NULL, "reset a lost connection", 0, 0 },
		{ "dsn-buffer", GS_INT, &c.dsn_buffer, "BYTES", "cut longer DSNs (512)", 1,
		  1000000 },
		{ "setup", GS_FLAG, &c.setup, NULL, "create the tables through \"admin\"", 0, 0 },
		{ "help", GS_FLAG, &c.help, NULL, "this text", 0, 0 },
		{ "version", GS_FLAG, &c.version, NULL, "one line", 0, 0 },
	};
	const size_t n = sizeof rows / sizeof *rows;
	struct gs_config config = GS_CONFIG_INIT;
	struct gs_err e = GS_ERR_INIT;

	if (!gs_options_parse(argc, argv, rows, n, &e))
		return fail(&e);
	if (c.help)
		gs_options_help("server [OPTION]...", rows, n);
	if (c.version)
		puts("twpool sample game server 1");
	if (c.help || c.version)
		return 0;
	if (!gs_config_read(c.config, (size_t)c.dsn_buffer, &config, &e))
		return fail(&e);

	int code = 0;
	if (c.setup)
		code = gs_setup(&config, &e) ? 0 : fail(&e);
	else
		code = run(&c, config.app);
	gs_config_free(&config);
	return code;
}
