// Writes a whole file or says why not.
#include "render/file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "trace/error.h"

namespace thoplw {

void write_file(const std::string& path, const std::string& text) {
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw Error("cannot write '" + path + "': " + std::strerror(errno));
}

}  // namespace thoplw
