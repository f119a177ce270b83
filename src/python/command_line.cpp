// Runs the native command line on Python's streams, with models that Python opens.
#include "python/bindings.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cerrno>
#include <ostream>
#include <streambuf>

#include "base/amount.h"
#include "capture/torch_api.h"
#include "cli/cli.h"
#include "cli/screen.h"
#include "python/llm_model.h"
#include "python/to_python.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

// The command line runs without Python's lock, so that its threads can wait for one another; what speaks to Python
// takes it.

/// str() of the Python error, without its traceback: what a user of a command wants to read.
std::string message_of(const nb::python_error& error) {
  const nb::str text(nb::borrow(error.value()));
  const std::string message = nb::cast<std::string>(text);
  const std::string type = nb::cast<std::string>(nb::borrow(error.type()).attr("__name__"));
  return error.matches(capture::error_class) ? message : type + ": " + message;
}

/// Throws what tells the user why a stream cannot be written.
[[noreturn]] void fail_to_write(const nb::python_error& error) {
  int number = 0;
  const bool of_system = error.matches(PyExc_OSError) && nb::try_cast(error.value().attr("errno"), number);
  if (of_system && number != 0) cli::fail_to_write(number);
  const bool of_encoding = error.matches(PyExc_UnicodeEncodeError);
  throw Error("cannot write the output: " + message_of(error) + (of_encoding ? "; set PYTHONIOENCODING=utf-8" : ""));
}

/// Hands complete pieces of text to a Python stream, which is None where that was closed before Python began.
class PythonBuffer : public std::streambuf {
 public:
  explicit PythonBuffer(nb::object stream) : stream_(std::move(stream)) {}

 protected:
  int_type overflow(int_type c) override {
    if (c != traits_type::eof()) text_.push_back(static_cast<char>(c));
    return c;
  }
  std::streamsize xsputn(const char* data, std::streamsize size) override {
    text_.append(data, static_cast<std::size_t>(size));
    return size;
  }
  int sync() override {
    const nb::gil_scoped_acquire lock;
    try {
      if (stream_.is_none() && !text_.empty()) cli::fail_to_write(EBADF);
      if (!text_.empty()) stream_.attr("write")(nb::str(text_.data(), text_.size()));
      text_.clear();
      if (!stream_.is_none()) stream_.attr("flush")();
      return 0;
    } catch (nb::python_error& error) {
      if (!error.matches(PyExc_Exception)) throw;
      fail_to_write(error);
    }
  }

 private:
  nb::object stream_;
  std::string text_;
};

/// Gives what `call` gives; a Python error that is no interrupt becomes an Error.
template <typename Call>
auto with_python(Call call) {
  const nb::gil_scoped_acquire lock;
  try {
    return call();
  } catch (nb::python_error& error) {
    if (!error.matches(PyExc_Exception)) throw;
    throw Error(message_of(error));
  }
}

/// `opener` outlives what is given.
cli::Opener native_opener(nb::handle opener) {
  return [opener](const cli::ModelRequest& request) {
    return with_python([&] {
      nb::list inputs;
      for (const Tensor& tensor : request.inputs) {
        inputs.append(nb::make_tuple(capture::to_tuple(tensor.shape), std::string(name(tensor.dtype))));
      }
      nb::list settings;
      for (const auto& [key, value] : request.settings) settings.append(nb::make_tuple(key, value));
      const nb::object sizes = nb::make_tuple(request.sizes.batch, request.sizes.seq, request.sizes.image);
      return nb::cast<Trace>(opener(request.model, inputs, settings, sizes, std::string(name(request.question)),
                                    request.precision, request.cuda));
    });
  };
}

/// `opener` outlives what is given.
cli::LlmOpener native_llm_opener(nb::handle opener) {
  if (opener.is_none()) return {};
  return [opener](const cli::LlmRequest& request) -> LlmModel {
    return with_python([&]() -> LlmModel {
      nb::list settings;
      for (const auto& [key, value] : request.settings) settings.append(nb::make_tuple(key, value));
      nb::list image_size;
      for (const std::int64_t size : request.image_size) image_size.append(size);
      const LlmModel model =
          native_llm(opener(request.model, settings, request.dtype, request.source, request.images, image_size));
      return [model](std::int64_t batch, std::int64_t context) {
        return with_python([&] { return model(batch, context); });
      };
    });
  };
}

/// `run` outlives what is given.
cli::Sweeper native_sweeper(nb::handle run) {
  if (run.is_none()) return {};
  return [run](const cli::SweepRequest& request) {
    return with_python([&] {
      nb::list inputs, settings, others;
      for (const Tensor& tensor : request.inputs) {
        inputs.append(nb::make_tuple(capture::to_tuple(tensor.shape), std::string(name(tensor.dtype))));
      }
      for (const auto& [key, value] : request.settings) settings.append(nb::make_tuple(to_str(key), to_str(value)));
      for (const auto& [key, value] : request.others) others.append(nb::make_tuple(to_str(key), to_str(value)));
      return nb::cast<std::string>(run(request.models, inputs, settings, others));
    });
  };
}

/// What `workers`, a thoplw._processes.Processes that outlives what is given, can do.
cli::ManyModels native_many(nb::handle workers, nb::handle open) {
  if (workers.is_none()) return {};
  return {
      .workers =
          [workers, open](const std::vector<std::string>& models, std::size_t jobs) {
            with_python([&] { return workers.attr("start")(models, jobs); });
            return native_opener(open);
          },
      .matching =
          [workers](const std::string& pattern) {
            return with_python([&] { return nb::cast<std::vector<std::string>>(workers.attr("matching")(pattern)); });
          }};
}

/// What `cache`, thoplw._cache or what imports it, can do; it outlives what is given.
cli::TraceCache native_cache(nb::handle cache) {
  if (cache.is_none()) return {};
  const auto state = [cache](const char* function) {
    return with_python([&] {
      const nb::tuple state(cache.attr(function)());
      return cli::CacheState{nb::cast<std::string>(state[0]), nb::cast<std::uint64_t>(state[1]),
                             nb::cast<std::uint64_t>(state[2]), nb::cast<std::uint64_t>(state[3])};
    });
  };
  return {.look = [state] { return state("state"); },
          .clear = [state] { return state("clear"); },
          .avoid = [cache] { with_python([&] { cache.attr("avoid")(); }); }};
}

bool is_terminal(nb::object stream) { return !stream.is_none() && nb::cast<bool>(stream.attr("isatty")()); }

/// -1 where the stream is none of the system's.
int descriptor_of(nb::object stream) {
  try {
    return nb::cast<int>(stream.attr("fileno")());
  } catch (nb::python_error&) {
    return -1;
  }
}

int run_command_line(const std::vector<std::string>& args, nb::object opener, nb::object out, nb::object err,
                     nb::object workers, nb::object open_llm, nb::object measure, nb::object cache, nb::object sweep) {
  PythonBuffer out_buffer(out), err_buffer(err);
  std::ostream out_stream(&out_buffer), err_stream(&err_buffer);
  out_stream.exceptions(std::ios::badbit);  // what its buffer throws is passed on
  cli::Terminal terminal{out_stream, err_stream, is_terminal(err)};
  if (is_terminal(out)) terminal.screen = cli::screen_of_terminal(descriptor_of(out));
  if (terminal.err_is_terminal) terminal.err_columns = cli::screen_of_terminal(descriptor_of(err)).columns;
  terminal.write_png = [](const std::string& svg, const std::string& path) {
    with_python([&] { python_part("_png", "write_png")(to_str(svg), to_str(path)); });
  };
  terminal.about = [] { return with_python([] { return nb::cast<std::string>(python_part("_about", "about")()); }); };
  const nb::object open = workers.is_none() ? nb::none() : nb::object(workers.attr("open"));
  const cli::ManyModels many = native_many(workers, open);
  const nb::handle measuring = measure;  // it outlives the run
  const cli::Measurer measurer = measure.is_none() ? cli::Measurer() : [measuring] {
    return with_python([&] { return nb::cast<std::string>(measuring()); });
  };
  const nb::gil_scoped_release unlocked;
  const int code = cli::run(args, native_opener(opener), terminal, many,
                            {native_llm_opener(open_llm), measurer, native_sweeper(sweep), native_cache(cache)});
  err_stream.flush();
  return code;
}

}  // namespace

void bind_command_line(nb::module_& m) {
  m.def("run_command_line", &run_command_line, "args"_a, "opener"_a, "out"_a.none(), "err"_a.none(),
        "workers"_a = nb::none(), "open_llm"_a = nb::none(), "measure"_a = nb::none(), "cache"_a = nb::none(),
        "sweep"_a = nb::none());
  m.def("bytes_of", [](const std::string& text) { return parse_bytes(text).value(); });
}

}  // namespace thoplw
