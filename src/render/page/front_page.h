// The page of a sweep: its candidates as points to hover, filter and click.
#pragma once

#include <string>
#include <string_view>

namespace thoplw {

/// `data` is JSON, as src/render/page/assets/front.js reads it.
std::string front_page(std::string_view title, std::string_view about, std::string_view data);

}  // namespace thoplw
