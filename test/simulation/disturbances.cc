// SPDX-License-Identifier: MIT
// What happens to a controller in use: admin commands in between, queues that come and go, resets,
// shutdowns and crashes under I/O.
#include "host.h"

namespace nvm::simulation {
namespace {

constexpr uint64_t kTimeoutNs = 5'000 * kNanosecondsPerMillisecond;
constexpr uint32_t kShutdownComplete = 2;

struct Question {
  uint8_t opcode;
  uint32_t cdw10;
  uint32_t cdw11;
  uint16_t expected;  // status code
};

// Commands with a known answer, good and bad ones.
constexpr Question kQuestions[] = {
    {spec::admin_opcode::identify, spec::cns::identify_controller, 0, 0},
    {spec::admin_opcode::identify, spec::cns::active_namespaces, 0, 0},
    {spec::admin_opcode::identify, 0xff, 0, spec::status::invalid_field},
    {spec::admin_opcode::get_features, spec::feature::number_of_queues, 0, 0},
    {spec::admin_opcode::get_log_page, 0x007f0002, 0, 0},
    {spec::admin_opcode::delete_io_submission_queue, 0, 0, spec::status::invalid_queue_identifier},
    {spec::admin_opcode::delete_io_completion_queue, 0xffff, 0,
     spec::status::invalid_queue_identifier},
    {spec::admin_opcode::create_io_submission_queue, 0x00010000, 1,
     spec::status::invalid_queue_identifier},
    {0x7f, 0, 0, spec::status::invalid_opcode},
};

}  // namespace

void Host::ask_admin() {
  auto page = controller_->allocate(kPageBytes);
  if (!page.ok()) return fail("memory", page.status());
  const Question& question = random_.pick(kQuestions);
  spec::SubmissionQueueEntry command{};
  command.opc = question.opcode;
  command.cdw10 = question.cdw10;
  command.cdw11 = question.cdw11;
  command.prp1 = page.value()->io_address(0);
  auto completion = controller_->admin(command, kTimeoutNs, page.value());
  if (!completion.ok()) return fail("an admin command", completion.status());
  const uint16_t code = completion.value().status_field & spec::status::code_mask;
  report_.trace("admin opcode %u: %s", question.opcode, spec::status_name(code));
  if (code != question.expected) {
    report_.fail("admin opcode %u, cdw10 %#x: %s instead of %s", question.opcode, question.cdw10,
                 spec::status_name(code), spec::status_name(question.expected));
  }
}

Wish Host::disturb() {
  switch (random_.below(14)) {
    case 0:
    case 1:
    case 2:
      if (lanes_.size() < 3) create_lane();
      return Wish::Nothing;
    case 3:
    case 4:
      if (!lanes_.empty()) close_lane(random_.below(lanes_.size()));
      return Wish::Nothing;
    case 5:
      if (!lanes_.empty()) rescue(random_.below(lanes_.size()));
      return Wish::Nothing;
    case 6:
      return restart(Restart::Close);
    case 7:
      return restart(Restart::Reset);
    case 8:
      return restart(Restart::Disable);
    case 9:
    case 10:
      reset_controller();
      return Wish::Nothing;
    case 11:
      return Wish::SubsystemReset;
    case 12:
      return geometry_.loses ? Wish::PowerLoss : Wish::Nothing;
    default:
      return restart(Restart::Shutdown);
  }
}

// CC.SHN = 1, and waits. Everything acknowledged is durable then.
void Host::shut_down() {
  const uint64_t began[] = {namespaces_.front().oracle.now(), namespaces_.back().oracle.now()};
  const uint32_t cc = transport()->read_register32(spec::registers::cc);
  transport()->write_register32(spec::registers::cc, cc | spec::cc::shn.put(1));
  const bool ended = wait_until(machine_, kTimeoutNs, [&] {
    const uint32_t csts = transport()->read_register32(spec::registers::csts);
    return spec::csts::cfs.get(csts) != 0 || spec::csts::shst.get(csts) == kShutdownComplete;
  });
  const uint32_t csts = transport()->read_register32(spec::registers::csts);
  if (!ended) return report_.fail("a shutdown does not end");
  if (spec::csts::cfs.get(csts) != 0) {
    if (!fails_ && !geometry_.faults) report_.fail("a shutdown has failed");
    return;
  }
  namespaces_.front().oracle.flushed(began[0]);
  namespaces_.back().oracle.flushed(began[1]);
}

Wish Host::restart(Restart how) {
  static constexpr const char* kNames[] = {"close", "reset", "disable", "shutdown"};
  report_.trace("restart: %s", kNames[static_cast<int>(how)]);
  if (how == Restart::Reset) (void)transport()->reset();
  if (how == Restart::Disable) transport()->write_register32(spec::registers::cc, 0);
  if (how == Restart::Shutdown) {
    shut_down();
    if (geometry_.loses) return Wish::PowerLoss;
  }
  forsake();
  if (!report_.failed()) start();
  return Wish::Nothing;
}

}  // namespace nvm::simulation
