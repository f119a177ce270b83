// Fills the page of a sweep.
#include "render/page/front_page.h"

#include "base/formatted.h"
#include "base/harmless.h"
#include "render/escape.h"
#include "render/page/html_page.h"

namespace thoplw {

std::string front_page(std::string_view title, std::string_view about, std::string_view data) {
  const std::string heading = xml_escaped(harmless(title));
  return html_page(title,
                   formatted("<section class=\"report sweep\">\n<h1>{}</h1>\n<p class=\"about\">{}</p>\n"
                             "<script type=\"application/json\" class=\"candidates\">\n{}\n</script>\n</section>",
                             heading, xml_escaped(harmless(about)), script_escaped(data)));
}

}  // namespace thoplw
