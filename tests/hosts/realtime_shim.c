/* Preloaded before a host: counts what the thread inside `process` must not do. The host says when it is inside. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { MALLOC, FREE, LOCK, SLEEP, CALL, KINDS };
static const char *const names[KINDS] = {"allocation", "free", "lock", "sleep", "system call"};
static unsigned long counts[KINDS];
static __thread int inside __attribute__((tls_model("initial-exec")));

void realtime_enter(void) { inside = 1; }
void realtime_leave(void) { inside = 0; }

/* Prints what was counted since the last call, and returns all that was. */
unsigned long realtime_violations(void) {
    static unsigned long told[KINDS];
    unsigned long sum = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        unsigned long count = __atomic_load_n(&counts[kind], __ATOMIC_RELAXED);
        if (count > told[kind]) printf("  %lu x %s on the audio thread\n", count - told[kind], names[kind]);
        told[kind] = count;
        sum += count;
    }
    fflush(stdout);
    return sum;
}

/* What a render may do: sleep, and wake another thread. */
unsigned long realtime_waits(void) {
    return __atomic_load_n(&counts[SLEEP], __ATOMIC_RELAXED) + __atomic_load_n(&counts[CALL], __ATOMIC_RELAXED);
}

static void note(int kind) {
    if (inside) __atomic_fetch_add(&counts[kind], 1, __ATOMIC_RELAXED);
}

/* glibc's allocator under its own names: looking it up with dlsym would itself allocate. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

void *malloc(size_t size) { note(MALLOC); return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { note(MALLOC); return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { note(MALLOC); return __libc_realloc(old, size); }
void *memalign(size_t to, size_t size) { note(MALLOC); return __libc_memalign(to, size); }
void *aligned_alloc(size_t to, size_t size) { note(MALLOC); return __libc_memalign(to, size); }
int posix_memalign(void **place, size_t to, size_t size) {
    note(MALLOC);
    *place = __libc_memalign(to, size);
    return *place ? 0 : ENOMEM;
}
void free(void *memory) { if (memory) note(FREE); __libc_free(memory); }

#define NEXT(name) \
    static __typeof__(&name) next; \
    if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int pthread_mutex_lock(pthread_mutex_t *mutex) { note(LOCK); NEXT(pthread_mutex_lock); return next(mutex); }
int pthread_rwlock_rdlock(pthread_rwlock_t *lock) { note(LOCK); NEXT(pthread_rwlock_rdlock); return next(lock); }
int pthread_rwlock_wrlock(pthread_rwlock_t *lock) { note(LOCK); NEXT(pthread_rwlock_wrlock); return next(lock); }
int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
    note(LOCK); NEXT(pthread_cond_wait); return next(condition, mutex);
}
int nanosleep(const struct timespec *time, struct timespec *rest) { note(SLEEP); NEXT(nanosleep); return next(time, rest); }
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest) {
    note(SLEEP); NEXT(clock_nanosleep); return next(clock, flags, time, rest);
}
int usleep(useconds_t time) { note(SLEEP); NEXT(usleep); return next(time); }
int sched_yield(void) { note(SLEEP); NEXT(sched_yield); return next(); }
ssize_t read(int file, void *bytes, size_t size) { note(CALL); NEXT(read); return next(file, bytes, size); }
ssize_t write(int file, const void *bytes, size_t size) { note(CALL); NEXT(write); return next(file, bytes, size); }
int poll(struct pollfd *files, nfds_t count, int time) { note(CALL); NEXT(poll); return next(files, count, time); }
/* Rust's own locks and thread wake-ups come through here as futex calls. */
long syscall(long number, ...) {
    note(CALL);
    NEXT(syscall);
    va_list list;
    va_start(list, number);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
    long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
    va_end(list);
    return next(number, a, b, c, d, e, f);
}
