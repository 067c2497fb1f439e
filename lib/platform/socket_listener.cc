// SPDX-License-Identifier: MIT
#include "platform/socket_listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "platform/os_failure.h"

namespace nvm {
namespace {

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

UniqueFd unix_socket(int type) {
  return UniqueFd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// Whether somebody listens at `address`; a full queue of clients is somebody, and so is a listener
// of another type.
bool is_answered(const sockaddr_un& address, int type) {
  UniqueFd probe = unix_socket(type);
  return probe.valid() &&
         (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
          errno == EAGAIN || errno == EPROTOTYPE);
}

// Whether a new socket may take the place of what is at `address`: nothing, or a dead server's
// socket.
Status check_place(const sockaddr_un& address, int type) {
  struct stat file;
  if (lstat(address.sun_path, &file) != 0) {
    return errno == ENOENT ? Status() : refused("stat", address.sun_path);
  }
  if (!S_ISSOCK(file.st_mode)) {
    return Status(ErrorCode::Argument, std::string(address.sun_path) +
                                           " exists and is not a socket; name another place");
  }
  if (is_answered(address, type)) {
    return Status(ErrorCode::Busy, std::string(address.sun_path) + " is served already");
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

Result<SocketListener> SocketListener::open(std::string path, int type) {
  if (path.size() > kPathLengthMax) {
    return Status(ErrorCode::Argument, path + " is longer than a socket's path may be (" +
                                           std::to_string(kPathLengthMax) + ")");
  }
  const size_t slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
  // Locked while the old socket is judged and replaced, so that of two starting servers one sees
  // the other.
  UniqueFd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.valid() && (errno == ENOENT || errno == ENOTDIR)) {
    return Status(ErrorCode::Argument,
                  directory + ", where the socket is to be, is no folder; make it, or name another",
                  errno);
  }
  if (!lock.valid()) return refused("open", directory);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Status(ErrorCode::Busy, directory + " is being set up by another process");
  }
  const sockaddr_un address = address_of(path);
  NVM_TRY(check_place(address, type));

  UniqueFd socket = unix_socket(type);
  if (!socket.valid()) return refused("socket", path);
  struct stat file;
  NVM_TRY(listen_at(socket.get(), path, file));
  return SocketListener(std::move(socket), std::move(path), file.st_dev, file.st_ino);
}

SocketListener::~SocketListener() {
  struct stat file;
  if (socket_.valid() && lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ &&
      file.st_ino == inode_) {
    unlink(path_.c_str());
  }
}

UniqueFd SocketListener::accept() {
  return UniqueFd(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

}  // namespace nvm
