/* The inner loops of tagger's prediction, for one core: count() reads words and counts features, score() sums their
 * weights. They do what src/tagger/features.py, structure.py and scoring.py do with NumPy, to the bit: all sums are of
 * whole numbers, so that no order of adding makes a difference. pool() does what aggregation.py does, in its order. C99
 * with the builtins of GCC and Clang; it knows nothing of Python.
 *
 * A passage goes through in steps, each a simple loop: a branch that is guessed wrong at every word, or a load that waits
 * for the word before, costs more than all the arithmetic.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "offsets_of() takes the first of eight bytes for the lowest"
#endif

#if defined(__GNUC__) && defined(__x86_64__) && defined(__linux__)
/* The loader chooses what the processor can do. */
#define FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

/* The classes of a character that is no letter or digit, as in features.py. */
enum { OTHER, SPACE, ASTERISK, APOSTROPHE, QUOTE, NEWLINE, SIGN };
#define FIRST_LETTER 48
#define LAST_DIGIT 57
#define FIRST_ACCENT 0x300
#define LAST_ACCENT 0x36f
#define KINDS 5 /* of markers, as in structure.py */

typedef struct {
    const uint64_t *keys;
    const int32_t *slots; /* 2^bits of them */
    int64_t bits;
} Table;

typedef struct {
    uint64_t spread;          /* of the hash */
    Table words, pairs, markers;
    const int32_t *columns;   /* word -> feature */
    const int8_t *word_kinds; /* word -> kind of marker, or -1 */
    const int64_t *kinds;     /* marker -> kind */
    const uint64_t *filter;   /* a bit for each value of a pair's first FILTER_BITS bits: whether any pair has it */
    int64_t n_stems, n_features;
} Vocabulary;

#define FILTER_BITS 20

typedef struct { /* Room for what one passage needs on the way; `size` is that of the longest. */
    uint8_t *flags, *changes; /* [size + 8] each */
    uint64_t *sums;           /* [size + 1] */
    int32_t *edges, *marks;   /* [size + 2] each */
    uint64_t *hashes;         /* [size] */
    int32_t *columns;         /* [size] */
    int32_t *seen;            /* zeros: [features] */
    uint64_t *bits, *summary; /* zeros: a bit a feature, and a bit a word of these */
} Scratch;

typedef struct {
    int32_t *columns, *counts;          /* [entries] */
    int64_t *rows;                      /* [passages + 1] */
    int64_t *known, *total;             /* [passages] */
    int64_t *markers;                   /* [passages, KINDS] */
    int64_t *letters, *signs, *visible; /* [passages] */
} Counts;

static inline int32_t find(const Table *table, uint64_t hash) {
    uint64_t mask = ((uint64_t)1 << table->bits) - 1, at = hash >> (64 - table->bits);
    for (;;) {
        int32_t place = table->slots[at];
        if (place < 0 || table->keys[place] == hash) return place;
        at = (at + 1) & mask;
    }
}

static inline void add(Scratch *scratch, int32_t column) {
    scratch->seen[column]++;
    scratch->bits[column >> 6] |= (uint64_t)1 << (column & 63);
    scratch->summary[column >> 12] |= (uint64_t)1 << ((column >> 6) & 63);
}

/* Write what was added in rising order, and leave the scratch empty. Returns the end of the entries. */
static int64_t flush(Scratch *scratch, int64_t n_features, Counts *out, int64_t entries) {
    for (int64_t top = 0; top <= (n_features - 1) >> 12; top++) {
        uint64_t words = scratch->summary[top];
        scratch->summary[top] = 0;
        for (; words; words &= words - 1) {
            int64_t word = (top << 6) | __builtin_ctzll(words);
            uint64_t bits = scratch->bits[word];
            scratch->bits[word] = 0;
            for (; bits; bits &= bits - 1) {
                int32_t column = (int32_t)((word << 6) | __builtin_ctzll(bits));
                out->columns[entries] = column;
                out->counts[entries++] = scratch->seen[column];
                scratch->seen[column] = 0;
            }
        }
    }
    return entries;
}

/* What stands beside the ends of a passage matters to nothing: a line break ends each, and none begins with one. */
FOR_EACH_PROCESSOR
static void find_words(const uint16_t *restrict letters, int64_t size, uint8_t *restrict is_word) {
    is_word[0] = letters[0] >= FIRST_LETTER;
    for (int64_t i = 1; i < size - 1; i++) {
        uint8_t joiner = (letters[i] == APOSTROPHE) | (letters[i] == ASTERISK);
        uint8_t between = (letters[i - 1] >= FIRST_LETTER) & (letters[i + 1] >= FIRST_LETTER);
        is_word[i] = (letters[i] >= FIRST_LETTER) | (joiner & between);
    }
    is_word[size - 1] = 0;
}

FOR_EACH_PROCESSOR
static int64_t count_letters(const uint16_t *restrict letters, int64_t size, uint16_t kind) {
    int64_t found = 0;
    for (int64_t i = 0; i < size; i++) found += letters[i] == kind;
    return found;
}

/* Where the flags, bytes of 0 or 1, change, from 0 on: where words begin and end, in turn. */
FOR_EACH_PROCESSOR
static void find_changes(const uint8_t *restrict flags, int64_t size, uint8_t *restrict changes) {
    changes[0] = flags[0];
    for (int64_t i = 1; i < size; i++) changes[i] = flags[i] ^ flags[i - 1];
}

/* Which characters may part dialogue from the rest: quotes, apostrophes and line breaks. */
FOR_EACH_PROCESSOR
static void find_marks(const uint16_t *restrict letters, int64_t size, uint8_t *restrict marks) {
    for (int64_t i = 0; i < size; i++) marks[i] = (uint16_t)(letters[i] - APOSTROPHE) <= NEWLINE - APOSTROPHE;
}

/* The offsets of the flags that are 1; returns how many. There is room for 8 more flags, which are taken for 0. */
static int64_t offsets_of(uint8_t *flags, int64_t size, int32_t *offsets) {
    int64_t found = 0;
    memset(flags + size, 0, 8);
    for (int64_t i = 0; i < size; i += 64) {
        uint64_t set = 0, eight;
        for (int64_t k = 0; k < 8 && i + 8 * k < size; k++) {
            memcpy(&eight, flags + i + 8 * k, 8);
            set |= (eight * 0x0102040810204080 >> 56) << 8 * k; /* gathers the bytes' lowest bits */
        }
        for (; set; set &= set - 1) offsets[found++] = (int32_t)(i + __builtin_ctzll(set));
    }
    return found;
}

/* Count the markers of structure.py that stand outside dialogue; kinds[w] is that of word w, or -1, and is lost. */
static void observe(const uint16_t *letters, const int32_t *edges, int32_t *kinds, int64_t words, int single,
                    const int32_t *marks, int64_t n_marks, int64_t *markers) {
    int64_t n_markers = 0, mark = 0;
    int inside = 0;
    memset(markers, 0, KINDS * sizeof *markers);
    for (int32_t w = 0; w < words; w++) {
        int marker = kinds[w] >= 0;
        kinds[n_markers] = w | (int32_t)((uint32_t)kinds[w] << 28); /* fewer than 2^28 words, and KINDS < 8 */
        n_markers += marker;
    }
    for (int64_t m = 0; m < n_markers; m++) {
        int32_t start = edges[2 * (kinds[m] & ((1 << 28) - 1))];
        for (; mark < n_marks && marks[mark] < start; mark++) {
            int64_t at = marks[mark];
            if (letters[at] == NEWLINE) inside = 0;
            else if (letters[at] == QUOTE) inside ^= 1;
            else if (single) inside ^= !(at && letters[at - 1] >= FIRST_LETTER && letters[at + 1] >= FIRST_LETTER);
        }
        markers[kinds[m] >> 28] += !inside;
    }
}

/* Count the features and markers of passages; passage p is letters[offsets[p]:offsets[p + 1]], a line break its last.
 * powers[i] and inverses[i] are those of the hash. Returns the number of entries. */
int64_t tagger_count(const Vocabulary *vocabulary, const uint16_t *all, const int64_t *offsets, int64_t passages,
                     const uint64_t *powers, const uint64_t *inverses, Scratch *scratch, Counts *out) {
    int64_t entries = 0;
    out->rows[0] = 0;
    for (int64_t p = 0; p < passages; p++) {
        const uint16_t *letters = all + offsets[p];
        int64_t size = offsets[p + 1] - offsets[p], in_words = 0, known = 0, pairs = 0;
        uint64_t *sums = scratch->sums, *hashes = scratch->hashes;
        int32_t *edges = scratch->edges, *columns = scratch->columns, *kinds = scratch->edges + size + 2, before = -1;

        find_words(letters, size, scratch->flags);
        find_changes(scratch->flags, size, scratch->changes);
        int64_t words = offsets_of(scratch->changes, size, edges) / 2;
        sums[0] = 0;
        for (int64_t i = 0; i < size; i++) sums[i + 1] = sums[i] + letters[i] * powers[i];
        for (int64_t w = 0; w < words; w++) {
            int32_t start = edges[2 * w], end = edges[2 * w + 1];
            hashes[w] = (sums[end] - sums[start]) * inverses[start];
            in_words += letters[start] > LAST_DIGIT ? end - start : 0;
            __builtin_prefetch(vocabulary->words.slots + (hashes[w] >> (64 - vocabulary->words.bits)));
        }
        for (int64_t w = 0; w < words; w++) {
            int32_t place = find(&vocabulary->words, hashes[w]);
            if (place >= 0) {
                columns[w] = vocabulary->columns[place];
                kinds[w] = vocabulary->word_kinds[place];
            } else {
                int32_t marker = find(&vocabulary->markers, hashes[w]);
                columns[w] = -1;
                kinds[w] = marker < 0 ? -1 : (int32_t)vocabulary->kinds[marker];
            }
        }
        find_marks(letters, size, scratch->flags);
        int64_t marks = offsets_of(scratch->flags, size, scratch->marks);
        observe(letters, edges, kinds, words, !count_letters(letters, size, QUOTE), scratch->marks, marks,
                out->markers + p * KINDS);
        for (int64_t w = 0; w < words; w++) {
            int32_t column = columns[w];
            if (column >= 0) {
                known++;
                add(scratch, column);
                uint64_t pair = (((uint64_t)(uint32_t)before << 32) | (uint32_t)column) * vocabulary->spread;
                uint64_t bit = pair >> (64 - FILTER_BITS);
                hashes[pairs] = pair;
                __builtin_prefetch(vocabulary->pairs.slots + (pair >> (64 - vocabulary->pairs.bits)));
                pairs += (before >= 0) & (vocabulary->filter[bit >> 6] >> (bit & 63)) & 1;
            }
            before = column;
        }
        for (int64_t i = 0; i < pairs; i++) {
            int32_t place = vocabulary->pairs.slots[hashes[i] >> (64 - vocabulary->pairs.bits)];
            __builtin_prefetch(vocabulary->pairs.keys + (place < 0 ? 0 : place));
        }
        for (int64_t i = 0; i < pairs; i++) {
            int32_t found = find(&vocabulary->pairs, hashes[i]);
            if (found >= 0) add(scratch, (int32_t)(found + vocabulary->n_stems));
        }
        entries = flush(scratch, vocabulary->n_features, out, entries);
        out->rows[p + 1] = entries;
        out->known[p] = known;
        out->total[p] = words;
        out->letters[p] = in_words;
        out->signs[p] = count_letters(letters, size, SIGN);
        out->visible[p] = size - count_letters(letters, size, SPACE) - count_letters(letters, size, NEWLINE);
    }
    return entries;
}

/* Set the bits of the pairs in a filter of zeros. */
void tagger_filter(const uint64_t *keys, int64_t n_keys, uint64_t *filter) {
    for (int64_t i = 0; i < n_keys; i++) {
        uint64_t bit = keys[i] >> (64 - FILTER_BITS);
        filter[bit >> 6] |= (uint64_t)1 << (bit & 63);
    }
}

static inline int is_ascii(const uint8_t *eight_bytes) {
    uint64_t eight;
    memcpy(&eight, eight_bytes, 8);
    return !(eight & 0x8080808080808080);
}

/* Fold passages of UTF-8 into letters, a line break after each; letters[offsets[p]:offsets[p + 1]] is passage p.
 * Code points beyond the table are its last. Returns how many accents are characters of their own. */
int64_t tagger_fold(const uint8_t *bytes, const int64_t *sizes, int64_t passages, const uint16_t *table, int64_t last,
                    uint16_t *letters, int64_t *offsets) {
    int64_t at = 0, accents = 0;
    offsets[0] = 0;
    for (int64_t p = 0; p < passages; p++) {
        for (const uint8_t *end = bytes + sizes[p]; bytes < end;) {
            if (end - bytes >= 8 && is_ascii(bytes)) {
                for (int i = 0; i < 8; i++) letters[at++] = table[*bytes++];
                continue;
            }
            uint32_t code = *bytes++;
            if (code >= 0x80) {
                int more = 1 + (code >= 0xe0) + (code >= 0xf0);
                for (code &= 0x3f >> more; more; more--) code = code << 6 | (*bytes++ & 0x3f);
                accents += code >= FIRST_ACCENT && code <= LAST_ACCENT;
                code = code < (uint64_t)last ? code : (uint32_t)last;
            }
            letters[at++] = table[code];
        }
        letters[at++] = NEWLINE;
        offsets[p + 1] = at;
    }
    return accents;
}

/* The value of each entry in steps, and the length of each passage's values; a row of none has the length 1. */
FOR_EACH_PROCESSOR
void tagger_values(const int32_t *restrict columns, const int32_t *restrict counts, const int64_t *rows,
                   int64_t passages, const float *restrict idf, const float *restrict damped, int32_t most,
                   float steps_in_one, int32_t *restrict steps, double *restrict lengths) {
    for (int64_t p = 0; p < passages; p++) {
        int64_t squares = 0;
        for (int64_t e = rows[p]; e < rows[p + 1]; e++) {
            float value = damped[counts[e] < most ? counts[e] : most] * idf[columns[e]];
            steps[e] = (int32_t)nearbyintf(value * steps_in_one);
            squares += (int64_t)steps[e] * steps[e];
        }
        lengths[p] = squares ? sqrt((double)squares) : 1;
    }
}

/* sums[p, label] = the sum of values[e] * weights[columns[e], label] over the entries e of passage p: whole numbers
 * below 2^53, so that doubles hold them exactly. */
FOR_EACH_PROCESSOR
void tagger_score(const int32_t *columns, const int32_t *values, const int64_t *rows, int64_t passages,
                  const int16_t *restrict weights, int64_t labels, double *restrict sums) {
    int64_t last = rows[passages] - 1;
    for (int64_t p = 0; p < passages; p++) {
        double *restrict row = sums + p * labels;
        for (int64_t label = 0; label < labels; label++) row[label] = 0;
        for (int64_t e = rows[p]; e < rows[p + 1]; e++) {
            const int16_t *restrict own = weights + (int64_t)columns[e] * labels;
            const int16_t *later = weights + (int64_t)columns[e + 12 < last ? e + 12 : last] * labels;
            double value = values[e];
            __builtin_prefetch(later);
            __builtin_prefetch(later + labels - 1);
            for (int64_t label = 0; label < labels; label++) row[label] += value * own[label];
        }
    }
}

/* The features of the greatest positive products of value and weight of each pair of a passage and a label, the greatest
 * first and of equal ones the earlier; loudest[pair, :] ends in -1 where there are fewer than `most`. */
void tagger_loudest(const int32_t *columns, const int32_t *values, const int64_t *rows, const int16_t *weights,
                    int64_t n_labels, const int64_t *passages, const int64_t *labels, int64_t pairs, int64_t most,
                    int64_t *products, int64_t *loudest) {
    for (int64_t pair = 0; pair < pairs && most; pair++, loudest += most) {
        for (int64_t i = 0; i < most; i++) products[i] = 0, loudest[i] = -1;
        for (int64_t e = rows[passages[pair]]; e < rows[passages[pair] + 1]; e++) {
            int64_t product = (int64_t)values[e] * weights[columns[e] * n_labels + labels[pair]], at = most - 1;
            if (product <= products[at]) continue;
            for (; at > 0 && products[at - 1] < product; at--) {
                products[at] = products[at - 1];
                loudest[at] = loudest[at - 1];
            }
            products[at] = product;
            loudest[at] = columns[e];
        }
    }
}

typedef struct {
    float margin;
    int32_t passage;
} Ranked;

/* Sort by margin, the greatest first and of equal ones the earlier, by merging longer and longer runs; the result is in
 * `some` or `spare`. */
static Ranked *rank(Ranked *some, Ranked *spare, int64_t n) {
    for (int64_t run = 1; run < n; run *= 2) {
        for (int64_t start = 0; start < n; start += 2 * run) {
            int64_t left = start, middle = start + run < n ? start + run : n, right = middle;
            int64_t end = start + 2 * run < n ? start + 2 * run : n;
            for (int64_t at = start; at < end; at++) {
                int from_right = left == middle || (right < end && some[right].margin > some[left].margin);
                spare[at] = some[from_right ? right++ : left++];
            }
        }
        Ranked *sorted = spare;
        spare = some;
        some = sorted;
    }
    return some;
}

/* The mean of each work's greatest margins, as many as share[label] of its passages and `top` at least, and the rows of
 * its `most` greatest; leading[work, :, label] ends in -1 where there are fewer. `room` holds twice the longest work. */
void tagger_pool(const float *margins, const int64_t *rows, int64_t works, int64_t labels, int64_t top,
                 const double *share, int64_t most, Ranked *room, float *pooled, int64_t *leading) {
    for (int64_t w = 0; w < works; w++, pooled += labels, leading += most * labels) {
        int64_t first = rows[w], size = rows[w + 1] - first;
        for (int64_t label = 0; label < labels; label++) {
            for (int64_t i = 0; i < size; i++)
                room[i] = (Ranked){margins[(first + i) * labels + label], (int32_t)i};
            const Ranked *ranked = rank(room, room + size, size);
            for (int64_t i = 0; i < most; i++)
                leading[i * labels + label] = i < size ? first + ranked[i].passage : -1;
            int64_t count = (int64_t)ceil(share[label] * (double)size);
            count = count < top ? top : count;
            count = count < size ? count : size;
            double sum = 0;
            for (int64_t i = 0; i < count; i++) sum += ranked[i].margin;
            pooled[label] = count ? (float)(sum / (double)count) : 0;
        }
    }
}

int64_t tagger_kernel_version(void) { return 4; }
