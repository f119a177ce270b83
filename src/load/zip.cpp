// minizip over bytes in memory: its file functions are answered from the mapping.
#include "load/zip.h"

#include <minizip/unzip.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "trace/error.h"

namespace thoplw {
namespace {

constexpr std::uint64_t kMostEntries = 10'000'000;
constexpr uLong kEncrypted = 1;
constexpr std::uint64_t kMostExpansion = 1100;  ///< deflate makes no more of a byte than that

/// Where minizip reads, and how far it has come.
struct Stream {
  std::string_view bytes;
  std::uint64_t at = 0;
};

Stream& stream_of(voidpf opaque) { return *static_cast<Stream*>(opaque); }

voidpf open_stream(voidpf opaque, const void*, int) {
  stream_of(opaque).at = 0;
  return opaque;
}

uLong read_stream(voidpf opaque, voidpf, void* to, uLong wanted) {
  Stream& stream = stream_of(opaque);
  const std::uint64_t left = stream.bytes.size() - stream.at;
  const std::size_t size = std::min<std::uint64_t>(wanted, left);
  std::memcpy(to, stream.bytes.data() + stream.at, size);
  stream.at += size;
  return size;
}

ZPOS64_T tell_stream(voidpf opaque, voidpf) { return stream_of(opaque).at; }

long seek_stream(voidpf opaque, voidpf, ZPOS64_T offset, int origin) {
  Stream& stream = stream_of(opaque);
  const std::uint64_t from = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                             : origin == ZLIB_FILEFUNC_SEEK_CUR ? stream.at
                                                                : stream.bytes.size();
  if (offset > stream.bytes.size() - from) return -1;
  stream.at = from + offset;
  return 0;
}

int close_stream(voidpf, voidpf) { return 0; }
int no_error(voidpf, voidpf) { return 0; }

}  // namespace

struct ZipArchive::Source {
  Stream stream;
  unzFile archive = nullptr;

  explicit Source(std::string_view bytes) : stream{bytes} {
    zlib_filefunc64_def functions{};
    functions.zopen64_file = open_stream;
    functions.zread_file = read_stream;
    functions.ztell64_file = tell_stream;
    functions.zseek64_file = seek_stream;
    functions.zclose_file = close_stream;
    functions.zerror_file = no_error;
    functions.opaque = &stream;
    archive = unzOpen2_64("", &functions);
    if (!archive) throw Error("no zip archive, or one that is cut short: its directory is not found; copy it again");
  }
  ~Source() { unzClose(archive); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
};

ZipArchive::ZipArchive(std::string_view bytes) : source_(std::make_unique<Source>(bytes)) {
  unz_global_info64 about{};
  unzGetGlobalInfo64(source_->archive, &about);
  if (about.number_entry > std::min<std::uint64_t>(kMostEntries, bytes.size() / 46)) {  // an entry takes 46 bytes
    throw Error("the zip directory says " + std::to_string(about.number_entry) + " entries, which do not fit the file");
  }
  std::string name(UINT16_MAX, '\0');
  int status = unzGoToFirstFile(source_->archive);
  for (std::uint64_t i = 0; i < about.number_entry && status == UNZ_OK; ++i) {
    unz_file_info64 info{};
    status = unzGetCurrentFileInfo64(source_->archive, &info, name.data(), name.size(), nullptr, 0, nullptr, 0);
    if (status != UNZ_OK) break;
    unz64_file_pos place{};
    unzGetFilePos64(source_->archive, &place);
    entries_.push_back({name.substr(0, info.size_filename), info.uncompressed_size, info.compressed_size,
                        place.pos_in_zip_directory, place.num_of_file, static_cast<std::uint32_t>(info.crc),
                        info.compression_method == 0 && (info.flag & kEncrypted) == 0});
    if (i + 1 < about.number_entry) status = unzGoToNextFile(source_->archive);
  }
  if (entries_.size() != about.number_entry) throw Error("the zip directory is damaged; copy the file again");
}

ZipArchive::~ZipArchive() = default;

const ZipArchive::Entry* ZipArchive::find(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &Entry::name);
  return found == entries_.end() ? nullptr : &*found;
}

std::string ZipArchive::read(const Entry& entry) const {
  const auto damaged = [&](const char* why) { return Error(entry.name + ": " + why + "; copy the file again"); };
  if (entry.plain) {  // minizip would copy it byte by byte
    const std::string_view stored = view(entry);
    const auto checksum = crc32_z(0, reinterpret_cast<const Bytef*>(stored.data()), stored.size());
    if (checksum != entry.checksum) throw damaged("the bytes are not those of its checksum");
    return std::string(stored);
  }
  if (entry.stored > source_->stream.bytes.size() || entry.size > entry.stored * kMostExpansion) {
    throw damaged("its size does not fit the file");
  }
  unz64_file_pos place{entry.position, entry.number};
  if (unzGoToFilePos64(source_->archive, &place) != UNZ_OK || unzOpenCurrentFile(source_->archive) != UNZ_OK) {
    throw damaged("cannot be opened: it is encrypted, compressed in an unknown way, or damaged");
  }
  std::string bytes(entry.size, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const auto wanted = static_cast<unsigned>(std::min<std::size_t>(bytes.size() - have, 1U << 30));
    const int got = unzReadCurrentFile(source_->archive, bytes.data() + have, wanted);
    if (got <= 0) break;
    have += static_cast<std::size_t>(got);
  }
  const bool sound = unzCloseCurrentFile(source_->archive) == UNZ_OK && have == bytes.size();
  if (!sound) throw damaged("the bytes are not those of its checksum");
  return bytes;
}

std::string_view ZipArchive::view(const Entry& entry) const {
  if (!entry.plain) throw Error(entry.name + ": is compressed or encrypted, which torch does not do");
  unz64_file_pos place{entry.position, entry.number};
  int method = 0;
  if (unzGoToFilePos64(source_->archive, &place) != UNZ_OK ||
      unzOpenCurrentFile2(source_->archive, &method, nullptr, 1) != UNZ_OK) {
    throw Error(entry.name + ": its header is damaged; copy the file again");
  }
  const std::uint64_t begin = unzGetCurrentFileZStreamPos64(source_->archive);
  unzCloseCurrentFile(source_->archive);
  const std::string_view bytes = source_->stream.bytes;
  if (entry.size != entry.stored || begin > bytes.size() || entry.size > bytes.size() - begin) {
    throw Error(entry.name + ": its size does not fit the file; copy the file again");
  }
  return bytes.substr(begin, entry.size);
}

}  // namespace thoplw
