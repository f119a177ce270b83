// A file as bytes in memory, of which only those that are touched are read.
#pragma once

#include <string>
#include <string_view>

namespace thoplw {

class MappedFile {
 public:
  /// Throws Error("<path>: why") where it cannot be opened.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return bytes_; }
  /// Gives the memory of all that was touched back to the system, which reads it again when it is touched again.
  /// A touch may bring in some megabytes around it: as much as the system holds in one piece.
  void forget() const;

 private:
  std::string_view bytes_;
};

}  // namespace thoplw
