// SPDX-License-Identifier: MIT
// Which target opens what. Each row of the table looks at a target and takes it or leaves it.
#include "transport/open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>

#include "platform/os_failure.h"
#include "transport/emulator_registry.h"
#include "transport/open_devices.h"
#include "transport/pci.h"
#include "transport/rpc_transport.h"
#include "transport/sysfs_transport.h"
#include "transport/vfio_transport.h"
#include "transport/vfio_user_transport.h"

namespace nvm {
namespace {

constexpr std::string_view kEmulatorPrefix = "emulator:";
constexpr std::string_view kPciPrefix = "pci:";
constexpr std::string_view kRpcPrefix = "rpc:";
constexpr std::string_view kVfioUserPrefix = "vfio-user:";

Result<std::shared_ptr<Transport>> open_pci(const PciAddress& address) {
  Result<PciDevice> device = read_pci_device(address);
  if (!device.ok()) return std::move(device.status());
  return share_open_device("pci:" + address.text(), [&] {
    return device.value().driver == "vfio-pci" ? open_vfio_transport(device.value())
                                               : open_sysfs_transport(device.value());
  });
}

Result<std::shared_ptr<Transport>> open_pci_text(std::string_view text) {
  const std::optional<PciAddress> address = parse_pci_address(text);
  if (address) return open_pci(*address);
  return Status(ErrorCode::Target, "'" + std::string(text) + "' is not a PCI address");
}

Result<std::shared_ptr<Transport>> open_image(const std::string& path) {
  EmulatorOptions options;
  options.image = path;
  return open_emulator(options);
}

// With `reconnect_ns` of the first who opens it.
Result<std::shared_ptr<Transport>> open_vfio_user(const std::string& path, uint64_t reconnect_ns) {
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(path, error);
  const std::string socket = is_folder ? path + "/cntrl" : path;
  const std::string key = std::filesystem::weakly_canonical(socket, error).string();
  return share_open_device(std::string(kVfioUserPrefix) + (error ? socket : key), [&] {
    return open_vfio_user_transport(socket, vfio_user::Client::kReplyTimeoutMs, reconnect_ns);
  });
}

// A socket, or a folder with one where vfio-user servers make theirs.
bool is_served(const std::string& path, mode_t mode) {
  struct stat information;
  if (!S_ISDIR(mode)) return S_ISSOCK(mode);
  return stat((path + "/cntrl").c_str(), &information) == 0 && S_ISSOCK(information.st_mode);
}

// What a socket is for shows in its type.
Result<std::shared_ptr<Transport>> open_socket(const std::string& path, uint64_t reconnect_ns) {
  auto opened = RpcTransport::open(path, reconnect_ns);
  if (!opened.ok() && opened.status().failure().os_error == EPROTOTYPE) {
    return open_vfio_user(path, reconnect_ns);
  }
  return opened;
}

const char* kind_of_file(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISCHR(mode)) return "a character device";
  if (S_ISBLK(mode)) return "a block device";
  return "not a regular file";
}

// The PCI function that sysfs names so: its folder, or its BAR0 (resource0) in it. Nothing for any
// other path.
std::optional<PciAddress> find_sysfs_device(const std::string& file) {
  struct statfs file_system;
  if (statfs(file.c_str(), &file_system) != 0 || file_system.f_type != SYSFS_MAGIC) return {};
  std::error_code error;
  std::filesystem::path path = std::filesystem::canonical(file, error);
  if (error) return {};
  if (path.filename() == "resource0") path = path.parent_path();
  return parse_pci_address(path.filename().string());
}

bool is_connected_stream(int fd) {
  int type = 0;
  socklen_t type_length = sizeof type;
  sockaddr_un peer{};
  socklen_t peer_length = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) == 0 && type == SOCK_STREAM &&
         getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_length) == 0 &&
         peer.sun_family == AF_UNIX;
}

// A connection to a vfio-user server. It has one client: the same socket is the same controller.
Result<std::shared_ptr<Transport>> open_connection(int fd, ino_t socket, const std::string& name) {
  if (!is_connected_stream(fd)) {
    return Status(ErrorCode::Target, name + " is a socket, but no connected UNIX stream socket");
  }
  const std::string key = std::string(kVfioUserPrefix) + "socket:" + std::to_string(socket);
  NVM_TRY(refuse_if_parents(key));
  return share_open_device(key, [&]() -> Result<std::unique_ptr<Transport>> {
    pollfd connection{fd, POLLRDHUP, 0};
    if (poll(&connection, 1, 0) > 0) {
      return Status(ErrorCode::ControllerGone, name + ": its connection has ended");
    }
    UniqueFd own(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!own.valid()) return os_failure("fcntl of " + name, errno);
    return open_vfio_user_transport(std::move(own), name);
  });
}

std::string path_of_fd(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace

Result<std::shared_ptr<Transport>> open_emulator(const EmulatorOptions& options) {
  return open_shared_emulator(options, -1);
}

Result<std::shared_ptr<Transport>> open_transport(const std::string& target,
                                                  uint64_t reconnect_ns) {
  const std::string_view text = target;
  if (text.empty()) return open_emulator({});
  if (text.starts_with(kEmulatorPrefix)) {
    return open_image(std::string(text.substr(kEmulatorPrefix.size())));
  }
  if (text == kPciPrefix || text == kRpcPrefix || text == kVfioUserPrefix) {
    return Status(ErrorCode::Target, "'" + target + "' names nothing behind the colon");
  }
  if (text.starts_with(kPciPrefix)) return open_pci_text(text.substr(kPciPrefix.size()));
  if (text.starts_with(kRpcPrefix)) {
    return RpcTransport::open(std::string(text.substr(kRpcPrefix.size())), reconnect_ns);
  }
  if (text.starts_with(kVfioUserPrefix)) {
    return open_vfio_user(std::string(text.substr(kVfioUserPrefix.size())), reconnect_ns);
  }
  if (parse_pci_address(text)) return open_pci_text(text);

  struct stat information;
  if (stat(target.c_str(), &information) != 0) {
    if (errno == EACCES) return os_failure("stat " + target, errno);
    const int refused = errno;
    return Status(ErrorCode::Target,
                  "'" + target + "' is no PCI address, and as a file: " + describe_errno(refused),
                  refused);
  }
  if (const auto address = find_sysfs_device(target)) return open_pci(*address);
  if (S_ISREG(information.st_mode)) return open_image(target);
  if (S_ISSOCK(information.st_mode)) return open_socket(target, reconnect_ns);
  if (is_served(target, information.st_mode)) return open_vfio_user(target, reconnect_ns);
  return Status(ErrorCode::Target, "'" + target + "' is no PCI address, and as a file it is " +
                                       kind_of_file(information.st_mode));
}

Result<std::shared_ptr<Transport>> open_transport_fd(int fd) {
  struct stat information;
  const std::string name = "file descriptor " + std::to_string(fd);
  if (fstat(fd, &information) != 0) return os_failure("fstat of " + name, errno);
  if (const auto address = find_sysfs_device(path_of_fd(fd))) return open_pci(*address);
  if (S_ISSOCK(information.st_mode)) return open_connection(fd, information.st_ino, name);
  if (!S_ISREG(information.st_mode)) {
    return Status(ErrorCode::Target, name + " is " + kind_of_file(information.st_mode));
  }
  EmulatorOptions options;
  std::error_code error;
  const auto path = std::filesystem::read_symlink(path_of_fd(fd), error);
  options.image = error ? name : path.string();
  return open_shared_emulator(options, fd);
}

}  // namespace nvm
