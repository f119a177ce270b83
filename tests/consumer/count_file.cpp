// Counts a model file by three conventions: the first program of docs/cpp.md.
#include <thoplw.h>

#include <iostream>

using thoplw::Measure;

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: count_file MODEL\n";
    return 2;
  }
  try {
    const thoplw::Trace trace = thoplw::load(argv[1]);
    for (const char* name : {"thoplw", "exact", "fvcore"}) {
      const thoplw::Report report = thoplw::count(trace, thoplw::find_convention(name));
      std::cout << name << ": " << report.total[Measure::macs].value() << " MACs, "
                << report.total[Measure::params].value() << " parameters" << (report.exact ? "" : ", at least") << "\n";
    }
  } catch (const thoplw::Error& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
