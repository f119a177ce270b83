// Finding the format of a file, and what is said of files that cannot be opened.
#include "load/load.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "trace/text.h"

namespace thoplw {
namespace {

constexpr std::string_view kTrace = "thoplw trace 1\nmodel \"Net\"\nsource \"test\"\nclass Net\nmodule \"\" Net\n";

struct TemporaryFile {
  std::string path;
  TemporaryFile(const std::string& name, std::string_view content)
      : path((std::filesystem::temp_directory_path() / ("thoplw_load_test_" + name)).string()) {
    std::ofstream(path, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::remove(path.c_str()); }
};

std::string complaint(const std::string& path, const LoadOptions& options = {}) {
  try {
    load(path, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("a file is known by its suffix or by its first bytes") {
  const TemporaryFile by_suffix("net.trace", kTrace), by_bytes("net", kTrace), text("notes.txt", "hello");
  CHECK(is_model_file(by_suffix.path));
  CHECK(is_model_file(by_bytes.path));
  CHECK_FALSE(is_model_file(text.path));
  CHECK_FALSE(is_model_file("torchvision:resnet18"));
  CHECK(is_model_file("missing.onnx"));  // to be told that it is missing
  CHECK(to_text(load(by_bytes.path)) == kTrace);
  CHECK(complaint(text.path).find("no format that is read here; known are .onnx, .pt2") != std::string::npos);
}

TEST_CASE("what cannot be opened is named, with the reason") {
  const TemporaryFile empty("empty.pt2", ""), cut("cut.trace", "thoplw trace 1\nmodel"), traced("net.trace", kTrace);
  CHECK(complaint("missing.onnx") == "missing.onnx: No such file or directory");
  CHECK(complaint(empty.path) == empty.path + ": the file is empty");
  CHECK(complaint(std::filesystem::temp_directory_path().string()).find("a folder") != std::string::npos);
  CHECK(complaint(cut.path).starts_with(cut.path + ": trace:2: "));
  CHECK(complaint(traced.path, {{{"batch", 2}}}).find("leave --dim out") != std::string::npos);
}

TEST_CASE("every format has a row in order") {
  for (std::size_t i = 0; i < formats().size(); ++i) {
    CHECK(formats()[i].suffix == "." + std::string(formats()[i].name));
    CHECK_FALSE(formats()[i].doc.empty());
    if (i > 0) CHECK(formats()[i - 1].name < formats()[i].name);
  }
}

}  // namespace
}  // namespace thoplw
