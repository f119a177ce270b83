// Two tables: by the first bytes of a file, and by its suffix where these tell nothing. What else is in a zip archive,
// pt2.cpp says.
#include "load/foreign.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

namespace thoplw {
namespace {

struct Kind {
  std::string_view what;
  std::string_view cure;
};

constexpr Kind kGguf = {"weights for llama.cpp (GGUF)",
                        "count the model that they were made from: thoplw transformers:path/to/config.json"};
constexpr Kind kTflite = {"a TensorFlow Lite model",
                          "convert it: python -m tf2onnx.convert --tflite FILE --output model.onnx"};
constexpr Kind kExecutorch = {"an ExecuTorch program",
                              "give the program of torch.export that it was made from, saved as .pt2"};
constexpr Kind kOrt = {"a model in ONNX Runtime's own format", "give the .onnx that it was made from"};
constexpr Kind kHdf5 = {"an HDF5 file, such as Keras saves",
                        "export the model: model.export(\"model.onnx\", format=\"onnx\")"};
constexpr Kind kKeras = {"a Keras model", "export it: model.export(\"model.onnx\", format=\"onnx\")"};
constexpr Kind kNumpy = {"NumPy arrays", "count the model that they belong to, or save them as .safetensors"};
constexpr Kind kTensorflow = {"a TensorFlow graph",
                              "convert it: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx"};
constexpr Kind kCoreml = {"a Core ML model", "give the .pt2 or .onnx that it was made from, or the PyTorch model"};
constexpr Kind kOpenvino = {"an OpenVINO graph", "give the .onnx that it was made from, or the PyTorch model"};
constexpr Kind kCheckpoint = {
    "what torch.save wrote, which can be opened only by running Python code from it",
    "count the model in Python: thoplw path/to/file.py:callable; or save its weights as .safetensors"};
constexpr Kind kPickle = {
    "a Python pickle, which can be opened only by running Python code from it",
    "count the model in Python: thoplw path/to/file.py:callable; or save its weights as .safetensors"};
constexpr Kind kPointer = {"a Git LFS pointer, not the file itself", "fetch it: git lfs pull"};
constexpr Kind kPage = {"a web page, not a model", "download the file itself"};
constexpr Kind kPython = {"a Python file", "name what makes the model: path/to/file.py:callable"};
constexpr Kind kTensorRt = {"a TensorRT engine", "give the .onnx that it was made from, or the PyTorch model"};
constexpr Kind kPaddle = {"a Paddle model", "convert it: paddle2onnx --model_dir FOLDER --save_file model.onnx"};

struct Magic {
  std::size_t at;
  std::string_view bytes;
  const Kind& kind;
};

constexpr auto kMagics = std::to_array<Magic>({
    {0, "version https://git-lfs.github.com/spec/", kPointer},
    {0, "GGUF", kGguf},
    {0, "\x89HDF\r\n\x1a\n", kHdf5},
    {0, "\x93NUMPY", kNumpy},
    {0, "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.", kCheckpoint},  // torch.save before torch 1.6
    {0, "\x80\x02", kPickle},
    {0, "\x80\x03", kPickle},
    {0, "\x80\x04\x95", kPickle},
    {0, "\x80\x05\x95", kPickle},
    {4, "TFL3", kTflite},
    {4, "ET12", kExecutorch},
    {4, "ORTM", kOrt},
});

struct Suffix {
  std::string_view suffix;
  const Kind& kind;
};

constexpr auto kSuffixes = std::to_array<Suffix>({
    {".gguf", kGguf},       {".tflite", kTflite}, {".pte", kExecutorch}, {".ort", kOrt},
    {".h5", kHdf5},         {".hdf5", kHdf5},     {".keras", kKeras},    {".npz", kNumpy},
    {".npy", kNumpy},       {".pb", kTensorflow}, {".mlmodel", kCoreml}, {".mlpackage", kCoreml},
    {".mlmodelc", kCoreml}, {".xml", kOpenvino},  {".pth", kCheckpoint}, {".pt", kCheckpoint},
    {".ckpt", kCheckpoint}, {".pkl", kPickle},    {".pickle", kPickle},  {".py", kPython},
    {".engine", kTensorRt}, {".plan", kTensorRt}, {".pdmodel", kPaddle},
});

std::string text_of(const Kind& kind) { return std::string(kind.what) + "; " + std::string(kind.cure); }

bool is_page(std::string_view bytes) {
  std::string start(bytes.substr(0, 256));
  std::ranges::transform(start, start.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t text = start.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (text == std::string::npos) return false;
  return start.compare(text, 14, "<!doctype html") == 0 || start.compare(text, 5, "<html") == 0;
}

bool is_word(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// "Net", of "class Net(nn.Module):"; empty where the line begins neither a class nor a function, or one that is
/// private.
std::string_view made_in(std::string_view line) {
  for (const std::string_view word : {"class ", "def "}) {
    if (!line.starts_with(word)) continue;
    line.remove_prefix(word.size());
    const auto end = std::ranges::find_if_not(line, is_word);
    const std::string_view name = line.substr(0, static_cast<std::size_t>(end - line.begin()));
    return name.starts_with('_') ? std::string_view() : name;
  }
  return {};
}

}  // namespace

std::string python_file(std::string_view path, std::string_view code) {
  constexpr int kMost = 8;
  std::string names;
  int count = 0;
  while (!code.empty() && count < kMost) {
    const std::size_t end = std::min(code.find('\n'), code.size());
    const std::string_view name = made_in(code.substr(0, end));
    code.remove_prefix(std::min(end + 1, code.size()));
    if (name.empty()) continue;
    names += (names.empty() ? "" : ", ") + std::string(path) + ":" + std::string(name);
    ++count;
  }
  return names.empty() ? text_of(kPython)
                       : std::string(kPython.what) + "; name what makes the model, which of these may do: " + names;
}

std::string foreign_by_content(std::string_view bytes) {
  for (const Magic& magic : kMagics) {
    if (bytes.size() > magic.at && bytes.substr(magic.at).starts_with(magic.bytes)) return text_of(magic.kind);
  }
  if (is_page(bytes)) return text_of(kPage);
  return bytes.substr(0, 4096).find("<net name=") == std::string_view::npos ? "" : text_of(kOpenvino);
}

std::string foreign_by_suffix(std::string_view path) {
  while (path.size() > 1 && (path.ends_with('/') || path.ends_with('\\')))
    path.remove_suffix(1);  // .mlpackage is a folder
  const auto row = std::ranges::find_if(kSuffixes, [&](const Suffix& one) { return path.ends_with(one.suffix); });
  return row == kSuffixes.end() ? "" : text_of(row->kind);
}

}  // namespace thoplw
