// SPDX-License-Identifier: MIT
// Archives that are damaged or were made to harm: as files, and as bodies in a whole envelope, so
// that the checksum does not keep the fuzzer out.
#include <string>
#include <vector>

#include "changed_archive.h"

namespace {

using nvm::emulator::ArchiveReader;
using nvm::emulator::ArchiveWriter;
using nvm::fuzz::Input;

constexpr unsigned kDepthMax = 8;
constexpr unsigned kReadsMax = 200;
constexpr uint32_t kTag = nvm::emulator::archive_tag("FUZZ");

// Reads with the verbs that the input names; the bytes read are in the archive.
void read_any(ArchiveReader& reader, Input& verbs, unsigned depth) {
  for (unsigned i = 0; i < kReadsMax && !verbs.empty() && reader.ok(); i++) {
    uint64_t number = 0;
    bool flag = false;
    std::vector<std::byte> blob;
    std::string text;
    std::vector<uint32_t> list;
    std::byte some[24];
    switch (verbs.below(8)) {
      case 0:
        reader.u64(number);
        break;
      case 1:
        reader.boolean(flag);
        break;
      case 2:
        reader.bytes(some);
        break;
      case 3:
        reader.blob(blob);
        break;
      case 4:
        reader.string(text);
        break;
      case 5:
        reader.list(list, [&](uint32_t& item) { reader.u32(item); });
        break;
      case 6:
        if (depth == kDepthMax) return;
        reader.section(kTag, 3, [&](uint32_t) { read_any(reader, verbs, depth + 1); });
        break;
      default:
        return;
    }
  }
}

void read_archive(std::span<const std::byte> archive, Input verbs) {
  auto reader = ArchiveReader::open(archive);
  if (!reader.ok()) return;
  read_any(reader.value(), verbs, 0);
  (void)reader.value().finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t byte_length) {
  Input input({bytes, byte_length});
  const bool is_file = input.below(2) == 0;
  const Input verbs(input.bytes(input.u8()));
  const auto body = input.bytes(byte_length);
  if (is_file) {
    const std::vector<uint8_t> file(body.begin(), body.end());
    read_archive(std::as_bytes(std::span(file)), verbs);
  } else {
    read_archive(nvm::fuzz::in_envelope(std::as_bytes(body)), verbs);
  }
  return 0;
}
