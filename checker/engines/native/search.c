/* Breadth-first search over packed states.
 *
 * This file is compiled behind a generated program, which defines
 *
 *   WORDS, INSTANCES, SITES, PROPERTIES, READINGS     sizes
 *   visit(w, s)        evaluate the properties of the state s, then emit() each successor
 *   is_bound[site]     whether a failure there is a bound that was passed, or a defect
 *   canonical(s)       the representative of a state under symmetry (only with SYMMETRY)
 *
 * States lie in one open-addressing table; a free slot's first word is 0.  `order` lists the
 * slots in the order in which states were found: it is the queue, and `parent` beside it says
 * from which entry each was found.  Insertions are collected in batches, so that the table's
 * memory is on its way before it is needed.
 *
 * Levels are explored by all workers together and end at a barrier.  When the table is nearly
 * full, workers put what they find aside and finish their piece; one then makes it larger.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { BATCH = 128, PIECE = 256, AHEAD = 8, BLOCK = 256, DOUBLING = 1 << 24 };
#define HOLE 0xffffffffu
enum { STOPPED = 1, STATES_LIMIT = 2, MEMORY_LIMIT = 3, DEPTH_LIMIT = 4 };
enum { BUSY = 2 }; /* in a slot's first word, while another worker writes the others */

typedef struct {
  u32 found;    /* 0 no, 1 being written, 2 yes */
  u32 index;    /* entry of the state */
  u32 is_step;  /* whether `after` is what the step leads to */
  u32 instance; /* what was done in that step */
  u64 after[WORDS];
} Seen;

typedef struct {
  /* given */
  u64 slots, max_states, max_bytes, max_depth, workers, room; /* room: entries of order */
  /* told while it runs, and afterwards */
  u64 *table;
  u32 *order, *parent;
  u64 count, distinct, generated, depth, level_end;
  u32 stop, status;
  u64 fired[INSTANCES + 1], fresh[INSTANCES + 1], sites[SITES + 1];
  Seen seen[PROPERTIES + 1], defect;
  u64 next, grow;
  u32 overflow; /* an integer did not fit 64 bits: nothing that was found counts */
} Run;

typedef struct {
  u64 state[WORDS], hash;
  u32 parent, instance;
} Pending;

struct Worker {
  Run *run;
  u32 current, failed, shared, enabled;
  u32 pending, block, block_end;
  u64 distinct;
  u64 readings[READINGS + 1]; /* the visited state, as each specification reads it */
  const u64 *target;          /* what a step of a specification should lead to */
  int hit;                    /* whether one does */
  u64 fired[INSTANCES + 1], fresh[INSTANCES + 1], sites[SITES + 1];
  Pending batch[BATCH];
  Pending *aside;
  u64 aside_count, aside_room;
};

static inline void fail(Worker *w, u32 site) {
  if (!w->failed) w->failed = site;
}

static void too_large(Worker *w) {
  __atomic_store_n(&w->run->overflow, 1, __ATOMIC_RELAXED);
  __atomic_store_n(&w->run->stop, STOPPED, __ATOMIC_RELAXED);
}

static inline u64 hash_of(const u64 *s) {
  u64 h = 0x9e3779b97f4a7c15ULL;
  for (int i = 0; i < WORDS; i++) {
    __uint128_t product = (__uint128_t)(s[i] ^ h) * 0xd6e8feb86659fd93ULL;
    h = (u64)(product >> 64) ^ (u64)product;
  }
  return h;
}
static inline u64 slot_of(const Run *run, u64 hash) {
  return (u64)(((__uint128_t)hash * run->slots) >> 64);
}
static inline int equal(const u64 *a, const u64 *b) {
  for (int i = 0; i < WORDS; i++)
    if (a[i] != b[i]) return 0;
  return 1;
}

/* ---------------------------------------------------------------- seeing */

static void note(Worker *w, Seen *seen, const u64 *after, u32 instance) {
  u32 none = 0;
  if (!__atomic_compare_exchange_n(&seen->found, &none, 1, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    return;
  seen->index = w->current;
  seen->instance = instance;
  seen->is_step = after != 0;
  if (after) memcpy(seen->after, after, sizeof seen->after);
  __atomic_store_n(&seen->found, 2, __ATOMIC_RELEASE);
}
static inline int pending(const Worker *w, u32 property) {
  return !__atomic_load_n(&w->run->seen[property].found, __ATOMIC_RELAXED);
}
/* An action could not be finished: count the bound, or keep the first defect. */
static void stuck(Worker *w, u32 instance) {
  u32 site = w->failed;
  w->failed = 0;
  w->enabled++;
  w->sites[site]++;
  if (!is_bound[site]) note(w, &w->run->defect, 0, instance);
}

/* ---------------------------------------------------------------- the table */

static inline u64 entry(Worker *w) {
  Run *run = w->run;
  if (!w->shared) return run->count++;
  if (w->block == w->block_end) {
    w->block = (u32)__atomic_fetch_add(&run->count, BLOCK, __ATOMIC_RELAXED);
    w->block_end = w->block + BLOCK;
    for (u32 i = w->block; i < w->block_end; i++) run->order[i] = HOLE;
  }
  return w->block++;
}

/* The slot of a state, or of a free one taken for it (*fresh). */
static inline u64 find(Worker *w, const u64 *s, u64 hash, int *fresh) {
  Run *run = w->run;
  u64 p = slot_of(run, hash);
  for (;;) {
    u64 *slot = run->table + p * WORDS;
    u64 first = w->shared ? __atomic_load_n(slot, __ATOMIC_ACQUIRE) : *slot;
    if (!first) {
      if (!w->shared) {
        memcpy(slot, s, sizeof(u64) * WORDS);
        *fresh = 1;
        return p;
      }
      if (__atomic_compare_exchange_n(slot, &first, WORDS == 1 ? s[0] : BUSY, 0, __ATOMIC_ACQ_REL,
                                      __ATOMIC_ACQUIRE)) {
        for (int i = 1; i < WORDS; i++) __atomic_store_n(slot + i, s[i], __ATOMIC_RELAXED);
        if (WORDS > 1) __atomic_store_n(slot, s[0], __ATOMIC_RELEASE);
        *fresh = 1;
        return p;
      }
    }
    while (WORDS > 1 && first == BUSY) first = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
    if (first == s[0]) {
      int same = 1;
      for (int i = 1; i < WORDS; i++)
        same &= (w->shared ? __atomic_load_n(slot + i, __ATOMIC_RELAXED) : slot[i]) == s[i];
      if (same) {
        *fresh = 0;
        return p;
      }
    }
    if (++p == run->slots) p = 0;
  }
}

static void put_aside(Worker *w, const Pending *item) {
  if (w->aside_count == w->aside_room) {
    u64 room = w->aside_room ? 2 * w->aside_room : 1024;
    Pending *larger = realloc(w->aside, room * sizeof *larger);
    if (!larger) {
      __atomic_store_n(&w->run->stop, MEMORY_LIMIT, __ATOMIC_RELAXED);
      return;
    }
    w->aside = larger, w->aside_room = room;
  }
  w->aside[w->aside_count++] = *item;
}

static inline void insert(Worker *w, const Pending *item) {
  int fresh;
  u64 slot = find(w, item->state, item->hash, &fresh);
  if (!fresh) return;
  Run *run = w->run;
  u64 at = entry(w);
  run->order[at] = (u32)slot;
  run->parent[at] = item->parent;
  w->fresh[item->instance]++;
  w->distinct++;
}

static void flush(Worker *w) {
  Run *run = w->run;
  u64 used = w->shared ? __atomic_load_n(&run->count, __ATOMIC_RELAXED) : run->count;
  if (used + (BATCH + BLOCK) * run->workers >= run->grow) {
    for (u32 i = 0; i < w->pending; i++) put_aside(w, &w->batch[i]);
  } else {
    for (u32 i = 0; i < w->pending; i++) insert(w, &w->batch[i]);
  }
  w->pending = 0;
}

/* What an action leads to, from `s` to `t`.  Staying where one is needs no looking up. */
static inline void emit(Worker *w, const u64 *s, const u64 *t, u32 instance) {
  Pending *item = &w->batch[w->pending];
  memcpy(item->state, t, sizeof item->state);
#ifdef SYMMETRY
  canonical(item->state);
#endif
  w->fired[instance]++;
  w->enabled++;
  if (s && equal(s, item->state)) return;
  item->hash = hash_of(item->state);
  item->parent = w->current, item->instance = instance;
  __builtin_prefetch(w->run->table + slot_of(w->run, item->hash) * WORDS, 1);
  if (++w->pending == BATCH) flush(w);
}

static void *reserve(u64 bytes) {
  void *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return 0;
#ifdef MADV_HUGEPAGE
  madvise(p, bytes, MADV_HUGEPAGE);
#endif
  return p;
}

static u64 limit_of(u64 slots) { return slots - slots / 6; }

/* Make the table larger.  Slots keep their order, so both tables are gone through in sequence;
 * the old one then says where each state went, for the entries that name it.  0 where memory
 * does not allow.
 */
static int enlarge(Run *run) {
  u64 old_slots = run->slots, bytes = sizeof(u64) * WORDS;
  u64 slots = old_slots < DOUBLING ? 2 * old_slots : old_slots + old_slots / 2;
  if (slots >= HOLE || (slots + old_slots) * bytes + run->count * 8 > run->max_bytes) return 0;
  u64 *old = run->table, *larger = reserve(slots * bytes);
  if (!larger) return 0;
  run->table = larger, run->slots = slots, run->grow = limit_of(slots);
  for (u64 i = 0; i < old_slots; i++) {
    u64 *s = old + i * WORDS;
    if (!s[0]) continue;
    u64 p = slot_of(run, hash_of(s));
    while (larger[p * WORDS])
      if (++p == slots) p = 0;
    memcpy(larger + p * WORDS, s, bytes);
    s[0] = p;
  }
  for (u64 i = 0; i < run->count; i++) {
    if (i + 16 < run->count && run->order[i + 16] != HOLE)
      __builtin_prefetch(old + (u64)run->order[i + 16] * WORDS);
    if (run->order[i] != HOLE) run->order[i] = (u32)old[(u64)run->order[i] * WORDS];
  }
  munmap(old, old_slots * bytes);
  return 1;
}

/* Have room for so many states more, and for a batch and a block of each worker; 0 where memory
 * does not allow.
 */
static int make_room(Run *run, u64 more) {
  u64 needed = run->count + more + (BATCH + BLOCK) * run->workers;
  while (run->grow <= needed) {
    if (!enlarge(run) || needed > run->room) {
      run->stop = MEMORY_LIMIT;
      return 0;
    }
  }
  return 1;
}

/* ---------------------------------------------------------------- levels */

static void explore(Worker *w) {
  Run *run = w->run;
  for (u64 i = 0; i < w->aside_count; i++) insert(w, &w->aside[i]);
  w->aside_count = 0;
  while (!__atomic_load_n(&run->stop, __ATOMIC_RELAXED) && !w->aside_count) {
    u64 from = w->shared ? __atomic_fetch_add(&run->next, PIECE, __ATOMIC_RELAXED) : run->next;
    u64 to = from + PIECE < run->level_end ? from + PIECE : run->level_end;
    if (from >= run->level_end) break;
    if (!w->shared) run->next = to;
    for (u64 i = from; i < to; i++) {
      if (i + AHEAD < to && run->order[i + AHEAD] != HOLE)
        __builtin_prefetch(run->table + (u64)run->order[i + AHEAD] * WORDS);
      if (run->order[i] == HOLE) continue;
      u64 s[WORDS];
      memcpy(s, run->table + (u64)run->order[i] * WORDS, sizeof s);
      w->current = (u32)i;
      visit(w, s);
    }
    if (__atomic_load_n(&run->count, __ATOMIC_RELAXED) >= run->max_states)
      __atomic_store_n(&run->stop, STATES_LIMIT, __ATOMIC_RELAXED);
  }
  flush(w);
}

typedef struct {
  Run *run;
  Worker *worker;
  pthread_barrier_t *barrier;
  int *done;
} Seat;

static void *sit(void *given) {
  Seat *seat = given;
  for (;;) {
    pthread_barrier_wait(seat->barrier);
    if (*seat->done) return 0;
    explore(seat->worker);
    pthread_barrier_wait(seat->barrier);
  }
}

static void gather(Run *run, Worker *workers) {
  memset(run->fired, 0, sizeof run->fired);
  memset(run->fresh, 0, sizeof run->fresh);
  memset(run->sites, 0, sizeof run->sites);
  u64 distinct = 0, generated = 0;
  for (u64 k = 0; k < run->workers; k++) {
    Worker *w = &workers[k];
    for (int i = 0; i <= INSTANCES; i++) {
      run->fired[i] += w->fired[i], run->fresh[i] += w->fresh[i];
      generated += w->fired[i];
    }
    for (int i = 0; i <= SITES; i++) run->sites[i] += w->sites[i];
    distinct += w->distinct;
  }
  run->distinct = distinct, run->generated = generated;
}

/* One level, in as many turns as the table has to be made larger; 0 when the search must end. */
static int level(Run *run, Worker *workers, pthread_barrier_t *barrier) {
  for (;;) {
    if (run->workers > 1) pthread_barrier_wait(barrier);
    explore(&workers[0]);
    if (run->workers > 1) pthread_barrier_wait(barrier);
    gather(run, workers);
    u64 aside = 0;
    for (u64 k = 0; k < run->workers; k++) aside += workers[k].aside_count;
    if (run->stop) return 0;
    if (aside) {
      if (!make_room(run, aside)) return 0;
      continue;
    }
    if (run->next >= run->level_end) return 1;
  }
}

/* Search from `starts` (WORDS words each).  The arrays of the run are freed by finish(). */
int search(Run *run, const u64 *starts, u64 count) {
  run->table = reserve(run->slots * sizeof(u64) * WORDS);
  run->order = reserve(run->room * sizeof(u32));
  run->parent = reserve(run->room * sizeof(u32));
  Worker *workers = calloc(run->workers, sizeof *workers);
  if (!run->table || !run->order || !run->parent || !workers) return -1;
  run->grow = limit_of(run->slots);
  pthread_barrier_t barrier;
  int done = 0;
  for (u64 k = 0; k < run->workers; k++) workers[k].run = run;
  for (u64 i = 0; i < count && make_room(run, 1); i++) {
    workers[0].current = (u32)run->count;
    emit(&workers[0], 0, starts + i * WORDS, INSTANCES);
    flush(&workers[0]);
  }
  pthread_t *threads = calloc(run->workers, sizeof *threads);
  Seat *seats = calloc(run->workers, sizeof *seats);
  if (run->workers > 1) {
    pthread_barrier_init(&barrier, 0, (unsigned)run->workers);
    for (u64 k = 0; k < run->workers; k++) {
      workers[k].shared = 1;
      seats[k] = (Seat){run, &workers[k], &barrier, &done};
      if (k) pthread_create(&threads[k], 0, sit, &seats[k]);
    }
  }
  run->next = 0;
  gather(run, workers);
  for (;;) {
    for (u64 k = 0; k < run->workers; k++) workers[k].block = workers[k].block_end = 0;
    run->level_end = run->count;
    if (run->stop || run->next >= run->level_end) break;
    run->depth++;
    if (!level(run, workers, &barrier)) break;
    run->next = run->level_end;
    if (run->depth >= run->max_depth && run->count > run->level_end) {
      run->stop = DEPTH_LIMIT;
      break;
    }
  }
  run->status = run->stop;
  if (run->workers > 1) {
    done = 1;
    pthread_barrier_wait(&barrier);
    for (u64 k = 1; k < run->workers; k++) pthread_join(threads[k], 0);
    pthread_barrier_destroy(&barrier);
  }
  for (u64 k = 0; k < run->workers; k++) free(workers[k].aside);
  free(workers), free(threads), free(seats);
  return 0;
}

void state_at(const Run *run, u64 index, u64 *words) {
  memcpy(words, run->table + (u64)run->order[index] * WORDS, sizeof(u64) * WORDS);
}

void finish(Run *run) {
  munmap(run->table, run->slots * sizeof(u64) * WORDS);
  munmap(run->order, run->room * sizeof(u32));
  munmap(run->parent, run->room * sizeof(u32));
}

u64 size_of_run(void) { return sizeof(Run); }
