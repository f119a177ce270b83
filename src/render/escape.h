// Text made safe for markup: any name stands there as itself and nothing else.
#pragma once

#include <string>
#include <string_view>

namespace thoplw {

/// For the content of an element or a quoted attribute of XML and HTML. What no markup can hold (control characters,
/// bytes that are not UTF-8) is spelt as the text table spells it: "\n", "\xff".
std::string xml_escaped(std::string_view text);

/// JSON that may stand in a <script> element: no tag ends or begins in it.
std::string script_escaped(std::string_view json);

}  // namespace thoplw
