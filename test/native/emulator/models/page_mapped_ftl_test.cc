// SPDX-License-Identifier: MIT
// The model of a flash drive on a virtual clock.
#include "emulator/models/page_mapped_ftl.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "emulator/models/named_models.h"
#include "spec/nvme.h"

namespace nvm::emulator {
namespace {

using namespace spec::nvm_opcode;

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMiB = 1 << 20;

// What the constants of the 970 PRO make of 4 KiB, in nanoseconds: two links, rounded down.
constexpr uint64_t kChannel4k = 4096 * 1'000'000'000ull / (800 * kMiB);
constexpr uint64_t kPcie4k = 4096 * 1'000'000'000ull / (3360 * kMiB);
constexpr uint64_t kFirmware = 21'500;
constexpr uint64_t kRead4kLower = 29'760;
constexpr uint64_t kRead4kUpper = 41'760;
constexpr uint64_t kProgram = 185'000;
constexpr uint64_t kChannel32k = 32'768 * 1'000'000'000ull / (800 * kMiB);

// A drive and a host that keeps `depth` commands outstanding.
struct Drive {
  explicit Drive(uint64_t byte_length)
      : size(byte_length), owned(find_named_model("970pro")->make(byte_length)) {
    ftl = dynamic_cast<PageMappedFtl*>(owned.get());
    REQUIRE(ftl != nullptr);
  }
  // Waits while the model puts the command off; answers when it completes.
  uint64_t run(const TimedCommand& command) {
    for (;;) {
      const Schedule schedule = ftl->schedule(command, now);
      if (!schedule.retry) return schedule.at_ns;
      REQUIRE(schedule.at_ns > now);
      now = schedule.at_ns;
      retries++;
    }
  }
  // One of several outstanding: waits for the oldest, if there are as many as may be.
  void submit(const TimedCommand& command, size_t depth) {
    if (outstanding.size() == depth) {
      std::pop_heap(outstanding.begin(), outstanding.end(), std::greater<>());
      now = std::max(now, outstanding.back());
      outstanding.pop_back();
    }
    outstanding.push_back(run(command));
    std::push_heap(outstanding.begin(), outstanding.end(), std::greater<>());
  }
  void finish() {
    for (const uint64_t at_ns : outstanding) now = std::max(now, at_ns);
    outstanding.clear();
  }
  void write_all(uint64_t step = 128 << 10) {
    for (uint64_t at = 0; at < size; at += step) submit({write, at, step}, 32);
    finish();
  }
  void flush_now() { now = std::max(now, run({flush, 0, 0})); }
  // Bytes per nanosecond, which is GB/s, of random writes of a page.
  double write_at_random(uint64_t count, std::mt19937_64& random) {
    const uint64_t start = now;
    for (uint64_t i = 0; i < count; i++) {
      submit({write, random() % (size / kPage) * kPage, kPage}, 32);
    }
    finish();
    return static_cast<double>(count * kPage) / static_cast<double>(now - start);
  }
  uint64_t read_time(uint64_t offset, uint64_t byte_length) {
    now += 1'000'000'000;  // everything has come to rest
    return run({read, offset, byte_length}) - now;
  }

  uint64_t size;
  std::unique_ptr<TimingModel> owned;
  PageMappedFtl* ftl;
  uint64_t now = 1'000'000;
  uint64_t retries = 0;
  std::vector<uint64_t> outstanding;
};

TEST_CASE("970pro: a read of 4 KiB takes 57.3 or 69.3 µs, by the bit of the cell") {
  constexpr uint64_t kLower = kFirmware + kRead4kLower + kChannel4k + kPcie4k;
  constexpr uint64_t kUpper = kFirmware + kRead4kUpper + kChannel4k + kPcie4k;
  static_assert(kLower == 57'304 && kUpper == 69'304);
  Drive drive(64 * kMiB);
  drive.write_all();
  unsigned lower = 0;
  unsigned upper = 0;
  for (uint64_t at = 0; at < drive.size; at += kPage) {
    const uint64_t time = drive.read_time(at, kPage);
    // The links hand a fraction of a nanosecond on.
    lower += time >= kLower && time <= kLower + 2 ? 1 : 0;
    upper += time >= kUpper && time <= kUpper + 2 ? 1 : 0;
  }
  CHECK(lower == drive.size / kPage / 2);
  CHECK(upper == drive.size / kPage / 2);
}

TEST_CASE("970pro: 4 KiB are in the write buffer after 5.6 µs") {
  Drive drive(64 * kMiB);
  CHECK(drive.run({write, 0, kPage}) - drive.now == 4000 + 460 + kPcie4k);
  static_assert(4000 + 460 + kPcie4k == 5622);
}

TEST_CASE("970pro: sequential writing settles at 2.34 GB/s") {
  Drive drive(1024 * kMiB);
  const uint64_t start = drive.now;
  drive.write_all();
  drive.flush_now();
  const double rate = static_cast<double>(drive.size) / static_cast<double>(drive.now - start);
  CHECK(rate == doctest::Approx(2.34).epsilon(0.02));
  CHECK(drive.retries > 0);  // the buffer is what slowed it down
  // As many programs as there are LUNs at a time, each with its transfer.
  CHECK(rate == doctest::Approx(16 * 32'768.0 / (kChannel32k + kProgram)).epsilon(0.005));
  CHECK(drive.ftl->pages_programmed() == drive.ftl->pages_written());
}

TEST_CASE("970pro: sequential reading is as fast as PCIe, and never faster") {
  Drive drive(256 * kMiB);
  drive.write_all();
  drive.flush_now();
  const uint64_t start = drive.now;
  for (uint64_t at = 0; at < drive.size; at += 128 << 10) drive.submit({read, at, 128 << 10}, 64);
  drive.finish();
  const double rate = static_cast<double>(drive.size) / static_cast<double>(drive.now - start);
  const double pcie = 3360.0 * kMiB / 1e9;
  CHECK(rate <= pcie * 1.0001);
  CHECK(rate > pcie * 0.99);
}

TEST_CASE("a page that was never written, or was deallocated, is read in the firmware's time") {
  Drive drive(64 * kMiB);
  CHECK(drive.read_time(5 * kPage, kPage) == kFirmware);
  CHECK(drive.read_time(5 * kPage, 128 << 10) == 30'490);
  drive.write_all();
  CHECK(drive.read_time(5 * kPage, kPage) > 57'000);
  // The first and the last page are there in part, and stay.
  drive.ftl->deallocate(4 * kPage + 512, 3 * kPage);
  CHECK(drive.read_time(4 * kPage, kPage) > 57'000);
  CHECK(drive.read_time(5 * kPage, kPage) == kFirmware);
  CHECK(drive.read_time(6 * kPage, kPage) == kFirmware);
  CHECK(drive.read_time(7 * kPage, kPage) > 57'000);
  CHECK(drive.run({dataset_management, 0, drive.size}) - drive.now == kFirmware);
}

TEST_CASE("the pages of a command that lie in one flash page are sensed once") {
  Drive drive(64 * kMiB);
  drive.write_all();
  // 128 KiB are a flash page of each partition; the last part has the longest way through PCIe.
  const uint64_t time = drive.read_time(0, 128 << 10);
  const uint64_t pcie = 131'072 * 1'000'000'000ull / (3360 * kMiB);
  const uint64_t channel = 16'384 * 1'000'000'000ull / (800 * kMiB);
  CHECK(time == doctest::Approx(30'490 + 30'013 + channel + pcie).epsilon(0.01));
}

TEST_CASE("a write that finds the buffer full is put off, and ends") {
  Drive drive(64 * kMiB);
  uint64_t written = 0;
  Schedule schedule = {0, false};
  for (; written < drive.size; written += kPage) {
    schedule = drive.ftl->schedule({write, written, kPage}, drive.now);
    if (schedule.retry) break;
  }
  REQUIRE(schedule.retry);
  CHECK(written == kMiB);
  CHECK(schedule.at_ns > drive.now);
  CHECK(drive.ftl->schedule({write, written, kPage}, schedule.at_ns - 1).retry);
  CHECK_FALSE(drive.ftl->schedule({write, written, kPage}, schedule.at_ns).retry);
  // Reads are not put off.
  CHECK_FALSE(drive.ftl->schedule({read, 0, kPage}, drive.now).retry);
}

TEST_CASE("a command that is larger than the buffer takes the time of its programs") {
  Drive drive(256 * kMiB);
  const uint64_t start = drive.now;
  const uint64_t at_ns = drive.run({write_zeroes, 0, 64 * kMiB});
  const double rate = 64.0 * kMiB / static_cast<double>(at_ns - start);
  CHECK(rate == doctest::Approx(2.34).epsilon(0.03));
}

TEST_CASE("writes of 512 bytes take a page of the buffer each, and no more than there are") {
  Drive drive(64 * kMiB);
  std::mt19937_64 random(1);
  drive.write_all();
  drive.flush_now();
  drive.now += 1'000'000'000;
  unsigned accepted = 0;
  while (!drive.ftl->schedule({write, random() % (drive.size / kPage) * kPage, 512}, drive.now)
              .retry) {
    REQUIRE(++accepted <= 300);
  }
  CHECK(accepted >= 256);  // pages that were in an open flash page again cost nothing
  CHECK(accepted <= 260);
}

TEST_CASE("a page that is written in part is read first") {
  const auto program_ns = [](uint64_t byte_length) {
    Drive drive(64 * kMiB);
    drive.write_all();
    drive.now += 1'000'000'000;
    const TimedCommand command = {write, 0, byte_length, true};
    return drive.run(command) - drive.now;
  };
  const uint64_t whole = program_ns(kPage);
  const uint64_t part = program_ns(512);
  CHECK(part - whole >= kRead4kLower);
  CHECK(part - whole <= kRead4kUpper + kChannel4k + 2);

  // Nothing is there to be read.
  Drive empty(64 * kMiB);
  CHECK(empty.run({write, 0, 512, true}) - empty.now == 5622 + kChannel32k + kProgram);
}

TEST_CASE("a page that waits for its program is changed in the buffer") {
  Drive drive(64 * kMiB);
  for (int i = 0; i < 2000; i++)
    REQUIRE_FALSE(drive.ftl->schedule({write, 512, 512}, drive.now).retry);
  CHECK(drive.ftl->pages_written() == 2000);
  drive.flush_now();
  CHECK(drive.ftl->pages_programmed() == 8);
}

TEST_CASE("a flush ends when what was written has been programmed, and not later") {
  Drive drive(64 * kMiB);
  CHECK(drive.run({flush, 0, 0}) == drive.now);
  const uint64_t buffered_at_ns = drive.run({write, 0, kPage});
  const uint64_t flushed_at_ns = drive.run({flush, 0, 0});
  CHECK(flushed_at_ns == buffered_at_ns + kChannel32k + kProgram);
  // The rest of that flash page stayed empty.
  CHECK(drive.ftl->pages_programmed() == 8);
  CHECK(drive.run({flush, 0, 0}) == flushed_at_ns);
  CHECK(drive.ftl->pages_programmed() == 8);
  drive.now = flushed_at_ns + 5;
  CHECK(drive.run({flush, 0, 0}) == drive.now);
}

TEST_CASE("a write that has to be durable waits for its program; others do not") {
  Drive drive(64 * kMiB);
  CHECK(drive.run({write, 0, kPage, true}) - drive.now == 5622 + kChannel32k + kProgram);
  drive.now += 1'000'000;
  CHECK(drive.run({write, 0, kPage, false}) - drive.now <= 5623);
}

TEST_CASE("random writes to a full drive: throughput falls, write amplification settles") {
  Drive drive(256 * kMiB);
  const uint64_t pages = drive.size / kPage;
  std::mt19937_64 random(7);
  const double fresh = Drive(256 * kMiB).write_at_random(pages / 4, random);
  drive.write_all();
  std::vector<double> amplification;
  double rate = 0;
  for (int round = 0; round < 6; round++) {
    const uint64_t programmed = drive.ftl->pages_programmed();
    const uint64_t written = drive.ftl->pages_written();
    rate = drive.write_at_random(pages, random);
    amplification.push_back(static_cast<double>(drive.ftl->pages_programmed() - programmed) /
                            static_cast<double>(drive.ftl->pages_written() - written));
  }
  CAPTURE(fresh);
  CAPTURE(rate);
  CAPTURE(amplification.back());
  CHECK(rate < fresh / 2);
  CHECK(amplification.back() > 2);
  CHECK(amplification.back() < 15);
  CHECK(amplification[4] == doctest::Approx(amplification[5]).epsilon(0.03));

  const uint64_t programmed = drive.ftl->pages_programmed();
  const uint64_t written = drive.ftl->pages_written();
  drive.ftl->deallocate(0, drive.size);
  drive.now += 1'000'000'000;
  const double again = drive.write_at_random(pages / 4, random);
  CHECK(again == doctest::Approx(fresh).epsilon(0.02));
  CHECK(static_cast<double>(drive.ftl->pages_programmed() - programmed) <
        1.01 * static_cast<double>(drive.ftl->pages_written() - written));
}

TEST_CASE("a read waits behind what its LUN collects") {
  Drive drive(64 * kMiB);
  drive.write_all();
  std::mt19937_64 random(3);
  drive.write_at_random(drive.size / kPage, random);
  uint64_t longest = 0;
  for (int i = 0; i < 2000; i++) {
    drive.submit({write, random() % (drive.size / kPage) * kPage, kPage}, 32);
    longest = std::max(longest, drive.run({read, 0, kPage}) - drive.now);
  }
  CHECK(longest > 2 * kProgram);
}

TEST_CASE("drives of every size from one block on keep working when they are full") {
  for (const uint64_t byte_length : {uint64_t{512}, uint64_t{4096}, uint64_t{100'000} / 512 * 512,
                                     4 * kMiB, 4 * kMiB + 512, 21 * kMiB}) {
    CAPTURE(byte_length);
    Drive drive(byte_length);
    std::mt19937_64 random(5);
    const uint64_t blocks = byte_length / 512;
    const uint64_t rounds = 20 * (byte_length / kPage + 1) + 2000;
    uint64_t last = drive.now;
    for (uint64_t i = 0; i < rounds; i++) {
      const uint64_t lba = random() % blocks;
      const uint64_t count = 1 + random() % std::min<uint64_t>(blocks - lba, 256);
      const uint64_t kind = random() % 16;
      const TimedCommand command = {kind < 12 ? write : read, lba * 512, count * 512, kind == 0};
      if (kind == 15) drive.ftl->deallocate(command.offset, command.byte_length);
      if (kind == 14) drive.run({flush, 0, 0});
      const uint64_t at_ns = drive.run(command);
      REQUIRE(at_ns > drive.now);
      drive.now += random() % 50'000;
      last = std::max(last, at_ns);
    }
    CHECK(last - drive.now < 1'000'000'000);  // nothing is put off for ever
  }
}

TEST_CASE("what lies beyond the drive costs the firmware's time and touches nothing") {
  Drive drive(4 * kMiB);
  for (const TimedCommand& command :
       {TimedCommand{write, 4 * kMiB, kPage}, TimedCommand{read, UINT64_MAX - 5, kPage},
        TimedCommand{write, kPage, UINT64_MAX}, TimedCommand{write, 0, 4 * kMiB + 1}}) {
    CHECK(drive.run(command) == drive.now + kFirmware);
  }
  CHECK(drive.ftl->pages_written() == 0);
}

TEST_CASE("the same commands take the same times") {
  const auto times = [] {
    Drive drive(16 * kMiB);
    std::mt19937_64 random(11);
    std::vector<uint64_t> all;
    for (int i = 0; i < 20'000; i++) {
      const TimedCommand command = {random() % 3 == 0 ? read : write,
                                    random() % (drive.size / 512 - 64) * 512,
                                    (1 + random() % 64) * 512};
      drive.submit(command, 16);
      all.push_back(drive.now);
    }
    return all;
  };
  CHECK(times() == times());
}

}  // namespace
}  // namespace nvm::emulator
