// Names from files stand where they are shown, and do nothing else.
#include "base/harmless.h"

#include <doctest/doctest.h>

namespace thoplw {
namespace {

TEST_CASE("what does something is spelt out, all else stays") {
  struct Case {
    std::string text, expected;
  };
  for (const auto& [text, expected] : {
           Case{"layer1.0.conv1 層 é\u200d", "layer1.0.conv1 層 é\u200d"},
           {"\x1b[31m", "\\x1b[31m"},                    // colours
           {"a\nthoplw: b\r\t", "a\\nthoplw: b\\r\\t"},  // a forged line
           {"\xc2\x9b"
            "2J",
            "\\x9b2J"},                                                    // what ESC [ is in one character
           {"\u202etxt.exe\u2066\u061c", "\\u202etxt.exe\\u2066\\u061c"},  // directions of writing
           {"\xff\xc3(", "\\xff\\xc3("},                                   // no UTF-8
           {"\U000e0041", "\\ue0041"},                                     // a tag, which nothing shows
       }) {
    CHECK(harmless(text) == expected);
    CHECK(harmless(harmless(text)) == harmless(text));
  }
}

TEST_CASE("a message keeps its start and its cure") {
  const std::string text = "x.onnx: '" + std::string(100'000, 'n') + "' is unknown; say another";
  const std::string shown = harmless_message(text);
  CHECK(shown.size() < 2100);
  CHECK(shown.starts_with("x.onnx: 'nnn"));
  CHECK(shown.ends_with("nnn' is unknown; say another"));
  CHECK(harmless_message("short") == "short");
  const std::string wide = harmless_message(std::string(1, 'n') + [] {
    std::string all;
    for (int i = 0; i < 2000; ++i) all += "層";
    return all;
  }());
  CHECK(harmless(wide) == wide);  // no character was cut in two
}

TEST_CASE("JSON means what it meant") {
  CHECK(harmless_json("{\"層\": \"\\u001b\"}\n") == "{\"層\": \"\\u001b\"}\n");
  CHECK(harmless_json("\"\u202e\xc2\x9b\U000e0041\x7f\"") == "\"\\u202e\\u009b\\udb40\\udc41\\u007f\"");
}

}  // namespace
}  // namespace thoplw
