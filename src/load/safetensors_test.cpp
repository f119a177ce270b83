// Safetensors files, sound and damaged.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "load/formats.h"
#include "report/report.h"

namespace thoplw {
namespace {

std::string file_of(const std::string& header, std::size_t data) {
  std::string bytes;
  for (std::size_t i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return bytes + header + std::string(data, '\0');
}

Report read(const std::string& bytes, const LoadOptions& options = {}) {
  return count(read_safetensors({"folder/net.safetensors", bytes}, options), find_convention("thoplw"));
}

TEST_CASE("every tensor has a row, tied ones count once, and what is computed stays open") {
  const Report report = read(file_of(R"({"__metadata__":{"head.weight":"embed.weight"},)"
                                     R"("embed.weight":{"dtype":"BF16","shape":[5,8],"data_offsets":[0,80]},)"
                                     R"("norm.running_mean":{"dtype":"F32","shape":[8],"data_offsets":[80,112]},)"
                                     R"("norm.weight":{"dtype":"F32","shape":[8],"data_offsets":[112,144]}})",
                                     144));
  CHECK(report.model == "net");
  CHECK(report.params == 5 * 8 + 8);
  CHECK(report.buffers == 8);
  CHECK_FALSE(report.exact);
  REQUIRE(report.uncounted.size() == 1);
  CHECK(report.uncounted[0].op == "safetensors::forward");
  CHECK(report.rows.size() == 1 + 3 + 4);  // the root; embed, norm, head; four names
  CHECK(report.rows[2].cls == "bf16[5,8]");
}

TEST_CASE("damaged files are refused with the tensor and the reason") {
  const auto refused = [](const std::string& bytes, const std::string& why, const LoadOptions& options = {}) {
    try {
      read(bytes, options);
      FAIL("read");
    } catch (const Error& error) {
      CAPTURE(error.what());
      CHECK(std::string(error.what()).find(why) != std::string::npos);
    }
  };
  const auto tensor = [](const std::string& about) { return file_of(R"({"w":)" + about + "}", 16); };
  refused("", "cut short");
  refused("\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f", "does not fit the file");
  refused(file_of("{", 0), "byte 9 of the header");
  refused(file_of("[]", 0), "no JSON object");
  refused(file_of(std::string(100000, '['), 0), "of the header");
  refused(tensor("1"), "'w' is no object");
  refused(tensor(R"({"shape":[4],"data_offsets":[0,16]})"), "'w' has no dtype");
  refused(tensor(R"({"dtype":"F33","shape":[4],"data_offsets":[0,16]})"), "unknown dtype 'F33'");
  refused(tensor(R"({"dtype":"F32","shape":[-4],"data_offsets":[0,16]})"), "0 or more");
  refused(tensor(R"({"dtype":"F32","shape":4,"data_offsets":[0,16]})"), "no list");
  refused(tensor(R"({"dtype":"F32","shape":[4],"data_offsets":[0,20]})"), "outside of the file");
  refused(tensor(R"({"dtype":"F32","shape":[5],"data_offsets":[0,16]})"), "do not fit its shape");
  refused(tensor(R"({"dtype":"F32","shape":[1000000000,1000000000,1000000000],"data_offsets":[0,16]})"), "2^64");
  refused(
      tensor(
          R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]},"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]})"),
      "twice");
  refused(tensor(R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]})"), "leave --dim out", {{{"batch", 1}}});
}

/// A folder of files, by their names.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("thoplw_safetensors_test_" + std::to_string(getpid()));
  explicit Folder(const std::vector<std::pair<std::string, std::string>>& files) {
    std::filesystem::create_directories(path / "inner");
    for (const auto& [name, content] : files) std::ofstream(path / name, std::ios::binary) << content;
  }
  ~Folder() { std::filesystem::remove_all(path); }

  std::string index() const { return (path / "net.safetensors.index.json").string(); }
};

const std::string kEmbed = file_of(R"({"embed":{"dtype":"BF16","shape":[5,8],"data_offsets":[0,80]}})", 80);
const std::string kNorm = file_of(R"({"norm.weight":{"dtype":"F32","shape":[8],"data_offsets":[0,32]},)"
                                  R"("norm.bias":{"dtype":"F32","shape":[8],"data_offsets":[32,64]}})",
                                  64);

TEST_CASE("an index is the table of its shards, as one file would have it") {
  const Folder folder({{"a.safetensors", kEmbed},
                       {"inner/b.safetensors", kNorm},
                       {"net.safetensors.index.json",
                        R"({"metadata":{"total_size":144,"head":"embed"},"weight_map":{"embed":"a.safetensors",)"
                        R"("norm.bias":"inner/b.safetensors","norm.weight":"inner/b.safetensors"}})"}});
  const Report report = count(load(folder.index()), find_convention("thoplw"));
  const Report whole = read(file_of(R"({"__metadata__":{"head":"embed"},)"
                                    R"("embed":{"dtype":"BF16","shape":[5,8],"data_offsets":[0,80]},)"
                                    R"("norm.weight":{"dtype":"F32","shape":[8],"data_offsets":[80,112]},)"
                                    R"("norm.bias":{"dtype":"F32","shape":[8],"data_offsets":[112,144]}})",
                                    144));
  CHECK(report.model == "net");
  CHECK(report.params == 5 * 8 + 8 + 8);
  CHECK_FALSE(report.exact);
  REQUIRE(report.rows.size() == whole.rows.size());
  for (std::size_t i = 0; i < whole.rows.size(); ++i) {
    CHECK(report.rows[i].path == whole.rows[i].path);
    CHECK(report.rows[i].cls == whole.rows[i].cls);
    CHECK(report.rows[i].params == whole.rows[i].params);
  }
}

TEST_CASE("an index that its shards do not bear out is refused with the shard and the tensor") {
  struct Row {
    std::string index, why;
  };
  const Row rows[] = {
      {R"({"weight_map":{"embed":"a","x":"c"}})", "shard 'c' is missing; put all files that the index names beside it"},
      {R"({"weight_map":{"embed":"a","x":"../b"}})", "shard '../b' would lie outside"},
      {R"({"weight_map":{"embed":"inner/../../b"}})", "shard 'inner/../../b' would lie outside"},
      {R"({"weight_map":{"embed":"/etc/passwd"}})", "shard '/etc/passwd' would lie outside"},
      {R"({"weight_map":{"embed":"a\u0000b"}})", "would lie outside"},
      {R"({"weight_map":{"embed":""}})", "shard '' would lie outside"},
      {R"({"weight_map":{"embed":"inner"}})", "a folder"},
      {R"({"weight_map":{"embed":"a","norm.weight":"a"}})", "shard 'a' has no tensor 'norm.weight'"},
      {R"({"weight_map":{"embed":"a","norm.weight":"b","norm.bias":"a"}})", "shard 'a' has no tensor 'norm.bias'"},
      {R"({"weight_map":{"embed":"b"}})", "shard 'b' has no tensor 'embed'"},
      {R"({"weight_map":{"embed":"a","norm.weight":"b","x":"again"}})", "'again': tensor 'embed' is in another shard"},
      {R"({"weight_map":{"embed":"pointer"}})", "shard 'pointer': this is a Git LFS pointer"},
      {R"({"weight_map":{"embed":"net.safetensors.index.json"}})", "does not fit the file"},
      {R"({"weight_map":{"embed":1}})", "the file of 'embed' is no text"},
      {R"({"weight_map":{}})", "no weight_map"},
      {R"({"weight_map":["a"]})", "no weight_map"},
      {R"({})", "no weight_map"},
      {R"([])", "no JSON object"},
      {R"({"weight_map":)", "byte 14"},
      {std::string(100000, '['), "byte 100000"},
  };
  for (const auto& [index, why] : rows) {
    const Folder folder({{"a", kEmbed},
                         {"again", kEmbed},
                         {"b", kNorm},
                         {"pointer", "version https://git-lfs.github.com/spec/v1\n"},
                         {"net.safetensors.index.json", index}});
    try {
      load(folder.index());
      FAIL("read");
    } catch (const Error& error) {
      const std::string said = error.what();
      CAPTURE(said);
      CHECK(said.starts_with(folder.index() + ": "));
      CHECK(said.find(why) != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace thoplw
