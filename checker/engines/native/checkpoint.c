/* A search put down on disk, between two pieces of a level, and taken up again.
 *
 *   Header, what was counted and seen, keys in the order of entries, parents, with fingerprints
 *   also the states of the queue, and a checksum of all of it.
 *
 * The file is written under another name and takes its own when all of it is on the disk: a
 * process that is killed leaves the checkpoint before.  A table is not written: it is filled anew.
 */
enum { NONE, INTACT, ANOTHER, DAMAGED, TOO_LARGE, UNWRITABLE };

typedef struct {
  u64 magic, identity, key, words, count, found, next, level_end, depth;
} Header;

static const u64 MAGIC = 0x31746369647265ULL; /* "erdict1" */

typedef struct {
  FILE *file;
  u64 sum;
  int failed;
} Stream;

static u64 summed(u64 sum, const void *data, u64 bytes) {
  const char *p = data;
  for (u64 done = 0; done < bytes; done += sizeof(u64)) {
    u64 word = 0;
    memcpy(&word, p + done, bytes - done < sizeof word ? bytes - done : sizeof word);
    sum = mixed(sum, word);
  }
  return sum;
}
static void put(Stream *stream, const void *data, u64 bytes) {
  if (fwrite(data, 1, bytes, stream->file) != bytes) stream->failed = 1;
  stream->sum = summed(stream->sum, data, bytes);
}
static int get(Stream *stream, void *data, u64 bytes) {
  if (fread(data, 1, bytes, stream->file) != bytes) return 0;
  stream->sum = summed(stream->sum, data, bytes);
  return 1;
}

/* ---------------------------------------------------------------- writing */

static void put_all(Stream *stream, const Run *run) {
  Header header = {MAGIC, run->identity, KEY, WORDS, run->count,
                   run->distinct,  run->next,     run->level_end, run->depth};
  put(stream, &header, sizeof header);
  put(stream, run->fired, sizeof run->fired);
  put(stream, run->fresh, sizeof run->fresh);
  put(stream, run->sites, sizeof run->sites);
  put(stream, run->seen, sizeof run->seen);
  put(stream, &run->defect, sizeof run->defect);
  for (u64 i = 0; i < run->count; i++) {
    static const u64 hole[KEY];
    put(stream, run->order[i] == HOLE ? hole : run->table + (u64)run->order[i] * KEY, sizeof hole);
  }
  put(stream, run->parent, run->count * sizeof(u32));
#ifdef FINGERPRINTS
  put(stream, run->states + run->next * WORDS, (run->count - run->next) * WORDS * sizeof(u64));
#endif
  u64 sum = stream->sum;
  put(stream, &sum, sizeof sum);
}

static int save(const Run *run) {
  char name[4096];
  if (snprintf(name, sizeof name, "%s.new", run->checkpoint) >= (int)sizeof name) return UNWRITABLE;
  Stream stream = {fopen(name, "wb"), 0, 0};
  if (!stream.file) return UNWRITABLE;
  put_all(&stream, run);
  int bad = stream.failed | fflush(stream.file) | fsync(fileno(stream.file));
  bad |= fclose(stream.file);
  if (!bad) bad = rename(name, run->checkpoint);
  if (bad) remove(name);
  return bad ? UNWRITABLE : INTACT;
}

/* ---------------------------------------------------------------- reading */

static int get_entries(Stream *stream, Run *run) {
  for (u64 i = 0; i < run->count; i++) {
    u64 key[KEY];
    int fresh = 1;
    if (!get(stream, key, sizeof key)) return 0;
    run->order[i] = HOLE;
    if (key[0])
      run->order[i] = (u32)find(run->table, run->slots, line_of(run->slots, hash_of(key)), key, &fresh, 0);
    if (!fresh) return 0;
  }
  if (!get(stream, run->parent, run->count * sizeof(u32))) return 0;
#ifdef FINGERPRINTS
  u64 queued = (run->count - run->next) * WORDS * sizeof(u64);
  if (!get(stream, run->states + run->next * WORDS, queued)) return 0;
#endif
  u64 sum = stream->sum, told;
  return get(stream, &told, sizeof told) && told == sum;
}

/* Take a search up again. */
static int restore(Crew *crew, FILE *file) {
  Run *run = crew->run;
  Worker *w = &crew->workers[0];
  Stream stream = {file, 0, 0};
  Header header;
  if (!get(&stream, &header, sizeof header) || header.magic != MAGIC) return DAMAGED;
  if (header.identity != run->identity || header.key != KEY || header.words != WORDS) return ANOTHER;
  if (header.count >= run->room || !make_room(crew, header.count)) return TOO_LARGE;
  int whole = get(&stream, w->fired, sizeof w->fired) && get(&stream, w->fresh, sizeof w->fresh) &&
              get(&stream, w->sites, sizeof w->sites) && get(&stream, run->seen, sizeof run->seen) &&
              get(&stream, &run->defect, sizeof run->defect);
  run->count = header.count, run->next = header.next;
  run->level_end = header.level_end, run->depth = header.depth;
  run->found = run->restored = w->distinct = w->told = header.found;
  return whole && get_entries(&stream, run) ? INTACT : DAMAGED;
}
