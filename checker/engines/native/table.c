/* The states that were found: an open-addressing table, and the order in which they were.
 *
 * A slot holds a state (or its fingerprint); a free slot's first word is 0.  Slots lie in lines
 * of memory, as many as one holds, and all slots of a line are compared at once: a search does
 * little else than ask for states it has, and a branch for each slot would cost more than the
 * memory.  `order` says in which slot each entry lies: it is the queue; `parent` beside it says
 * from which entry each was found.
 *
 * What is emitted is collected in batches, so that its line is on its way before it is needed.
 * When the table is nearly full, workers put what they find aside and finish their piece; then
 * all of them together move the states to a larger one.
 */
/* Plain code gains nothing from it, and the header alone is a third of compiling that. */
#if defined __AVX512F__ && defined __OPTIMIZE__ && !defined __SANITIZE_THREAD__
#include <immintrin.h>
#define WHOLE_LINES
#endif

enum { LANES = KEY == 1 ? 8 : KEY == 2 ? 4 : KEY <= 4 ? 2 : 1 };
enum { BUSY = 2 }; /* in a slot's first word, while another worker writes the others */

/* ---------------------------------------------------------------- where a state belongs */

static inline u64 hash_of(const u64 *key) {
  u64 h = 0x9e3779b97f4a7c15ULL;
  for (int i = 0; i < KEY; i++) {
    __uint128_t product = (__uint128_t)(key[i] ^ h) * 0xd6e8feb86659fd93ULL;
    h = (u64)(product >> 64) ^ (u64)product;
  }
  return h;
}
static inline u32 line_of(u64 slots, u64 hash) {
  return (u32)(((__uint128_t)hash * (slots / LANES)) >> 64);
}

#ifdef FINGERPRINTS
static inline u64 fingerprint(const u64 *s) {
  u64 h = 0x9e3779b97f4a7c15ULL;
  for (int i = 0; i < WORDS; i++) {
    h ^= s[i];
    h ^= h >> 32, h *= 0xd6e8feb86659fd93ULL;
    h ^= h >> 32, h *= 0xd6e8feb86659fd93ULL;
    h ^= h >> 32;
  }
  return h ? h : 1;
}
#endif
static inline const u64 *key_of(const Pending *item) {
#ifdef FINGERPRINTS
  return item->key;
#else
  return item->state;
#endif
}
/* The state of an entry that is in the queue. */
static inline const u64 *state_of(const Run *run, u64 index) {
#ifdef FINGERPRINTS
  return run->states + index * WORDS;
#else
  return run->table + (u64)run->order[index] * WORDS;
#endif
}

/* ---------------------------------------------------------------- finding and taking slots */

typedef struct {
  u32 same, taken, busy; /* a bit for each slot of the line */
} Line;

static inline Line compare(u64 *at, const u64 *key, const int shared) {
  Line line = {0, 0, 0};
#ifdef WHOLE_LINES
  if (KEY == 1) { /* other workers change a word at once, from 0, and never again */
    __m512i words = _mm512_load_si512(at);
    line.same = _mm512_cmpeq_epi64_mask(words, _mm512_set1_epi64((i64)key[0]));
    line.taken = _mm512_test_epi64_mask(words, words);
    return line;
  }
#endif
  for (int i = 0; i < LANES; i++) {
    u64 *slot = at + i * KEY;
    u64 first = shared ? __atomic_load_n(slot, __ATOMIC_ACQUIRE) : *slot;
    u32 same = first == key[0];
    for (int k = 1; k < KEY; k++)
      same &= (shared ? __atomic_load_n(slot + k, __ATOMIC_RELAXED) : slot[k]) == key[k];
    line.same |= same << i;
    line.taken |= (u32)(first != 0) << i;
    if (KEY > 1 && shared) line.busy |= (u32)(first == BUSY) << i;
  }
  return line;
}

/* Write a key into a free slot; 0 where another worker was faster. */
static inline int take(u64 *slot, const u64 *key, const int shared) {
  if (!shared) {
    for (int k = 0; k < KEY; k++) slot[k] = key[k];
    return 1;
  }
  u64 none = 0;
  if (!__atomic_compare_exchange_n(slot, &none, KEY == 1 ? key[0] : BUSY, 0, __ATOMIC_ACQ_REL,
                                   __ATOMIC_ACQUIRE))
    return 0;
  for (int k = 1; k < KEY; k++) __atomic_store_n(slot + k, key[k], __ATOMIC_RELAXED);
  if (KEY > 1) __atomic_store_n(slot, key[0], __ATOMIC_RELEASE);
  return 1;
}

/* The slot of a key, or a free one that is taken for it (*fresh). */
static inline u64 find(u64 *table, u64 slots, u64 line, const u64 *key, int *fresh,
                       const int shared) {
  for (;;) {
    u64 *at = table + line * (LANES * KEY);
    Line seen = compare(at, key, shared);
    if (seen.same) {
      *fresh = 0;
      return line * LANES + (u64)__builtin_ctz(seen.same);
    }
    if (seen.busy) continue;
    if (seen.taken == (1u << LANES) - 1) {
      if (++line == slots / LANES) line = 0;
      continue;
    }
    u32 lane = (u32)__builtin_ctz(~seen.taken);
    if (!take(at + lane * KEY, key, shared)) continue;
    *fresh = 1;
    return line * LANES + lane;
  }
}

/* ---------------------------------------------------------------- insertions */

static inline u64 entry(Worker *w, const int shared) {
  Run *run = w->run;
  if (!shared) return run->count++;
  if (w->block == w->block_end) {
    w->block = (u32)__atomic_fetch_add(&run->count, BLOCK, __ATOMIC_RELAXED);
    w->block_end = w->block + BLOCK;
    for (u32 i = w->block; i < w->block_end; i++) run->order[i] = HOLE;
  }
  return w->block++;
}

static inline void insert(Worker *w, const Pending *item, const int shared) {
  Run *run = w->run;
  int fresh;
  u64 slot = find(run->table, run->slots, item->line, key_of(item), &fresh, shared);
  if (!fresh) return;
  u64 at = entry(w, shared);
  run->order[at] = (u32)slot;
  run->parent[at] = item->parent;
#ifdef FINGERPRINTS
  memcpy(run->states + at * WORDS, item->state, sizeof item->state);
#endif
  w->fresh[item->instance]++;
  w->distinct++;
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

static void flush(Worker *w) {
  Run *run = w->run;
  u64 used = __atomic_load_n(&run->count, __ATOMIC_RELAXED);
  if (used + (BATCH + BLOCK) * run->workers >= run->grow) {
    for (u32 i = 0; i < w->pending; i++) put_aside(w, &w->batch[i]);
  } else if (w->shared) {
    for (u32 i = 0; i < w->pending; i++) insert(w, &w->batch[i], 1);
  } else {
    for (u32 i = 0; i < w->pending; i++) insert(w, &w->batch[i], 0);
  }
  w->pending = 0;
}

static void insert_aside(Worker *w) {
  for (u64 i = 0; i < w->aside_count; i++) {
    Pending *item = &w->aside[i];
    item->line = line_of(w->run->slots, hash_of(key_of(item))); /* it was another table's */
    insert(w, item, (int)w->shared);
  }
  w->aside_count = 0;
}

/* Most of what is found again was found a moment ago: that needs no looking up. */
static inline int emitted_lately(Worker *w, const u64 *key, u64 hash) {
  u64 *recent = w->recent[hash % RECENT];
  if (!memcmp(recent, key, sizeof(u64) * KEY)) return 1;
  memcpy(recent, key, sizeof(u64) * KEY);
  return 0;
}

/* What an action leads to, from `s` to `t`; staying where one is leads nowhere. */
static inline void emit(Worker *w, const u64 *s, const u64 *t, u32 instance) {
#ifdef EVENTUALLY
  if (w->graph) {
    record_step(w, s, t);
    return;
  }
#endif
  Pending *item = &w->batch[w->pending];
  memcpy(item->state, t, sizeof item->state);
  w->fired[instance]++;
  if (TERMINAL) w->enabled++;
#ifdef SYMMETRY
  canonical(item->state);
#endif
  if (s && !memcmp(s, item->state, sizeof item->state)) return;
#ifdef FINGERPRINTS
  item->key[0] = fingerprint(item->state);
#endif
  u64 hash = hash_of(key_of(item));
  if (emitted_lately(w, key_of(item), hash)) return;
  item->line = line_of(w->run->slots, hash);
  item->parent = w->current, item->instance = instance;
  __builtin_prefetch(w->run->table + (u64)item->line * (LANES * KEY), 1);
  if (++w->pending == BATCH) flush(w);
}

/* ---------------------------------------------------------------- a larger table */

static void *reserve(u64 bytes) {
  void *p = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) return 0;
#ifdef MADV_HUGEPAGE
  madvise(p, bytes, MADV_HUGEPAGE);
#endif
  return p;
}

/* Entries from which on the table is too full, or there is no space to list them.
 *
 * A table is made larger when 7 of 8 slots are taken, and by so little that a state, with what is
 * kept beside it, never takes more than half as much again as its words and one more.
 */
static u64 limit_of(const Run *run) {
  u64 full = run->slots - run->slots / 8;
  return full < run->room ? full : run->room;
}

static u64 larger_than(u64 slots) { return slots + slots / 8 * (KEY == 1 ? 6 : 3); }

typedef struct {
  u64 *from, *to, from_slots, to_slots, next, next_entry;
} Moving;

/* A worker's share of the move.  Slots keep their order, so both tables are gone through in
 * sequence.  The old slot then says which the new one is.
 */
static void move_slots(Moving *m, const int shared) {
  const u64 piece = 1 << 15;
  for (;;) {
    u64 begin = __atomic_fetch_add(&m->next, piece, __ATOMIC_RELAXED);
    if (begin >= m->from_slots) return;
    u64 end = begin + piece < m->from_slots ? begin + piece : m->from_slots;
    for (u64 i = begin; i < end; i++) {
      u64 *key = m->from + i * KEY;
      int fresh;
      if (key[0]) key[0] = find(m->to, m->to_slots, line_of(m->to_slots, hash_of(key)), key, &fresh, shared);
    }
  }
}

/* And of telling the entries. */
static void move_entries(Run *run, Moving *m) {
  const u64 piece = 1 << 15, ahead = 24;
  for (;;) {
    u64 begin = __atomic_fetch_add(&m->next_entry, piece, __ATOMIC_RELAXED);
    if (begin >= run->count) return;
    u64 end = begin + piece < run->count ? begin + piece : run->count;
    for (u64 i = begin; i < end; i++) {
      if (i + ahead < end && run->order[i + ahead] != HOLE)
        __builtin_prefetch(m->from + (u64)run->order[i + ahead] * KEY);
      if (run->order[i] != HOLE) run->order[i] = (u32)m->from[(u64)run->order[i] * KEY];
    }
  }
}

/* States that are no longer in the queue are not needed: their fingerprints are kept. */
static void forget_states(Run *run) {
#ifdef FINGERPRINTS
  madvise(run->states, run->next * sizeof(u64) * WORDS / 4096 * 4096, MADV_DONTNEED);
#else
  (void)run;
#endif
}
