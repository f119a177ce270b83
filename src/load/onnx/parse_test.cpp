// What reading an ONNX file leaves of its weights in memory.
#include "load/onnx/model.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/file_bytes.h"
#include "base/system/process.h"
#include "load/onnx/test_model.h"

namespace thoplw::onnx::test {
namespace {

#ifdef __linux__

/// Bytes in the memory of this process.
std::int64_t resident() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    std::int64_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

TEST_CASE("of a file of 100 MB, less than 1 is read") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("thoplw_parse_test" + std::to_string(system::process_id()) + ".onnx"))
          .string();
  {
    GraphOf graph;
    const std::string zeros(4 << 20, '\0');
    for (int i = 0; i < 25; ++i) {
      graph.initializers.push_back(tensor("w" + std::to_string(i), kFloat, {1024, 1024}).text(9, zeros));
    }
    std::ofstream(path, std::ios::binary) << model(graph);
  }
  FileBytes file(path);
  std::filesystem::remove(path);
  CHECK(file.bytes().size() > 100'000'000);
  const std::int64_t before = resident();
  const Model model = parse(file.bytes(), [&](std::string_view part) { file.need(part); });
  CHECK(model.graph.initializers.back().name == "w24");
  CHECK(resident() - before < 1'000'000);
}

#endif

}  // namespace
}  // namespace thoplw::onnx::test
