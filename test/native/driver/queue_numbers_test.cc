// SPDX-License-Identifier: MIT
#include "driver/queue_numbers.h"

#include <doctest/doctest.h>

using namespace nvm;

TEST_CASE("the lowest queue number that is free is given, or the one that was asked for") {
  OwnQueueNumbers numbers(3, 3);
  CHECK(numbers.take(true).value().queue_id == 1);
  const QueueNumber third = numbers.take(true, 3, 2).value();
  CHECK(third.queue_id == 3);
  CHECK(third.vector == 2);
  CHECK(numbers.take(false).value().queue_id == 2);
  CHECK(numbers.take(false).status().failure().code == ErrorCode::NoQueues);
  CHECK(numbers.take(false, 4).status().failure().code == ErrorCode::Range);
  numbers.give_back(third);
  CHECK(numbers.take(true).value().vector == 2);
}

TEST_CASE("a number that was asked for while it was in use is given to others last") {
  OwnQueueNumbers numbers(3, 3);
  const QueueNumber first = numbers.take(true).value();
  CHECK(numbers.take(true, 1, 2).status().failure().code == ErrorCode::Busy);
  CHECK(numbers.take(true, 2, 1).status().failure().code == ErrorCode::Busy);
  numbers.give_back(first);
  const QueueNumber second = numbers.take(true).value();
  CHECK(second.queue_id == 2);
  CHECK(second.vector == 2);
  SUBCASE("who asked for it gets it") {
    const QueueNumber wanted = numbers.take(true, 1, 1).value();
    CHECK(wanted.queue_id == 1);
    CHECK(wanted.vector == 1);
    numbers.give_back(wanted);
    CHECK(numbers.take(false).value().queue_id == 1);
  }
  SUBCASE("it is given when there is no other") {
    CHECK(numbers.take(false).value().queue_id == 3);
    CHECK(numbers.take(true).value().queue_id == 1);
  }
}
