/* Preloaded (LD_PRELOAD) into the process under test: the k-th system call on a file in one folder is the last thing
 * the process does, fails, writes short, or hangs. Both CPython and SQLite reach the kernel through these functions.
 *
 * rehearse.py arms it, in the process itself, when its session begins; tests/reliability/stage.py compiles it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum kind { OPEN = 1, WRITE = 2, SYNC = 4, TRUNCATE = 8, RENAME = 16, UNLINK = 32, MKDIR = 64, READ = 128 };
enum act { COUNT, KILL, TORN_KILL, FAIL, SHORT, HANG, TAKE };

static char folder[PATH_MAX], victim[PATH_MAX], stand_in[PATH_MAX];
static size_t folder_length;
static atomic_int kinds, act, error_number, sticky;
static atomic_long due, seen, struck;

void failing_calls_arm(const char *in, int of, long at, int doing, int error, int again) {
	strncpy(folder, in, sizeof folder - 1);
	folder_length = strlen(folder);
	act = doing;
	error_number = error;
	sticky = again;
	due = at;
	seen = 0;
	struck = 0;
	kinds = of;
}
void failing_calls_victim(const char *path, const char *instead) {
	strncpy(victim, path, sizeof victim - 1);
	strncpy(stand_in, instead, sizeof stand_in - 1);
}
void failing_calls_mend(void) { act = COUNT; }
long failing_calls_seen(void) { return seen; }
long failing_calls_struck(void) { return struck; }

static int inside(const char *path) {
	return !strncmp(path, folder, folder_length) && (path[folder_length] == '/' || !path[folder_length]);
}

static int concerns(int fd, const char *path) {
	char link[32], name[PATH_MAX];
	ssize_t length;
	if (path && path[0] == '/')
		return inside(path);
	if (path && fd == AT_FDCWD) /* none of ours is relative */
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, name, sizeof name - 1);
	if (length <= 0)
		return 0;
	name[length] = 0;
	return inside(name);
}

/* What is to happen to this call: COUNT is nothing. */
static int turn(enum kind kind, int fd, const char *path) {
	int before = errno, what = COUNT;
	if ((kinds & kind) && concerns(fd, path)) {
		long number = seen++;
		if (act != COUNT && (number == due || (sticky && number > due))) {
			what = act;
			struck++;
		}
	}
	errno = before;
	return what;
}

/* The victim is deleted, and a folder renamed; its stand-in, if it has one, comes in its place. */
static void take(void) {
	if (syscall(SYS_unlinkat, AT_FDCWD, victim, 0) && errno == EISDIR) {
		char away[PATH_MAX + 8];
		snprintf(away, sizeof away, "%s.taken", victim);
		syscall(SYS_renameat2, AT_FDCWD, victim, AT_FDCWD, away, 0);
	}
	if (*stand_in)
		syscall(SYS_renameat2, AT_FDCWD, stand_in, AT_FDCWD, victim, 0);
}

/* Whether the call fails. Does not come back from a kill; from a hang it does when it is mended. */
static int fails(int what) {
	if (what == KILL)
		kill(getpid(), SIGKILL);
	if (what == TAKE)
		take();
	while (what == HANG && act == HANG)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	if (what == FAIL)
		errno = error_number;
	return what == FAIL;
}

#define OPENS(name, real)                                                                     \
	int name(const char *path, int flags, ...) {                                              \
		mode_t mode = 0;                                                                      \
		if (flags & (O_CREAT | __O_TMPFILE)) {                                                \
			va_list rest;                                                                     \
			va_start(rest, flags);                                                            \
			mode = va_arg(rest, mode_t);                                                      \
			va_end(rest);                                                                     \
		}                                                                                     \
		if (fails(turn(OPEN, AT_FDCWD, path)))                                                \
			return -1;                                                                        \
		return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, real))(path, flags, mode);   \
	}
OPENS(open, "open")
OPENS(open64, "open64")

/* A write may also be cut in the middle: SHORT comes back, TORN_KILL does not. */
#define WRITES(name, parameters, types, ...)                                                  \
	ssize_t name parameters {                                                                 \
		int what = turn(WRITE, fd, NULL);                                                     \
		if (fails(what))                                                                      \
			return -1;                                                                        \
		if ((what == SHORT || what == TORN_KILL) && size > 1)                                 \
			size /= 2;                                                                        \
		ssize_t done = ((ssize_t(*) types)dlsym(RTLD_NEXT, #name))(__VA_ARGS__);              \
		if (what == TORN_KILL)                                                                \
			kill(getpid(), SIGKILL);                                                          \
		return done;                                                                          \
	}
WRITES(write, (int fd, const void *from, size_t size), (int, const void *, size_t), fd, from, size)
WRITES(pwrite, (int fd, const void *from, size_t size, off_t at), (int, const void *, size_t, off_t), fd, from, size, at)
WRITES(pwrite64, (int fd, const void *from, size_t size, off64_t at), (int, const void *, size_t, off64_t), fd, from,
       size, at)

#define PLAIN(kind, result, name, fd, path, parameters, types, ...)                           \
	result name parameters {                                                                  \
		if (fails(turn(kind, fd, path)))                                                      \
			return -1;                                                                        \
		return ((result(*) types)dlsym(RTLD_NEXT, #name))(__VA_ARGS__);                       \
	}
PLAIN(SYNC, int, fsync, fd, NULL, (int fd), (int), fd)
PLAIN(SYNC, int, fdatasync, fd, NULL, (int fd), (int), fd)
PLAIN(TRUNCATE, int, ftruncate, fd, NULL, (int fd, off_t to), (int, off_t), fd, to)
PLAIN(TRUNCATE, int, ftruncate64, fd, NULL, (int fd, off64_t to), (int, off64_t), fd, to)
PLAIN(RENAME, int, rename, AT_FDCWD, to, (const char *from, const char *to), (const char *, const char *), from, to)
PLAIN(UNLINK, int, unlink, AT_FDCWD, path, (const char *path), (const char *), path)
PLAIN(MKDIR, int, mkdir, AT_FDCWD, path, (const char *path, mode_t mode), (const char *, mode_t), path, mode)
PLAIN(READ, ssize_t, read, fd, NULL, (int fd, void *to, size_t size), (int, void *, size_t), fd, to, size)
PLAIN(READ, ssize_t, pread, fd, NULL, (int fd, void *to, size_t size, off_t at), (int, void *, size_t, off_t), fd, to,
      size, at)
PLAIN(READ, ssize_t, pread64, fd, NULL, (int fd, void *to, size_t size, off64_t at), (int, void *, size_t, off64_t), fd,
      to, size, at)
