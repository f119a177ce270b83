// Says of a forward what memory it needs, what that holds at the peak, and what stays after it.
#include "render/memory_lines.h"

#include <algorithm>

#include "base/formatted.h"
#include "render/numbers.h"
#include "render/table/columns.h"

namespace thoplw {
namespace {

constexpr std::size_t kMostPieces = 4;

std::string by_type(const std::vector<BytesOfType>& types) {
  std::string text;
  for (const auto& [type, bytes] : types) {
    text += formatted("{}{} in {}", text.empty() ? "" : ", ", bytes_text(bytes), name(type));
  }
  return text.empty() ? "none" : text;
}

std::string peak_line(const Report& report, const Inference& inference) {
  const Id row = inference.peak_moment.row;
  return formatted("it needs {}{} of memory, in {}: {}", inference.exact ? "" : "at least ", bytes_text(inference.peak),
                   shown_path(at(report.rows, row).path), parts_of_peak(inference));
}

std::string after_line(const Inference& inference) {
  std::string text = formatted("it gives {}", bytes_text(inference.outputs));
  if (inference.retained == 0) return text + ", and nothing else stays after the pass";
  return text + formatted("; {} more stay after the pass: {}", bytes_text(inference.retained),
                          largest_pieces(inference.outlive));
}

std::string policy_line(const Inference& inference) {
  return inference.lifetimes == LifetimePolicy::observed
             ? "memory is freed as was observed while the model ran (lifetimes: observed)"
             : "memory is freed right after its last use, as a runtime of graphs does (lifetimes: last-use)";
}

}  // namespace

std::string largest_pieces(const std::vector<Alive>& pieces) {
  std::string text;
  Count rest = 0;
  std::size_t shown = 0, more = 0;
  for (const Alive& piece : pieces) {
    if (piece.op.empty()) continue;
    if (shown == kMostPieces) {
      ++more;
      rest += piece.bytes;
      continue;
    }
    ++shown;
    text += formatted("{}{} by {} ({}{})", text.empty() ? "" : ", ", bytes_text(piece.bytes), shown_path(piece.path),
                      piece.op, piece.what == "temporary" ? ", for a moment" : "");
  }
  return more == 0 ? text : text + formatted(", and {} more with {}", more, bytes_text(rest));
}

std::string bytes_text(Count bytes) {
  if (bytes < Count(1000)) return std::to_string(bytes.value()) + " B";
  std::string text = unpadded(clever_format(bytes, bytes < Count(1'000'000'000) ? "%.2f" : "%.3f"));
  return text + "B";
}

std::string parts_of_peak(const Inference& inference) {
  return formatted("{} for weights, {} for buffers, {} for inputs, {} for activations", bytes_text(inference.weights),
                   bytes_text(inference.buffers), bytes_text(inference.inputs), bytes_text(inference.activations_peak));
}

std::string assumed_line(const std::string& processor, const std::string& attention, const std::string& precision,
                         const std::string& more) {
  std::string text = formatted("taken for granted: kernels of {}", processor);
  if (!attention.empty()) text += ", attention by " + attention;
  if (!precision.empty()) text += ", " + precision;
  return text + more + "; workspaces of kernels, blocks of the allocator and the context of a GPU come on top";
}

std::vector<std::string> memory_lines(const Report& report) {
  if (!report.inference) return {};
  const Inference& inference = *report.inference;
  std::vector<std::string> lines;
  const std::string held =
      formatted("weights: {}; buffers: {}", by_type(inference.weights_by_type), by_type(inference.buffers_by_type));
  if (!report.memory()) return {held};
  lines.push_back(peak_line(report, inference));
  if (const std::string alive = largest_pieces(inference.at_peak); !alive.empty()) {
    lines.push_back("of these activations were made: " + alive);
  }
  lines.push_back(held);
  lines.push_back(after_line(inference));
  for (const std::string& op : inference.unknown)
    lines.push_back("nothing says what is made and freed inside of " + op);
  lines.push_back(policy_line(inference));
  lines.push_back(assumed_line(inference.processor, inference.attention, inference.precision));
  return lines;
}

}  // namespace thoplw
