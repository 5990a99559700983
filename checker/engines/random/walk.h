/* What a random walk is made of, and what generated programs tell it.
 *
 * A generated program defines
 *
 *   WORDS, ACTIONS, SITES, PROPERTIES, READINGS, ARGUMENTS, KEYS, FIELDS     sizes
 *   look(w, s)           evaluate what is asked of the state s
 *   is_bound[site]       whether a failure there is a bound that was passed, or a defect
 *   attempt(w, s, a)     choose arguments for action a with pick(), and try it
 *   ended(w, s)          evaluate what is asked of states that no action leads on from
 *   disturbs[a][p]       whether action a writes anything that property p reads
 *   keys[a]              how many values the first parameter of a has, where that is known; or 1
 *   fields[f]            where a field of the state lies
 *   touches[a]           the fields that a step of a writes
 *   wakes[a][b]          the fields by which a step of a may make b possible
 *
 * A choice is an action and, for each of its parameters, the number of the value among those
 * there are.  A walk is its choices: from the same start they lead the same way again.
 */
#include <stdlib.h>

enum { STRIDE = 1 + ARGUMENTS, FIRST_SLOTS = 1 << 16 };

typedef struct {
  u32 found, is_step; /* whether it was; whether the last choice is the step that it is about */
  u32 start, length;  /* where the walk began, and how many choices it took */
  u64 walk;           /* its number */
  u32 *choices;       /* STRIDE numbers each */
} Seen;

/* States to begin from again, with the ways to them: some of those that were new. */
typedef struct {
  u64 *states, *hashes;
  u32 *choices, *lengths, *starts;
  u32 count, room;
} Kept;

typedef struct {
  u64 *slots, size, count; /* 64 bits of each; 0 is free */
  u32 full;                /* whether there was one too many */
} Known;

typedef struct {
  /* given */
  u64 seed, walks, depth, max_known, max_states;
  const u64 *start;
  u32 starts, swarm, measure; /* measure: keep the transitions, too */
  u32 weights[ACTIONS + 1];
  unsigned char wanted[PROPERTIES + 1];
  /* told while it runs, and afterwards */
  u64 taken, steps, tries, longest;
  u32 stop, status, overflow;
  u64 fired[ACTIONS + 1], fresh[ACTIONS + 1], sites[SITES + 1];
  Seen seen[PROPERTIES + 1], defect;
  Known states, transitions;
  void *worker;
} Run;

enum { STOPPED = 1, STATES_LIMIT = 2 };
enum { DRAW, GIVEN };                 /* whether pick() chooses, or is told */
enum { LOUD, NO_PROPERTIES, SILENT }; /* of what an attempt makes nothing known */
enum { BOUND = 1, DEFECT };           /* why an attempt could not be finished */
enum { OPEN, SHUT, BLOCKED };         /* an action with a key: to be tried; impossible; unfinished */

/* A field, and the items of it where it is a map: `items` of them, `words` words or `width` bits
 * each; of small ones `per_word` to a word.
 */
typedef struct {
  u32 word, bit, words, width, items, per_word, keys;
} Field;

/* Sets of fields: at an action's own key; at any key. */
typedef struct {
  u64 own, any;
} Wakes;

struct Worker {
  Run *run;
  u32 failed;
  u32 mode, muted, impossible, fires, stuck;
  u32 key; /* in DRAW: one more than the number of the first argument, where that is settled */
  u64 random;
  u64 readings[READINGS + 1]; /* the present state, as each specification reads it */
  unsigned char still[PROPERTIES + 1]; /* whether a step that changes nothing of it has it */
  const u64 *target;
  int hit;
  const u32 *given;
  u32 choice[STRIDE], sizes[STRIDE]; /* what was picked, and among how many */
  u32 start, length, room, before; /* before: the action that led here; ACTIONS at the start */
  u32 *choices;
  u64 walk;
  u32 weights[ACTIONS + 1];
  unsigned char shut[ACTIONS + 1][KEYS];
  u32 open[ACTIONS + 1]; /* how many keys are */
  unsigned char changed[FIELDS + 1][KEYS];
  Kept kept;
  u64 *here, *there, hash; /* the states; 64 bits of the present one */
};

static inline u64 next_random(u64 *state) {
  u64 z = (*state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
  return z ^ z >> 31;
}
static inline u64 below(Worker *w, u64 size) {
  return (u64)(((__uint128_t)next_random(&w->random) * size) >> 64);
}

/* The number of a value for a parameter, among `size`; marks the attempt as impossible where
 * there is none.
 */
static inline u32 pick(Worker *w, u32 parameter, u64 size) {
  w->sizes[1 + parameter] = (u32)size;
  u32 number = w->mode == GIVEN             ? w->given[1 + parameter]
               : w->key && parameter == 0 ? w->key - 1
                                          : (u32)below(w, size);
  if (number >= size) w->impossible = 1;
  return w->choice[1 + parameter] = number;
}

static inline void fail(Worker *w, u32 site) {
  if (!w->failed) w->failed = site;
}
static void too_large(Worker *w) {
  w->run->overflow = 1;
  __atomic_store_n(&w->run->stop, STOPPED, __ATOMIC_RELAXED);
}

/* Write down where something was first seen; `after` is only asked whether it is a step. */
static void note(Worker *w, Seen *seen, const u64 *after, u32 action) {
  (void)action;
  if (seen->found) return;
  u32 length = w->length + (after != 0);
  u32 *copy = malloc((length + 1) * STRIDE * sizeof(u32));
  if (!copy) return;
  memcpy(copy, w->choices, w->length * STRIDE * sizeof(u32));
  if (after) memcpy(copy + w->length * STRIDE, w->choice, sizeof w->choice);
  *seen = (Seen){1, after != 0, w->start, length, w->walk, copy};
}
static inline int pending(const Worker *w, u32 property) {
  return !w->muted && w->run->wanted[property] && !w->run->seen[property].found;
}
/* Whether a step has a property: of a step that writes nothing of what the property reads, what
 * was found for another such step before.
 */
#define STILL(w, p, asked)                                                                     \
  (disturbs[instance][p] ? ((w)->still[p] = 0, (asked))                                        \
                         : (w)->still[p] || ((w)->still[p] = (unsigned char)(asked)))
/* An action could not be finished: count the bound, or keep the first defect. */
static void stuck(Worker *w, u32 action) {
  u32 site = w->failed;
  w->failed = 0;
  w->stuck = is_bound[site] ? BOUND : DEFECT;
  if (w->muted == SILENT) return;
  w->run->sites[site]++;
  if (!is_bound[site]) note(w, &w->run->defect, w->here, action);
}
static inline void emit(Worker *w, const u64 *s, const u64 *t, u32 action) {
  (void)s, (void)t, (void)action; /* t is `there` */
  w->fires = 1;
}
