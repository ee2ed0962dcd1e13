// SHA-256 (FIPS 180-4) with the SHA instructions of x86-64. One message waits for the latency of
// each instruction; four interleaved ones fill the unit.

#include "events/tree_hash.h"

#if defined(__x86_64__)

#include <algorithm>
#include <bit>
#include <cpuid.h>
#include <cstring>
#include <immintrin.h>
#include <utility>

namespace phantom {
namespace {

#define PH_SHA_NI __attribute__((target("sha,sse4.1,ssse3")))
#define PH_SHA_NI_INLINE inline __attribute__((target("sha,sse4.1,ssse3"), always_inline))

constexpr std::size_t kLanes = 4;
constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kFirstBytes = kBlockBytes - 1;  // of the input, in a block after the prefix
constexpr std::size_t kNodeBytes = 1 + 32 + 32;
constexpr std::uint8_t kLeafPrefix = 0x00;
constexpr std::uint8_t kNodePrefix = 0x01;
constexpr std::uint8_t kEndMark = 0x80;

alignas(16) constexpr std::uint32_t kRoundConstants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

PH_SHA_NI_INLINE __m128i load(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}
PH_SHA_NI_INLINE void store(void* to, __m128i value) {
  _mm_storeu_si128(static_cast<__m128i*>(to), value);
}

// The eight working words a..h in the order the instructions want, high word first.
struct State {
  __m128i abef;
  __m128i cdgh;
};

PH_SHA_NI_INLINE State initial_state() {
  return {_mm_set_epi32(0x6a09e667, static_cast<int>(0xbb67ae85), 0x510e527f,
                        static_cast<int>(0x9b05688c)),
          _mm_set_epi32(0x3c6ef372, static_cast<int>(0xa54ff53a), 0x1f83d9ab, 0x5be0cd19)};
}

PH_SHA_NI_INLINE __m128i byte_swapped(__m128i words) {
  return _mm_shuffle_epi8(words, _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL));
}

PH_SHA_NI_INLINE void store_digest(const State& state, std::uint8_t* out) {
  const __m128i feba = _mm_shuffle_epi32(state.abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(state.cdgh, 0xb1);
  store(out, byte_swapped(_mm_blend_epi16(feba, dchg, 0xf0)));
  store(out + 16, byte_swapped(_mm_alignr_epi8(dchg, feba, 8)));
}

template <std::size_t N>
struct Working {
  State state[N];
  __m128i words[N][4];  // the last 16 words of each message schedule
};

// Four rounds of one lane, and the four schedule words that 16 rounds later need.
template <std::size_t kQuad, std::size_t kLane, std::size_t N>
PH_SHA_NI_INLINE void four_rounds(Working<N>& working) {
  State& state = working.state[kLane];
  __m128i* const words = working.words[kLane];
  const __m128i input =
      _mm_add_epi32(words[kQuad % 4],
                    _mm_load_si128(reinterpret_cast<const __m128i*>(kRoundConstants + 4 * kQuad)));
  state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, input);
  state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, _mm_shuffle_epi32(input, 0x0e));
  if constexpr (kQuad < 12) {
    const __m128i newest = words[(kQuad + 3) % 4];
    const __m128i sum =
        _mm_add_epi32(_mm_sha256msg1_epu32(words[kQuad % 4], words[(kQuad + 1) % 4]),
                      _mm_alignr_epi8(newest, words[(kQuad + 2) % 4], 4));
    words[kQuad % 4] = _mm_sha256msg2_epu32(sum, newest);
  }
}

template <std::size_t N, std::size_t... kStep>
PH_SHA_NI_INLINE void all_rounds(Working<N>& working, std::index_sequence<kStep...>) {
  (four_rounds<kStep / N, kStep % N>(working), ...);
}

// Takes `count` blocks into each of N lanes.
template <std::size_t N>
PH_SHA_NI void compress(State* states, const std::uint8_t* const* blocks, std::size_t count) {
  for (std::size_t block = 0; block < count; ++block) {
    Working<N> working;
    for (std::size_t lane = 0; lane < N; ++lane) {
      working.state[lane] = states[lane];
      for (std::size_t i = 0; i < 4; ++i) {
        working.words[lane][i] = byte_swapped(load(blocks[lane] + block * kBlockBytes + 16 * i));
      }
    }
    all_rounds(working, std::make_index_sequence<16 * N>());
    for (std::size_t lane = 0; lane < N; ++lane) {
      states[lane].abef = _mm_add_epi32(states[lane].abef, working.state[lane].abef);
      states[lane].cdgh = _mm_add_epi32(states[lane].cdgh, working.state[lane].cdgh);
    }
  }
}

void compress_lanes(std::size_t lanes, State* states, const std::uint8_t* const* blocks,
                    std::size_t count) {
  switch (lanes) {
    case 1:
      return compress<1>(states, blocks, count);
    case 2:
      return compress<2>(states, blocks, count);
    case 3:
      return compress<3>(states, blocks, count);
    default:
      return compress<kLanes>(states, blocks, count);
  }
}

// prefix || the first 63 of `bytes`.
PH_SHA_NI_INLINE void store_first_block(std::uint8_t prefix, const std::uint8_t* bytes,
                                        std::uint8_t* block) {
  store(block, _mm_or_si128(_mm_slli_si128(load(bytes), 1), _mm_cvtsi32_si128(prefix)));
  store(block + 16, load(bytes + 15));
  store(block + 32, load(bytes + 31));
  store(block + 48, load(bytes + 47));
}

void store_bit_count(std::uint64_t bytes, std::uint8_t* to) {
  const std::uint64_t bits = __builtin_bswap64(bytes * 8);
  std::memcpy(to, &bits, sizeof bits);
}

// What one lane is hashing: a block with the prefix, whole blocks of the entry where it stands, and
// the rest with its padding.
struct LeafLane {
  alignas(16) std::uint8_t first[kBlockBytes];
  alignas(16) std::uint8_t last[2 * kBlockBytes];
  const std::uint8_t* body = nullptr;
  std::size_t body_blocks = 0;
  std::size_t last_blocks = 0;
  Digest* out = nullptr;
};

struct Segment {
  const std::uint8_t* at = nullptr;
  std::size_t blocks = 0;
};

// The segment after the one that is done; no blocks at the end of the message.
Segment next_segment(LeafLane& lane) {
  if (lane.body_blocks > 0) return {lane.body, std::exchange(lane.body_blocks, 0)};
  return {lane.last, std::exchange(lane.last_blocks, 0)};
}

PH_SHA_NI Segment first_segment(LeafLane& lane, ByteView entry, Digest& out) {
  lane.out = &out;
  const bool long_enough = entry.size() >= kFirstBytes;
  ByteView rest = entry;
  std::size_t filled = 0;
  std::memset(lane.last, 0, sizeof lane.last);
  if (long_enough) {
    store_first_block(kLeafPrefix, entry.data(), lane.first);
    rest = entry.subspan(kFirstBytes);
    lane.body = rest.data();
    lane.body_blocks = rest.size() / kBlockBytes;
    rest = rest.subspan(lane.body_blocks * kBlockBytes);
  } else {
    lane.body_blocks = 0;
    lane.last[filled++] = kLeafPrefix;
  }
  if (!rest.empty()) std::memcpy(lane.last + filled, rest.data(), rest.size());
  filled += rest.size();
  lane.last[filled] = kEndMark;
  lane.last_blocks = filled + 1 + kLengthBytes <= kBlockBytes ? 1 : 2;
  store_bit_count(1 + entry.size(), lane.last + lane.last_blocks * kBlockBytes - kLengthBytes);
  return long_enough ? Segment{lane.first, 1} : next_segment(lane);
}

// A lane whose entry is done takes the next one, so entries of any lengths keep all lanes busy.
PH_SHA_NI void sha_ni_leaf_hashes(std::span<const ByteView> entries, std::span<Digest> out) {
  LeafLane storage[kLanes];
  LeafLane* lanes[kLanes];
  State states[kLanes];
  Segment segments[kLanes];
  std::size_t begun = 0;
  std::size_t active = 0;
  for (; active < kLanes && begun < entries.size(); ++active, ++begun) {
    lanes[active] = &storage[active];
    states[active] = initial_state();
    segments[active] = first_segment(*lanes[active], entries[begun], out[begun]);
  }
  while (active > 0) {
    const std::uint8_t* blocks[kLanes] = {};
    std::size_t count = segments[0].blocks;
    for (std::size_t i = 0; i < active; ++i) {
      blocks[i] = segments[i].at;
      count = std::min(count, segments[i].blocks);
    }
    compress_lanes(active, states, blocks, count);
    for (std::size_t i = active; i-- > 0;) {
      segments[i].at += count * kBlockBytes;
      segments[i].blocks -= count;
      if (segments[i].blocks > 0) continue;
      segments[i] = next_segment(*lanes[i]);
      if (segments[i].blocks > 0) continue;
      store_digest(states[i], lanes[i]->out->data());
      if (begun < entries.size()) {
        states[i] = initial_state();
        segments[i] = first_segment(*lanes[i], entries[begun], out[begun]);
        ++begun;
      } else {
        --active;
        lanes[i] = lanes[active];
        states[i] = states[active];
        segments[i] = segments[active];
      }
    }
  }
}

// A node is 65 bytes: one block, then one that holds a single byte of it.
PH_SHA_NI void sha_ni_node_hashes(std::span<const Digest> children, std::span<Digest> out) {
  alignas(16) std::uint8_t messages[kLanes][2 * kBlockBytes] = {};
  const std::uint8_t* blocks[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) {
    blocks[i] = messages[i];
    messages[i][kBlockBytes + 1] = kEndMark;
    store_bit_count(kNodeBytes, messages[i] + sizeof messages[i] - kLengthBytes);
  }
  for (std::size_t begun = 0; begun < out.size(); begun += kLanes) {
    const std::size_t lanes = std::min(kLanes, out.size() - begun);
    State states[kLanes];
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::uint8_t* const pair = children[2 * (begun + i)].data();
      store_first_block(kNodePrefix, pair, messages[i]);
      messages[i][kBlockBytes] = pair[kFirstBytes];
      states[i] = initial_state();
    }
    compress_lanes(lanes, states, blocks, 2);
    for (std::size_t i = 0; i < lanes; ++i) store_digest(states[i], out[begun + i].data());
  }
}

bool cpu_has_sha_ni() {
  constexpr unsigned kSsse3 = 1u << 9;   // leaf 1, ecx
  constexpr unsigned kSse41 = 1u << 19;  // leaf 1, ecx
  constexpr unsigned kShaNi = 1u << 29;  // leaf 7, ebx
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kSsse3) == 0 || (c & kSse41) == 0) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & kShaNi) != 0;
}

}  // namespace

const TreeHashKernel* sha_ni_tree_hash() {
  static constexpr TreeHashKernel kernel{sha_ni_leaf_hashes, sha_ni_node_hashes};
  static const bool usable = cpu_has_sha_ni();
  return usable ? &kernel : nullptr;
}

}  // namespace phantom

#else

namespace phantom {

const TreeHashKernel* sha_ni_tree_hash() { return nullptr; }

}  // namespace phantom

#endif
