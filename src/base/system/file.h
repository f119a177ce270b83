// Files and memory by the calls of the system. What fails throws Error(<reason>).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace thoplw::system {

/// A file that was opened to be read.
struct Input {
  int file = -1;
  bool regular = false, folder = false;
  std::uint64_t size = 0;
};

/// Does not wait for whoever writes to a pipe.
Input open_input(const std::string& path);
/// How many bytes were read; 0 at the end of the file.
std::size_t read_at(int file, std::uint64_t offset, char* bytes, std::size_t size);
void close_input(int file);

/// Addresses for so many bytes, which may be more than there is memory.
char* reserve(std::size_t size);
/// Gives memory to a part of them, which is a whole number of pages but for the last; zeros until it is written.
void give_memory(char* part, std::size_t size);
void release(char* start, std::size_t size);

/// All or nothing: it is written under another name first. A file keeps its permissions, a link stays a link, and a
/// device a device. Gives what went wrong.
std::error_code write_file(const std::string& path, std::string_view text);

/// A new folder that nobody else looks into; its name begins so.
std::string new_folder(const std::string& prefix);

}  // namespace thoplw::system
