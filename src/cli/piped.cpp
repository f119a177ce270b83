// Standard input as a file.
#include "cli/piped.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/error.h"
#include "base/path.h"
#include "base/system/file.h"
#include "base/system/process.h"
#include "load/load.h"

namespace thoplw::cli {
namespace {

std::string suffix_of(std::string_view bytes) {
  for (const Format& format : formats()) {
    if (format.sniff(bytes)) return std::string(format.suffix);
  }
  return bytes.starts_with('{') ? ".json" : "";
}

std::filesystem::path new_folder() {
  try {
    return to_path(system::new_folder("thoplw-"));
  } catch (const Error& error) {
    throw Error(std::string("stdin: no folder for what it gives can be made: ") + error.what());
  }
}

}  // namespace

Piped::Piped(std::vector<std::string>& models) {
  const auto place = std::ranges::find(models, kStdin);
  if (place == models.end()) return;
  if (std::ranges::count(models, kStdin) > 1) throw Error("- is given twice; standard input gives one model");
  system::carry_bytes(system::kInput);
  const std::string bytes{std::istreambuf_iterator<char>(std::cin), {}};
  if (bytes.empty()) throw Error("stdin: nothing came; give a model, as in `thoplw - < model.onnx`");
  folder_ = new_folder();
  const std::filesystem::path file = folder_ / ("stdin" + suffix_of(bytes));
  std::ofstream(file, std::ios::binary) << bytes;
  *place = to_text(file);
}

Piped::~Piped() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

}  // namespace thoplw::cli
