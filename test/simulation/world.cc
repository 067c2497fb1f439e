// SPDX-License-Identifier: MIT
#include "world.h"

namespace nvm::simulation {
namespace {

constexpr uint32_t kSubsystemResetKey = 0x4e564d65;  // "NVMe"

void describe(const Geometry& geometry, Report& report) {
  static constexpr const char* kStores[] = {"memory", "immediate", "delayed"};
  report.trace("%u namespaces of %lu blocks of %u bytes, %s store%s, delays to %lu ns, %u hosts%s",
               geometry.namespace_count, geometry.block_count, geometry.block_byte_length,
               kStores[static_cast<int>(geometry.store)], geometry.loses ? " that loses" : "",
               geometry.delay_ns_max, geometry.host_count, geometry.faults ? ", faults" : "");
}

}  // namespace

World::World(uint64_t seed, Report& report)
    : random_(seed), report_(report), geometry_(random_), machine_(geometry_, random_, report) {
  describe(geometry_, report);
  for (uint32_t i = 0; i < geometry_.namespace_count; i++) {
    namespaces_.emplace_back(
        DataOracle(geometry_.block_byte_length, geometry_.block_count, geometry_.loses));
  }
  for (uint32_t i = 0; i < geometry_.host_count; i++) {
    hosts_.push_back(std::make_unique<Host>(geometry_, i, namespaces_, machine_, random_, report));
  }
}

void World::run() {
  for (const auto& host : hosts_) host->start();
  for (uint64_t actions = random_.skewed(64, 1024); actions > 0 && !report_.failed(); actions--) {
    act();
  }
  if (!report_.failed()) end();
}

void World::act() {
  const Wish wish = random_.pick(hosts_)->act();
  if (wish != Wish::Nothing && !report_.failed()) restart_all(wish);
}

void World::restart_all(Wish wish) {
  report_.trace("%s", wish == Wish::PowerLoss ? "power loss" : "subsystem reset");
  if (wish == Wish::PowerLoss) {
    machine_.crash();
  } else {
    machine_.transport(0)->write_register32(spec::registers::nssr, kSubsystemResetKey);
  }
  for (const auto& host : hosts_) host->forsake();
  if (wish == Wish::PowerLoss) {
    for (NamespaceState& ns : namespaces_) ns.oracle.crashed();
  }
  for (const auto& host : hosts_) {
    if (!report_.failed()) host->start();
  }
}

// What is left is what it must be, seen by every host, and nobody holds anything any more.
void World::end() {
  machine_.end_faults();
  // All of them first: one whose controller has stopped may keep a namespace from the others.
  for (const auto& host : hosts_) {
    if (!report_.failed()) host->drain();
  }
  for (const auto& host : hosts_) {
    if (!report_.failed()) host->verify_all();
  }
  for (const auto& host : hosts_) {
    if (!report_.failed()) host->stop();
  }
  machine_.settle();
  if (!machine_.idle()) report_.fail("a namespace still counts commands");
}

}  // namespace nvm::simulation
