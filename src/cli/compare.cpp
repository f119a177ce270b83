// `thoplw compare` and `thoplw conventions`: what conventions count, on one model and in words.

#include <algorithm>
#include <vector>

#include "base/formatted.h"
#include "cli/commands.h"
#include "cli/session.h"

namespace thoplw::cli {
namespace {

/// The base first.
std::vector<const Convention*> compared(const Options& options) {
  const auto all = conventions();
  std::vector<const Convention*> chosen;
  for (const auto& convention : options.with) chosen.push_back(convention.get());
  if (chosen.empty()) chosen.assign(all.begin(), all.end());
  std::erase(chosen, options.convention.get());
  chosen.insert(chosen.begin(), options.convention.get());
  return chosen;
}

}  // namespace

void compare_conventions(Session& session) {
  const Options& options = session.options;
  const auto text_of = [&](const std::string& model) {
    const Trace trace = session.open_model(model);
    const Comparison comparison = compare(trace, compared(options), *options.convention);
    return render_comparison(comparison, *options.renderer, session.render_options(model));
  };
  show_each(session, text_of, [](const std::string&) {});
}

void list_conventions(Session& session) {
  std::size_t width = 0;
  for (const Convention* convention : conventions()) width = std::max(width, convention->name.size());
  std::string text;
  for (const Convention* convention : conventions()) {
    text += formatted("{}{:<{}}  {}  {}", text.empty() ? "" : "\n", convention->name, width,
                      convention->unit == Unit::flop ? "FLOP" : "MAC ", convention->doc);
  }
  session.show(text);
}

}  // namespace thoplw::cli
