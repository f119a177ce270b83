// Safetensors files, sound and damaged.
#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>

#include "base/formatted.h"
#include "base/system/process.h"
#include "conventions/convention.h"
#include "count/count.h"
#include "load/formats.h"
#include "trace/text.h"

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

TEST_CASE("a trace of a file says so, as text too") {
  const std::string bytes = file_of(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8);
  const Trace trace = read_safetensors({"folder/net.safetensors", bytes}, {});
  CHECK(trace.origin == Origin::safetensors);
  CHECK(parse_trace(to_text(trace)).origin == Origin::safetensors);
}

TEST_CASE("every tensor has a row, tied ones count once, and what is computed stays open") {
  const Report report = read(file_of(R"({"__metadata__":{"head.weight":"embed.weight"},)"
                                     R"("embed.weight":{"dtype":"BF16","shape":[5,8],"data_offsets":[0,80]},)"
                                     R"("norm.running_mean":{"dtype":"F32","shape":[8],"data_offsets":[80,112]},)"
                                     R"("norm.weight":{"dtype":"F32","shape":[8],"data_offsets":[112,144]}})",
                                     144));
  CHECK(report.model == "net");
  CHECK(report.total[Measure::params] == 5 * 8 + 8);
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
  refused(file_of("[]", 0), "the header must be a JSON object");
  refused(file_of(std::string(100000, '['), 0), "of the header");
  refused(tensor("1"), "'w' must be an object");
  refused(tensor(R"({"shape":[4],"data_offsets":[0,16]})"), "'w' has no dtype");
  refused(tensor(R"({"dtype":"F33","shape":[4],"data_offsets":[0,16]})"), "unknown dtype 'F33'");
  refused(tensor(R"({"dtype":"F32","shape":[-4],"data_offsets":[0,16]})"), "0 or more");
  refused(tensor(R"({"dtype":"F32","shape":4,"data_offsets":[0,16]})"), "shape that is not a list");
  refused(tensor(R"({"dtype":"F32","shape":[4],"data_offsets":[0,20]})"), "outside of the file");
  refused(tensor(R"({"dtype":"F32","shape":[5],"data_offsets":[0,16]})"), "do not fit its shape");
  refused(tensor(R"({"dtype":"F32","shape":[1000000000,1000000000,1000000000],"data_offsets":[0,16]})"), "2^64");
  refused(
      tensor(
          R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]},"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]})"),
      "twice");
  const auto two = [&](std::string_view of_w, std::string_view of_v) {
    constexpr std::string_view kTwoNumbers = R"({"dtype":"F32","shape":[2],"data_offsets":)";
    return tensor(formatted("{}{}}},\"v\":{}{}}}", kTwoNumbers, of_w, kTwoNumbers, of_v));
  };
  refused(two("[0,8]", "[4,12]"), "overlap at byte 4");
  refused(two("[8,16]", "[8,16]"), "leave a gap at byte 8");
  refused(two("[0,8]", "[0,8]"), "overlap at byte 0");
  refused(tensor(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})"), "no tensor has the last 8 bytes");
  refused(tensor(R"({"dtype":"F32","shape":[4],"data_offsets":[0,16]})"), "leave --dim out", {{{"batch", 1}}});
}

struct Sizes {
  std::string name, dtype;
  std::vector<std::int64_t> shape;
  std::int64_t bytes;  ///< of an element
};

/// A file of tensors that lie one after the other.
std::string file_of(const std::vector<Sizes>& tensors) {
  std::string header;
  std::int64_t end = 0;
  for (const auto& [name, dtype, shape, bytes] : tensors) {
    std::int64_t size = bytes;
    std::string sizes;
    for (const std::int64_t dim : shape) {
      size *= dim;
      sizes += (sizes.empty() ? "" : ",") + std::to_string(dim);
    }
    header += (header.empty() ? "{\"" : ",\"") + name + R"(":{"dtype":")" + dtype + R"(","shape":[)" + sizes +
              R"(],"data_offsets":[)" + std::to_string(end) + "," + std::to_string(end + size) + "]}";
    end += size;
  }
  return file_of(header + "}", static_cast<std::size_t>(end));
}

TEST_CASE("weights of quantized layers are counted, not the words that they are packed into") {
  struct Row {
    std::string layout;
    std::vector<Sizes> tensors;
    std::uint64_t params;
    std::string note;
  };
  const std::string counted = "tensors are quantized: counted are the weights in them", words = "counted are the words";
  const Row rows[] = {
      {"GPTQ, 64 -> 32, groups of 32, 4 bits: 8 weights to a word of 32",
       {{"q.qweight", "I32", {64 / 8, 32}, 4},
        {"q.qzeros", "I32", {2, 32 / 8}, 4},
        {"q.scales", "F16", {2, 32}, 2},
        {"q.g_idx", "I32", {64}, 4},
        {"q.bias", "F16", {32}, 2}},
       64 * 32 + 32,
       "1 " + counted},
      {"GPTQ in 3 bits: 32 weights to 3 words",
       {{"q.qweight", "I32", {64 / 32 * 3, 32}, 4},
        {"q.qzeros", "I32", {2, 32 / 32 * 3}, 4},
        {"q.scales", "F16", {2, 32}, 2}},
       64 * 32,
       "1 " + counted},
      {"GPTQ in 8 bits, words of 16",
       {{"qweight", "I16", {64 / 2, 32}, 2}, {"qzeros", "I16", {1, 32 / 2}, 2}, {"scales", "F16", {1, 32}, 2}},
       64 * 32,
       "1 " + counted},
      {"AWQ packs along the outputs",
       {{"q.qweight", "I32", {64, 32 / 8}, 4},
        {"q.qzeros", "I32", {64 / 16, 32 / 8}, 4},
        {"q.scales", "F16", {64 / 16, 32}, 2}},
       64 * 32,
       "1 " + counted},
      {"AWQ for GEMV: zero points of a row, filled up to 8 groups",
       {{"q.qweight", "I32", {32, 64 / 8}, 4}, {"q.qzeros", "I32", {32, 1}, 4}, {"q.scales", "F16", {32, 8}, 2}},
       64 * 32,
       "1 " + counted},
      {"AWQ for fast GEMV: zero points are no words",
       {{"q.qweight", "I16", {32 / 4, 64}, 2}, {"q.qzeros", "F16", {8, 32}, 2}, {"q.scales", "F16", {8, 32}, 2}},
       32 / 4 * 64,
       "1 tensors, such as 'q.qweight', hold packed weights, but not how many: " + words},
      {"no whole number of bits: 32 * 3 / 10",
       {{"q.qweight", "I32", {8, 32}, 4}, {"q.qzeros", "I32", {1, 3}, 4}, {"q.scales", "F16", {1, 10}, 2}},
       8 * 32,
       words},
      {"no zero points", {{"q.qweight", "I32", {8, 32}, 4}, {"q.scales", "F16", {1, 32}, 2}}, 8 * 32, words},
      {"bitsandbytes, NF4, scales quantized too",
       {{"fc.weight", "U8", {64 * 32 / 2, 1}, 1},
        {"fc.weight.absmax", "U8", {32}, 1},
        {"fc.weight.quant_map", "F32", {16}, 4},
        {"fc.weight.nested_absmax", "F32", {1}, 4},
        {"fc.weight.nested_quant_map", "F32", {256}, 4},
        {"fc.weight.quant_state.bitsandbytes__nf4", "U8", {90}, 1},
        {"fc.bias", "F16", {32}, 2}},
       64 * 32 + 32,
       "1 " + counted},
      {"bitsandbytes, FP4, stored as bf16: 4 weights to an element",
       {{"fc.weight", "BF16", {64 * 32 / 4, 1}, 2},
        {"fc.weight.absmax", "F32", {32}, 4},
        {"fc.weight.quant_map", "F32", {16}, 4},
        {"fc.weight.quant_state.bitsandbytes__fp4", "U8", {90}, 1}},
       64 * 32,
       "1 " + counted},
      {"bitsandbytes, int8",
       {{"fc.weight", "I8", {32, 64}, 1}, {"fc.SCB", "F32", {32}, 4}, {"fc.weight_format", "U8", {}, 1}},
       64 * 32,
       "1 " + counted},
      {"MXFP4: 8 experts, 32 rows, 2 blocks of 16 bytes, a scale for each",
       {{"mlp.up_proj_blocks", "U8", {8, 32, 2, 16}, 1}, {"mlp.up_proj_scales", "U8", {8, 32, 2}, 1}},
       8 * 32 * 2 * 32,
       "1 " + counted},
      {"NVFP4 of compressed-tensors",
       {{"fc.weight_packed", "U8", {32, 64 / 2}, 1},
        {"fc.weight_scale", "F8_E4M3", {32, 64 / 16}, 1},
        {"fc.weight_global_scale", "F32", {1}, 4}},
       64 * 32,
       "1 " + counted},
      {"NVFP4 of ModelOpt",
       {{"fc.weight", "U8", {32, 64 / 2}, 1},
        {"fc.weight_scale", "F8_E4M3", {32, 64 / 16}, 1},
        {"fc.weight_scale_2", "F32", {}, 4},
        {"fc.input_scale", "F32", {}, 4}},
       64 * 32,
       "1 " + counted},
      {"FP8 as DeepSeek has it, a scale for each block of 16 x 16",
       {{"fc.weight", "F8_E4M3", {32, 64}, 1}, {"fc.weight_scale_inv", "F32", {32 / 16, 64 / 16}, 4}},
       64 * 32,
       "1 " + counted},
      {"BitNet: bytes of an unknown width",
       {{"fc.weight", "U8", {32 / 4, 64}, 1}, {"fc.weight_scale", "BF16", {1}, 2}},
       32 / 4 * 64,
       words},
      {"weight_scale beside a weight that is not quantized is a parameter like others",
       {{"fc.weight", "F32", {32, 64}, 4}, {"fc.weight_scale", "F32", {32}, 4}},
       64 * 32 + 32,
       ""},
      {"integers of compressed-tensors: their width is in what weight_shape holds",
       {{"fc.weight_packed", "I32", {32, 64 / 8}, 4},
        {"fc.weight_scale", "BF16", {32, 2}, 2},
        {"fc.weight_shape", "I64", {2}, 8}},
       32 * 64 / 8,
       words},
      {"MLX: words of 32; 8 of them are 64 weights in 4 bits, or 32 in 8",
       {{"q.weight", "U32", {32, 16}, 4}, {"q.scales", "BF16", {32, 2}, 2}, {"q.biases", "BF16", {32, 2}, 2}},
       32 * 16,
       "1 tensors, such as 'q.weight', hold packed weights, but not how many: " + words},
      {"MLX in MXFP4: 4 words hold 32 weights",
       {{"q.weight", "U32", {32, 64 / 8}, 4}, {"q.scales", "U8", {32, 64 / 32}, 1}},
       32 * 64,
       "1 " + counted},
      {"MLX in NVFP4: 2 words hold 16",
       {{"q.weight", "U32", {32, 64 / 8}, 4}, {"q.scales", "U8", {32, 64 / 16}, 1}},
       32 * 64,
       "1 " + counted},
      {"HQQ in 4 bits: groups of 64 are rows, two to a row of bytes; settings are tensors",
       {{"q.W_q", "U8", {32 * 128 / 64 / 2, 64}, 1},
        {"q.scale", "F16", {32 * 128 / 64, 1}, 2},
        {"q.zero", "F16", {32 * 128 / 64, 1}, 2},
        {"q.nbits", "I32", {}, 4},
        {"q.shape", "I64", {2}, 8},
        {"q.bias", "F16", {32}, 2}},
       32 * 128 + 32,
       "1 " + counted},
      {"HQQ in 3 bits: ten to a word of 32, the last one filled up",
       {{"q.W_q", "I32", {7, 64}, 4}, {"q.scale", "F16", {64, 1}, 2}, {"q.zero", "F16", {64, 1}, 2}},
       64 * 64,
       "1 " + counted},
      {"HQQ by columns: how many rows a group had is not told",
       {{"q.W_q", "U8", {32, 64}, 1}, {"q.scale", "F16", {1, 64}, 2}, {"q.zero", "F16", {1, 64}, 2}},
       32 * 64,
       words},
      {"AQLM: codes of a codebook",
       {{"q.codes", "I16", {32, 8, 1}, 2}, {"q.codebooks", "F16", {1, 256, 1, 8}, 2}, {"q.scales", "F16", {32, 1}, 2}},
       32 * 8,
       words},
      {"names alone, without a quantizer's tensors beside them",
       {{"q.qweight", "I32", {8, 32}, 4}, {"q.qzeros", "I32", {1, 4}, 4}, {"w_blocks", "U8", {4, 16}, 1}},
       8 * 32 + 4 + 4 * 16,
       ""},
  };
  for (const auto& [layout, tensors, params, note] : rows) {
    CAPTURE(layout);
    const Report report = read(file_of(tensors));
    CHECK(report.total[Measure::params] == params);
    const std::string notes = fmt::format("{}", fmt::join(report.notes, "\n"));
    CAPTURE(notes);
    CHECK((note.empty() ? report.notes.size() == 1 : notes.find(note) != std::string::npos));
  }
}

TEST_CASE("what is no parameter of a quantized layer is a buffer, and packed weights show what the file has") {
  const Report report = read(file_of({{"q.qweight", "I32", {8, 32}, 4},
                                      {"q.qzeros", "I32", {2, 4}, 4},
                                      {"q.scales", "F16", {2, 32}, 2},
                                      {"q.g_idx", "I32", {64}, 4}}));
  CHECK(report.buffers == 2 * 4 + 2 * 32 + 64);
  CHECK(report.rows[2].path == "q.qweight");
  CHECK(report.rows[2].cls == "i32[8,32]");
  CHECK(report.rows[2].own[Measure::params] == 64 * 32);
}

/// A folder of files, by their names.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("thoplw_safetensors_test_" + std::to_string(system::process_id()));
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
  CHECK(report.total[Measure::params] == 5 * 8 + 8 + 8);
  CHECK_FALSE(report.exact);
  REQUIRE(report.rows.size() == whole.rows.size());
  for (std::size_t i = 0; i < whole.rows.size(); ++i) {
    CHECK(report.rows[i].path == whole.rows[i].path);
    CHECK(report.rows[i].cls == whole.rows[i].cls);
    CHECK(report.rows[i].own[Measure::params] == whole.rows[i].own[Measure::params]);
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
#ifdef _WIN32
      {R"({"weight_map":{"embed":"inner\\..\\..\\b"}})", "would lie outside"},
      {R"({"weight_map":{"embed":"\\Windows\\win.ini"}})", "would lie outside"},
      {R"({"weight_map":{"embed":"C:win.ini"}})", "would lie outside"},
#endif
      {R"({"weight_map":{"embed":"inner"}})", "a folder"},
      {R"({"weight_map":{"embed":"a","norm.weight":"a"}})", "shard 'a' has no tensor 'norm.weight'"},
      {R"({"weight_map":{"embed":"a","norm.weight":"b","norm.bias":"a"}})", "shard 'a' has no tensor 'norm.bias'"},
      {R"({"weight_map":{"embed":"b"}})", "shard 'b' has no tensor 'embed'"},
      {R"({"weight_map":{"embed":"a","norm.weight":"b","x":"again"}})", "'again': tensor 'embed' is in another shard"},
      {R"({"weight_map":{"embed":"pointer"}})", "shard 'pointer': this is a Git LFS pointer"},
      {R"({"weight_map":{"embed":"net.safetensors.index.json"}})", "does not fit the file"},
      {R"({"weight_map":{"embed":1}})", "the file of 'embed' must be a text"},
      {R"({"weight_map":{}})", "no weight_map"},
      {R"({"weight_map":["a"]})", "no weight_map"},
      {R"({})", "no weight_map"},
      {R"([])", "must be a JSON object"},
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
