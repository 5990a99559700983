/* What generated programs are made of: numbers, failure, and collections in flight.
 *
 * A scalar value is a u64 (its number), an `int` an i64.  Larger values are structs, generated
 * for each type.  Sequences, and sets and bags that are listed, have elements one after another;
 * sets and bags keep theirs in ascending order.
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

/* A listed collection T of at most CAP elements E is kept in one of two ways:
 *
 *   a struct    of a length and elements
 *   a number    of slots of WIDTH bits, where each element fits one, and all together a word:
 *               the element's number + 1, counted from LOW, so that 0 is an empty slot
 *
 * Both have these operations, on which all others rest:
 *
 *   len(a)            how many elements there are
 *   item(a, i)        the element at i
 *   with(a, i, x)     with x in its place
 *   spread(a, i, x)   with x before it; there is room
 *   closed(a, i)      without it
 *   part(a, i, j)     the elements from i to before j
 */
#define LISTED_STRUCT(T, E, CAP)                                                               \
  typedef struct {                                                                             \
    u32 len;                                                                                   \
    E v[CAP];                                                                                  \
  } T;                                                                                         \
  static inline u32 T##_len(T a) { return a.len; }                                             \
  static inline E T##_item(T a, u32 i) { return a.v[i]; }                                      \
  static inline T T##_with(T a, u32 i, E x) {                                                  \
    a.v[i] = x;                                                                                \
    return a;                                                                                  \
  }                                                                                            \
  static inline T T##_spread(T a, u32 i, E x) {                                                \
    for (u32 j = a.len++; j > i; j--) a.v[j] = a.v[j - 1];                                     \
    a.v[i] = x;                                                                                \
    return a;                                                                                  \
  }                                                                                            \
  static inline T T##_closed(T a, u32 i) {                                                     \
    for (a.len--; i < a.len; i++) a.v[i] = a.v[i + 1];                                         \
    return a;                                                                                  \
  }                                                                                            \
  static inline T T##_part(T a, u32 i, u32 j) {                                                \
    T r = {0};                                                                                 \
    for (; i < j; i++) r.v[r.len++] = a.v[i];                                                  \
    return r;                                                                                  \
  }

#define LISTED_NUMBER(T, E, CAP, WIDTH, LOW)                                                   \
  typedef u64 T;                                                                               \
  static inline u32 T##_len(T a) {                                                             \
    return a ? (63u - (u32)__builtin_clzll(a)) / (WIDTH) + 1 : 0;                              \
  }                                                                                            \
  static inline E T##_item(T a, u32 i) {                                                       \
    return (E)(a >> i * (WIDTH) & ONES(WIDTH)) - 1 + (LOW);                                    \
  }                                                                                            \
  static inline T T##_with(T a, u32 i, E x) {                                                  \
    return put_bits(a, i * (WIDTH), WIDTH, (u64)(x - (LOW)) + 1);                              \
  }                                                                                            \
  static inline T T##_spread(T a, u32 i, E x) {                                                \
    u64 below = i ? a & ONES(i * (WIDTH)) : 0;                                                 \
    u64 above = i + 1 < (CAP) ? (a >> i * (WIDTH)) << (i + 1) * (WIDTH) : 0;                   \
    return below | above | ((u64)(x - (LOW)) + 1) << i * (WIDTH);                              \
  }                                                                                            \
  static inline T T##_closed(T a, u32 i) {                                                     \
    u64 above = i + 1 < (CAP) ? (a >> (i + 1) * (WIDTH)) << i * (WIDTH) : 0;                   \
    return (i ? a & ONES(i * (WIDTH)) : 0) | above;                                            \
  }                                                                                            \
  static inline T T##_part(T a, u32 i, u32 j) {                                                \
    return i < j ? a >> i * (WIDTH) & ONES((j - i) * (WIDTH)) : 0;                             \
  }

#define LISTED(T, E, CAP, EQ, CMP)                                                             \
  static inline int T##_has(T a, E x) {                                                        \
    for (u32 i = 0; i < T##_len(a); i++)                                                       \
      if (EQ(T##_item(a, i), x)) return 1;                                                     \
    return 0;                                                                                  \
  }                                                                                            \
  static inline i64 T##_count(T a, E x) {                                                      \
    i64 n = 0;                                                                                 \
    for (u32 i = 0; i < T##_len(a); i++) n += EQ(T##_item(a, i), x);                           \
    return n;                                                                                  \
  }                                                                                            \
  static inline int T##_eq(T a, T b) {                                                         \
    if (T##_len(a) != T##_len(b)) return 0;                                                    \
    for (u32 i = 0; i < T##_len(a); i++)                                                       \
      if (!EQ(T##_item(a, i), T##_item(b, i))) return 0;                                       \
    return 1;                                                                                  \
  }                                                                                            \
  static inline int T##_takes(T a, E x, int once) {                                            \
    return T##_len(a) < (CAP) || (once && T##_has(a, x));                                      \
  }                                                                                            \
  static inline T T##_append(Worker *w, T a, E x, u32 site) {                                  \
    if (T##_len(a) < (CAP)) return T##_spread(a, T##_len(a), x);                               \
    fail(w, site);                                                                             \
    return a;                                                                                  \
  }                                                                                            \
  static inline T T##_insert(Worker *w, T a, E x, int once, u32 site) {                        \
    u32 i = 0;                                                                                 \
    while (i < T##_len(a) && CMP(T##_item(a, i), x) < 0) i++;                                  \
    if (once && i < T##_len(a) && EQ(T##_item(a, i), x)) return a;                             \
    if (T##_len(a) < (CAP)) return T##_spread(a, i, x);                                        \
    fail(w, site);                                                                             \
    return a;                                                                                  \
  }                                                                                            \
  static inline T T##_remove(Worker *w, T a, E x, int must, u32 site) {                        \
    u32 i = 0;                                                                                 \
    while (i < T##_len(a) && !EQ(T##_item(a, i), x)) i++;                                      \
    if (i < T##_len(a)) return T##_closed(a, i);                                               \
    if (must) fail(w, site);                                                                   \
    return a;                                                                                  \
  }                                                                                            \
  static inline T T##_slice(Worker *w, T a, i64 from, i64 to, int bad, u32 site) {             \
    if (bad) {                                                                                 \
      fail(w, site);                                                                           \
      return T##_part(a, 0, 0);                                                                \
    }                                                                                          \
    if (to > (i64)T##_len(a)) to = T##_len(a);                                                 \
    return T##_part(a, (u32)from, (u32)to);                                                    \
  }                                                                                            \
  static inline E T##_at(Worker *w, T a, i64 i, u32 site) {                                    \
    if (i < 0 || i >= (i64)T##_len(a)) {                                                       \
      fail(w, site);                                                                           \
      i = 0;                                                                                   \
    }                                                                                          \
    return T##_item(a, (u32)i);                                                                \
  }                                                                                            \
  static inline T T##_set(Worker *w, T a, i64 i, E x, u32 site) {                              \
    if (i >= 0 && i < (i64)T##_len(a)) return T##_with(a, (u32)i, x);                          \
    fail(w, site);                                                                             \
    return a;                                                                                  \
  }                                                                                            \
  static inline int T##_subset(T a, T b) {                                                     \
    for (u32 i = 0; i < T##_len(a); i++)                                                       \
      if (!T##_has(b, T##_item(a, i))) return 0;                                               \
    return 1;                                                                                  \
  }                                                                                            \
  static inline int T##_cmp_items(T a, T b) {                                                  \
    for (u32 i = 0; i < T##_len(a) && i < T##_len(b); i++) {                                   \
      int order = CMP(T##_item(a, i), T##_item(b, i));                                         \
      if (order) return order;                                                                 \
    }                                                                                          \
    return SCALAR_CMP(T##_len(a), T##_len(b));                                                 \
  }                                                                                            \
  static inline int T##_cmp_largest(T a, T b) {                                                \
    for (u32 i = 1; i <= T##_len(a) && i <= T##_len(b); i++) {                                 \
      int order = CMP(T##_item(a, T##_len(a) - i), T##_item(b, T##_len(b) - i));               \
      if (order) return order;                                                                 \
    }                                                                                          \
    return SCALAR_CMP(T##_len(a), T##_len(b));                                                 \
  }

/* The elements of one capacity as those of another. */
#define REFIT(FROM, TO, CAP)                                                                   \
  static inline TO FROM##_to_##TO(Worker *w, FROM a, u32 site) {                               \
    TO r = {0};                                                                                \
    if (FROM##_len(a) > (CAP)) {                                                               \
      fail(w, site);                                                                           \
      return r;                                                                                \
    }                                                                                          \
    for (u32 i = 0; i < FROM##_len(a); i++) r = TO##_spread(r, i, FROM##_item(a, i));          \
    return r;                                                                                  \
  }
