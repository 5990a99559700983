/* examples/quorum_log.py for three nodes, explored by C that never unpacks a state: guards test
 * bits of two packed words, effects mask in what an action writes.
 *
 *   gcc -O3 -march=native quorum_log_limit.c -o limit && ./limit 24
 *
 * Sizes are -DEPOCHS=2 -DLOG=2 -DFLIGHT=2 (LeaderEpoch, LogSize and InFlight), at most 3 each.
 * The argument is log2 of the table's slots.
 *
 * The first word holds 20 bits a node: epoch 0-1, leads 2, high watermark 3-4, the log 5-10 (two
 * bits a record: its epoch, 0 for none), acked offsets of nodes 0 to 2 in 11-16.  Bit 63 is set:
 * a first word of 0 is a free slot.
 *
 * The second word holds a bit for each acknowledgement, 9 * by + 3 * (epoch - 1) + end - 1, and
 * from bit 27 on the appends in flight, ten bits each, the largest first: to 0-1, epoch 2-3,
 * offset 4-5, record 6-7, high watermark 8-9.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#ifndef EPOCHS
#define EPOCHS 2
#endif
#ifndef LOG
#define LOG 2
#endif
#ifndef FLIGHT
#define FLIGHT 2
#endif
typedef uint64_t u64;
typedef uint32_t u32;
typedef struct { u64 a, b; } State;
enum { NODE = 20, LEADS = 4, HW = 3, LOGS = 5, ACKED = 11, APPENDS = 27, BATCH = 128 };
#define AT(n, bits) ((u64)(bits) << (NODE * (n)))
#define KEPT (3u << HW | 63u << LOGS) /* of a node that enters an epoch */
#define START (1ULL << 63)

static State *table, *queue, key[BATCH];
static u64 mask, slot[BATCH], found, generated;
static int pending, known_to_all, two_leaders;
static unsigned char length[64], rank[64]; /* of a log: its length; its last epoch, then length */

static void flush(void) {
  for (int i = 0; i < pending; i++) {
    u64 p = slot[i];
    State k = key[i];
    while (table[p].a && ((table[p].a ^ k.a) | (table[p].b ^ k.b))) p = (p + 1) & mask;
    if (table[p].a) continue;
    if (found == mask) { fputs("table full: give a larger log2 of its slots\n", stderr); exit(2); }
    table[p] = queue[found++] = k;
  }
  pending = 0;
}
static inline void emit(u64 a, u64 b) {
  __uint128_t product = (__uint128_t)(a ^ 0x9e3779b97f4a7c15ULL) * (b ^ 0xd6e8feb86659fd93ULL);
  u64 p = ((u64)(product >> 64) ^ (u64)product) & mask;
  generated++;
  __builtin_prefetch(&table[p], 1);
  key[pending] = (State){a, b}, slot[pending++] = p;
  if (pending == BATCH) flush();
}
static void violated(const char *what) { puts(what), exit(1); }

static inline void check(const u32 x[3]) {
  u32 leading = 0, informed = 0;
  for (int i = 0; i < 3; i++) {
    u32 hw = x[i] >> HW & 3, read = (1u << 2 * hw) - 1;
    leading += (x[i] & LEADS) != 0, informed += hw != 0;
    if (length[x[i] >> LOGS & 63] < hw) violated("no_two_answers");
    for (int j = 0; j < 3; j++) {
      u32 differs = (x[i] ^ x[j]) >> LOGS & 63;
      if (i == j) continue;
      if (x[j] & LEADS && (x[j] & 3) > (x[i] & 3) && differs & read) violated("not_lost");
      if (hw <= (x[j] >> HW & 3) && differs & read) violated("no_two_answers");
      if (x[i] & x[j] & LEADS && !((x[i] ^ x[j]) & 3)) violated("one_leader_an_epoch");
    }
  }
  known_to_all |= informed == 3, two_leaders |= leading > 1;
}
static inline void elect(u64 a, u64 b, const u32 x[3], int n) {
  u32 mine = rank[x[n] >> LOGS & 63];
  for (int voters = 1; voters < 4; voters++) { /* which of the two others */
    u32 epoch = x[n] & 3;
    u64 entering = AT(n, 1);
    int wins = 1;
    for (int k = 0; k < 2; k++) {
      int v = (n + 1 + k) % 3;
      if (!(voters >> k & 1)) continue;
      wins &= mine >= rank[x[v] >> LOGS & 63];
      epoch = (x[v] & 3) > epoch ? x[v] & 3 : epoch;
      entering |= AT(v, 1);
    }
    if (wins && epoch < EPOCHS)
      emit((a & ~(entering * (0xfffff & ~KEPT))) | entering * (epoch + 1) | AT(n, LEADS), b);
  }
}
static inline void push(u64 a, u64 b, u32 message) {
  u64 rest = b >> APPENDS;
  int at = 0;
  while (at < FLIGHT && (rest >> 10 * at & 1023) > message) at++;
  if (at < FLIGHT && (rest >> 10 * at & 1023) == message) {
    generated++; /* it is in flight already: nothing changes */
  } else if (!(rest >> 10 * (FLIGHT - 1))) {
    u64 below = (1ULL << (APPENDS + 10 * at)) - 1;
    emit(a, (b & below) | (u64)message << (APPENDS + 10 * at) | (b & ~below) << 10);
  }
}
static inline void lead(u64 a, u64 b, u32 x, int n) {
  u32 epoch = x & 3, log = x >> LOGS & 63, hw = x >> HW & 3, end = length[log];
  if (end < LOG) emit(a | AT(n, epoch << (LOGS + 2 * end)), b);
  for (int k = 1; k < 3; k++) {
    int to = (n + k) % 3, shift = ACKED + 2 * to;
    u32 acked = x >> shift & 3, record = log >> 2 * acked & 3;
    if (acked < end) push(a, b, (u32)to | epoch << 2 | acked << 4 | record << 6 | hw << 8);
    for (u32 heard = b >> (9 * to + 3 * (epoch - 1)) & 7; heard; heard &= heard - 1) {
      u32 last = (u32)__builtin_ctz(heard);
      u64 other = b & ~(1ULL << (9 * to + 3 * (epoch - 1) + last));
      emit(last + 1 > acked ? (a & ~AT(n, 3u << shift)) | AT(n, (last + 1) << shift) : a, other);
    }
  }
  u32 first = x >> (ACKED + 2 * ((n + 1) % 3)) & 3, second = x >> (ACKED + 2 * ((n + 2) % 3)) & 3;
  u32 most = first > second ? first : second;
  for (u32 to = hw + 1; to <= end && to <= most; to++)
    if ((log >> 2 * (to - 1) & 3) == epoch) emit((a & ~AT(n, 3u << HW)) | AT(n, to << HW), b);
}
static inline void arrive(u64 a, u64 b, const u32 x[3]) {
  for (int at = 0; at < FLIGHT; at++) {
    u64 m = b >> (APPENDS + 10 * at) & 1023, below = (1ULL << (APPENDS + 10 * at)) - 1;
    if (!m) return;
    u64 without = (b & below) | (b >> 10 & ~below);
    emit(a, without); /* it is lost */
    u32 to = m & 3, epoch = m >> 2 & 3, offset = m >> 4 & 3, record = m >> 6 & 3, hw = m >> 8;
    u32 node = x[to];
    if (epoch < (node & 3)) {
      emit(a, without);
      continue;
    }
    if (epoch > (node & 3)) node = (node & KEPT) | epoch;
    if (offset > length[node >> LOGS & 63]) violated("well-defined");
    if ((node >> (LOGS + 2 * offset) & 3) != record) /* what follows another record goes too */
      node = (node & ~((63u << 2 * offset & 63u) << LOGS)) | record << (LOGS + 2 * offset);
    if (hw > offset + 1) hw = offset + 1;
    if (hw > (node >> HW & 3)) node = (node & ~(3u << HW)) | hw << HW;
    u64 answer = 1ULL << (9 * to + 3 * (epoch - 1) + offset);
    emit((a & ~AT(to, 0xfffff)) | AT(to, node), without | answer);
  }
}
static inline void visit(State s) {
  u32 x[3] = {s.a & 0xfffff, s.a >> NODE & 0xfffff, s.a >> 2 * NODE & 0xfffff};
  check(x);
  for (int n = 0; n < 3; n++) {
    elect(s.a, s.b, x, n);
    if (x[n] & LEADS) lead(s.a, s.b, x[n], n);
  }
  arrive(s.a, s.b, x);
}
static State *states(int lg) {
  void *p = mmap(0, 16ULL << lg, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) { perror("mmap"); exit(2); }
  madvise(p, 16ULL << lg, MADV_HUGEPAGE);
  return p;
}
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}
int main(int argc, char **argv) {
  int lg = argc > 1 ? atoi(argv[1]) : 24;
  mask = (1ULL << lg) - 1, table = states(lg), queue = states(lg);
  for (int log = 0; log < 64; log++) {
    while (length[log] < 3 && log >> 2 * length[log] & 3) length[log]++;
    rank[log] = length[log] ? (log >> 2 * (length[log] - 1) & 3) << 2 | length[log] : 0;
  }
  double start = now();
  u64 q = 0, depth = 0;
  for (emit(START, 0), flush(); q < found; depth++, flush())
    for (u64 level = found; q < level; q++) visit(queue[q]);
  double took = now() - start;
  if (!known_to_all || !two_leaders) violated("not reached");
  printf("distinct %lu generated %lu depth %lu seconds %.3f\n", found, generated, depth, took);
}
