// Checked access to the JSON of an exported program: what does not follow the schema throws an Error.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace thoplw::pt2 {

using Json = rapidjson::Value;

/// A parsed text. Strings of the tree are views of it, so it is not copied.
class Document {
 public:
  /// Throws Error("at byte N: why").
  explicit Document(std::string text);
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  const Json& root() const { return json_; }

 private:
  std::string text_;
  rapidjson::Document json_;
};

/// The member of that name; null where there is none or it is null.
const Json* find(const Json& object, std::string_view name);
const Json& member(const Json& object, std::string_view name);

std::string_view text(const Json& value);
std::int64_t integer(const Json& value);
bool flag(const Json& value);
Json::ConstArray items(const Json& value);
Json::ConstObject members(const Json& value);

std::string_view text_of(const Json& object, std::string_view name);
Json::ConstArray items_of(const Json& object, std::string_view name);

/// A tagged union is an object with one member that is not null: its name and its value. The name is empty where there
/// is none.
struct Tagged {
  std::string_view tag;
  const Json* value = nullptr;
};
Tagged tagged(const Json& value);

}  // namespace thoplw::pt2
