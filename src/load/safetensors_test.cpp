// Safetensors files, sound and damaged.
#include <doctest/doctest.h>

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

}  // namespace
}  // namespace thoplw
