// A value of a saved report, which knows where it stands.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/count.h"
#include "base/error.h"
#include "base/formatted.h"

namespace thoplw::saved {

using Json = nlohmann::json;

/// A value with the way to it, which is spelt out only where something is wrong.
class Node {
 public:
  explicit Node(const Json& json, const Node* around = nullptr, std::string_view key = {}, std::size_t index = 0)
      : json_(json), around_(around), key_(key), index_(index) {}

  [[noreturn]] void fail(const std::string& what) const {
    const std::string at = place();
    throw Error((at.empty() ? "" : at + ": ") + what);
  }

  bool has(std::string_view key) const {
    if (!json_.is_object()) fail("must be an object");
    return json_.contains(key);
  }
  Node operator[](std::string_view key) const {
    if (!has(key)) fail(formatted("'{}' is missing", key));
    return Node(json_.find(key).value(), this, key);
  }
  bool is_null() const { return json_.is_null(); }

  std::string text() const {
    if (!json_.is_string()) fail("must be a text");
    return json_.get<std::string>();
  }
  bool flag() const {
    if (!json_.is_boolean()) fail("must be true or false");
    return json_.get<bool>();
  }
  std::uint64_t number(std::uint64_t most) const {
    if (!json_.is_number_unsigned() || json_.get<std::uint64_t>() > most) {
      fail(formatted("must be a whole number from 0 to {}, not {}", most, json_.dump()));
    }
    return json_.get<std::uint64_t>();
  }
  Count count() const { return number(std::numeric_limits<std::uint64_t>::max()); }
  int times() const { return static_cast<int>(number(std::numeric_limits<int>::max())); }
  std::int64_t size() const {
    return static_cast<std::int64_t>(number(static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())));
  }

  /// What `read` makes of each element.
  template <class Read>
  auto each(Read read) const {
    if (!json_.is_array()) fail("must be a list");
    std::vector<decltype(read(*this))> all;
    for (std::size_t i = 0; i < json_.size(); ++i) all.push_back(read(Node(json_[i], this, {}, i)));
    return all;
  }

  /// Calls `read` with the key and value of each member.
  template <class Read>
  void members(Read read) const {
    if (!json_.is_object()) fail("must be an object");
    for (const auto& [key, value] : json_.items()) read(key, Node(value, this, key));
  }

 private:
  std::string place() const {
    if (!around_) return "";
    const std::string outer = around_->place();
    if (key_.empty()) return formatted("{}[{}]", outer, index_);
    return formatted("{}{}{}", outer, outer.empty() ? "" : ".", key_);
  }

  const Json& json_;
  const Node* around_;
  std::string_view key_;
  std::size_t index_;
};

}  // namespace thoplw::saved
