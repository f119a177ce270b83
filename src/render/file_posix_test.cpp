// Tests of how files are written where permissions, links and devices are those of POSIX.
#include "render/file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace thoplw {
namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path = fs::temp_directory_path() / ("thoplw-file-test-" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(path), fs::directory_iterator()); }
};

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// No file of this process grows beyond that; it is told so, as on a disk that is full.
struct SmallDisk {
  rlimit before{};
  explicit SmallDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() { setrlimit(RLIMIT_FSIZE, &before); }
};

}  // namespace

TEST_CASE("a file is written whole, or stays as it was") {
  const Folder folder;
  const std::string path = folder / "report.md";
  write_file(path, "first");
  CHECK(text_of(path) == "first");
  write_file(path, "second");
  CHECK(text_of(path) == "second");
  {
    const SmallDisk disk(1000);
    CHECK_THROWS_WITH_AS(write_file(path, std::string(1001, 'x')),
                         ("cannot write '" + path + "': File too large").c_str(), Error);
    CHECK_THROWS_AS(write_file(folder / "new.md", std::string(1001, 'x')), Error);
    write_file(folder / "fits.md", std::string(1000, 'x'));
  }
  CHECK(text_of(path) == "second");
  CHECK(folder.files() == 2);  // report.md and fits.md: nothing half done is left
}

TEST_CASE("a file keeps its permissions, a link stays a link, a device a device") {
  const Folder folder;
  const std::string path = folder / "report.md", link = folder / "link.md";
  write_file(path, "first");
  REQUIRE(chmod(path.c_str(), 0640) == 0);
  fs::create_symlink("report.md", link);
  write_file(path, "second");
  struct stat now {};
  REQUIRE(stat(path.c_str(), &now) == 0);
  CHECK((now.st_mode & 07777) == 0640);
  write_file(link, "third");
  CHECK(fs::is_symlink(link));
  CHECK(text_of(path) == "third");
  write_file("/dev/null", "gone");
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(folder.files() == 2);
}

TEST_CASE("who cannot write says why") {
  struct Case {
    std::string path, why;
  };
  const Folder folder;
  for (const Case& row : {
           Case{"/dev/full", "No space left on device"},
           Case{folder / "no/such.md", "No such file or directory"},
           Case{folder.path.string(), "Is a directory"},
           Case{folder / std::string(300, 'x').c_str(), "File name too long"},
           Case{"", "No such file or directory"},
       }) {
    CHECK_THROWS_WITH_AS(write_file(row.path, "text"), ("cannot write '" + row.path + "': " + row.why).c_str(), Error);
  }
  CHECK(folder.files() == 0);
}

}  // namespace thoplw
