// This process, its standard streams and its terminal, by the calls of the system.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace thoplw::system {

int process_id();

/// How many cores this process may run on; 1 or more.
std::size_t usable_cores();

/// The number of a standard stream, as the functions below take it.
enum Stream : int { kInput, kOutput, kErrors };

/// Call it first in main(). What is printed then goes out as it is, to a stream that is open or nowhere, and a reader
/// that leaves is seen as a failed write. Gives the arguments after the name of the program, in UTF-8.
std::vector<std::string> begin_command(int argc, char** argv);

/// A stream gives or takes bytes as they are.
void carry_bytes(Stream stream);

bool is_terminal(int descriptor);

/// 0 where it is not known.
struct TerminalSize {
  int columns = 0, lines = 0;
};
TerminalSize terminal_size(int descriptor);

/// Has the terminal understand escape sequences; false if it does not.
bool enable_escapes(int descriptor);

/// As strtod(), with a point in the number whatever the locale of the process has.
double to_real(const char* text, char** end);

}  // namespace thoplw::system
