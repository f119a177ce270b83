// `thoplw cache` and --no-cache: what the command makes of a cache that somebody else keeps.
#include <doctest/doctest.h>

#include <sstream>

#include "cli/cli.h"
#include "trace/text.h"

namespace thoplw::cli {
namespace {

struct Cached {
  std::string out, err;
  int code;
  std::string calls;  ///< of the cache, a letter each
};

Cached run_with(const std::vector<std::string>& args, CacheState state) {
  Cached result;
  std::ostringstream out, err;
  const auto open = [&](const ModelRequest&) {
    result.calls += "o";
    return parse_trace("thoplw trace 1\nmodel net\n");
  };
  const TraceCache cache = {.look = [&] { return result.calls += "l", state; },
                            .clear = [&] { return result.calls += "c", state; },
                            .avoid = [&] { result.calls += "a"; }};
  result.code = run(args, open, {out, err}, {}, {.cache = cache});
  result.out = out.str();
  result.err = err.str();
  return result;
}

const CacheState kSome = {.folder = "/c/\x1b[2J", .entries = 3, .bytes = 7000, .limit = 10000};

TEST_CASE("thoplw cache says what is kept, in words that no folder's name can change") {
  Cached shown = run_with({"cache"}, kSome);
  CHECK(shown.out == "/c/\\x1b[2J: 3 models, 7000 bytes of at most 10000\n");
  CHECK(shown.calls == "l");
  shown = run_with({"cache", "--kind", "json"}, kSome);
  CHECK(shown.out == "{\"folder\":\"/c/\\u001b[2J\",\"entries\":3,\"bytes\":7000,\"limit\":10000}\n");
  shown = run_with({"cache", "--clear"}, kSome);
  CHECK(shown.out == "removed from /c/\\x1b[2J: 3 models, 7000 bytes\n");
  CHECK(shown.calls == "c");
  shown = run_with({"cache"}, {});
  CHECK(shown.out == "no cache: there is no folder for it, or it may hold nothing\n");
}

TEST_CASE("thoplw cache: what it cannot do") {
  CHECK(run_with({"cache", "--kind", "csv"}, kSome).err == "thoplw: the cache can be shown as text or json\n");
  CHECK(run_with({"cache", "resnet18"}, kSome).code == 2);
  CHECK(run_with({"net:Net", "--clear"}, kSome).err == "thoplw: --clear works only with `thoplw cache`\n");
  std::ostringstream out, err;
  CHECK(run({"cache"}, {}, {out, err}) == 2);
  CHECK(err.str().find("this command keeps nothing, as it reads model files") != std::string::npos);
}

TEST_CASE("--no-cache goes around it before anything is opened") {
  CHECK(run_with({"net:Net", "--no-cache"}, kSome).calls == "ao");
  CHECK(run_with({"net:Net"}, kSome).calls == "o");
}

}  // namespace
}  // namespace thoplw::cli
