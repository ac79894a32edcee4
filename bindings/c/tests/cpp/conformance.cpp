// The C++ part of tests/conformance: `conformance FOLDER`, where FOLDER is tests/vectors.

#include <gettickets.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

namespace fs = std::filesystem;

namespace {

std::string line_of(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    const std::string body{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    try {
        return "reply " + gettickets::decode(body).to_json();
    } catch (const gettickets::ApiError &error) {
        return "reply " + error.to_json().value_or("");
    } catch (const gettickets::Error &error) {
        return "refused " + std::string(error.error_class());
    }
}

} // namespace

int main(int argc, char **argv) {
    std::map<std::string, std::string> lines;
    for (const auto &folder : fs::directory_iterator(argc == 2 ? argv[1] : ".")) {
        if (!folder.is_directory()) {
            continue;
        }
        for (const auto &body : fs::directory_iterator(folder)) {
            const std::string name = body.path().filename().string();
            if (name.find(".expected.json") == std::string::npos) {
                lines[folder.path().filename().string() + '/' + name] = line_of(body.path());
            }
        }
    }
    for (const auto &[name, line] : lines) {
        std::cout << name << '\t' << line << '\n';
    }
    return lines.empty() ? 1 : 0;
}
