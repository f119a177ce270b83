// Files that change, or are none, while they are read.
#include "base/file_bytes.h"

#include <doctest/doctest.h>
#ifndef _WIN32
#include <sys/stat.h>
#endif

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/path.h"
#include "base/system/process.h"
#include "load/load.h"

namespace thoplw {
namespace {

struct Place {
  std::string path;
  explicit Place(const std::string& name)
      : path(to_text(std::filesystem::temp_directory_path() /
                     to_path("thoplw_" + std::to_string(system::process_id()) + name))) {}
  ~Place() { std::filesystem::remove(to_path(path)); }
};

std::string complaint(const auto& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("only what is needed is read, and it is what the file has there") {
  const Place place(".bin");
  std::string content(100'000, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>('a' + i / 1000 % 26);
  std::ofstream(place.path, std::ios::binary) << content;
  FileBytes file(place.path);
  REQUIRE(file.bytes().size() == content.size());
  const std::string_view part = file.bytes().substr(40'000, 10'000), last = file.bytes().substr(99'999);
  file.need(part);
  file.need(last);
  file.need(part.substr(3000));
  CHECK(part == std::string_view(content).substr(40'000, 10'000));
  CHECK(last == "v");  // 99 % 26 = 21
  CHECK(file.all() == content);
}

TEST_CASE("a file that is cut short while it is read is an error, not the end of the process") {
  const Place place(".bin");
  std::ofstream(place.path, std::ios::binary) << std::string(100'000, 'a');
  FileBytes file(place.path);
  file.need(file.bytes().substr(0, 10));
  std::filesystem::resize_file(place.path, 5000);
  CHECK(file.bytes().substr(0, 4096) == std::string(4096, 'a'));
  CHECK(complaint([&] { file.need(file.bytes().substr(90'000, 1)); }).starts_with("the file was cut short while"));
  CHECK(complaint([&] { file.all(); }).starts_with(place.path + ": the file was cut short while"));
}

TEST_CASE("a file's name may have letters of any language") {
  const Place place("-größe-размер-尺寸.bin");
  std::ofstream(to_path(place.path), std::ios::binary) << "bytes";
  CHECK(FileBytes(place.path).all() == "bytes");
}

#ifndef _WIN32
TEST_CASE("pipes and devices are refused at once") {
  const Place pipe(".onnx");
  REQUIRE(mkfifo(pipe.path.c_str(), 0600) == 0);
  for (const std::string& path : {pipe.path, std::string("/dev/zero"), std::string("/dev/tty")}) {
    CHECK(complaint([&] { load(path); }).starts_with(path + ": "));
  }
  CHECK(complaint([&] { load(pipe.path); }) == pipe.path + ": not a regular file; name a model file");
}

#endif

}  // namespace
}  // namespace thoplw
