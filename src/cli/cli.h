// The command line: flags from one table, files read here, other models through whatever can open them, exit codes 0,
// 1, 2.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "count/llm/passes.h"
#include "thoplw.h"

namespace thoplw::cli {

/// Sizes that all inputs get; 0: as they say.
struct InputSizes {
  std::int64_t batch = 0;  ///< the first of each
  std::int64_t seq = 0;    ///< the second of inputs of integers, or of those with three sizes where none is of integers
  std::int64_t image = 0;  ///< the last two of inputs with four or more sizes
};

/// What the user asked to be profiled.
struct ModelRequest {
  std::string model;           ///< "torchvision:resnet18", "pkg.mod:callable", "file.py:callable"; no model file
  std::vector<Tensor> inputs;  ///< one per --input; empty: what the model is known to take
  std::vector<std::pair<std::string, std::string>> settings;  ///< --set key=value
  InputSizes sizes{};                                         ///< in place of what the inputs say
  Question question = Question::cost;  ///< `training`: captured in training mode; that and `memory`: with its memory
  std::string precision{};             ///< that it then computes in, by name; empty: as it is
  bool cuda = false;                   ///< which casts autocast makes: those of CUDA
};

/// Opens a model; throws Error with a message for the user.
using Opener = std::function<Trace(const ModelRequest&)>;

/// A language model that the user asks about.
struct LlmRequest {
  std::string model;
  std::vector<std::pair<std::string, std::string>> settings;  ///< --set key=value
  std::string dtype;                     ///< that it is made in: "bf16", "fp8"; empty: as its library makes it
  std::int64_t source = 0;               ///< tokens that an encoder reads; 0: as many as the decoder
  std::int64_t images = 0;               ///< in each prompt
  std::vector<std::int64_t> image_size;  ///< height and width; none: as the config says
};

/// Makes a language model that can be run at any batch and context; throws Error with a message for the user.
using LlmOpener = std::function<LlmModel(const LlmRequest&)>;

/// What serves where several models are asked for; without it they are opened one after the other.
struct ManyModels {
  /// Starts processes that open models of such names; what it gives may be called by `jobs` threads at once.
  std::function<Opener(const std::vector<std::string>& models, std::size_t jobs)> workers;
  /// The models that a pattern such as "torchvision:resnet*" stands for, in order; none where nothing matches.
  std::function<std::vector<std::string>(const std::string& pattern)> matching;
};

/// What `thoplw sweep` was asked, by the names of its arguments in Python.
struct SweepRequest {
  std::vector<std::string> models;
  std::vector<Tensor> inputs;
  std::vector<std::pair<std::string, std::string>> settings;  ///< --set key=values
  std::vector<std::pair<std::string, std::string>> others;
};

/// Runs a sweep, or reads the results of one; gives what is to be shown. Throws Error.
using Sweeper = std::function<std::string(const SweepRequest&)>;

/// Measures this machine; gives a file of devices as text. Throws Error.
using Measurer = std::function<std::string()>;

/// The folder in which traces of models of libraries are kept.
struct CacheState {
  std::string folder;  ///< empty: there is none
  std::uint64_t entries = 0, bytes = 0, limit = 0;
};
struct TraceCache {
  std::function<CacheState()> look;
  std::function<CacheState()> clear;  ///< gives what was removed
  std::function<void()> avoid;        ///< for the rest of this run
};

/// The reader of the output has left: nothing more is to be done, and nothing is wrong.
struct ReaderGone {};

/// The output cannot be written, for what the system calls `error` in errno: throws ReaderGone, or Error.
[[noreturn]] void fail_to_write(int error);

struct Terminal {
  std::ostream& out;  ///< where it fails it throws as fail_to_write does, or leaves errno
  std::ostream& err;
  bool err_is_terminal = false;  ///< progress lines only there
  Screen screen{};               ///< what `out` is shown on
  int err_columns = 80;          ///< how wide the terminal is that shows progress
  /// Writes an SVG picture to a file as PNG; null: nothing here can. Throws Error.
  std::function<void(const std::string& svg, const std::string& path)> write_png{};
  /// What it runs with, and where; null: it stands alone.
  std::function<std::string()> about{};
};

/// What Python does for commands; what is null, this program cannot do.
struct PythonParts {
  LlmOpener open_llm{};
  Measurer measure{};
  Sweeper sweep{};
  TraceCache cache{};
};

/// Runs the command; 0 ok, 1 over budget, nothing fits, or not exact where that was asked, 2 error. What the opener
/// throws beside Error, such as an interrupt, ends the run and is passed on.
int run(const std::vector<std::string>& args, const Opener& open, Terminal terminal, const ManyModels& many = {},
        const PythonParts& python = {});

}  // namespace thoplw::cli
