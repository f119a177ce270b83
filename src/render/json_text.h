// JSON as text that people can read and lines of which can be compared: one member a line, one element of a list a
// line.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace thoplw {

/// In one line; names may hold what is no UTF-8, or would do something where the text is shown.
std::string json_line(const nlohmann::ordered_json& json);

using AddElement = std::function<void(const nlohmann::ordered_json&)>;

/// An object, written member by member. Lists are written as they come: the JSON of all rows takes many times the
/// memory of its text.
class JsonText {
 public:
  void member(std::string_view key, const nlohmann::ordered_json& value);
  void list(std::string_view key, const std::function<void(const AddElement&)>& elements);
  template <class Items, class Make>
  void list(std::string_view key, const Items& items, Make make) {
    list(key, [&](const AddElement& add) {
      for (const auto& item : items) add(make(item));
    });
  }
  std::string end() &&;

 private:
  std::string& begin(std::string_view key);

  std::string text_;
};

/// JsonText of JSON that is there as a whole.
std::string laid_out_json(const nlohmann::ordered_json& json);

}  // namespace thoplw
