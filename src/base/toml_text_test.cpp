#include "base/toml_text.h"

#include <doctest/doctest.h>

#include "base/error.h"

namespace thoplw {
namespace {

std::string error_of(std::string_view text) {
  try {
    parse_toml("x.toml", text);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("TOML that the parser does not survive is refused") {
  const auto refused = [](std::string_view text, std::string_view why) {
    CAPTURE(text);
    CHECK(error_of(text).find(why) != std::string::npos);
  };
  refused("a = 1\n[ # table\n", "x.toml:2: a table has no name");
  refused("[[[a]]]", "x.toml:1: a table has no name");
  refused("[ ", "x.toml:1: a table has no name");
  refused("a = [1,\n[2]]\n [[.", "x.toml:3: a table has no name");
  refused(
      "gr\xc3\xb6\xc3\x9f"
      "e = 1",
      "x.toml:1: characters other than ASCII must be in quotes");
  refused("a = 1 \xe2\x80\x83", "x.toml:1: characters other than ASCII must be in quotes");
  refused("a = \"\"\"b \\\n  \xc3\xa9\"\"\"", "x.toml:2: a line that a backslash continues must not begin");
  refused("a = \"\\\xc3\xa9\"", "x.toml:1: a backslash must be followed by an ASCII character");
  refused("a = [[\n}", "x.toml:2: a bracket is closed that is not open");
  refused("a = ]", "x.toml:1: a bracket is closed that is not open");
  refused("a = 1PZ{\"\xc3\xa9\"}", "x.toml:1: a text, a list or a table must be separated from the word before it");
  refused("a = %'\xc3\xa9'", "x.toml:1: a text, a list or a table must be separated from the word before it");
  refused("a = 1b='\xc3\xa9'", "x.toml:1: a value is followed by a second =");
  for (const char* date :
       {"1979-05-27 7", "0---------", "1979-05-27t:", "1979-05-2&", "19_79-05-27", "1979-05-27T07:32"}) {
    refused(std::string("a = ") + date, "x.toml:1: a word looks like a date, but is not one");
  }
  refused("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1", "x.toml:1: a key has more than 16 parts");
}

TEST_CASE("TOML that looks like it is read") {
  const auto value = [](std::string_view text) {
    CAPTURE(text);
    CHECK(error_of(text) == "");
    return parse_toml("x.toml", text);
  };
  CHECK(value("a = [\n  [1, 2],\n  [],\n[# none\n]\n]").at_path("a[0][1]").value<int>() == 2);
  CHECK(value("[ \"n\xc3\xa9\" ]\nb = 1 # \xc3\xa9").at_path("n\xc3\xa9.b").value<int>() == 1);
  CHECK(value("\xef\xbb\xbf[[ a ]]\nb = 'c'\n[[a]]\n").at_path("a[0].b").value<std::string>() == "c");
  CHECK(value("a = \"\"\"b \\\n\n  c\xc3\xa9\"\"\"").at_path("a").value<std::string>() == "b c\xc3\xa9");
  CHECK(value("a.\"b c\" = 1.5\r\n'd'=['e','f']").at_path("d[1]").value<std::string>() == "f");
  CHECK(
      value("a = [1979-05-27 07:32:00.25, 1979-05-27, 1979-05-27T07:32:00Z, 1979-05-27t07:32:00-07:00,]\nb = [ 1, 2 ]")
          .at_path("b[1]")
          .value<int>() == 2);
  CHECK(value("a = { b = [ '[', \"{\\\"\" ] }\n[c]\n").at_path("a.b[1]").value<std::string>() == "{\"");
}

}  // namespace
}  // namespace thoplw
