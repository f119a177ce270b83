// Tests of how files are written: whole or not at all.
#include "render/file.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/path.h"
#include "base/system/process.h"

namespace thoplw {
namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path = fs::temp_directory_path() / ("thoplw-written-" + std::to_string(system::process_id()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return to_text(path / to_path(name)); }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(path), fs::directory_iterator()); }
};

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(to_path(path), std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a file is written with all that it had before gone, and nothing beside it") {
  const Folder folder;
  for (const char* name : {"report.md", "größe-размер-尺寸.md"}) {
    const std::string path = folder / name;
    write_file(path, "the first\nof two\n");
    CHECK(text_of(path) == "the first\nof two\n");
    write_file(path, "second");
    CHECK(text_of(path) == "second");
  }
  CHECK(folder.files() == 2);
}

TEST_CASE("a file that nobody may write stays as it was") {
  const Folder folder;
  const std::string path = folder / "report.md";
  write_file(path, "first");
  constexpr auto kWrite = fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write;
  fs::permissions(to_path(path), kWrite, fs::perm_options::remove);
  try {
    write_file(path, "second");
    CHECK(text_of(path) == "second");  // root may
  } catch (const Error& error) {
    CHECK(error.what() == "cannot write '" + path + "': Permission denied");
    CHECK(text_of(path) == "first");
  }
  fs::permissions(to_path(path), kWrite, fs::perm_options::add);
  CHECK(folder.files() == 1);
}

TEST_CASE("a file in a folder that is not there cannot be written") {
  const Folder folder;
  const std::string path = folder / "no/such.md";
  CHECK_THROWS_WITH_AS(write_file(path, "text"), ("cannot write '" + path + "': No such file or directory").c_str(),
                       Error);
  CHECK(folder.files() == 0);
}

}  // namespace thoplw
