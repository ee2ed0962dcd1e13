#pragma once
// Every bound on what an event may be. docs/FORMAT.md section 7.

#include <cstddef>

namespace phantom {

inline constexpr std::size_t kEntryBytesMax = 65'535;  // C2SP tlog-tiles: u16 length prefix
inline constexpr std::size_t kDraftBytesMax =
    56'000;  // leaves room for what the writer adds to 256 tags
inline constexpr std::size_t kTagBytesMax = 200;
inline constexpr std::size_t kTagsMax = 256;
inline constexpr std::size_t kSealedPlainBytesMax = 4'096;
inline constexpr std::size_t kSealNonceBytes = 24;  // XChaCha20-Poly1305
inline constexpr std::size_t kSealTagBytes = 16;
inline constexpr std::size_t kPayloadBytesMin = 8;  // a FlatBuffer's root offset and a table

static_assert(kDraftBytesMax < kEntryBytesMax);

}  // namespace phantom
