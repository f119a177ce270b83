// Checked access to the JSON of an exported program.
#include "load/pt2/json.h"

#include <rapidjson/error/en.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/formatted.h"

namespace thoplw::pt2 {
namespace {

// Python writes Infinity and NaN. The iterative parser needs no stack for nested values.
constexpr unsigned kFlags =
    rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNanAndInfFlag;

constexpr std::size_t kPadding = 16;  ///< bytes that the parser may look ahead, in steps of a vector register

bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::uint64_t all = 0, word = 0;
  for (; text.size() >= sizeof(word); text.remove_prefix(sizeof(word))) {
    std::memcpy(&word, text.data(), sizeof(word));
    all |= word;
  }
  return (all & kHighBits) == 0 && std::ranges::none_of(text, [](char c) { return (c & 0x80) != 0; });
}

std::string_view view(const Json& value) { return {value.GetString(), value.GetStringLength()}; }

/// Runs `read` on the member of that name; what it throws says which.
template <class Read>
auto of(const Json& object, std::string_view name, Read read) {
  const Json& value = member(object, name);
  try {
    return read(value);
  } catch (const Error& error) {
    throw Error(formatted("'{}': {}", name, error.what()));
  }
}

}  // namespace

Document::Document(std::string text) : text_(std::move(text)) {
  text_.append(kPadding, '\0');
  if (is_ascii(text_)) {  // as nearly all are, which saves a third of the time
    json_.ParseInsitu<kFlags>(text_.data());
  } else {
    json_.ParseInsitu<kFlags | rapidjson::kParseValidateEncodingFlag>(text_.data());
  }
  if (!json_.HasParseError()) return;
  throw Error(formatted("no JSON from byte {} on: {}", json_.GetErrorOffset(),
                        rapidjson::GetParseError_En(json_.GetParseError())));
}

const Json* find(const Json& object, std::string_view name) {
  if (!object.IsObject()) throw Error(formatted("this must be an object with '{}'", name));
  const Json key(rapidjson::StringRef(name.data(), name.size()));
  const auto found = object.FindMember(key);
  return found == object.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

const Json& member(const Json& object, std::string_view name) {
  const Json* found = find(object, name);
  if (!found) throw Error(formatted("'{}' is missing", name));
  return *found;
}

std::string_view text(const Json& value) {
  if (!value.IsString()) throw Error("this must be a text");
  return view(value);
}

std::int64_t integer(const Json& value) {
  if (!value.IsInt64()) throw Error("this must be an integer of 64 bits");
  return value.GetInt64();
}

bool flag(const Json& value) {
  if (!value.IsBool()) throw Error("this must be true or false");
  return value.GetBool();
}

Json::ConstArray items(const Json& value) {
  if (!value.IsArray()) throw Error("this must be a list");
  return value.GetArray();
}

Json::ConstObject members(const Json& value) {
  if (!value.IsObject()) throw Error("this must be an object");
  return value.GetObject();
}

std::string_view text_of(const Json& object, std::string_view name) { return of(object, name, text); }

Json::ConstArray items_of(const Json& object, std::string_view name) { return of(object, name, items); }

Tagged tagged(const Json& value) {
  for (const auto& [name, choice] : members(value)) {
    if (!choice.IsNull()) return {view(name), &choice};
  }
  return {};
}

}  // namespace thoplw::pt2
