// Reads and records golden files.
#include "base/golden_test.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace thoplw {

void check_golden(const std::string& name, const std::string& text) {
  const std::string path = THOPLW_TEST_DIR "/golden/" + name;
  if (std::getenv("THOPLW_RECORD") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), "no golden file ", path, ": record it with THOPLW_RECORD=1");
  std::ostringstream golden;
  golden << file.rdbuf();
  CAPTURE(path);
  CHECK(text == golden.str());
}

}  // namespace thoplw
