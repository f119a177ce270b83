// Windows has paths in UTF-16. What is no UTF-8, or no UTF-16, becomes U+FFFD: the standard library would throw.
#include "base/path.h"
#include "base/system/windows.h"

namespace thoplw {

std::filesystem::path to_path(const std::string& text) {
  const int size = static_cast<int>(text.size());
  std::wstring wide(text.size(), L'\0');  // never more units than bytes
  wide.resize(static_cast<std::size_t>(MultiByteToWideChar(CP_UTF8, 0, text.data(), size, wide.data(), size)));
  return wide;
}

std::string to_text(const std::filesystem::path& path) {
  const std::wstring& wide = path.native();
  const int size = static_cast<int>(wide.size());
  std::string text(wide.size() * 3, '\0');  // a unit takes three bytes at most
  const int room = static_cast<int>(text.size());
  const int used = WideCharToMultiByte(CP_UTF8, 0, wide.data(), size, text.data(), room, nullptr, nullptr);
  text.resize(static_cast<std::size_t>(used));
  return text;
}

}  // namespace thoplw
