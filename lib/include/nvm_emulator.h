/* SPDX-License-Identifier: MIT */
/**
 * DOC: Emulated controllers
 *
 * Software controllers in this process, for programs that test themselves: over memory or a raw
 * image, with several controllers and namespaces, with faults to inject and counters to read. An
 * image alone needs none of this: nvm_ctrl_open() takes its path.
 *
 * Every function may be called in any thread.
 */
#ifndef NVM_EMULATOR_H
#define NVM_EMULATOR_H

#include <nvm_types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * typedef nvm_emulator_t - an emulated device at work
 *
 * Its namespaces, its controllers and the thread that steps them.
 */
typedef struct nvm_emulator nvm_emulator_t;

/**
 * struct nvm_emulator_namespace - a namespace of an emulated device
 * @size: bytes, in whole blocks
 * @block_size: bytes of a block, 512 or 4096; 0: 512
 */
struct nvm_emulator_namespace {
  uint64_t size;
  uint32_t block_size;
};

/**
 * define NVM_EMULATOR_NO_LIMIT - for max_data_size: the controller names no limit (MDTS 0)
 */
#define NVM_EMULATOR_NO_LIMIT UINT64_MAX

/**
 * struct nvm_emulator_options - an emulated device, described; all zero is one GiB of memory
 * @image: path of a raw image; NULL: the blocks live in memory
 * @read_only: open the image for reading only; its namespace is write-protected
 * @size: bytes of namespace 1. An image that does not exist is created with it. 0: the image's
 * size, or 1 GiB of memory
 * @block_size: bytes of a block of namespace 1, 512 or 4096; 0: as the image has been used, or 512
 * @namespaces: further namespaces; their ids begin at 2. With an image they are files beside it
 * @n_namespaces: entries of @namespaces
 * @n_ctrls: controllers over the same namespaces, at most 64; 0: 1
 * @queue_pairs: I/O queue pairs of a controller, at most 511; 0: 128
 * @queue_entries: entries of a queue (CAP.MQES + 1), 2 to 65536; 0: 4096
 * @max_data_size: bytes that one command moves at most (MDTS), a power of two from 8 KiB to
 * 256 MiB, or NVM_EMULATOR_NO_LIMIT; 0: 128 KiB
 * @latency_ns: how long a command takes at least
 * @bandwidth: bytes per second at most, of all commands together; 0: no limit
 * @drive: instead of @latency_ns and @bandwidth a known drive, "p4800x" or "970pro"; NULL: none
 */
struct nvm_emulator_options {
  const char* image;
  bool read_only;
  uint64_t size;
  uint32_t block_size;
  const struct nvm_emulator_namespace* namespaces;
  size_t n_namespaces;
  uint16_t n_ctrls;
  uint16_t queue_pairs;
  uint32_t queue_entries;
  uint64_t max_data_size;
  uint64_t latency_ns;
  uint64_t bandwidth;
  const char* drive;
};

/**
 * nvm_emulator_start - start an emulated device
 * @emulator: receives the device; ended by nvm_emulator_close()
 * @options: what it is; NULL: 1 GiB of memory. Not needed after the call
 *
 * Return: 0; EINVAL for options out of range, or sizes and formats that an image that has been used
 * does not have; EBUSY when another process has the image; or another
 * errno. nvm_reason() says more.
 */
int nvm_emulator_start(nvm_emulator_t** emulator, const struct nvm_emulator_options* options);

/**
 * nvm_emulator_ctrl - make a reference of one of a device's controllers
 * @ctrl: receives the reference; let go of by nvm_ctrl_free()
 * @emulator: the device, which lives as long as a reference does
 * @index: number of the controller, from 0
 *
 * References of the same controller are the same controller, as with nvm_ctrl_init(). When the
 * last one has gone, the controller is as new.
 *
 * Return: 0, or an errno; nvm_reason() says more.
 */
int nvm_emulator_ctrl(nvm_ctrl_t** ctrl, nvm_emulator_t* emulator, uint16_t index);

/**
 * nvm_emulator_close - let go of an emulated device
 * @emulator: the device, or NULL
 *
 * It ends with the last reference of its controllers. What was written to an image is in it then.
 */
void nvm_emulator_close(nvm_emulator_t* emulator);

/**
 * enum nvm_fault_match - which fields of a fault say what commands it befalls
 * @NVM_FAULT_ON_ADMIN: admin commands only
 * @NVM_FAULT_ON_IO: I/O commands only
 * @NVM_FAULT_ON_CTRL: those of controller @ctrl
 * @NVM_FAULT_ON_QUEUE: those of submission queue @queue
 * @NVM_FAULT_ON_OPCODE: those with @opcode; admin and I/O commands share numbers, so say which
 * @NVM_FAULT_ON_NS: those of namespace @ns_id
 * @NVM_FAULT_ON_BLKS: those that touch any of @n_blks blocks from @start_lba on
 *
 * Everything that is given must hold.
 */
enum nvm_fault_match {
  NVM_FAULT_ON_ADMIN = 0x01,
  NVM_FAULT_ON_IO = 0x02,
  NVM_FAULT_ON_CTRL = 0x04,
  NVM_FAULT_ON_QUEUE = 0x08,
  NVM_FAULT_ON_OPCODE = 0x10,
  NVM_FAULT_ON_NS = 0x20,
  NVM_FAULT_ON_BLKS = 0x40
};

/**
 * enum nvm_fault_effect - what a fault does
 * @NVM_FAULT_DELAY: nothing happens to the command before @delay_ns have passed
 * @NVM_FAULT_DROP: it never completes
 * @NVM_FAULT_STATUS: instead of being executed it ends with @status
 * @NVM_FAULT_DNR: with NVM_FAULT_STATUS: the status says not to retry
 * @NVM_FAULT_TORN: of a write, only @torn_blks blocks and @torn_bytes bytes are stored
 * @NVM_FAULT_CORRUPT_READ: one byte of an I/O command's data is changed on its way to the
 * host
 * @NVM_FAULT_CORRUPT_STORED: one byte is changed as it is stored
 * @NVM_FAULT_DUPLICATE: its completion is posted twice
 * @NVM_FAULT_UNKNOWN_CID: the completion has a command id that nobody sent
 * @NVM_FAULT_WRONG_PHASE: the completion's phase tag is that of the lap before
 * @NVM_FAULT_STOP: the controller fetches and completes nothing more until it is reset
 * @NVM_FAULT_FATAL: the controller sets CSTS.CFS
 * @NVM_FAULT_REMOVE: the controller is gone: its registers read all ones
 *
 * Several go together, but for those that exclude each other: nvm_reason() then says why.
 */
enum nvm_fault_effect {
  NVM_FAULT_DELAY = 0x0001,
  NVM_FAULT_DROP = 0x0002,
  NVM_FAULT_STATUS = 0x0004,
  NVM_FAULT_DNR = 0x0008,
  NVM_FAULT_TORN = 0x0010,
  NVM_FAULT_CORRUPT_READ = 0x0020,
  NVM_FAULT_CORRUPT_STORED = 0x0040,
  NVM_FAULT_DUPLICATE = 0x0080,
  NVM_FAULT_UNKNOWN_CID = 0x0100,
  NVM_FAULT_WRONG_PHASE = 0x0200,
  NVM_FAULT_STOP = 0x0400,
  NVM_FAULT_FATAL = 0x0800,
  NVM_FAULT_REMOVE = 0x1000
};

/**
 * define NVM_FAULT_ANYWHERE - for corrupt_offset: drawn anew for each command
 */
#define NVM_FAULT_ANYWHERE UINT64_MAX

/**
 * struct nvm_fault - commands that things go wrong for, and what goes wrong
 * @on: enum nvm_fault_match, or-ed: which of the six fields behind it count; 0: every command
 * @ctrl: number of the controller, from 0
 * @queue: id of the submission queue; 0: the admin queue
 * @opcode: the opcode
 * @ns_id: the namespace
 * @start_lba: first block
 * @n_blks: number of blocks
 * @nth: only the nth of the commands that match, from 1; with @every, where that begins; 0: each
 * @every: every nth of them; 0: each
 * @probability: of those, this fraction, at most 1; 0: all
 * @seed: of the draws, which are the same in every run; 0: follows from the order of injection
 * @times: how often at most; 0: no limit
 * @effects: enum nvm_fault_effect, or-ed
 * @delay_ns: at most a day
 * @status: packed status of the completion, as NVM_ERR_STATUS() gives it: 0 or negative. With 0 the
 * command is acknowledged and not executed
 * @torn_blks: blocks of a torn write that are stored
 * @torn_bytes: bytes of the block after them
 * @corrupt_offset: which byte of the command's data, or of the blocks that it shares with
 * @start_lba and @n_blks; NVM_FAULT_ANYWHERE: drawn
 * @corrupt_mask: bits of it to flip; 0: drawn
 */
struct nvm_fault {
  uint32_t on;
  uint16_t ctrl;
  uint16_t queue;
  uint8_t opcode;
  uint32_t ns_id;
  uint64_t start_lba;
  uint64_t n_blks;
  uint64_t nth;
  uint64_t every;
  double probability;
  uint64_t seed;
  uint64_t times;
  uint32_t effects;
  uint64_t delay_ns;
  int status;
  uint32_t torn_blks;
  uint32_t torn_bytes;
  uint64_t corrupt_offset;
  uint8_t corrupt_mask;
};

/**
 * nvm_emulator_inject - make things go wrong for commands, from the next one on
 * @fault_id: receives the fault's number, counted from 1 and never used again; NULL: not wanted
 * @emulator: the device
 * @fault: which commands, and what happens to them. Not needed after the call
 *
 * The same faults and the same commands give the same effects in every run. A device has at most
 * 256 faults.
 *
 * Return: 0, or EINVAL for a fault that could never happen, or is one too many; nvm_reason() says
 * which.
 */
int nvm_emulator_inject(uint32_t* fault_id, nvm_emulator_t* emulator,
                        const struct nvm_fault* fault);

/**
 * nvm_emulator_fault_hits - how many commands a fault has befallen
 * @emulator: the device
 * @fault_id: number of the fault
 *
 * Return: the count; 0 when there is no such fault any more.
 */
uint64_t nvm_emulator_fault_hits(nvm_emulator_t* emulator, uint32_t fault_id);

/**
 * nvm_emulator_fault_remove - end a fault: it befalls nothing from now on
 * @emulator: the device
 * @fault_id: number of the fault; what does not exist is ignored
 */
void nvm_emulator_fault_remove(nvm_emulator_t* emulator, uint32_t fault_id);

/**
 * struct nvm_emulator_stats - what a controller has done since its device was started
 * @commands: I/O commands completed with success
 * @errors: I/O commands completed without
 * @read_commands: Read, Compare and Verify, completed with success
 * @write_commands: Write, completed with success
 * @bytes_read: bytes that Read and Compare moved
 * @bytes_written: bytes that Write moved
 * @media_errors: unrecovered data, and data that did not pass its check
 * @admin_commands: admin commands completed with success
 * @admin_errors: admin commands completed without
 * @doorbells: new tails found; several rings may be found at once
 * @invalid_doorbells: rings ignored: a value out of range, or no such queue
 * @interrupts: interrupts raised
 */
struct nvm_emulator_stats {
  uint64_t commands;
  uint64_t errors;
  uint64_t read_commands;
  uint64_t write_commands;
  uint64_t bytes_read;
  uint64_t bytes_written;
  uint64_t media_errors;
  uint64_t admin_commands;
  uint64_t admin_errors;
  uint64_t doorbells;
  uint64_t invalid_doorbells;
  uint64_t interrupts;
};

/**
 * nvm_emulator_ctrl_stats - read the counters of a controller
 * @stats: receives them, all of one moment
 * @emulator: the device
 * @index: number of the controller, from 0
 *
 * Return: 0, or EINVAL when there is no such controller.
 */
int nvm_emulator_ctrl_stats(struct nvm_emulator_stats* stats, nvm_emulator_t* emulator,
                            uint16_t index);

#ifdef __cplusplus
}
#endif

#endif /* NVM_EMULATOR_H */
