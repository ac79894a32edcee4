// A program that ends while a thread of the library logs: the log function is not called after statics are destroyed.

#include <gettickets.hpp>

#include <atomic>
#include <thread>

#include "check.hpp"

namespace gt = gettickets;
using namespace std::chrono_literals;

namespace {

std::atomic<int> heard{0};

/// Destroyed after the state of log_to(), because it was constructed earlier.
struct Afterwards {
    ~Afterwards() {
        const int before = heard;
        std::this_thread::sleep_for(100ms);
        // exit() is already in progress.
        std::_Exit(before > 0 && heard == before ? 0 : 1);
    }
};
const Afterwards afterwards;

} // namespace

int main() {
    // Neither is ever destroyed: nothing listens at this address, and the scan's thread retries and logs that.
    static const auto *const client = new gt::Client(gt::Client::builder("http://127.0.0.1:1/")
                                                         .api_credentials("identifier", "secret")
                                                         .max_attempts(1000000)
                                                         .backoff(1ms, 1ms)
                                                         .build());
    static auto *const scan = new gt::Scan(client->scan());
    // A function with captured state, which would be freed.
    gt::log_to([state = std::string(100, 'x')](gt::LogLevel, std::string_view, std::string_view) {
        heard += static_cast<int>(state.size());
    });
    CHECK(!scan->wait_for(100ms) && heard > 0);
    return 0;
}
