// Hands every ticket to Arrow without copying, and looks at what arrives.
//
//     to_arrow
//
// An Arrow, DuckDB or Polars program does not look by hand: it gives the stream to arrow::ImportRecordBatchReader(&stream),
// duckdb_arrow_scan() or polars' own import, and owns it from then on. This one needs no library but gettickets.

#include "arrow_c_data.h"
#include <gettickets.hpp>

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

// A stream that is released at the end, also after an exception.
struct Stream : ArrowArrayStream {
    Stream() : ArrowArrayStream{} {}
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;
    ~Stream() {
        if (release != nullptr) {
            release(this);
        }
    }
    void check(int code) {
        if (code != 0) {
            const char *why = get_last_error(this);
            throw std::runtime_error(why != nullptr ? why : "the stream failed");
        }
    }
};

void print_columns(Stream &stream) {
    ArrowSchema schema{};
    stream.check(stream.get_schema(&stream, &schema));
    for (std::int64_t column = 0; column < schema.n_children; ++column) {
        std::cout << schema.children[column]->name << ": " << schema.children[column]->format << '\n';
    }
    schema.release(&schema);
}

std::int64_t count_rows(Stream &stream) {
    std::int64_t rows = 0;
    for (;;) {
        ArrowArray batch{};
        stream.check(stream.get_next(&stream, &batch));
        if (batch.release == nullptr) {
            return rows;
        }
        rows += batch.length;
        batch.release(&batch);
    }
}

} // namespace

int main() {
    try {
        const auto client = gettickets::Client::builder(std::getenv("GETTICKETS_URL"))
                                .api_credentials(std::getenv("GETTICKETS_IDENTIFIER"), std::getenv("GETTICKETS_SECRET"))
                                .build();
        auto scan = client.scan();
        Stream stream;
        scan.arrow_stream(10000, &stream);
        print_columns(stream);
        std::cout << count_rows(stream) << " tickets\n";
        return EXIT_SUCCESS;
    } catch (const std::exception &error) {
        std::cerr << "error: " << gettickets::printable(error.what()) << '\n';
        return EXIT_FAILURE;
    }
}
