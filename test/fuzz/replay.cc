// SPDX-License-Identifier: MIT
// Runs a fuzz target over its corpus, where there is no libFuzzer: whatever was found once stays
// repaired. `X_fuzz FOLDER`; a crash ends it.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t byte_length);

int main(int argc, char** argv) {
  unsigned count = 0;
  for (int i = 1; i < argc; i++) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::vector<char> input((std::istreambuf_iterator<char>(in)), {});
      fprintf(stderr, "%s\n", entry.path().c_str());  // the last one named is the one that crashed
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
      count++;
    }
  }
  printf("%u inputs\n", count);
  return count > 0 ? 0 : 1;
}
