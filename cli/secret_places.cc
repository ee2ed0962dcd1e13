#include "cli/secret_places.h"

#include "vault/detect.h"
#include "vault/placeholder.h"

#include <algorithm>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 64;

const char* confidence_name(Confidence confidence) {
  switch (confidence) {
    case Confidence::kLow:
      return "low";
    case Confidence::kMedium:
      return "medium";
    case Confidence::kHigh:
      return "high";
  }
  return "";
}

void look_at_placeholder(std::string_view value, const std::vector<SecretInfo>& secrets,
                         SecretPlace& place) {
  place.holding = Holding::kForeignPlaceholder;
  for (const SecretInfo& info : secrets) {
    const bool now = info.placeholder == value;
    if (!now && info.former_placeholder != value) continue;
    place.holding = now ? Holding::kPlaceholder : Holding::kFormerPlaceholder;
    place.stands_for = info.name;
    if (now) return;
  }
}

void classify_value(const std::string& name, std::string_view value, SecretPlace& place) {
  const Classification guess = classify(name, value);
  place.rule = guess.reason;
  place.confidence = confidence_name(guess.confidence);
  switch (guess.value_class) {
    case ValueClass::kSecret:
      place.holding = Holding::kSecret;
      return;
    case ValueClass::kPublic:
      place.holding = Holding::kPublic;
      return;
    case ValueClass::kPlain:
      place.holding = Holding::kPlain;
      return;
  }
}

}  // namespace

const char* holding_name(Holding holding) {
  switch (holding) {
    case Holding::kPlaceholder:
      return "placeholder";
    case Holding::kFormerPlaceholder:
      return "former-placeholder";
    case Holding::kForeignPlaceholder:
      return "foreign-placeholder";
    case Holding::kDamagedPlaceholder:
      return "damaged-placeholder";
    case Holding::kSecret:
      return "secret";
    case Holding::kPublic:
      return "public";
    case Holding::kPlain:
      return "plain";
    case Holding::kEmpty:
      return "empty";
  }
  return "";
}

std::vector<SecretPlace> places_in(const DotenvOnDisk& file, const std::string& name,
                                   const std::vector<SecretInfo>& secrets) {
  std::vector<SecretPlace> places;
  for (const DotenvEntry& entry : file.parsed.entries) {
    if (entry.key != name) continue;
    SecretPlace place;
    place.file = file.path.filename().string();
    place.line = entry.line;
    place.overridden = entry.overridden;
    const SecretBytes value = dotenv_value(file.text, entry);
    if (value.empty()) {
      place.holding = Holding::kEmpty;
    } else if (is_placeholder(value.text())) {
      look_at_placeholder(value.text(), secrets, place);
    } else if (is_damaged_placeholder(value.text())) {
      place.holding = Holding::kDamagedPlaceholder;
    } else {
      classify_value(name, value.text(), place);
    }
    places.push_back(std::move(place));
  }
  return places;
}

std::vector<SecretPlace> read_places(const fs::path& directory, const std::string& name,
                                     const std::vector<SecretInfo>& secrets,
                                     std::vector<std::string>& problems) {
  std::vector<fs::path> files;
  std::error_code code;
  for (fs::directory_iterator each(directory, code), end; !code && each != end;
       each.increment(code)) {
    const std::string file = each->path().filename().string();
    std::error_code ignored;
    if (file.starts_with(".env") && !fs::is_directory(each->symlink_status(ignored))) {
      files.push_back(each->path());
    }
  }
  std::sort(files.begin(), files.end());
  if (files.size() > kFilesMax) {
    problems.push_back("only the first " + std::to_string(kFilesMax) + " of " +
                       std::to_string(files.size()) + " dotenv files were read");
    files.resize(kFilesMax);
  }
  std::vector<SecretPlace> places;
  for (const fs::path& path : files) {
    const auto file = read_dotenv(path);
    if (!file.ok()) {
      problems.push_back(file.error().message);
      continue;
    }
    std::vector<SecretPlace> found = places_in(*file, name, secrets);
    std::move(found.begin(), found.end(), std::back_inserter(places));
  }
  return places;
}

}  // namespace phantom
