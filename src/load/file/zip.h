// Reads the directory of a zip archive, ZIP64 too, and single entries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_bytes.h"

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

  /// `bytes` must outlive this; `need` is called before any are looked at. Throws Error where they are no zip archive.
  explicit ZipArchive(
      std::string_view bytes, Need need = [](std::string_view) {});

  const std::vector<Entry>& entries() const { return entries_; }
  /// The entry of that name, or null.
  const Entry* find(std::string_view name) const;
  /// Its bytes, checked against their checksum. Throws Error where they are damaged or lie about their size.
  std::string read(const Entry& entry) const;
  /// The archive that an entry is. Throws Error where it is compressed.
  ZipArchive inner(const Entry& entry) const { return ZipArchive(view(entry), need_); }

 private:
  /// Where its bytes lie in the archive, unchecked and not yet read.
  std::string_view stored(const Entry& entry) const;
  /// The same. Throws Error where they are compressed.
  std::string_view view(const Entry& entry) const;

  std::string_view bytes_;
  Need need_;
  std::vector<Entry> entries_;
};

}  // namespace thoplw
