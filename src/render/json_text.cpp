// Writes JSON line by line.
#include "render/json_text.h"

#include "base/harmless.h"

namespace thoplw {

using Json = nlohmann::ordered_json;

std::string json_line(const Json& json) {
  return harmless_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void JsonText::member(std::string_view key, const Json& value) { begin(key) += json_line(value); }

void JsonText::list(std::string_view key, const std::function<void(const AddElement&)>& elements) {
  std::string& text = begin(key);
  std::string_view between = "[\n    ";
  elements([&](const Json& element) {
    text += between;
    text += json_line(element);
    between = ",\n    ";
  });
  text += between.starts_with('[') ? "[]" : "\n  ]";
}

std::string JsonText::end() && { return std::move(text_) + "\n}"; }

std::string& JsonText::begin(std::string_view key) {
  text_ += text_.empty() ? "{\n  " : ",\n  ";
  text_ += json_line(key);
  return text_ += ": ";
}

std::string laid_out_json(const Json& json) {
  JsonText text;
  for (const auto& [key, value] : json.items()) {
    if (value.is_array()) {
      text.list(key, value, [](const Json& element) { return element; });
    } else {
      text.member(key, value);
    }
  }
  return std::move(text).end();
}

}  // namespace thoplw
