/* The representative of a state under symmetry.
 *
 * Values of a symmetric domain may be renamed: states that differ in names alone are one orbit,
 * and one state stands for it.  A generated program defines
 *
 *   DOMAINS, LARGEST, sizes[]    its symmetric domains, and how many values each has
 *   image_of(s, p, t)            t: the state s with its values renamed by p
 *   view_of(s, domain, value)    what s looks like from a value: the same number for a renamed
 *                                state and the renamed value
 *
 * Values are renamed so that their views ascend.  Where views are equal, either the values can
 * be exchanged and nothing changes; or all renamings among them are tried, and the least state
 * is taken.  Both depend on the orbit alone, and so does the representative.
 */
static void keep_names(Renaming *p) {
  for (int d = 0; d < DOMAINS; d++)
    for (int v = 0; v < LARGEST; v++) p->to[d][v] = (unsigned char)v;
}
static int precedes(const u64 *a, const u64 *b) {
  for (int i = 0; i < WORDS; i++)
    if (a[i] != b[i]) return a[i] < b[i];
  return 0;
}

/* Rename so that views ascend; `alike` says of each value whether its view is that of the one
 * before.
 */
static void sort_by_views(u64 *s, unsigned char alike[DOMAINS][LARGEST]) {
  Renaming p;
  for (int d = 0; d < DOMAINS; d++) {
    u64 views[LARGEST];
    unsigned char at[LARGEST];
    for (int v = 0; v < sizes[d]; v++) {
      u64 view = view_of(s, (u32)d, (u64)v);
      int i = v;
      for (; i && views[i - 1] > view; i--) views[i] = views[i - 1], at[i] = at[i - 1];
      views[i] = view, at[i] = (unsigned char)v;
    }
    for (int i = 0; i < sizes[d]; i++) {
      p.to[d][at[i]] = (unsigned char)i;
      alike[d][i] = i && views[i] == views[i - 1];
    }
  }
  u64 t[WORDS];
  image_of(s, &p, t);
  memcpy(s, t, sizeof t);
}

/* Forget likenesses of values that can be exchanged; whether others are left. */
static int tell_apart(const u64 *s, unsigned char alike[DOMAINS][LARGEST]) {
  int left = 0;
  for (int d = 0; d < DOMAINS; d++) {
    for (int from = 0, to; from < sizes[d]; from = to) {
      int different = 0;
      for (to = from + 1; to < sizes[d] && alike[d][to]; to++) {
        Renaming p;
        u64 t[WORDS];
        keep_names(&p);
        p.to[d][to] = (unsigned char)(to - 1), p.to[d][to - 1] = (unsigned char)to;
        image_of(s, &p, t);
        different |= memcmp(s, t, sizeof t) != 0;
      }
      if (!different)
        for (int i = from; i < to; i++) alike[d][i] = 0;
      left |= different;
    }
  }
  return left;
}

/* Try every renaming among values that are alike, from the value `v` of domain `d` on. */
static void try_all(const u64 *s, unsigned char alike[DOMAINS][LARGEST], Renaming *p, int d, int v,
                    u64 *least) {
  while (d < DOMAINS && v == sizes[d]) d++, v = 0;
  if (d == DOMAINS) {
    u64 t[WORDS];
    image_of(s, p, t);
    if (precedes(t, least)) memcpy(least, t, sizeof t);
    return;
  }
  try_all(s, alike, p, d, v + 1, least);
  for (int other = v; alike[d][other]; other--) {
    unsigned char was = p->to[d][v];
    p->to[d][v] = p->to[d][other - 1], p->to[d][other - 1] = was;
    try_all(s, alike, p, d, v + 1, least);
    p->to[d][other - 1] = p->to[d][v], p->to[d][v] = was;
  }
}

static void canonical(u64 *s) {
  unsigned char alike[DOMAINS][LARGEST];
  sort_by_views(s, alike);
  if (!tell_apart(s, alike)) return;
  Renaming p;
  u64 least[WORDS];
  keep_names(&p);
  memcpy(least, s, sizeof least);
  try_all(s, alike, &p, 0, 0, least);
  memcpy(s, least, sizeof least);
}
