/* What a search is made of, and what generated programs tell it.
 *
 * A generated program defines
 *
 *   WORDS, INSTANCES, SITES, PROPERTIES, READINGS, PREDICATES     sizes
 *   TERMINAL           whether a property asks for states that no action leads on from
 *   look(w, s)         evaluate the properties of the state s
 *   leave(w, s)        emit() each successor of s
 *   is_bound[site]     whether a failure there is a bound that was passed, or a defect
 *   canonical(s)       the representative of a state under symmetry (only with SYMMETRY)
 *   judge(w, s, …)     what the predicates come to of which it is asked whether they hold
 *                      eventually (only with EVENTUALLY)
 *
 * and, with FINGERPRINTS, wants 64 bits to be kept of each state instead of all its words.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef FINGERPRINTS
enum { KEY = 1 };
#else
enum { KEY = WORDS };
#endif
enum { BATCH = 128, PIECE = 256, AHEAD = 8, BLOCK = 256 };
enum { RECENT = KEY == 1 ? 1 << 14 : KEY == 2 ? 1 << 13 : 1 << 12 }; /* 128 KiB or more */
#define HOLE 0xffffffffu
enum { STOPPED = 1, STATES_LIMIT = 2, MEMORY_LIMIT = 3, DEPTH_LIMIT = 4 };

typedef struct {
  u32 found;    /* 0 no, 1 being written, 2 yes */
  u32 index;    /* entry of the state */
  u32 is_step;  /* whether `after` is what the step leads to */
  u32 instance; /* what was done in that step */
  u64 after[WORDS];
} Seen;

typedef struct {
  /* given */
  u64 max_states, max_bytes, max_depth, workers, room; /* room: entries there is space for */
  const char *checkpoint;  /* the file of it, or 0 */
  double checkpoint_every; /* seconds */
  u64 identity;            /* of the program: a checkpoint of another one is refused */
  u32 resumed, saved;      /* what became of reading and of writing it: see checkpoint.c */
  u64 restored;            /* states that were read */
  /* the table; entries, in the order in which states were found */
  u64 slots, grow; /* grow: entries from which on the table is made larger */
  u64 *table, *states;
  u32 *order, *parent;
  /* told while it runs, and afterwards */
  u64 distinct, generated, depth, level_end;
  u32 stop, status, pause;
  u32 overflow; /* an integer did not fit 64 bits: nothing that was found counts */
  u64 fired[INSTANCES + 1], fresh[INSTANCES + 1], sites[SITES + 1];
  Seen seen[PROPERTIES + 1], defect;
  /* what all workers write, away from what they only read */
  u64 apart[8], count, found, next, apart_too[8];
} Run;

#ifdef EVENTUALLY
#define NOBODY -1
typedef struct Graph Graph;
static void record_step(Worker *w, const u64 *s, const u64 *t);
static void record_cut(Worker *w);
#endif

typedef struct {
  u64 state[WORDS];
#ifdef FINGERPRINTS
  u64 key[1];
#endif
  u32 line, parent, instance;
} Pending;

struct __attribute__((aligned(128))) Worker {
  Run *run;
  u32 current, failed, shared, enabled;
  u32 pending, block, block_end, number;
  u64 distinct, told;
  double save_at;
  u64 readings[READINGS + 1]; /* the visited state, as each specification reads it */
  unsigned char still[PROPERTIES + 1]; /* whether a step to itself has each step property */
  const u64 *target;          /* what a step of a specification should lead to */
  int hit;                    /* whether one does */
  u64 fired[INSTANCES + 1], fresh[INSTANCES + 1], sites[SITES + 1];
  u64 recent[RECENT][KEY];
  Pending batch[BATCH];
  Pending *aside;
  u64 aside_count, aside_room;
#ifdef EVENTUALLY
  Graph *graph; /* in the second pass */
  int party;    /* whose the action is that is being tried */
#endif
};

static inline u64 mixed(u64 h, u64 value) {
  __uint128_t product = (__uint128_t)(value ^ h) * 0xd6e8feb86659fd93ULL;
  return ((u64)(product >> 64) ^ (u64)product) + 0x9e3779b97f4a7c15ULL;
}

static inline void fail(Worker *w, u32 site) {
  if (!w->failed) w->failed = site;
}

static void too_large(Worker *w) {
  __atomic_store_n(&w->run->overflow, 1, __ATOMIC_RELAXED);
  __atomic_store_n(&w->run->stop, STOPPED, __ATOMIC_RELAXED);
}

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
#ifdef EVENTUALLY
  if (w->graph) return 0;
#endif
  return !__atomic_load_n(&w->run->seen[property].found, __ATOMIC_RELAXED);
}
/* An action could not be finished: count the bound, or keep the first defect. */
static void stuck(Worker *w, u32 instance) {
  u32 site = w->failed;
  w->failed = 0;
#ifdef EVENTUALLY
  if (w->graph) {
    record_cut(w);
    return;
  }
#endif
  w->enabled++;
  w->sites[site]++;
  if (!is_bound[site]) note(w, &w->run->defect, 0, instance);
}
