// SPDX-License-Identifier: BSD-2-Clause
//
// Whole files of the host. Errors name the file and what the host said.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

/// Refuses what is no regular file or larger than `largest`.
Result<std::vector<u8>> read_whole_file(const std::string& path, u64 largest);

/// A file that appears under its name whole or not at all: written beside it, then renamed over it.
/// Destroyed without commit(), it leaves nothing behind.
class FileReplacement {
public:
    static Result<FileReplacement> begin(const std::string& path);

    FileReplacement(FileReplacement&& other) noexcept;
    FileReplacement& operator=(FileReplacement&&) = delete;
    ~FileReplacement();

    Result<> append(std::span<const u8> bytes);
    Result<> commit();

private:
    FileReplacement(std::string path, std::string temporary, int fd)
        : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

    Error failed(std::string_view what) const;

    std::string path_;
    std::string temporary_;
    int fd_;
};

}  // namespace fabric
