// minizip finds and walks the directory of an archive in memory, zlib inflates and sums. The ZIP64 fields of an entry
// are read here: minizip before 1.3 compares with the wrong constant, and takes no size above 4 GiB for one.
#include "load/file/zip.h"

#include <minizip/unzip.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/formatted.h"

namespace thoplw {
namespace {

constexpr std::uint64_t kDirectoryRecord = 46, kLocalHeader = 30;  ///< bytes at least
constexpr std::uint64_t kEncrypted = 1;                            ///< a flag
// Deflate can make 1000 bytes of one; of programs of 400 layers it makes 47. Torch does not deflate.
constexpr std::uint64_t kMostExpansion = 100, kSmall = 8 << 20;
constexpr int kStored = 0, kDeflated = 8;

/// Where minizip reads, and how far it has come.
struct Stream {
  std::string_view bytes;
  const Need& need;
  std::uint64_t at = 0;
};

Stream& stream_of(voidpf opaque) { return *static_cast<Stream*>(opaque); }

voidpf open_stream(voidpf opaque, const void*, int) { return opaque; }

uLong read_stream(voidpf opaque, voidpf, void* to, uLong wanted) {
  Stream& stream = stream_of(opaque);
  const std::string_view part = stream.bytes.substr(stream.at, wanted);
  stream.need(part);
  std::memcpy(to, part.data(), part.size());
  const std::size_t size = part.size();
  stream.at += size;
  return size;
}

ZPOS64_T tell_stream(voidpf opaque, voidpf) { return stream_of(opaque).at; }

long seek_stream(voidpf opaque, voidpf, ZPOS64_T offset, int origin) {
  Stream& stream = stream_of(opaque);
  const std::uint64_t from = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                             : origin == ZLIB_FILEFUNC_SEEK_CUR ? stream.at
                                                                : stream.bytes.size();
  const std::uint64_t to = from + offset;  // an offset may be negative: it wraps
  if (to > stream.bytes.size()) return -1;
  stream.at = to;
  return 0;
}

int nothing(voidpf, voidpf) { return 0; }

/// Does the record that ends an archive stand whole at the end? minizip takes one that is cut short.
bool ends_well(std::string_view bytes, const Need& need) {
  constexpr std::size_t kEnd = 22;  ///< its size, without the comment behind it
  const std::string_view tail = bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), kEnd + UINT16_MAX));
  need(tail);
  const std::size_t begin = tail.rfind("PK\5\6");
  return begin != std::string_view::npos && tail.size() - begin >= kEnd &&
         tail.size() - begin - kEnd ==
             static_cast<unsigned char>(tail[begin + 20]) + 256U * static_cast<unsigned char>(tail[begin + 21]);
}

/// A walk over the directory.
struct Directory {
  Stream stream;
  unzFile archive = nullptr;

  Directory(std::string_view bytes, const Need& need) : stream{bytes, need} {
    zlib_filefunc64_def functions{};
    functions.zopen64_file = open_stream;
    functions.zread_file = read_stream;
    functions.ztell64_file = tell_stream;
    functions.zseek64_file = seek_stream;
    functions.zclose_file = nothing;
    functions.zerror_file = nothing;
    functions.opaque = &stream;
    if (ends_well(bytes, need)) archive = unzOpen2_64("", &functions);
    if (!archive)
      throw Error("this is not a zip archive, or it was cut short: its directory is not found; copy it again");
  }
  ~Directory() { unzClose(archive); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
};

/// `count` bytes at `at`, the lowest first; 0 where there are not so many.
std::uint64_t number_at(std::string_view bytes, std::uint64_t at, std::size_t count) {
  std::uint64_t value = 0;
  if (at > bytes.size() || bytes.size() - at < count) return 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// What does not fit 32 bits stands in the extra field, in this order.
void take_zip64(std::string_view extra, ZipArchive::Entry& entry) {
  constexpr std::uint64_t kElsewhere = 0xffffffff;
  for (std::uint64_t at = 0; at + 4 <= extra.size(); at += 4 + number_at(extra, at + 2, 2)) {
    if (number_at(extra, at, 2) != 1) continue;
    std::uint64_t field = at + 4;
    for (std::uint64_t* number : {&entry.size, &entry.stored, &entry.header}) {
      if (*number != kElsewhere) continue;
      *number = number_at(extra, field, 8);
      field += 8;
    }
  }
}

}  // namespace

ZipArchive::ZipArchive(std::string_view bytes, Need need) : bytes_(bytes), need_(std::move(need)) {
  const Directory directory(bytes, need_);
  unz_global_info64 about{};
  unzGetGlobalInfo64(directory.archive, &about);
  if (about.number_entry > bytes.size() / kDirectoryRecord) {
    throw Error("the zip directory says " + std::to_string(about.number_entry) + " entries, which do not fit the file");
  }
  std::string name(UINT16_MAX, '\0'), extra(UINT16_MAX, '\0');
  int status = unzGoToFirstFile(directory.archive);
  for (std::uint64_t i = 0; i < about.number_entry && status == UNZ_OK; ++i) {
    unz_file_info64 info{};
    unz64_file_pos place{};
    status = unzGetCurrentFileInfo64(directory.archive, &info, name.data(), name.size(), extra.data(), extra.size(),
                                     nullptr, 0);
    if (status != UNZ_OK || unzGetFilePos64(directory.archive, &place) != UNZ_OK) break;
    // What info says of sizes depends on the version of minizip: some look into the extra field, and some do not.
    const auto number = [&](std::uint64_t at) { return number_at(bytes, place.pos_in_zip_directory + at, 4); };
    Entry entry{.name = name.substr(0, info.size_filename),
                .size = number(24),
                .stored = number(20),
                .header = number(42),
                .checksum = static_cast<std::uint32_t>(info.crc),
                .method = static_cast<int>(info.compression_method)};
    take_zip64(std::string_view(extra).substr(0, info.size_file_extra), entry);
    entries_.push_back(std::move(entry));
    if (i + 1 < about.number_entry) status = unzGoToNextFile(directory.archive);
  }
  if (entries_.size() != about.number_entry) throw Error("the zip directory is damaged; copy the file again");
}

const ZipArchive::Entry* ZipArchive::find(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &Entry::name);
  return found == entries_.end() ? nullptr : &*found;
}

std::string_view ZipArchive::stored(const Entry& entry) const {
  const std::string_view header = bytes_.substr(std::min<std::uint64_t>(entry.header, bytes_.size()), kLocalHeader);
  need_(header);
  if (!header.starts_with("PK\3\4")) {
    throw Error(entry.name + ": is not where the zip directory says; copy the file again");
  }
  if (number_at(bytes_, entry.header + 6, 2) & kEncrypted) {
    throw Error(entry.name + ": is encrypted; unpack the archive, and pack it without a password");
  }
  const std::uint64_t begin =
      entry.header + kLocalHeader + number_at(bytes_, entry.header + 26, 2) + number_at(bytes_, entry.header + 28, 2);
  if (begin > bytes_.size() || entry.stored > bytes_.size() - begin) {
    throw Error(entry.name + ": its size does not fit the file; copy the file again");
  }
  return bytes_.substr(begin, entry.stored);
}

std::string_view ZipArchive::view(const Entry& entry) const {
  if (entry.method != kStored || entry.size != entry.stored)
    throw Error(entry.name + ": is compressed, which torch does not do");
  return stored(entry);
}

std::string ZipArchive::read(const Entry& entry) const {
  const std::string_view from = stored(entry);
  need_(from);
  const auto damaged = [&] { return Error(entry.name + ": its bytes do not match its checksum; copy the file again"); };
  std::string bytes;
  if (entry.method != kDeflated) {
    bytes = view(entry);
  } else {
    if (entry.size > kSmall && entry.size / kMostExpansion > from.size()) {
      throw Error(formatted("{}: {} bytes would be made of {}, which is no program; copy the file again", entry.name,
                            entry.size, from.size()));
    }
    bytes.resize(entry.size);
    z_stream inflater{};
    inflater.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(from.data()));
    inflater.avail_in = static_cast<uInt>(std::min<std::size_t>(from.size(), UINT32_MAX));
    inflater.next_out = reinterpret_cast<Bytef*>(bytes.data());
    inflater.avail_out = static_cast<uInt>(std::min<std::size_t>(bytes.size(), UINT32_MAX));
    const bool whole = inflateInit2(&inflater, -MAX_WBITS) == Z_OK && inflate(&inflater, Z_FINISH) == Z_STREAM_END &&
                       inflater.total_out == bytes.size();
    inflateEnd(&inflater);
    if (!whole) throw damaged();
  }
  if (crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) != entry.checksum) throw damaged();
  return bytes;
}

}  // namespace thoplw
