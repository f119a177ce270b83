// Zip archives: made here byte by byte, sound and damaged.
#include "load/file/zip.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include "base/error.h"

namespace thoplw {
namespace {

std::string number(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

struct Lie {
  std::uint32_t size = 0;  ///< instead of that of the data
  std::uint32_t checksum = 0;
  std::uint16_t method = 0;
  std::uint16_t entries = 1;
  std::uint16_t flags = 0;
};

/// An archive with one entry that is stored as it is: local header, data, directory, end.
std::string archive(const std::string& name, const std::string& data, Lie lie = {}) {
  const std::uint32_t checksum = lie.checksum
                                     ? lie.checksum
                                     : static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(data.data()),
                                                                        static_cast<unsigned>(data.size())));
  const std::uint32_t size = lie.size ? lie.size : static_cast<std::uint32_t>(data.size());
  const std::string common = number(20, 2) + number(lie.flags, 2) + number(lie.method, 2) + number(0, 4) +
                             number(checksum, 4) + number(data.size(), 4) + number(size, 4) + number(name.size(), 2) +
                             number(0, 2);
  const std::string local = "PK\3\4" + common + name;
  const std::string directory = "PK\1\2" + number(20, 2) + common + number(0, 2) + number(0, 2) + number(0, 2) +
                                number(0, 4) + number(0, 4) + name;
  const std::string end = "PK\5\6" + number(0, 4) + number(lie.entries, 2) + number(lie.entries, 2) +
                          number(directory.size(), 4) + number(local.size() + data.size(), 4) + number(0, 2);
  return local + data + directory + end;
}

TEST_CASE("an entry is found by name and read") {
  const std::string bytes = archive("model/models/model.json", "{}");
  const ZipArchive zip(bytes);
  REQUIRE(zip.entries().size() == 1);
  CHECK(zip.entries()[0].size == 2);
  const ZipArchive::Entry* entry = zip.find("model/models/model.json");
  REQUIRE(entry);
  CHECK(zip.read(*entry) == "{}");
  CHECK(zip.find("other") == nullptr);
}

TEST_CASE("an entry that is deflated is inflated") {
  const std::string data(3000, 'a');
  std::string packed(100, '\0');
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  const auto checksum = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<unsigned>(data.size())));
  const std::string bytes = archive("a", packed, {.size = 3000, .checksum = checksum, .method = 8});
  const ZipArchive zip(bytes);
  CHECK(zip.read(zip.entries().at(0)) == data);
  CHECK_THROWS_AS(zip.inner(zip.entries().at(0)), Error);
}

TEST_CASE("damaged archives are refused") {
  CHECK_THROWS_AS(ZipArchive(""), Error);
  CHECK_THROWS_AS(ZipArchive("PK\3\4 and no directory"), Error);
  const std::string sound = archive("a", "data");
  for (std::size_t cut : {1, 7, 21, 22, 30}) CHECK_THROWS_AS(ZipArchive(sound.substr(0, sound.size() - cut)), Error);
  CHECK_THROWS_AS(ZipArchive(archive("a", "data", {.entries = 60000})), Error);
  const auto unreadable = [](Lie lie) {
    const std::string bytes = archive("a", "data", lie);
    const ZipArchive zip(bytes);
    CHECK_THROWS_AS(zip.read(zip.entries().at(0)), Error);
  };
  unreadable({.checksum = 1});
  unreadable({.size = 5});
  unreadable({.size = 0xfffffff0});
  unreadable({.method = 99});
  unreadable({.method = 8});
  const std::string locked = archive("a", "data", {.flags = 1});
  const ZipArchive zip(locked);
  CHECK_THROWS_WITH(zip.read(zip.entries().at(0)),
                    "a: is encrypted; unpack the archive, and pack it without a password");
}

}  // namespace
}  // namespace thoplw
