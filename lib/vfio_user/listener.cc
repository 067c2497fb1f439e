// SPDX-License-Identifier: MIT
#include "vfio_user/listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "platform/os_failure.h"

namespace nvm::vfio_user {
namespace {

constexpr char kSocketName[] = "cntrl";
constexpr char kUnfinished[] = ".new";
constexpr size_t kPathLengthMax = sizeof(sockaddr_un::sun_path) - sizeof kUnfinished;
constexpr int kWaitingClientsMax = 4;

Status refused(const char* call, const std::string& path) {
  return os_failure(std::string(call) + " " + path, errno);
}

// `path` is at most kPathLengthMax long, or that and kUnfinished.
sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

UniqueFd unix_socket() {
  return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// Whether somebody listens at `address`; a full queue of clients is somebody.
bool is_answered(const sockaddr_un& address) {
  UniqueFd probe = unix_socket();
  return probe.valid() &&
         (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
          errno == EAGAIN);
}

// Whether a new socket may take the place of what is at `address`: nothing, or a dead server's
// socket.
Status check_place(const sockaddr_un& address) {
  struct stat file;
  if (lstat(address.sun_path, &file) != 0) {
    return errno == ENOENT ? Status() : refused("stat", address.sun_path);
  }
  if (!S_ISSOCK(file.st_mode)) {
    return Status(ErrorCode::Argument, std::string(address.sun_path) +
                                           " exists and is not a socket; name another directory");
  }
  if (is_answered(address)) {
    return Status(ErrorCode::Busy, std::string(address.sun_path) + " is served by another process");
  }
  return {};
}

// Listens at `path`, for the owner only. The socket is made under another name, so that whoever
// sees `path` can connect, and a dead server's socket is replaced in one step.
Status listen_at(int socket, const std::string& path, struct stat& file) {
  sockaddr_un address = address_of(path + kUnfinished);
  const char* unfinished = address.sun_path;
  if (unlink(unfinished) != 0 && errno != ENOENT) return refused("unlink", unfinished);
  if (bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return refused("bind", unfinished);
  }
  if (chmod(unfinished, 0600) != 0 || listen(socket, kWaitingClientsMax) != 0 ||
      stat(unfinished, &file) != 0 || rename(unfinished, path.c_str()) != 0) {
    Status status = refused("listen at", path);
    unlink(unfinished);
    return status;
  }
  return {};
}

}  // namespace

Result<Listener> Listener::open(const std::string& directory) {
  std::string path = directory + "/" + kSocketName;
  if (path.size() > kPathLengthMax) {
    return Status(ErrorCode::Argument, path + " is longer than a socket's path may be (" +
                                           std::to_string(kPathLengthMax) + ")");
  }

  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return refused("mkdir", directory);
  // Locked while the old socket is judged and replaced, so that of two starting servers one sees
  // the other.
  UniqueFd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.valid()) return refused("open", directory);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Status(ErrorCode::Busy, directory + " is being set up by another process");
  }
  NVM_TRY(check_place(address_of(path)));

  UniqueFd socket = unix_socket();
  if (!socket.valid()) return refused("socket", path);
  struct stat file;
  NVM_TRY(listen_at(socket.get(), path, file));
  return Listener(std::move(socket), std::move(path), file.st_dev, file.st_ino);
}

Listener::~Listener() {
  struct stat file;
  if (socket_.valid() && lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ &&
      file.st_ino == inode_) {
    unlink(path_.c_str());
  }
}

UniqueFd Listener::accept() {
  return UniqueFd(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

}  // namespace nvm::vfio_user
