// A model that comes by standard input.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace thoplw::cli {

/// The MODEL that is read from there.
inline constexpr std::string_view kStdin = "-";

/// A file of what standard input gives, with the suffix of its format: files are opened by their places.
class Piped {
 public:
  /// Puts its path in place of "-". Throws Error where that stands twice, or nothing comes.
  explicit Piped(std::vector<std::string>& models);
  ~Piped();
  Piped(const Piped&) = delete;
  Piped& operator=(const Piped&) = delete;

 private:
  std::filesystem::path folder_;
};

}  // namespace thoplw::cli
