// Says why a file cannot be written.
#include "render/file.h"

#include "base/error.h"
#include "base/system/file.h"

namespace thoplw {

void write_file(const std::string& path, const std::string& text) {
  if (const std::error_code error = system::write_file(path, text)) {
    throw Error("cannot write '" + path + "': " + error.message());
  }
}

}  // namespace thoplw
