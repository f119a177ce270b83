// Several pieces of work at once, their results taken in order.
#pragma once

#include <cstddef>
#include <functional>

namespace thoplw::cli {

/// Pieces of work 0 ... size-1.
struct Jobs {
  std::size_t size;
  std::size_t threads;                        ///< beside this one
  std::function<bool(std::size_t)> anywhere;  ///< may another thread do it?
  std::function<void(std::size_t)> work;      ///< what it throws ends the run
  std::function<void(std::size_t)> then;      ///< called on this thread in order, after the work of each
  std::function<void(std::size_t latest, std::size_t done)> progress;  ///< on this thread: `latest` was begun
};

/// Returns when all is done. Throws what `work` or `then` throws, after the work that is under way.
void run_jobs(const Jobs& jobs);

}  // namespace thoplw::cli
