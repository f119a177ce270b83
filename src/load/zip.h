// Reads the directory of a zip archive, ZIP64 too, and single entries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thoplw {

class ZipArchive {
 public:
  struct Entry {
    std::string name;
    std::uint64_t size = 0;    ///< uncompressed
    std::uint64_t stored = 0;  ///< in the archive
    std::uint64_t header = 0;  ///< where its local header begins
    std::uint32_t checksum = 0;
    int method = 0;  ///< 0: as it is, 8: deflated
  };

  /// `bytes` must outlive this. Throws Error where they are no zip archive.
  explicit ZipArchive(std::string_view bytes);

  const std::vector<Entry>& entries() const { return entries_; }
  /// The entry of that name, or null.
  const Entry* find(std::string_view name) const;
  /// Its bytes, checked against their checksum. Throws Error where they are damaged or lie about their size.
  std::string read(const Entry& entry) const;
  /// Its bytes as they lie in the archive, unchecked. Throws Error where they are compressed.
  std::string_view view(const Entry& entry) const;

 private:
  std::string_view stored(const Entry& entry) const;

  std::string_view bytes_;
  std::vector<Entry> entries_;
};

}  // namespace thoplw
