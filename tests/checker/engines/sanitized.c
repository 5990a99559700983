/* A generated program as a program of its own, so that it can run under a sanitizer.
 *
 *   sanitized WORKERS DEPTH ROOM [CHECKPOINT]     searches, and prints what was counted
 *
 * `starts.h` is generated: START_COUNT and the words of each start.  The first table is small:
 * it has to be made larger several times.
 */
#include "program.c"
#include "starts.h"

#ifdef EVENTUALLY
/* Go over everything again, with no more room than is needed; 0 where something is lost. */
static int second_pass(Run *run, u64 sites) {
  u64 steps = run->generated, states = run->count;
  Graph graph = {
      .steps_room = steps, .cuts_room = sites,
      .sources = malloc(4 * steps), .targets = malloc(4 * steps), .parties = malloc(4 * steps),
      .cut_states = malloc(4 * sites), .cut_parties = malloc(4 * sites),
      .truths = malloc(PREDICATES * states),
  };
  int drawn = !draw(run, &graph) && !graph.lost;
  free(graph.sources), free(graph.targets), free(graph.parties);
  free(graph.cut_states), free(graph.cut_parties), free(graph.truths);
  return drawn;
}
#endif

int main(int argc, char **argv) {
  static Run run;
  run.slots = 64;
  run.max_states = run.max_bytes = ~0ULL;
  run.workers = strtoull(argv[1], 0, 10);
  run.max_depth = strtoull(argv[2], 0, 10);
  run.room = strtoull(argv[3], 0, 10);
  if (argc > 4) run.checkpoint = argv[4];
  if (search(&run, &starts[0][0], START_COUNT)) return 2;
  u64 sites = 0, key[KEY], again[KEY];
  for (int i = 0; i <= SITES; i++) sites += run.sites[i];
  for (u64 i = 0; i < run.count; i++)
    if (run.order[i] != HOLE) key_at(&run, i, key);
  key_for(starts[0], again);
#ifdef EVENTUALLY
  if (!run.status && !second_pass(&run, sites)) return 3;
#endif
  printf("%llu %llu %llu %llu %u %u\n", (unsigned long long)run.distinct,
         (unsigned long long)run.generated, (unsigned long long)run.depth,
         (unsigned long long)sites, run.resumed, run.status);
  finish(&run);
  return 0;
}
