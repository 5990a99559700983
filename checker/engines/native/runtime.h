/* What generated programs are made of: numbers, failure, and collections in flight.
 *
 * A scalar value is a u64 (its number), an `int` an i64.  Larger values are structs, generated
 * for each type.  Sequences, and sets and bags that are listed, are structs of a length and
 * elements; sets and bags keep theirs in ascending order.
 *
 * An operation that has no result calls fail() with the number of its site, and goes on with
 * some value: the action asks afterwards whether anything failed.  Integers of the language have
 * no end, those of C do: where a result might not fit, it is looked at, and the search given up.
 */
#include <stdint.h>
#include <string.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef int64_t i64;

typedef struct Worker Worker;

static inline void fail(Worker *w, u32 site);
static void too_large(Worker *w);

#define ONES(width) ((width) == 64 ? ~0ULL : (1ULL << (width)) - 1)
#define SCALAR_EQ(a, b) ((a) == (b))
#define SCALAR_CMP(a, b) (((a) > (b)) - ((a) < (b)))

static inline u64 put_bits(u64 word, unsigned bit, unsigned width, u64 value) {
  u64 mask = ONES(width) << bit;
  return (word & ~mask) | (value << bit & mask);
}

#define CHECKED(NAME)                                                                          \
  static inline i64 checked_##NAME(Worker *w, i64 a, i64 b) {                                  \
    i64 result;                                                                                \
    if (__builtin_##NAME##_overflow(a, b, &result)) too_large(w);                              \
    return result;                                                                             \
  }
CHECKED(add)
CHECKED(sub)
CHECKED(mul)

/* A listed collection T of at most CAP elements E. */
#define LISTED(T, E, CAP, EQ, CMP)                                                             \
  typedef struct {                                                                             \
    u32 len;                                                                                   \
    E v[CAP];                                                                                  \
  } T;                                                                                         \
  static inline int T##_has(T a, E x) {                                                        \
    for (u32 i = 0; i < a.len; i++)                                                            \
      if (EQ(a.v[i], x)) return 1;                                                             \
    return 0;                                                                                  \
  }                                                                                            \
  static inline i64 T##_count(T a, E x) {                                                      \
    i64 n = 0;                                                                                 \
    for (u32 i = 0; i < a.len; i++) n += EQ(a.v[i], x);                                        \
    return n;                                                                                  \
  }                                                                                            \
  static inline int T##_eq(T a, T b) {                                                         \
    if (a.len != b.len) return 0;                                                              \
    for (u32 i = 0; i < a.len; i++)                                                            \
      if (!EQ(a.v[i], b.v[i])) return 0;                                                       \
    return 1;                                                                                  \
  }                                                                                            \
  static inline int T##_takes(T a, E x, int once) {                                            \
    return a.len < (CAP) || (once && T##_has(a, x));                                           \
  }                                                                                            \
  static inline T T##_append(Worker *w, T a, E x, u32 site) {                                  \
    if (a.len >= (CAP)) fail(w, site);                                                         \
    else a.v[a.len++] = x;                                                                     \
    return a;                                                                                  \
  }                                                                                            \
  static inline T T##_insert(Worker *w, T a, E x, int once, u32 site) {                        \
    u32 i = 0;                                                                                 \
    while (i < a.len && CMP(a.v[i], x) < 0) i++;                                               \
    if (once && i < a.len && EQ(a.v[i], x)) return a;                                          \
    if (a.len >= (CAP)) {                                                                      \
      fail(w, site);                                                                           \
      return a;                                                                                \
    }                                                                                          \
    for (u32 j = a.len++; j > i; j--) a.v[j] = a.v[j - 1];                                     \
    a.v[i] = x;                                                                                \
    return a;                                                                                  \
  }                                                                                            \
  static inline T T##_remove(Worker *w, T a, E x, int must, u32 site) {                        \
    u32 i = 0;                                                                                 \
    while (i < a.len && !EQ(a.v[i], x)) i++;                                                   \
    if (i == a.len) {                                                                          \
      if (must) fail(w, site);                                                                 \
      return a;                                                                                \
    }                                                                                          \
    for (a.len--; i < a.len; i++) a.v[i] = a.v[i + 1];                                         \
    return a;                                                                                  \
  }                                                                                            \
  static inline T T##_slice(Worker *w, T a, i64 from, i64 to, int bad, u32 site) {             \
    T r = {0};                                                                                 \
    if (bad) {                                                                                 \
      fail(w, site);                                                                           \
      return r;                                                                                \
    }                                                                                          \
    if (to > (i64)a.len) to = a.len;                                                           \
    for (i64 i = from; i < to; i++) r.v[r.len++] = a.v[i];                                     \
    return r;                                                                                  \
  }                                                                                            \
  static inline E T##_at(Worker *w, T a, i64 i, u32 site) {                                    \
    if (i < 0 || i >= (i64)a.len) {                                                            \
      fail(w, site);                                                                           \
      i = 0;                                                                                   \
    }                                                                                          \
    return a.v[i];                                                                             \
  }                                                                                            \
  static inline T T##_set(Worker *w, T a, i64 i, E x, u32 site) {                              \
    if (i < 0 || i >= (i64)a.len) fail(w, site);                                               \
    else a.v[i] = x;                                                                           \
    return a;                                                                                  \
  }                                                                                            \
  static inline int T##_subset(T a, T b) {                                                     \
    for (u32 i = 0; i < a.len; i++)                                                            \
      if (!T##_has(b, a.v[i])) return 0;                                                       \
    return 1;                                                                                  \
  }                                                                                            \
  static inline int T##_cmp_items(T a, T b) {                                                  \
    for (u32 i = 0; i < a.len && i < b.len; i++) {                                             \
      int order = CMP(a.v[i], b.v[i]);                                                         \
      if (order) return order;                                                                 \
    }                                                                                          \
    return SCALAR_CMP(a.len, b.len);                                                           \
  }                                                                                            \
  static inline int T##_cmp_largest(T a, T b) {                                                \
    for (u32 i = 0; i < a.len && i < b.len; i++) {                                             \
      int order = CMP(a.v[a.len - 1 - i], b.v[b.len - 1 - i]);                                 \
      if (order) return order;                                                                 \
    }                                                                                          \
    return SCALAR_CMP(a.len, b.len);                                                           \
  }

/* The elements of one capacity as those of another. */
#define REFIT(FROM, TO, CAP)                                                                   \
  static inline TO FROM##_to_##TO(Worker *w, FROM a, u32 site) {                               \
    TO r = {0};                                                                                \
    if (a.len > (CAP)) {                                                                       \
      fail(w, site);                                                                           \
      return r;                                                                                \
    }                                                                                          \
    for (; r.len < a.len; r.len++) r.v[r.len] = a.v[r.len];                                    \
    return r;                                                                                  \
  }
