// Fills the frame of src/render/page/assets/report.html.
#include "render/page/html_page.h"

#include "render/escape.h"
#include "render/page/assets/assets.h"

namespace thoplw {

std::string html_page(std::string_view title, std::string_view body) {
  std::string text;
  std::string_view rest = page::frame;
  const auto fill = [&](std::string_view mark, std::string_view with) {
    const auto at = rest.find(mark);
    text += rest.substr(0, at);
    text += with;
    rest.remove_prefix(at + mark.size());
  };
  fill("{{title}}", xml_escaped(title));
  fill("{{style}}", page::style);
  fill("{{body}}", body);
  fill("{{script}}", page::script);
  while (rest.ends_with('\n')) rest.remove_suffix(1);
  return text.append(rest);
}

}  // namespace thoplw
