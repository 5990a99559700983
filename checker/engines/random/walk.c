/* Random walks: one random step after another, from a start, as far as asked.
 *
 * An action is drawn by weight, then a key for it (its first argument), then the other arguments:
 * a few times at random, and where all guards fail, among all that there are.  An action that is
 * impossible with a key is not drawn with it again until a step has written something that it
 * reads.  So hardly anything is tried in vain, and where nothing is left, the walk is at its end.
 *
 * Invariants are looked at in each state, but for those that read nothing of what the last step
 * wrote; properties of steps at each step; specifications that are refined, likewise.
 *
 * With `swarm`, three walks of four have weights of their own, some actions much likelier than
 * others; and two of three begin where a walk before found something new, not at a start.  What is
 * drawn depends on the seed alone.
 */

enum { AGAIN = 8, FINENESS = 1 << 16, SPACE = 1 << 26, KEPT = 1 << 12 };

/* ---------------------------------------------------------------- what is known already */

static inline u64 folded(u64 h, u64 word) {
  __uint128_t product = (__uint128_t)(word ^ h) * 0xd6e8feb86659fd93ULL;
  return ((u64)(product >> 64) ^ (u64)product) + 0x9e3779b97f4a7c15ULL;
}
/* Where an item of a field lies: the words of it, or the bits of a word. */
static inline u64 item_at(const u64 *s, const Field *f, u32 item, const u64 **words) {
  *words = 0;
  if (f->words) *words = s + f->word + (u64)item * f->words;
  if (f->words || !f->width) return 0;
  u32 per_word = f->per_word ? f->per_word : 1;
  return s[f->word + item / per_word] >> (f->bit + item % per_word * f->width) & ONES(f->width);
}
/* 64 bits of an item; those of a state are the sum of its items', so that a step changes few. */
static u64 hash_item(const u64 *s, u32 field, u32 item) {
  const u64 *words;
  u64 h = folded((u64)(field + 1) << 32, item);
  u64 bits = item_at(s, &fields[field], item, &words);
  if (!words) return folded(h, bits);
  for (u32 i = 0; i < fields[field].words; i++) h = folded(h, words[i]);
  return h;
}
static u64 hash_state(const u64 *s) {
  u64 h = 0;
  for (u32 f = 0; f < FIELDS; f++)
    for (u32 i = 0; i < fields[f].items; i++) h += hash_item(s, f, i);
  return h;
}
static u64 hash_choice(u64 h, const u32 *choice) {
  for (int i = 0; i < STRIDE; i++) h = folded(h, choice[i]);
  return h;
}

/* Keep 64 bits; whether they are new.  What does not fit is not kept, and counts as known. */
static int keep(Known *known, u64 hash, u64 most) {
  hash += !hash;
  if (known->full) return 0;
  if (2 * known->count >= known->size) {
    u64 size = known->size ? 2 * known->size : FIRST_SLOTS;
    u64 *slots = size > most ? 0 : calloc(size, sizeof(u64));
    if (!slots) {
      known->full = 1;
      return 0;
    }
    for (u64 i = 0; i < known->size; i++) {
      if (!known->slots[i]) continue;
      u64 at = known->slots[i] & (size - 1);
      while (slots[at]) at = (at + 1) & (size - 1);
      slots[at] = known->slots[i];
    }
    free(known->slots);
    known->slots = slots, known->size = size;
  }
  u64 at = hash & (known->size - 1);
  while (known->slots[at] && known->slots[at] != hash) at = (at + 1) & (known->size - 1);
  if (known->slots[at]) return 0;
  known->slots[at] = hash, known->count++;
  return 1;
}

/* ---------------------------------------------------------------- one attempt */

/* Try an action with the picks of the present mode; whether it fires. */
static inline int tried(Worker *w, u32 action) {
  w->impossible = w->fires = w->stuck = 0;
  w->choice[0] = action;
  for (int i = 1; i < STRIDE; i++) w->choice[i] = 0, w->sizes[i] = 1;
  attempt(w, w->here, action);
  return w->fires;
}
static int told(Worker *w, const u32 *choice) {
  w->mode = GIVEN, w->given = choice;
  int fires = tried(w, choice[0]);
  w->mode = DRAW;
  return fires;
}

/* The next choice of an action after `choice`, whose picks were among `sizes`; 0 after the last. */
static int next_choice(u32 *choice, const u32 *sizes) {
  for (int i = STRIDE - 1; i > 0; i--) {
    if (++choice[i] < sizes[i]) return 1;
    choice[i] = 0;
  }
  return 0;
}

/* Every choice that fires here, or has a defect, up to `room` of them, one behind the other in
 * `out`; how many there are.  `blocked` is how many pass a bound.
 */
static u64 all_choices(Worker *w, u32 only, u32 *out, u64 room, u64 *blocked) {
  u64 count = 0;
  w->muted = SILENT, *blocked = 0;
  for (u32 a = 0; a < ACTIONS; a++) {
    if (only < ACTIONS && a != only) continue;
    u32 choice[STRIDE] = {a};
    do {
      if (told(w, choice) || w->stuck == DEFECT) {
        if (count++ < room) memcpy(out + (count - 1) * STRIDE, choice, sizeof choice);
      } else {
        *blocked += w->stuck == BOUND;
      }
    } while (next_choice(choice, w->sizes));
  }
  w->muted = LOUD;
  return count;
}

/* Try an action with a key: at random, then with all other arguments; whether it fires. */
static int tried_with(Worker *w, u32 action, u32 key) {
  int blocked = 0;
  u64 ways = 1;
  w->key = keys[action] > 1 ? key + 1 : 0;
  for (int again = 0; again < AGAIN; again++) {
    w->run->tries++;
    if (tried(w, action)) return 1;
    blocked |= (int)w->stuck, ways = 1;
    for (int i = w->key ? 2 : 1; i < STRIDE; i++) ways *= w->sizes[i];
    if (ways <= 1) break;
  }
  u32 choice[STRIDE] = {action, key}, kept[STRIDE], first = key;
  if (!w->key) first = choice[1] = 0;
  u64 count = 0;
  for (int more = ways > 1; more;) {
    w->muted = NO_PROPERTIES, w->run->tries++;
    if (told(w, choice)) {
      if (!below(w, ++count)) memcpy(kept, choice, sizeof kept);
    } else {
      blocked |= (int)w->stuck;
    }
    more = next_choice(choice, w->sizes) && (!w->key || choice[1] == first);
  }
  w->muted = LOUD;
  if (count) return told(w, kept);
  w->shut[action][key] = blocked ? BLOCKED : SHUT;
  w->open[action]--;
  return 0;
}

static int drawn(Worker *w) {
  for (;;) {
    u64 total = 0;
    for (u32 a = 0; a < ACTIONS; a++) total += w->open[a] ? w->weights[a] : 0;
    if (!total) return 0;
    u64 at = below(w, total);
    u32 action = 0;
    for (;; action++) {
      u64 weight = w->open[action] ? w->weights[action] : 0;
      if (at < weight) break;
      at -= weight;
    }
    u64 skip = below(w, w->open[action]);
    u32 key = 0;
    while (w->shut[action][key] || skip--) key++;
    if (tried_with(w, action, key)) return 1;
  }
}

/* Where nothing can be drawn: whether nothing is possible, either. */
static int at_an_end(const Worker *w) {
  for (u32 a = 0; a < ACTIONS; a++)
    for (u32 k = 0; k < keys[a]; k++)
      if (w->shut[a][k] != SHUT) return 0;
  return 1;
}

/* Whether an item of a field is another in `there` than in `here`; its hash changes with it. */
static int differs(Worker *w, u32 field, u32 item) {
  const u64 *old, *new;
  u64 was = item_at(w->here, &fields[field], item, &old);
  u64 is = item_at(w->there, &fields[field], item, &new);
  int other = old ? memcmp(old, new, fields[field].words * sizeof(u64)) != 0 : was != is;
  if (other) w->hash += hash_item(w->there, field, item) - hash_item(w->here, field, item);
  return other;
}

/* Note which fields, and which items of them, a step has changed; the fields. */
static u64 changes(Worker *w, u32 action, u32 key) {
  u64 changed = 0;
  for (u32 f = 0; f < FIELDS; f++) {
    u64 bit = 1ULL << f;
    int every = (touches[action].any & bit) != 0 || fields[f].items == 1;
    if (!((touches[action].any | touches[action].own) & bit)) continue;
    memset(w->changed[f], 0, sizeof w->changed[f]);
    for (u32 i = every ? 0 : key; i < (every ? fields[f].items : key + 1); i++) {
      if (!differs(w, f, i)) continue;
      if (i < KEYS) w->changed[f][i] = 1;
      changed |= bit;
    }
  }
  return changed;
}

static void reopen(Worker *w, u32 action, u32 key) {
  if (w->shut[action][key]) w->shut[action][key] = OPEN, w->open[action]++;
}

/* What the step that was tried has made possible, perhaps, is open again. */
static void wake(Worker *w, u32 action, u32 key) {
  u64 changed = changes(w, action, key);
  for (u32 a = 0; a < ACTIONS; a++) {
    const Wakes *by = &wakes[action][a];
    if ((by->any | (keys[a] == 1 ? by->own : 0)) & changed) {
      memset(w->shut[a], OPEN, sizeof w->shut[a]);
      w->open[a] = keys[a];
      continue;
    }
    for (u64 own = by->own & changed; own; own &= own - 1) {
      u32 f = (u32)__builtin_ctzll(own);
      for (u32 k = 0; k < keys[a]; k++)
        if (w->changed[f][k]) reopen(w, a, k);
    }
  }
}

/* ---------------------------------------------------------------- a walk */

static void arrive_at(Worker *w, u32 action) {
  w->before = action;
  look(w, w->here);
}

static void begin(Worker *w, u32 start) {
  memcpy(w->here, w->run->start + (u64)start * WORDS, WORDS * sizeof(u64));
  w->start = start, w->length = 0;
  memset(w->shut, OPEN, sizeof w->shut);
  memset(w->still, 0, sizeof w->still);
  for (u32 a = 0; a < ACTIONS; a++) w->open[a] = keys[a];
  arrive_at(w, ACTIONS);
}

static void make_room(Worker *w, u32 length) {
  if (length + 1 < w->room) return;
  w->room = 2 * length + 256;
  w->choices = realloc(w->choices, (u64)w->room * STRIDE * sizeof(u32));
  if (!w->choices) abort();
}

/* The step that was just tried is taken. */
static void take(Worker *w) {
  make_room(w, w->length);
  memcpy(w->choices + (u64)w->length * STRIDE, w->choice, sizeof w->choice);
  w->length++;
  wake(w, w->choice[0], keys[w->choice[0]] > 1 ? w->choice[1] : 0);
  u64 *swap = w->here;
  w->here = w->there, w->there = swap;
  arrive_at(w, w->choice[0]);
}

static void weigh(Worker *w) {
  Run *run = w->run;
  int own = run->swarm && w->walk % 4 != 0;
  for (u32 a = 0; a < ACTIONS; a++) {
    u64 weight = (u64)run->weights[a] * FINENESS;
    if (own) weight >>= 2 * below(w, 9); /* 1, 1/4, 1/16 … 1/65536 of it */
    w->weights[a] = (u32)weight;
  }
}

/* Keep the present state, which is new, to begin from; in the place of another where all places
 * are taken.
 */
static void keep_here(Worker *w) {
  Kept *kept = &w->kept;
  u64 way = w->run->depth * STRIDE;
  if (!kept->room) {
    u64 room = SPACE / (sizeof(u64) * WORDS + sizeof(u32) * way);
    kept->room = room > KEPT ? KEPT : room < 2 ? 2 : (u32)room;
    kept->states = malloc(kept->room * sizeof(u64) * WORDS);
    kept->hashes = malloc(kept->room * sizeof(u64));
    kept->choices = malloc(kept->room * sizeof(u32) * way);
    kept->lengths = malloc(kept->room * sizeof(u32));
    kept->starts = malloc(kept->room * sizeof(u32));
    if (!kept->states || !kept->hashes || !kept->choices || !kept->lengths || !kept->starts) abort();
  }
  u32 at = kept->count < kept->room ? kept->count++ : (u32)below(w, kept->room);
  memcpy(kept->states + (u64)at * WORDS, w->here, sizeof(u64) * WORDS);
  memcpy(kept->choices + at * way, w->choices, sizeof(u32) * w->length * STRIDE);
  kept->hashes[at] = w->hash, kept->lengths[at] = w->length, kept->starts[at] = w->start;
}

/* Begin where something new was found before. */
static void begin_kept(Worker *w) {
  Kept *kept = &w->kept;
  u32 at = (u32)below(w, kept->count);
  u64 way = w->run->depth * STRIDE;
  begin(w, kept->starts[at]);
  make_room(w, kept->lengths[at]);
  memcpy(w->here, kept->states + (u64)at * WORDS, sizeof(u64) * WORDS);
  memcpy(w->choices, kept->choices + at * way, sizeof(u32) * kept->lengths[at] * STRIDE);
  w->length = kept->lengths[at], w->hash = kept->hashes[at];
  arrive_at(w, ACTIONS);
}

static void walk_once(Worker *w) {
  Run *run = w->run;
  u64 mix = run->seed ^ (w->walk * 0xd6e8feb86659fd93ULL);
  w->random = next_random(&mix);
  weigh(w);
  if (run->swarm && w->kept.count && w->walk % 3 != 0) {
    begin_kept(w);
  } else {
    begin(w, (u32)below(w, run->starts));
    w->hash = hash_state(w->here);
    keep(&run->states, w->hash, run->max_known);
  }
  u64 length = w->length + 1;
  for (; length < run->depth && !__atomic_load_n(&run->stop, __ATOMIC_RELAXED); length++) {
    if (!drawn(w)) {
      if (at_an_end(w)) ended(w, w->here);
      break;
    }
    run->fired[w->choice[0]]++, run->steps++;
    if (run->measure) keep(&run->transitions, hash_choice(w->hash, w->choice), run->max_known);
    take(w);
    if (keep(&run->states, w->hash, run->max_known)) {
      run->fresh[w->choice[0]]++;
      if (run->swarm && !below(w, 1 + WORDS / 256)) keep_here(w);
    }
    if (run->states.count > run->max_states) run->stop = STATES_LIMIT;
  }
  if (length > run->longest) run->longest = length;
}

/* ---------------------------------------------------------------- the doors */

static Worker *furnished(Run *run) {
  if (run->worker) return run->worker;
  Worker *w = calloc(1, sizeof *w);
  u64 *both = calloc(2 * WORDS, sizeof(u64));
  if (!w || !both) return 0;
  w->run = run, w->here = both, w->there = both + WORDS, w->before = ACTIONS;
  return run->worker = w;
}

/* Take the walks run->taken … run->walks - 1.  0, or -1 where memory cannot be had. */
int walk(Run *run) {
  Worker *w = furnished(run);
  if (!w) return -1;
  for (; run->taken < run->walks && !__atomic_load_n(&run->stop, __ATOMIC_RELAXED); run->taken++) {
    w->walk = run->taken;
    walk_once(w);
  }
  run->status = run->stop;
  return 0;
}

static void forget(Run *run) {
  for (int i = 0; i <= PROPERTIES; i++) {
    free(run->seen[i].choices);
    run->seen[i] = (Seen){0};
  }
  free(run->defect.choices);
  run->defect = (Seen){0};
}

/* Take some choices from a start, leaving out those that do not fire, until what is wanted is
 * seen.  1 where it is; such a walk is found at run->seen, or run->defect, as any other.
 */
int again(Run *run, u32 start, const u32 *choices, u64 count) {
  Worker *w = furnished(run);
  if (!w) return -1;
  forget(run);
  begin(w, start);
  for (u64 i = 0;; i++) {
    for (int p = 0; p < PROPERTIES; p++)
      if (run->seen[p].found) return 1;
    if (run->defect.found) return 1;
    if (i == count) break;
    if (told(w, choices + i * STRIDE)) take(w);
  }
  u64 blocked;
  if (TERMINAL && !all_choices(w, ACTIONS, 0, 0, &blocked) && !blocked) ended(w, w->here);
  for (int p = 0; p < PROPERTIES; p++)
    if (run->seen[p].found) return 1;
  return 0;
}

/* Step by step, for who chooses for himself: go to a start; take a choice (1 where it fires); list
 * the choices that fire; copy the state.
 */
int go_to(Run *run, u32 start) {
  Worker *w = furnished(run);
  if (!w) return -1;
  forget(run);
  begin(w, start);
  return 0;
}
int go_on(Run *run, const u32 *choice) {
  Worker *w = run->worker;
  if (!told(w, choice)) return 0;
  take(w);
  return 1;
}
u64 choices_here(Run *run, u32 action, u32 *out, u64 room, u64 *blocked) {
  return all_choices(run->worker, action, out, room, blocked);
}
void judge_end(Run *run) {
  Worker *w = run->worker;
  ended(w, w->here);
}
void state_here(Run *run, u64 *out) {
  memcpy(out, ((Worker *)run->worker)->here, WORDS * sizeof(u64));
}

void finish(Run *run) {
  Worker *w = run->worker;
  for (int i = 0; i <= PROPERTIES; i++) free(run->seen[i].choices);
  free(run->defect.choices), free(run->states.slots), free(run->transitions.slots);
  if (w) {
    free(w->kept.states), free(w->kept.hashes), free(w->kept.choices);
    free(w->kept.lengths), free(w->kept.starts);
  }
  if (w) free(w->choices), free(w->here < w->there ? w->here : w->there), free(w);
  run->worker = 0;
}

u64 size_of_run(void) { return sizeof(Run); }
