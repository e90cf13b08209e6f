#include "side_by_side.hh"

#include <algorithm>
#include <atomic>
#include <vector>

#include "pipeline.hh"

namespace snug::transport {

void do_side_by_side(std::size_t count, unsigned jobs, const std::function<void(std::size_t, std::stop_token)>& work) {
  Crew crew;
  std::atomic<std::size_t> next = 0;
  {
    std::vector<std::jthread> threads;
    const std::size_t most = std::min<std::size_t>(count, std::max(1U, jobs));
    try {
      while (threads.size() < most)
        threads.push_back(start_thread(crew, [&] {
          for (std::size_t at = next++; at < count; at = next++) {
            crew.check();
            work(at, crew.token());
          }
        }));
    } catch (...) {
      crew.fail();
    }
  }
  crew.rethrow();
}

}  // namespace snug::transport
