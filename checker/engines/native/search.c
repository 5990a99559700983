/* Breadth-first search, level by level, by all workers together.
 *
 * Worker 0 is the thread that calls search().  What all do at once is a task; each begins and
 * ends at a barrier, and between tasks worker 0 is alone.  A level is explored in as many turns
 * as the table has to be made larger.
 */
typedef enum { EXPLORE, LOOK, MOVE_SLOTS, MOVE_ENTRIES, GO_HOME } Task;

typedef struct {
  Run *run;
  Worker *workers;
  pthread_barrier_t barrier;
  Task task;
  Moving moving;
} Crew;

typedef struct {
  Crew *crew;
  u64 number;
} Seat;

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The next entries of the level that nobody has taken; 0 where there are none. */
static inline int piece(Worker *w, u64 *from, u64 *to) {
  Run *run = w->run;
  *from = w->shared ? __atomic_fetch_add(&run->next, PIECE, __ATOMIC_RELAXED) : run->next;
  *to = *from + PIECE < run->level_end ? *from + PIECE : run->level_end;
  if (*from >= run->level_end) return 0;
  if (!w->shared) run->next = *to;
  return 1;
}

/* Between two pieces: what was found is added up, and the limits and the clock are looked at. */
static void tell(Worker *w) {
  Run *run = w->run;
  u64 more = w->distinct - w->told;
  w->told = w->distinct;
  if (__atomic_add_fetch(&run->found, more, __ATOMIC_RELAXED) > run->max_states)
    __atomic_store_n(&run->stop, STATES_LIMIT, __ATOMIC_RELAXED);
  if (run->checkpoint && w->number == 0 && seconds() >= w->save_at) {
    __atomic_store_n(&run->pause, 1, __ATOMIC_RELAXED);
    w->save_at = seconds() + run->checkpoint_every;
  }
}

/* Whether to go on with this turn. */
static inline int going(const Worker *w) {
  const Run *run = w->run;
  return !__atomic_load_n(&run->stop, __ATOMIC_RELAXED) &&
         !__atomic_load_n(&run->pause, __ATOMIC_RELAXED) && !w->aside_count;
}

static void explore(Worker *w, const int leaving) {
  Run *run = w->run;
  u64 from, to;
  while (going(w) && piece(w, &from, &to)) {
    for (u64 i = from; i < to; i++) {
      if (i + AHEAD < to && run->order[i + AHEAD] != HOLE)
        __builtin_prefetch(state_of(run, i + AHEAD));
      if (run->order[i] == HOLE) continue;
      u64 s[WORDS];
      memcpy(s, state_of(run, i), sizeof s);
      w->current = (u32)i;
      look(w, s);
      if (leaving) leave(w, s);
    }
    tell(w);
  }
  flush(w);
}

/* ---------------------------------------------------------------- together */

static void perform(Crew *crew, Worker *w) {
  switch (crew->task) {
    case EXPLORE: explore(w, 1); break;
    case LOOK: explore(w, 0); break;
    case MOVE_SLOTS: move_slots(&crew->moving, crew->run->workers > 1); break;
    case MOVE_ENTRIES: move_entries(crew->run, &crew->moving); break;
    case GO_HOME: break;
  }
}

static void together(Crew *crew, Task task) {
  int several = crew->run->workers > 1;
  crew->task = task;
  if (several) pthread_barrier_wait(&crew->barrier);
  perform(crew, &crew->workers[0]);
  if (several) pthread_barrier_wait(&crew->barrier);
}

static void *sit(void *given) {
  Seat *seat = given;
  Crew *crew = seat->crew;
  for (;;) {
    pthread_barrier_wait(&crew->barrier);
    Task task = crew->task;
    perform(crew, &crew->workers[seat->number]);
    pthread_barrier_wait(&crew->barrier);
    if (task == GO_HOME) return 0;
  }
}

/* Make the table larger; 0 where memory does not allow. */
static int enlarge(Crew *crew) {
  Run *run = crew->run;
  u64 old = run->slots, slot = sizeof(u64) * KEY;
  u64 slots = (larger_than(old) + LANES) / LANES * LANES;
  if (slots >= HOLE || (slots + old) * slot + run->count * 8 > run->max_bytes) return 0;
  u64 *larger = reserve(slots * slot);
  if (!larger) return 0;
  crew->moving = (Moving){run->table, larger, old, slots, 0, 0};
  together(crew, MOVE_SLOTS);
  together(crew, MOVE_ENTRIES);
  munmap(run->table, old * slot);
  run->table = larger, run->slots = slots, run->grow = limit_of(run);
  return 1;
}

/* Have room for so many states more, and for a batch and a block of each worker; 0 where memory
 * does not allow.
 */
static int make_room(Crew *crew, u64 more) {
  Run *run = crew->run;
  u64 needed = run->count + more + (BATCH + BLOCK) * run->workers;
  while (run->grow <= needed) {
    if (needed >= run->room || !enlarge(crew)) {
      run->stop = MEMORY_LIMIT;
      return 0;
    }
  }
  return 1;
}

static void gather(Crew *crew) {
  Run *run = crew->run;
  memset(run->fired, 0, sizeof run->fired);
  memset(run->fresh, 0, sizeof run->fresh);
  memset(run->sites, 0, sizeof run->sites);
  run->distinct = run->generated = 0;
  for (u64 k = 0; k < run->workers; k++) {
    Worker *w = &crew->workers[k];
    for (int i = 0; i <= INSTANCES; i++) {
      run->fired[i] += w->fired[i], run->fresh[i] += w->fresh[i];
      run->generated += w->fired[i];
    }
    for (int i = 0; i <= SITES; i++) run->sites[i] += w->sites[i];
    run->distinct += w->distinct;
  }
}

#include "checkpoint.c"

/* ---------------------------------------------------------------- levels */

/* Between turns: what was put aside is inserted; 0 where memory does not allow. */
static int settle(Crew *crew) {
  Run *run = crew->run;
  u64 aside = 0;
  for (u64 k = 0; k < run->workers; k++) aside += crew->workers[k].aside_count;
  if (!aside) return 1;
  if (!make_room(crew, aside)) return 0;
  for (u64 k = 0; k < run->workers; k++) insert_aside(&crew->workers[k]);
  return 1;
}

/* What is left of a level, explored or only looked at; 0 when the search must end. */
static int level(Crew *crew, Task task) {
  Run *run = crew->run;
  for (u64 k = 0; k < run->workers; k++) crew->workers[k].block = crew->workers[k].block_end = 0;
  do {
    together(crew, task);
    if (run->next > run->level_end) run->next = run->level_end;
    int settled = settle(crew);
    gather(crew);
    if (!settled) return 0;
    if (run->checkpoint && task == EXPLORE && (run->pause || run->stop)) run->saved = (u32)save(run);
    run->pause = 0;
    if (run->stop) return 0;
  } while (run->next < run->level_end);
  return 1;
}

static void levels(Crew *crew) {
  Run *run = crew->run;
  while (!run->stop && run->next < run->count) {
    int begins = run->next >= run->level_end, last = begins && run->depth >= run->max_depth;
    if (last && run->checkpoint) run->saved = (u32)save(run); /* nothing is left from here on */
    if (begins) run->level_end = run->count, run->depth += !last;
    if (!level(crew, last ? LOOK : EXPLORE)) return;
    forget_states(run);
    if (last) run->stop = DEPTH_LIMIT;
  }
}

static void add_starts(Crew *crew, const u64 *starts, u64 count) {
  Worker *w = &crew->workers[0];
  for (u64 i = 0; i < count && make_room(crew, 1); i++) {
    w->current = (u32)crew->run->count;
    emit(w, 0, starts + i * WORDS, INSTANCES);
    flush(w);
  }
  crew->run->found = w->told = w->distinct;
  gather(crew);
}

/* ---------------------------------------------------------------- the doors */

static int furnish(Crew *crew, Run *run) {
  crew->run = run;
  run->slots = (run->slots + LANES - 1) / LANES * LANES;
  run->table = reserve(run->slots * sizeof(u64) * KEY);
  run->order = reserve(run->room * sizeof(u32));
  run->parent = reserve(run->room * sizeof(u32));
#ifdef FINGERPRINTS
  run->states = reserve(run->room * sizeof(u64) * WORDS);
  if (!run->states) return 0;
#endif
  run->grow = limit_of(run);
  crew->workers = aligned_alloc(128, run->workers * sizeof(Worker));
  if (!run->table || !run->order || !run->parent || !crew->workers) return 0;
  memset(crew->workers, 0, run->workers * sizeof(Worker));
  for (u64 k = 0; k < run->workers; k++) crew->workers[k].run = run, crew->workers[k].number = (u32)k;
  return 1;
}

/* Search from `starts` (WORDS words each), or from where the checkpoint left off.  0, or -1 where
 * memory cannot be had.  The arrays of the run are freed by finish().
 */
int search(Run *run, const u64 *starts, u64 count) {
  Crew crew = {0};
  if (!furnish(&crew, run)) return -1;
  pthread_t *threads = calloc(run->workers, sizeof *threads);
  Seat *seats = calloc(run->workers, sizeof *seats);
  pthread_barrier_init(&crew.barrier, 0, (unsigned)run->workers);
  for (u64 k = 1; k < run->workers; k++) {
    seats[k] = (Seat){&crew, k};
    pthread_create(&threads[k], 0, sit, &seats[k]);
  }
  FILE *file = run->checkpoint ? fopen(run->checkpoint, "rb") : 0;
  if (file) {
    run->resumed = (u32)restore(&crew, file);
    fclose(file);
    gather(&crew);
  } else {
    add_starts(&crew, starts, count);
  }
  for (u64 k = 0; k < run->workers; k++) crew.workers[k].shared = run->workers > 1;
  if (run->resumed <= INTACT) levels(&crew);
  run->status = run->stop;
  together(&crew, GO_HOME);
  for (u64 k = 1; k < run->workers; k++) pthread_join(threads[k], 0);
  pthread_barrier_destroy(&crew.barrier);
  for (u64 k = 0; k < run->workers; k++) free(crew.workers[k].aside);
  free(crew.workers), free(threads), free(seats);
  return 0;
}

/* What is kept of an entry: its state, or the fingerprint of it. */
void key_at(const Run *run, u64 index, u64 *words) {
  memcpy(words, run->table + (u64)run->order[index] * KEY, sizeof(u64) * KEY);
}
/* What would be kept of a state. */
void key_for(const u64 *state, u64 *words) {
  u64 s[WORDS];
  memcpy(s, state, sizeof s);
#ifdef SYMMETRY
  canonical(s);
#endif
#ifdef FINGERPRINTS
  words[0] = fingerprint(s);
#else
  memcpy(words, s, sizeof s);
#endif
}

void finish(Run *run) {
  munmap(run->table, run->slots * sizeof(u64) * KEY);
  munmap(run->order, run->room * sizeof(u32));
  munmap(run->parent, run->room * sizeof(u32));
#ifdef FINGERPRINTS
  munmap(run->states, run->room * sizeof(u64) * WORDS);
#endif
}

u64 size_of_run(void) { return sizeof(Run); }
