// Finding the format of a file, and what is said of files that cannot be opened.
#include "load/load.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/path.h"
#include "base/system/process.h"
#include "trace/text.h"

namespace thoplw {
namespace {

constexpr std::string_view kTrace = "thoplw trace 1\nmodel \"Net\"\nsource \"test\"\nclass Net\nmodule \"\" Net\n";

struct TemporaryFile {
  std::string path;
  TemporaryFile(const std::string& name, std::string_view content)
      : path((std::filesystem::temp_directory_path() /
              ("thoplw_load_test_" + std::to_string(system::process_id()) + name))
                 .string()) {
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
  CHECK(is_model_file(text.path));  // to be told what is known
  CHECK_FALSE(is_model_file("torchvision:resnet18"));
  CHECK(is_model_file("missing.onnx"));  // to be told that it is missing
  CHECK(to_text(load(by_bytes.path)) == kTrace);
  CHECK(complaint(text.path).find("unknown format; known are .onnx, .pt2") != std::string::npos);
}

TEST_CASE("a saved report is told by its name from models that are .json too") {
  CHECK(is_saved_report("report.json"));
  CHECK_FALSE(is_saved_report("model.safetensors.index.json"));
  CHECK_FALSE(is_saved_report("unet/model.safetensors.index.fp16.json"));
  CHECK_FALSE(is_saved_report("transformers:config.json"));
  CHECK_FALSE(is_saved_report("net.onnx"));
}

TEST_CASE("what cannot be opened is named, with the reason") {
  const TemporaryFile empty("empty.pt2", ""), cut("cut.trace", "thoplw trace 1\nmodel"), traced("net.trace", kTrace);
  CHECK(complaint("missing.onnx") == "missing.onnx: No such file or directory");
  CHECK(complaint(empty.path) == empty.path + ": the file is empty");
  CHECK(complaint(std::filesystem::temp_directory_path().string()).find("a folder") != std::string::npos);
  CHECK(complaint(cut.path).starts_with(cut.path + ": trace:2: "));
  CHECK(complaint(traced.path, {{{"batch", 2}}}).find("leave --dim out") != std::string::npos);
}

TEST_CASE("a file of another kind is told by its content or its suffix, with the cure") {
  using namespace std::string_view_literals;
  struct Row {
    std::string_view name, content, what, cure;
  };
  constexpr Row rows[] = {
      {"llama.gguf", "GGUF\x03\0\0\0"sv, "llama.cpp (GGUF)", "transformers:path/to/config.json"},
      {"llama", "GGUF\x03\0\0\0"sv, "llama.cpp (GGUF)", "transformers:path/to/config.json"},
      {"net.tflite", "\x1c\0\0\0TFL3"sv, "TensorFlow Lite", "tf2onnx"},
      {"net.pte", "\x20\0\0\0ET12"sv, "ExecuTorch", ".pt2"},
      {"net.ort", "\x28\0\0\0ORTM"sv, "ONNX Runtime's own", ".onnx"},
      {"net.h5", "\x89HDF\r\n\x1a\n"sv, "HDF5", "format=\"onnx\""},
      {"w.npy", "\x93NUMPY\x01\0"sv, "NumPy", ".safetensors"},
      {"old.pth", "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19."sv, "torch.save", "file.py:callable"},
      {"net.pkl", "\x80\x04\x95\x01"sv, "pickle", ".safetensors"},
      {"net.xml", "<?xml version=\"1.0\"?>\n<net name=\"n\" version=\"11\">"sv, "OpenVINO", ".onnx"},
      {"graph.pb", "\x0a\x09\x0a\x01x\x12\x04"sv, "TensorFlow", "tf2onnx"},
      {"net.mlmodel", "\x08\x05\x12\x02"sv, "Core ML", ".onnx"},
      {"net.py", "import torch\n"sv, "Python file", "file.py:callable"},
      // the name may say something else
      {"net.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"sv, "Git LFS", "git lfs pull"},
      {"net.safetensors", "version https://git-lfs.github.com/spec/v1\n"sv, "Git LFS", "git lfs pull"},
      {"net.pt2", "\n <!DOCTYPE HTML><html>"sv, "web page", "download"},
      {"net.onnx", "<html><title>404</title>"sv, "web page", "download"},
      {"net.onnx", "\x1c\0\0\0TFL3"sv, "TensorFlow Lite", "tf2onnx"},
  };
  for (const Row& row : rows) {
    const TemporaryFile file(std::string(row.name), row.content);
    CAPTURE(row.name);
    CHECK(is_model_file(file.path));
    const std::string error = complaint(file.path);
    CHECK(error.starts_with(file.path + ": this is "));
    CHECK(error.find(row.what) != std::string::npos);
    CHECK(error.find(row.cure) != std::string::npos);
  }
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
