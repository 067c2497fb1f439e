// SPDX-License-Identifier: MIT
// The measured loop of lib/measure on queues and memory of JavaScript.
#include <algorithm>
#include <array>

#include "binding/calls.h"
#include "binding/environment.h"
#include "binding/values.h"
#include "measure/loop.h"
#include "platform/clock.h"

namespace nvm::binding {
namespace {

// A program, as benchmarks/latency/commands/native-engine.ts writes it; block count and end of the
// share of draws of each size follow.
struct Program {
  double namespace_id;
  double block_bytes;
  double slot_bytes;
  double first_lba;
  double blocks;
  double offset;
  double block_count;
  double random;
  double in_turn;
  double writes_below;
  double seed;
  double stream;
  double phase_ns;
};
constexpr size_t kProgramWords = sizeof(Program) / sizeof(double);

struct Timing {
  double runtime_ns;
  double ramp_ns;
  double interval_ns;
  double timeout_ns;
  double measures;
};

napi_value element(napi_env env, napi_value array, uint32_t index) {
  napi_value value = nullptr;
  return napi_get_element(env, array, index, &value) == napi_ok ? value : nullptr;
}

std::span<double> numbers(napi_env env, napi_value array) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  if (array == nullptr ||
      napi_get_typedarray_info(env, array, &type, &length, &data, nullptr, nullptr) != napi_ok) {
    return {};
  }
  if (type != napi_float64_array) return {};
  return {static_cast<double*>(data), length};
}

template <class T>
std::shared_ptr<T> handle(napi_env env, napi_value external) {
  void* holder = nullptr;
  if (external == nullptr || napi_get_value_external(env, external, &holder) != napi_ok) return {};
  return *static_cast<std::shared_ptr<T>*>(holder);
}

LoadOptions read_program(std::span<const double> words) {
  const auto& program = *reinterpret_cast<const Program*>(words.data());
  LoadOptions options;
  options.namespace_id = to_unsigned<uint32_t>(program.namespace_id);
  options.block_bytes = to_unsigned<uint64_t>(program.block_bytes);
  options.slot_bytes = to_unsigned<uint64_t>(program.slot_bytes);
  options.first_lba = to_unsigned<uint64_t>(program.first_lba);
  options.blocks = to_unsigned<uint64_t>(program.blocks);
  options.source.offset = to_unsigned<uint64_t>(program.offset);
  options.source.block_count = to_unsigned<uint64_t>(program.block_count);
  options.source.random = program.random != 0;
  options.source.in_turn = program.in_turn != 0;
  options.source.writes_below = to_unsigned<uint64_t>(program.writes_below);
  options.source.seed = to_unsigned<uint32_t>(program.seed);
  options.source.stream = to_unsigned<uint32_t>(program.stream);
  options.phase_ns = program.phase_ns;
  for (size_t i = kProgramWords; i + 1 < words.size(); i += 2) {
    options.source.sizes.push_back(
        {to_unsigned<uint64_t>(words[i]), to_unsigned<uint64_t>(words[i + 1])});
  }
  return options;
}

// Of a range that has no room for a command, or memory that has none.
bool is_sound(const LoadOptions& options, uint32_t depth, uint64_t memory_bytes) {
  const SourceOptions& source = options.source;
  if (options.block_bytes == 0 || source.sizes.empty()) return false;
  for (const CommandSize& size : source.sizes) {
    if (size.block_count == 0 || size.block_count > source.block_count) return false;
  }
  if (source.sizes.back().below < 1ull << 32) return false;
  return Load::fits(options, depth, memory_bytes);
}

// The arguments of run_loads that are lists, one element for each queue but `histograms`, which has
// two.
struct Lists {
  napi_value queues;
  napi_value memories;
  napi_value programs;
  napi_value histograms;
  napi_value bytes;
};

Status add_load(napi_env env, const Lists& lists, uint32_t index, std::vector<Load>& loads,
                std::shared_ptr<QueueHandle>& queue) {
  queue = handle<QueueHandle>(env, element(env, lists.queues, index));
  auto memory = handle<DescriptorHandle>(env, element(env, lists.memories, index));
  if (queue == nullptr || queue->released() || memory == nullptr || memory->shared == nullptr) {
    return Status(ErrorCode::Closed, "the queue or the memory of a load");
  }
  if (queue->pair->lost()) return Status(ErrorCode::QueueLost, "the controller was reset");
  const std::span<double> program = numbers(env, element(env, lists.programs, index));
  const std::span<double> bytes = numbers(env, element(env, lists.bytes, index));
  std::array<double*, 2> histograms{};
  for (uint32_t i = 0; i < 2; i++) {
    const auto words = numbers(env, element(env, lists.histograms, 2 * index + i));
    if (words.size() == Histogram::kWords) histograms[i] = words.data();
  }
  const bool complete = program.size() > kProgramWords && bytes.size() == 2 &&
                        histograms[0] != nullptr && histograms[1] != nullptr;
  if (!complete || queue->pair->block().outstanding != 0) {
    return Status(ErrorCode::Argument, "the load of a queue");
  }
  LoadOptions options = read_program(program);
  if (!is_sound(options, queue->pair->depth(), memory->shared->byte_length)) {
    return Status(ErrorCode::Range, "the load of a queue");
  }
  queue->memory.push_back(memory->shared);
  loads.emplace_back(queue->pair, memory->shared->descriptor, std::move(options), histograms,
                     bytes.data());
  return {};
}

napi_value make_outcomes(napi_env env, std::span<const Load> loads,
                         std::span<const double> durations_ns) {
  constexpr size_t kWordsPerLoad = 3;
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  void* data = nullptr;
  const size_t count = loads.size() * kWordsPerLoad;
  if (napi_create_arraybuffer(env, count * sizeof(double), &data, &buffer) != napi_ok) {
    return nullptr;
  }
  auto* words = static_cast<double*>(data);
  for (size_t i = 0; i < loads.size(); i++) {
    words[kWordsPerLoad * i] = durations_ns[i];
    words[kWordsPerLoad * i + 1] = static_cast<double>(loads[i].submitted());
    words[kWordsPerLoad * i + 2] = static_cast<double>(loads[i].doorbells());
  }
  napi_create_typedarray(env, napi_float64_array, count, buffer, 0, &array);
  return array;
}

}  // namespace

// (queues, memories, programs, histograms, bytes, timing, words) → outcomes
napi_value run_loads(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const Lists lists{arguments.value(0), arguments.value(1), arguments.value(2), arguments.value(3),
                    arguments.value(4)};
  const auto timing_words = numbers(env, arguments.value(5));
  const auto stop_words = arguments.typed_array(6);
  uint32_t count = 0;
  napi_get_array_length(env, lists.queues, &count);
  if (count == 0 || timing_words.size_bytes() != sizeof(Timing) ||
      stop_words.byte_length < 2 * sizeof(int32_t)) {
    return make_failure(env, Status(ErrorCode::Argument, "no queue, or no timing"));
  }
  std::vector<Load> loads;
  std::shared_ptr<QueueHandle> queue;
  for (uint32_t i = 0; i < count; i++) {
    const Status status = add_load(env, lists, i, loads, queue);
    if (!status.ok()) return make_failure(env, status);
  }
  const auto& words = *reinterpret_cast<const Timing*>(timing_words.data());
  LoopTiming timing;
  timing.runtime_ns = to_unsigned<uint64_t>(words.runtime_ns);
  timing.ramp_ns = to_unsigned<uint64_t>(words.ramp_ns);
  timing.interval_ns = words.interval_ns;
  timing.timeout_ns = to_unsigned<uint64_t>(words.timeout_ns);
  timing.measures = words.measures != 0;
  timing.stop = reinterpret_cast<const int32_t*>(stop_words.data) + 1;
  std::vector<double> durations_ns(count);
  const Status status =
      nvm::run_loads(loads, timing, queue->transport(), burst_waiter(), durations_ns);
  if (!status.ok()) return make_failure(env, status);
  return make_outcomes(env, loads, durations_ns);
}

}  // namespace nvm::binding
