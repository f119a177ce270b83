// A page that stands alone: style and scripts are in it, and it asks for nothing from outside.
#pragma once

#include <string>
#include <string_view>

namespace thoplw {

/// `body` is HTML. A <section class="report"> with a <script class="data"> becomes an interactive report, a
/// <table class="flat"> can be sorted; all else is shown in the same look.
std::string html_page(std::string_view title, std::string_view body);

}  // namespace thoplw
