// Reads the values of a TOML file that a user wrote. What is not as it must be is an error that names line and key.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/toml_text.h"

namespace thoplw {

class TomlReader {
 public:
  explicit TomlReader(const std::string& path) : path_(path) {}

 protected:
  const std::string& path() const { return path_; }

  /// "paper.toml:7: prices.norm"
  std::string where(const toml::node& node, const std::string& key) const;

  /// Throws Error("paper.toml:7: prices.norm: what").
  [[noreturn]] void fail(const toml::node& node, const std::string& key, const std::string& what) const;

  /// Throws Error("paper.toml:7: prices.norm: must be a whole number from 0 to 255, not -1").
  [[noreturn]] void must_be(const toml::node& node, const std::string& key, std::string_view what) const;

  /// Throws Error("paper.toml:7: prices.norms: unknown kind of work 'norms'; did you mean 'norm'? known: ...").
  [[noreturn]] void unknown(const toml::node& node, const std::string& key, std::string_view what,
                            std::string_view given, std::span<const std::string_view> known) const;

  std::string text_of(const toml::node& node, const std::string& key) const;  ///< one that is not empty
  bool flag_of(const toml::node& node, const std::string& key) const;
  std::int64_t whole_number(const toml::node& node, const std::string& key,
                            std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                            std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;
  /// `example` is for the error: "{ name = 1 }".
  const toml::table& table_of(const toml::node& node, const std::string& key, std::string_view example) const;

  /// What `read` gives. An error of it gets its place.
  template <class Read>
  auto checked(const toml::node& node, const std::string& key, Read read) const {
    try {
      return read();
    } catch (const Error& error) {
      const std::string what = error.what();
      if (what.starts_with(path_)) throw;
      fail(node, key, what);
    }
  }

 private:
  std::string path_;
};

}  // namespace thoplw
