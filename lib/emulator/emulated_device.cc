// SPDX-License-Identifier: MIT
#include "emulator/emulated_device.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "emulator/models/latency_bandwidth_model.h"
#include "emulator/models/named_models.h"
#include "emulator/saved_device.h"
#include "emulator/saved_state.h"
#include "emulator/stores/media.h"

namespace nvm::emulator {
namespace {

// Identify Controller: SN, MN, FR.
constexpr size_t kSerialLengthMax = 20;
constexpr size_t kModelLengthMax = 40;
constexpr size_t kFirmwareLengthMax = 8;

Status refuse_option(std::string detail) {
  return Status(ErrorCode::Argument, std::move(detail));
}

Status check_text(const char* what, const std::string& text, size_t length_max) {
  if (text.size() > length_max) {
    return refuse_option(std::string(what) + " has at most " + std::to_string(length_max) +
                         " characters");
  }
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return printable ? Status() : refuse_option(std::string(what) + " is made of ASCII characters");
}

Status check_limit(const char* what, uint64_t value, uint64_t first, uint64_t last) {
  if (value >= first && value <= last) return {};
  return Status(ErrorCode::Range, std::string(what) + " is " + std::to_string(value) + "; it is " +
                                      std::to_string(first) + " to " + std::to_string(last));
}

Status check_limits(const EmulatorOptions& options) {
  const PcieControllerLimits& limits = options.limits;
  NVM_TRY(check_limit("the number of controllers", options.controllers, 1, kControllersMax));
  NVM_TRY(check_limit("the limit of namespaces", options.namespaces_max, 1, kNamespacesMax));
  NVM_TRY(check_limit("the limit of queue pairs", limits.io_queue_pairs_max, 1,
                      kDoorbellCount / 2 - 1));
  NVM_TRY(check_limit("the limit of queue entries", limits.queue_entries_max, 2, 65536));
  NVM_TRY(check_limit("mdts", limits.mdts, 0, 16));
  return check_limit("the limit of interrupt vectors", limits.interrupt_vectors_max, 1, 2048);
}

Status check_timing(const EmulatorOptions& options) {
  if (options.timing_model.empty()) return {};
  if (options.latency_ns != 0 || options.bytes_per_second != 0) {
    return refuse_option(
        "a model says how long commands take; leave it out, or the latency and bandwidth");
  }
  if (find_named_model(options.timing_model) != nullptr) return {};
  std::string names;
  for (const NamedModel& each : named_models()) names.append(" ").append(each.name);
  return refuse_option("there is no model '" + options.timing_model + "'; there are" + names);
}

// The models of namespaces that have so many bytes in all take too much memory, or they do not.
Status check_modelled(const EmulatorOptions& options, uint64_t byte_length) {
  const NamedModel* model = find_named_model(options.timing_model);
  if (model == nullptr || byte_length <= model->byte_length_max) return {};
  return refuse_option("the model " + options.timing_model + " is for namespaces of at most " +
                       std::to_string(model->byte_length_max >> 30) + " GiB in all, not of " +
                       std::to_string(byte_length >> 30) +
                       " GiB; make the device smaller, or give latency and bandwidth instead");
}

// `code`: whose size it is, that of an image or one that was asked for.
Status check_size(ErrorCode code, size_t number, uint64_t byte_length, uint32_t lba_byte_length) {
  const uint64_t excess = byte_length % lba_byte_length;
  if (excess == 0) return {};
  return Status(code, "namespace " + std::to_string(number) + " has " +
                          std::to_string(byte_length) + " bytes, which is not a multiple of " +
                          std::to_string(lba_byte_length) + "; give it " +
                          std::to_string(byte_length - excess + lba_byte_length));
}

Status check_capacity(uint64_t capacity, uint64_t allocated) {
  if (capacity >= allocated) return {};
  return refuse_option("a capacity of " + std::to_string(capacity) +
                       " bytes, where the device has " + std::to_string(allocated) +
                       "; leave the capacity out, or give more");
}

// The first namespace may have no size yet: that of an image, which is known when it is open.
Status check_sizes(const EmulatorOptions& options, ErrorCode of_first = ErrorCode::Range) {
  uint64_t all = 0;
  for (size_t i = 0; i < options.namespaces.size(); i++) {
    const EmulatedNamespaceOptions& each = options.namespaces[i];
    auto format = find_format(each);
    if (!format.ok()) return std::move(format.status());
    if (i > 0 && each.byte_length == 0) {
      return refuse_option("namespace " + std::to_string(i + 1) + " has no size; give it one");
    }
    const ErrorCode code = i == 0 ? of_first : ErrorCode::Range;
    NVM_TRY(check_size(code, i + 1, each.byte_length, format.value().data_byte_length()));
    if (__builtin_add_overflow(all, each.byte_length, &all)) all = UINT64_MAX;
  }
  NVM_TRY(check_modelled(options, std::max(all, options.capacity)));
  return options.capacity == 0 ? Status() : check_capacity(options.capacity, all);
}

Status check_options(const EmulatorOptions& options) {
  NVM_TRY(check_text("a serial number", options.serial, kSerialLengthMax));
  NVM_TRY(check_text("a model number", options.model, kModelLengthMax));
  NVM_TRY(check_text("a firmware revision", options.firmware, kFirmwareLengthMax));
  NVM_TRY(check_limits(options));
  NVM_TRY(check_timing(options));
  const auto& namespaces = options.namespaces;
  if (namespaces.empty()) return refuse_option("a device has at least one namespace");
  if (namespaces.size() > options.namespaces_max) {
    return refuse_option("there are " + std::to_string(namespaces.size()) +
                         " namespaces, more than the limit of " +
                         std::to_string(options.namespaces_max));
  }
  return check_sizes(options);
}

bool is_memory(const EmulatorOptions& options, int fd) {
  return options.image.empty() && fd < 0;
}

Result<std::unique_ptr<Media>> open_media(const EmulatorOptions& options, int fd) {
  if (is_memory(options, fd)) {
    return std::make_unique<Media>(make_memory_family(), MediaCalls::AtOnce);
  }
  FileStoreOptions file;
  file.path = options.image;
  file.fd = fd;
  file.byte_length = options.namespaces.front().byte_length;
  file.create = options.create;
  file.read_only = options.read_only;
  auto family = open_image_family(file);
  if (!family.ok()) return std::move(family.status());
  return std::make_unique<Media>(std::move(family.value()));
}

// The same image has the same serial number, whatever its path and whoever opens it.
std::string serial_of(const EmulatorOptions& options, int fd) {
  if (!options.serial.empty()) return options.serial;
  struct stat image;
  if (is_memory(options, fd) ||
      (fd >= 0 ? fstat(fd, &image) : stat(options.image.c_str(), &image)) != 0) {
    return Identity{}.serial_number;
  }
  char text[kSerialLengthMax + 1];
  snprintf(text, sizeof text, "PN%04" PRIX64 "%012" PRIX64,
           static_cast<uint64_t>(image.st_dev) & 0xffff,
           static_cast<uint64_t>(image.st_ino) & 0xffffffffffff);
  return text;
}

Identity identity_of(const EmulatorOptions& options, int fd, uint64_t data_identity) {
  Identity identity;
  identity.data_identity = data_identity;
  identity.serial_number = serial_of(options, fd);
  if (!options.model.empty()) identity.model_number = options.model;
  if (!options.firmware.empty()) identity.firmware_revision = options.firmware;
  return identity;
}

Status make_namespace(Subsystem& subsystem, uint32_t id, const EmulatedNamespaceOptions& options,
                      std::unique_ptr<Store> data) {
  StoreFamily& family = subsystem.media().family();
  const NamespaceFormat format = find_format(options).value();
  if (data == nullptr) {
    auto made = family.create({id, StorePart::Data}, options.byte_length);
    if (!made.ok()) return std::move(made.status());
    data = std::move(made.value());
  }
  std::unique_ptr<Store> metadata;
  if (format.metadata_byte_length() != 0) {
    const uint64_t block_count = options.byte_length / format.data_byte_length();
    auto made =
        family.create({id, StorePart::Metadata}, block_count * format.metadata_byte_length());
    if (!made.ok()) return std::move(made.status());
    metadata = std::move(made.value());
  }
  auto ns = make_nvm_namespace(std::move(data), std::move(metadata), format, nullptr);
  ns->shared = options.shared;
  if (!ns->shared) ns->controllers = 1;  // the first controller
  subsystem.add_namespace(id, std::move(ns));
  return {};
}

// None, unless their sizes allow all of them.
Status make_namespaces(Subsystem& subsystem, EmulatorOptions options, bool in_memory) {
  uint64_t& first_byte_length = options.namespaces[0].byte_length;
  std::unique_ptr<Store> image;
  if (!in_memory) {
    auto opened = subsystem.media().family().open({1, StorePart::Data});
    if (!opened.ok()) return std::move(opened.status());
    image = std::move(opened.value());
    first_byte_length = image->byte_length();
  } else if (first_byte_length == 0) {
    first_byte_length = kDefaultMemoryBytes;
  }
  NVM_TRY(check_sizes(options, in_memory ? ErrorCode::Range : ErrorCode::Image));
  uint32_t id = 1;
  for (const EmulatedNamespaceOptions& each : options.namespaces) {
    NVM_TRY(make_namespace(subsystem, id++, each, std::move(image)));
  }
  return {};
}

std::unique_ptr<TimingModel> make_timing(const EmulatorOptions& options, uint64_t byte_length) {
  if (options.make_timing) return options.make_timing(byte_length);
  if (const NamedModel* model = find_named_model(options.timing_model)) {
    // A device that is too large is refused when all of it is known.
    return byte_length <= model->byte_length_max ? model->make(byte_length) : nullptr;
  }
  if (options.latency_ns == 0 && options.bytes_per_second == 0) return nullptr;
  return std::make_unique<LatencyBandwidthModel>(options.latency_ns, options.bytes_per_second);
}

// Blocks in memory are those that were saved, or new. Those of an image are as long the same as its
// file is: one that was put in its place has another inode, or another time of birth.
uint64_t data_identity_of(const EmulatorOptions& options, int fd) {
  uint64_t identity = options.data_identity;
  struct statx image;
  if (is_memory(options, fd)) {
    while (identity == 0) {
      if (getrandom(&identity, sizeof identity, 0) != sizeof identity) break;
    }
  } else if (statx(fd >= 0 ? fd : AT_FDCWD, fd >= 0 ? "" : options.image.c_str(), AT_EMPTY_PATH,
                   STATX_INO | STATX_BTIME, &image) == 0) {
    const bool has_birth = (image.stx_mask & STATX_BTIME) != 0;
    const auto birth_ns = has_birth
                              ? static_cast<uint64_t>(image.stx_btime.tv_sec) * 1'000'000'000 +
                                    image.stx_btime.tv_nsec
                              : 0;
    identity = 0xcbf29ce484222325;  // FNV-1a
    for (const uint64_t part : {uint64_t{image.stx_dev_major} << 32 | image.stx_dev_minor,
                                uint64_t{image.stx_ino}, birth_ns}) {
      for (int byte = 0; byte < 8; byte++) {
        identity = (identity ^ (part >> 8 * byte & 0xff)) * 0x100000001b3;
      }
    }
  }
  return identity;
}

// Without namespaces yet.
EmulatedDevice begin_device(const EmulatorOptions& options, int fd, std::unique_ptr<Media> media) {
  EmulatedDevice device;
  device.address = options.image.empty() ? "memory" : options.image;
  device.write_protected = media->family().read_only();
  device.in_memory = is_memory(options, fd);
  device.data_identity = data_identity_of(options, fd);
  device.controllers = options.controllers;
  device.limits = options.limits;
  device.subsystem =
      std::make_unique<Subsystem>(identity_of(options, fd, device.data_identity), std::move(media));
  device.subsystem->set_namespaces_max(options.namespaces_max);
  if (const NamedModel* model = find_named_model(options.timing_model)) {
    device.subsystem->capacity_max = model->byte_length_max;
  }
  device.subsystem->set_timing(
      [options](uint64_t byte_length) { return make_timing(options, byte_length); });
  return device;
}

bool says_something(const EmulatedNamespaceOptions& asked) {
  return asked.byte_length != 0 || asked.lba_byte_length || asked.metadata_byte_length ||
         asked.extended || asked.protection_type;
}

struct Difference {
  const char* option;
  uint64_t is;
  uint64_t asked;
};

std::optional<Difference> find_difference(const Namespace& ns,
                                          const EmulatedNamespaceOptions& asked) {
  const NamespaceFormat& format = ns.format;
  const auto [data, metadata] = kLbaFormats[format.lba_format];
  const uint64_t size = ns.store->byte_length();
  const Difference each[] = {
      {"size", size, asked.byte_length != 0 ? asked.byte_length : size},
      {"block size", data, asked.lba_byte_length.value_or(data)},
      {"metadata size", metadata, asked.metadata_byte_length.value_or(metadata)},
      {"extended blocks", format.extended, asked.extended.value_or(format.extended)},
      {"protection", format.protection_type,
       asked.protection_type.value_or(format.protection_type)},
  };
  for (const Difference& one : each) {
    if (one.is != one.asked) return one;
  }
  return {};
}

// What is asked for must be there, whatever has become of the namespaces since they were made.
Status check_kept(Subsystem& subsystem, const EmulatorOptions& options) {
  const auto& asked = options.namespaces;
  const std::string remedy =
      ", or delete " + options.image + ".peernvm to begin with a plain image";
  for (size_t i = 0; i < asked.size(); i++) {
    const std::string name = "namespace " + std::to_string(i + 1) + " of " + options.image;
    const Namespace* ns = subsystem.find_namespace(static_cast<uint32_t>(i + 1));
    if (ns == nullptr) {
      if (!says_something(asked[i])) continue;
      // Without it, the later ones would be of another number.
      const char* what = i == 0 ? "what is said of it" : "it and those after it";
      return refuse_option(name + " is not there; leave " + what + " out" + remedy);
    }
    if (const auto found = find_difference(*ns, asked[i])) {
      const std::string option = found->option;
      const bool wants_size = i > 0 && option == "size";
      return refuse_option(
          name + " has " + option + " " + std::to_string(found->is) + ", not " +
          std::to_string(found->asked) +
          (wants_size ? "; give the size that it has" : "; leave the " + option + " out") + remedy);
    }
  }
  return {};
}

// From now on beside the image, where that can be; `at_once`: what there is so far, too.
Status keep_state(EmulatedDevice& device, const EmulatorOptions& options, bool at_once) {
  if (options.image.empty() || device.write_protected) return {};
  Subsystem& subsystem = *device.subsystem;
  subsystem.keep_state();
  return at_once ? subsystem.media().family().save(save_records(subsystem)) : Status();
}

Status set_capacity(Subsystem& subsystem, const EmulatorOptions& options) {
  if (options.capacity == 0) return {};
  NVM_TRY(check_capacity(options.capacity, subsystem.capacity()));
  subsystem.set_capacity(options.capacity);
  subsystem.capacity_asked = options.capacity;
  return {};
}

// Whether an image of it is told apart from others by nothing.
bool is_plain(const EmulatorOptions& options) {
  const NamespaceFormat format = find_format(options.namespaces[0]).value();
  return options.namespaces.size() == 1 && format.lba_format == 0 && !format.extended;
}

// The device that was saved, with the data of `wanted`'s image when it had one.
Result<EmulatedDevice> load_device(const EmulatorOptions& wanted, int fd) {
  auto read = read_saved_device(*wanted.saved);
  if (!read.ok()) return std::move(read.status());
  SavedDevice& saved = read.value();
  if (saved.in_memory != is_memory(wanted, fd)) {
    return refuse_option(saved.in_memory
                             ? "the saved device brings its data and takes no image"
                             : "the data of the saved device is in its image; give that too");
  }
  EmulatorOptions options = std::move(saved.options);
  options.image = wanted.image;
  options.read_only = wanted.read_only;
  options.latency_ns = wanted.latency_ns;
  options.bytes_per_second = wanted.bytes_per_second;
  options.timing_model = wanted.timing_model;
  options.make_timing = wanted.make_timing;
  NVM_TRY(check_options(options));
  Result<std::unique_ptr<Media>> media =
      saved.in_memory
          ? std::make_unique<Media>(make_memory_family(std::move(saved.stores)), MediaCalls::AtOnce)
          : open_media(options, fd);
  if (!media.ok()) return std::move(media.status());
  EmulatedDevice device = begin_device(options, fd, std::move(media.value()));
  NVM_TRY(resume_records(*device.subsystem, saved.records));
  NVM_TRY(set_capacity(*device.subsystem, options));
  NVM_TRY(check_modelled(options, device.subsystem->capacity()));
  NVM_TRY(keep_state(device, options, true));
  return device;
}

}  // namespace

Result<NamespaceFormat> find_format(const EmulatedNamespaceOptions& options) {
  const uint32_t lba_byte_length = options.lba_byte_length.value_or(512);
  const uint16_t metadata_byte_length = options.metadata_byte_length.value_or(0);
  if (lba_byte_length != 512 && lba_byte_length != 4096) {
    return refuse_option("the emulator's blocks have 512 or 4096 bytes, not " +
                         std::to_string(lba_byte_length));
  }
  NamespaceFormat format;
  while (format.lba_format < kLbaFormatCount &&
         (format.data_byte_length() != lba_byte_length ||
          format.metadata_byte_length() != metadata_byte_length)) {
    format.lba_format++;
  }
  if (format.lba_format == kLbaFormatCount) {
    return refuse_option("blocks have 0 or 8 bytes of metadata, not " +
                         std::to_string(metadata_byte_length));
  }
  format.extended = options.extended.value_or(false);
  format.protection_type = options.protection_type.value_or(0);
  if (format.protection_type > 1 || (format.protection_type == 1 && metadata_byte_length == 0)) {
    return refuse_option("protection is of type 0 or 1, and 1 needs 8 bytes of metadata");
  }
  return format;
}

Result<EmulatedDevice> make_emulated_device(const EmulatorOptions& options, int fd) {
  if (options.read_only && is_memory(options, fd)) {
    return refuse_option(
        "a device in memory cannot be read-only; give it an image, or leave that out");
  }
  if (options.saved != nullptr) return load_device(options, fd);
  NVM_TRY(check_options(options));
  auto media = open_media(options, fd);
  if (!media.ok()) return std::move(media.status());
  auto remembered = media.value()->family().load();
  if (!remembered.ok()) return std::move(remembered.status());
  EmulatedDevice device = begin_device(options, fd, std::move(media.value()));
  Subsystem& subsystem = *device.subsystem;
  if (remembered.value()) {
    NVM_TRY(load_records(subsystem, *remembered.value()));
    NVM_TRY(check_kept(subsystem, options));
  } else {
    NVM_TRY(make_namespaces(subsystem, options, device.in_memory));
  }
  NVM_TRY(set_capacity(subsystem, options));
  NVM_TRY(check_modelled(options, subsystem.capacity()));
  // What an image by itself does not tell must not be made, and so erased, a second time.
  NVM_TRY(keep_state(device, options, !is_plain(options) && !remembered.value().has_value()));
  return device;
}

PcieController& add_controllers(EmulatedDevice& device) {
  for (uint16_t i = 0; i < device.controllers; i++) {
    device.subsystem->add_controller(device.limits);
  }
  return device.subsystem->controller(0);
}

}  // namespace nvm::emulator
