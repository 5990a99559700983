/* A second pass over the states that were found, for what happens eventually.
 *
 * Each state is left once more; but what its actions lead to is written down as a step, with the
 * party whose step it is (checker/engines/liveness), and what cannot be finished as a cut.  And
 * in each state it is noted what the predicates come to.
 */
struct Graph {
  u64 steps_room, cuts_room;                   /* given, as are the arrays */
  u32 *sources, *targets, *cut_states;         /* entries; of targets the slots */
  int *parties, *cut_parties;                  /* below NOBODY: all parties of an action */
  unsigned char *truths;                       /* a row for each predicate, a column an entry */
  u64 steps, cuts;
  u32 lost; /* more than there is room for, or a state that was not found before */
};

static void record_step(Worker *w, const u64 *s, const u64 *t) {
  Graph *g = w->graph;
  if (!memcmp(s, t, sizeof(u64) * WORDS)) return;
  int fresh;
  u64 slots = w->run->slots, slot = find(w->run->table, slots, line_of(slots, hash_of(t)), t, &fresh, 0);
  if (fresh || g->steps == g->steps_room) {
    g->lost = 1;
    return;
  }
  g->sources[g->steps] = w->current, g->targets[g->steps] = (u32)slot;
  g->parties[g->steps++] = w->party;
}

static void record_cut(Worker *w) {
  Graph *g = w->graph;
  if (w->party == NOBODY) return;
  if (g->cuts == g->cuts_room) {
    g->lost = 1;
    return;
  }
  g->cut_states[g->cuts] = w->current, g->cut_parties[g->cuts++] = w->party;
}

/* Fill a graph with what the search has found.  0, or -1 where memory cannot be had. */
int draw(Run *run, Graph *graph) {
  Worker *w = aligned_alloc(128, sizeof *w);
  if (!w) return -1;
  memset(w, 0, sizeof *w);
  w->run = run, w->graph = graph;
  for (u64 i = 0; i < run->count && !graph->lost; i++) {
    if (i % PIECE == 0 && __atomic_load_n(&run->stop, __ATOMIC_RELAXED)) break;
    if (run->order[i] == HOLE) continue;
    u64 s[WORDS];
    memcpy(s, state_of(run, i), sizeof s);
    w->current = (u32)i;
    judge(w, s, graph->truths + i, run->count);
    leave(w, s);
  }
  free(w);
  return 0;
}

u64 size_of_graph(void) { return sizeof(Graph); }
