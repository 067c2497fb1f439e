// SPDX-License-Identifier: MIT
// Generated from src/spec/nvme.ts by `npx tsx scripts/generate.ts`: do not edit.
// NVMe 2.0 as a little-endian machine sees it in memory.
// clang-format off
#pragma once

#include <cstddef>
#include <cstdint>

namespace nvm::spec {

// One field of a register or dword, from bit High down to bit Low.
template <class Word, unsigned High, unsigned Low>
struct BitField {
  static_assert(Low <= High && High < 8 * sizeof(Word));
  static constexpr Word max = static_cast<Word>(~uint64_t{0} >> (63 - (High - Low)));
  static constexpr Word mask = static_cast<Word>(max << Low);

  // The field's value, moved down to bit 0.
  constexpr Word get(Word word) const { return static_cast<Word>((word & mask) >> Low); }

  // The value in its place, ready to be or-ed into a word; bits that do not fit are dropped.
  constexpr Word put(Word value) const { return static_cast<Word>((value << Low) & mask); }
};

template <unsigned High, unsigned Low>
using Bits8 = BitField<uint8_t, High, Low>;
template <unsigned High, unsigned Low>
using Bits16 = BitField<uint16_t, High, Low>;
template <unsigned High, unsigned Low>
using Bits32 = BitField<uint32_t, High, Low>;
template <unsigned High, unsigned Low>
using Bits64 = BitField<uint64_t, High, Low>;

// 128-bit little-endian number, such as a capacity in bytes.
struct Uint128 {
  uint64_t low;
  uint64_t high;
};

// One command.
struct SubmissionQueueEntry {
  uint8_t opc;     // Opcode
  uint8_t flags;   // Fused operation and PRP or SGL for data transfer; see sqe_flags
  uint16_t cid;    // Command identifier
  uint32_t nsid;   // Namespace identifier
  uint32_t cdw2;   // Command dword 2
  uint32_t cdw3;   // Command dword 3
  uint64_t mptr;   // Metadata pointer
  uint64_t prp1;   // PRP entry 1, or the first half of an SGL descriptor
  uint64_t prp2;   // PRP entry 2 or PRP list, or the second half of an SGL descriptor
  uint32_t cdw10;  // Command dword 10
  uint32_t cdw11;  // Command dword 11
  uint32_t cdw12;  // Command dword 12
  uint32_t cdw13;  // Command dword 13
  uint32_t cdw14;  // Command dword 14
  uint32_t cdw15;  // Command dword 15
};

// The outcome of one command.
struct CompletionQueueEntry {
  uint32_t dw0;     // Command specific
  uint32_t dw1;     // Command specific
  uint16_t sqhd;    // Submission queue head pointer
  uint16_t sqid;    // Submission queue identifier
  uint16_t cid;     // Command identifier
  uint16_t status;  // Phase tag in bit 0, status field above it; see cqe_status
};

// One power state of the controller.
struct PowerStateDescriptor {
  uint16_t mp;     // Maximum power
  uint8_t reserved_2[1];
  uint8_t flags;   // Max power scale and non-operational state; see psd_flags
  uint32_t enlat;  // Entry latency in microseconds
  uint32_t exlat;  // Exit latency in microseconds
  uint8_t rrt;     // Relative read throughput
  uint8_t rrl;     // Relative read latency
  uint8_t rwt;     // Relative write throughput
  uint8_t rwl;     // Relative write latency
  uint16_t idlp;   // Idle power
  uint8_t ips;     // Idle power scale
  uint8_t reserved_19[1];
  uint16_t actp;   // Active power
  uint8_t apws;    // Active power workload and scale
  uint8_t reserved_23[9];
};

// One LBA format of a namespace.
struct LbaFormat {
  uint16_t ms;    // Metadata bytes per logical block
  uint8_t lbads;  // LBA data size as a power of two
  uint8_t rp;     // Relative performance, 0 is best
};

// SGL descriptor of any type but the keyed one.
struct SglDescriptor {
  uint64_t address;    // Address; reserved in a bit bucket
  uint32_t length;     // Length in bytes, of a segment that of its descriptors
  uint8_t reserved_12[3];
  uint8_t identifier;  // SGL identifier: type and subtype; see sgl_identifier
};

// One range of Dataset Management.
struct DatasetManagementRange {
  uint32_t cattr;  // Context attributes
  uint32_t nlb;    // Length in logical blocks
  uint64_t slba;   // Starting LBA
};

// One source range of Copy, descriptor format 0.
struct CopyDescriptor {
  uint8_t reserved_0[8];
  uint64_t slba;    // Starting LBA
  uint16_t nlb;     // Number of logical blocks, zero-based
  uint8_t reserved_18[6];
  uint32_t eilbrt;  // Expected initial logical block reference tag
  uint16_t elbatm;  // Expected logical block application tag mask
  uint16_t elbat;   // Expected logical block application tag
};

// Protection information of one logical block, 16-bit guard; all three are BIG-endian.
struct ProtectionInformation {
  uint16_t guard;            // CRC-16 T10-DIF of what stands before it, big-endian
  uint16_t application_tag;  // Logical block application tag, big-endian
  uint32_t reference_tag;    // Logical block storage and reference tag, big-endian
};

// What the host chooses in Namespace Management create, where Identify Namespace has it.
struct NamespaceManagementData {
  uint64_t nsze;      // Namespace size in logical blocks
  uint64_t ncap;      // Namespace capacity in logical blocks
  uint8_t reserved_16[10];
  uint8_t flbas;      // Formatted LBA size
  uint8_t reserved_27[2];
  uint8_t dps;        // End-to-end data protection type settings
  uint8_t nmic;       // Namespace multi-path I/O and namespace sharing capabilities
  uint8_t reserved_31[61];
  uint32_t anagrpid;  // ANA group identifier
  uint8_t reserved_96[4];
  uint16_t nvmsetid;  // NVM set identifier
  uint16_t endgid;    // Endurance group identifier
  uint8_t reserved_104[280];
  uint64_t lbstm;     // Logical block storage tag mask
  uint8_t reserved_392[3704];
};

// One entry of the LBA Range Type feature.
struct LbaRangeType {
  uint8_t type;        // Type; see lba_range_type
  uint8_t attributes;  // Whether the range may be overwritten, and is hidden from the system
  uint8_t reserved_2[14];
  uint64_t slba;       // Starting LBA
  uint64_t nlb;        // Number of logical blocks, zero-based
  uint8_t guid[16];    // Unique identifier
  uint8_t reserved_48[16];
};

// Data of the Autonomous Power State Transition feature.
struct AutonomousPowerStateTransition {
  uint64_t apst_entry[32];  // One entry for each power state; see apst_entry
};

// Data of the Timestamp feature.
struct Timestamp {
  uint8_t timestamp[6];  // Milliseconds, least significant byte first
  uint8_t attributes;    // How it came to be; see timestamp_attributes
  uint8_t reserved_7[1];
};

// Data of the Host Behavior Support feature; each byte is 0 or 1.
struct HostBehaviorSupport {
  uint8_t acre;    // Advanced command retry enable
  uint8_t etdas;   // Extended telemetry data area 4 supported
  uint8_t lbafee;  // LBA format extension enable
  uint8_t reserved_3[509];
};

// Identify Controller (CNS 01h).
struct IdentifyController {
  uint16_t vid;  // PCI vendor ID
  uint16_t ssvid;  // PCI subsystem vendor ID
  char sn[20];  // Serial number
  char mn[40];  // Model number
  char fr[8];  // Firmware revision
  uint8_t rab;  // Recommended arbitration burst as a power of two
  uint8_t ieee[3];  // IEEE OUI identifier, least significant byte first
  uint8_t cmic;  // Controller multi-path I/O and namespace sharing capabilities
  uint8_t mdts;  // Maximum data transfer size as a power of two of MPSMIN pages, 0 is no limit
  uint16_t cntlid;  // Controller ID
  uint32_t ver;  // Version, as the VS register
  uint32_t rtd3r;  // RTD3 resume latency in microseconds
  uint32_t rtd3e;  // RTD3 entry latency in microseconds
  uint32_t oaes;  // Optional asynchronous events supported
  uint32_t ctratt;  // Controller attributes
  uint16_t rrls;  // Read recovery levels supported
  uint8_t reserved_102[9];
  uint8_t cntrltype;  // Controller type; see controller_type
  uint8_t fguid[16];  // FRU globally unique identifier
  uint16_t crdt1;  // Command retry delay time 1 in units of 100 ms
  uint16_t crdt2;  // Command retry delay time 2 in units of 100 ms
  uint16_t crdt3;  // Command retry delay time 3 in units of 100 ms
  uint8_t reserved_134[119];
  uint8_t nvmsr;  // NVM subsystem report
  uint8_t vwci;  // VPD write cycle information
  uint8_t mec;  // Management endpoint capabilities
  uint16_t oacs;  // Optional admin command support
  uint8_t acl;  // Abort command limit, zero-based
  uint8_t aerl;  // Asynchronous event request limit, zero-based
  uint8_t frmw;  // Firmware updates
  uint8_t lpa;  // Log page attributes
  uint8_t elpe;  // Error log page entries, zero-based
  uint8_t npss;  // Number of power states supported, zero-based
  uint8_t avscc;  // Admin vendor specific command configuration
  uint8_t apsta;  // Autonomous power state transition attributes
  uint16_t wctemp;  // Warning composite temperature threshold in kelvin
  uint16_t cctemp;  // Critical composite temperature threshold in kelvin
  uint16_t mtfa;  // Maximum time for firmware activation in units of 100 ms
  uint32_t hmpre;  // Host memory buffer preferred size in units of 4 KiB
  uint32_t hmmin;  // Host memory buffer minimum size in units of 4 KiB
  Uint128 tnvmcap;  // Total NVM capacity in bytes
  Uint128 unvmcap;  // Unallocated NVM capacity in bytes
  uint32_t rpmbs;  // Replay protected memory block support
  uint16_t edstt;  // Extended device self-test time in minutes
  uint8_t dsto;  // Device self-test options
  uint8_t fwug;  // Firmware update granularity in units of 4 KiB
  uint16_t kas;  // Keep alive granularity in units of 100 ms
  uint16_t hctma;  // Host controlled thermal management attributes
  uint16_t mntmt;  // Minimum thermal management temperature in kelvin
  uint16_t mxtmt;  // Maximum thermal management temperature in kelvin
  uint32_t sanicap;  // Sanitize capabilities
  uint32_t hmminds;  // Host memory buffer minimum descriptor entry size in units of 4 KiB
  uint16_t hmmaxd;  // Host memory maximum descriptor entries
  uint16_t nsetidmax;  // NVM set identifier maximum
  uint16_t endgidmax;  // Endurance group identifier maximum
  uint8_t anatt;  // ANA transition time in seconds
  uint8_t anacap;  // Asymmetric namespace access capabilities
  uint32_t anagrpmax;  // ANA group identifier maximum
  uint32_t nanagrpid;  // Number of ANA group identifiers
  uint32_t pels;  // Persistent event log size in units of 64 KiB
  uint16_t domainid;  // Domain identifier
  uint8_t reserved_358[10];
  Uint128 megcap;  // Maximum endurance group capacity in bytes
  uint8_t reserved_384[128];
  uint8_t sqes;  // Submission queue entry size; see entry_size
  uint8_t cqes;  // Completion queue entry size; see entry_size
  uint16_t maxcmd;  // Maximum outstanding commands
  uint32_t nn;  // Number of namespaces: the largest valid NSID
  uint16_t oncs;  // Optional NVM command support
  uint16_t fuses;  // Fused operation support
  uint8_t fna;  // Format NVM attributes
  uint8_t vwc;  // Volatile write cache
  uint16_t awun;  // Atomic write unit normal in logical blocks, zero-based
  uint16_t awupf;  // Atomic write unit power fail in logical blocks, zero-based
  uint8_t icsvscc;  // I/O command set vendor specific command configuration
  uint8_t nwpc;  // Namespace write protection capabilities
  uint16_t acwu;  // Atomic compare and write unit in logical blocks, zero-based
  uint16_t ocfs;  // Optional copy formats supported
  uint32_t sgls;  // SGL support
  uint32_t mnan;  // Maximum number of allowed namespaces, 0 is NN
  Uint128 maxdna;  // Maximum domain namespace attachments
  uint32_t maxcna;  // Maximum I/O controller namespace attachments
  uint8_t reserved_564[204];
  char subnqn[256];  // NVM subsystem NVMe qualified name
  uint8_t reserved_1024[768];
  uint32_t ioccsz;  // I/O queue command capsule supported size in units of 16 bytes
  uint32_t iorcsz;  // I/O queue response capsule supported size in units of 16 bytes
  uint16_t icdoff;  // In capsule data offset in units of 16 bytes
  uint8_t fcatt;  // Fabrics controller attributes
  uint8_t msdbd;  // Maximum SGL data block descriptors
  uint16_t ofcs;  // Optional fabrics commands support
  uint8_t dctype;  // Discovery controller type
  uint8_t reserved_1807[241];
  PowerStateDescriptor psd[32];  // Power state descriptors
  uint8_t vs[1024];  // Vendor specific
};

// Identify Namespace of the NVM command set (CNS 00h).
struct IdentifyNamespace {
  uint64_t nsze;       // Namespace size in logical blocks
  uint64_t ncap;       // Namespace capacity in logical blocks
  uint64_t nuse;       // Namespace utilization in logical blocks
  uint8_t nsfeat;      // Namespace features
  uint8_t nlbaf;       // Number of LBA formats, zero-based
  uint8_t flbas;       // Formatted LBA size
  uint8_t mc;          // Metadata capabilities
  uint8_t dpc;         // End-to-end data protection capabilities
  uint8_t dps;         // End-to-end data protection type settings
  uint8_t nmic;        // Namespace multi-path I/O and namespace sharing capabilities
  uint8_t rescap;      // Reservation capabilities
  uint8_t fpi;         // Format progress indicator
  uint8_t dlfeat;      // Deallocate logical block features
  uint16_t nawun;      // Namespace atomic write unit normal, zero-based
  uint16_t nawupf;     // Namespace atomic write unit power fail, zero-based
  uint16_t nacwu;      // Namespace atomic compare and write unit, zero-based
  uint16_t nabsn;      // Namespace atomic boundary size normal, zero-based
  uint16_t nabo;       // Namespace atomic boundary offset
  uint16_t nabspf;     // Namespace atomic boundary size power fail, zero-based
  uint16_t noiob;      // Namespace optimal I/O boundary in logical blocks
  Uint128 nvmcap;      // NVM capacity in bytes
  uint16_t npwg;       // Namespace preferred write granularity, zero-based
  uint16_t npwa;       // Namespace preferred write alignment, zero-based
  uint16_t npdg;       // Namespace preferred deallocate granularity, zero-based
  uint16_t npda;       // Namespace preferred deallocate alignment, zero-based
  uint16_t nows;       // Namespace optimal write size, zero-based
  uint16_t mssrl;      // Maximum single source range length of a copy in logical blocks
  uint32_t mcl;        // Maximum copy length in logical blocks
  uint8_t msrc;        // Maximum source range count of a copy, zero-based
  uint8_t reserved_81[1];
  uint8_t nulbaf;      // Number of unique capability LBA formats
  uint8_t reserved_83[9];
  uint32_t anagrpid;   // ANA group identifier
  uint8_t reserved_96[3];
  uint8_t nsattr;      // Namespace attributes
  uint16_t nvmsetid;   // NVM set identifier
  uint16_t endgid;     // Endurance group identifier
  uint8_t nguid[16];   // Namespace globally unique identifier, big-endian
  uint8_t eui64[8];    // IEEE extended unique identifier, big-endian
  LbaFormat lbaf[64];  // LBA formats
  uint64_t lbstm;      // Logical block storage tag mask
  uint8_t vs[3704];    // Vendor specific
};

// What the NVM command set adds to Identify Namespace (CNS 05h).
struct IdentifyNamespaceNvm {
  uint64_t lbstm;      // Logical block storage tag mask
  uint8_t pic;         // Protection information capabilities
  uint8_t reserved_9[3];
  uint32_t elbaf[64];  // Extended LBA formats, in the order of LBAF; see elbaf
  uint8_t reserved_268[3828];
};

// What the NVM command set adds to Identify Controller (CNS 06h); a limit of 0 is none.
struct IdentifyControllerNvm {
  uint8_t vsl;     // Verify size limit as a power of two of MPSMIN pages
  uint8_t wzsl;    // Write Zeroes size limit as a power of two of MPSMIN pages
  uint8_t wusl;    // Write Uncorrectable size limit as a power of two of MPSMIN pages
  uint8_t dmrl;    // Dataset Management ranges limit
  uint32_t dmrsl;  // Dataset Management range size limit in logical blocks
  uint64_t dmsl;   // Dataset Management size limit in logical blocks
  uint8_t reserved_16[4080];
};

// Identify Namespace without what belongs to a command set (CNS 08h).
struct IdentifyNamespaceIndependent {
  uint8_t nsfeat;     // Namespace features; see independent_nsfeat
  uint8_t nmic;       // Namespace multi-path I/O and namespace sharing capabilities
  uint8_t rescap;     // Reservation capabilities
  uint8_t fpi;        // Format progress indicator
  uint32_t anagrpid;  // ANA group identifier
  uint8_t nsattr;     // Namespace attributes
  uint8_t reserved_9[1];
  uint16_t nvmsetid;  // NVM set identifier
  uint16_t endgid;    // Endurance group identifier
  uint8_t nstat;      // Namespace status
  uint8_t reserved_15[4081];
};

// Header of a namespace identification descriptor (CNS 03h); NIDL bytes follow it.
struct NamespaceIdDescriptor {
  uint8_t nidt;  // Namespace identifier type; see namespace_identifier_type
  uint8_t nidl;  // Namespace identifier length
  uint8_t reserved_2[2];
};

// NSIDs in ascending order up to the first 0: CNS 02h, 07h, 10h, 1Ah and log page 04h.
struct NamespaceList {
  uint32_t ns[1024];  // Namespace identifiers
};

// Controller identifiers in ascending order: CNS 12h and 13h, Namespace Attachment.
struct ControllerList {
  uint16_t num;               // Number of identifiers
  uint16_t identifier[2047];  // Controller identifiers
};

// Primary Controller Capabilities (CNS 14h).
struct PrimaryControllerCapabilities {
  uint16_t cntlid;  // Controller identifier
  uint16_t portid;  // Port identifier
  uint8_t crt;      // Controller resource types
  uint8_t reserved_5[27];
  uint32_t vqfrt;   // VQ resources flexible total
  uint32_t vqrfa;   // VQ resources flexible assigned
  uint16_t vqrfap;  // VQ resources flexible allocated to primary
  uint16_t vqprt;   // VQ resources private total
  uint16_t vqfrsm;  // VQ resources flexible secondary maximum
  uint16_t vqgran;  // VQ flexible resource preferred granularity
  uint8_t reserved_48[16];
  uint32_t vifrt;   // VI resources flexible total
  uint32_t virfa;   // VI resources flexible assigned
  uint16_t virfap;  // VI resources flexible allocated to primary
  uint16_t viprt;   // VI resources private total
  uint16_t vifrsm;  // VI resources flexible secondary maximum
  uint16_t vigran;  // VI flexible resource preferred granularity
  uint8_t reserved_80[4016];
};

// I/O Command Set data structure (CNS 1Ch).
struct CommandSets {
  uint64_t iocsc[512];  // I/O command set combinations: bit N stands for the set of CSI N
};

// Supported Log Pages (LID 00h).
struct SupportedLogPages {
  uint32_t lid_support[256];  // LID supported and effects, of every LID; see lid_effects
};

// One entry of Error Information (LID 01h), the newest first.
struct ErrorLogEntry {
  uint64_t error_count;  // Number of this error since the first of all, 0 in no entry
  uint16_t sqid;  // Submission queue identifier, FFFFh for none
  uint16_t cid;  // Command identifier, FFFFh for none
  uint16_t status_field;  // Status field in bits 15:1, phase tag in bit 0
  uint16_t parameter_error_location;  // Byte and bit, FFFFh for none; see error_location
  uint64_t lba;  // First LBA that had the error
  uint32_t nsid;  // Namespace identifier
  uint8_t vs;  // Vendor specific information available: its log page, 0 for none
  uint8_t trtype;  // Transport type
  uint8_t reserved_30[2];
  uint64_t command_specific;  // Command specific information
  uint16_t transport_specific;  // Transport type specific information
  uint8_t reserved_42[22];
};

// SMART / Health Information (LID 02h).
struct [[gnu::packed]] SmartLog {
  uint8_t critical_warning;  // Critical warning; see critical_warning
  uint16_t composite_temperature;  // Composite temperature in kelvin
  uint8_t available_spare;  // Available spare in percent
  uint8_t available_spare_threshold;  // Available spare threshold in percent
  uint8_t percentage_used;  // Percentage of the life used, may exceed 100
// Critical warnings of all endurance groups; see endurance_group_critical_warning
  uint8_t endurance_group_critical_warning;
  uint8_t reserved_7[25];
  Uint128 data_units_read;  // Data units read, in thousands of 512 bytes, rounded up
  Uint128 data_units_written;  // Data units written, in thousands of 512 bytes, rounded up
  Uint128 host_read_commands;  // Host read commands
  Uint128 host_write_commands;  // Host write commands
  Uint128 controller_busy_time;  // Controller busy time in minutes
  Uint128 power_cycles;  // Power cycles
  Uint128 power_on_hours;  // Power on hours
  Uint128 unsafe_shutdowns;  // Unsafe shutdowns
  Uint128 media_errors;  // Media and data integrity errors
  Uint128 error_log_entries;  // Number of error information log entries
// Minutes that the composite temperature was at or above WCTEMP and below CCTEMP
  uint32_t warning_temperature_time;
// Minutes that the composite temperature was at or above CCTEMP
  uint32_t critical_temperature_time;
  uint16_t temperature_sensor[8];  // Temperature sensors in kelvin, 0 for none
// Thermal management temperature 1 transition count
  uint32_t thermal_management_temperature_1_transition_count;
// Thermal management temperature 2 transition count
  uint32_t thermal_management_temperature_2_transition_count;
// Total time for thermal management temperature 1 in seconds
  uint32_t thermal_management_temperature_1_total_time;
// Total time for thermal management temperature 2 in seconds
  uint32_t thermal_management_temperature_2_total_time;
  uint8_t reserved_232[280];
};

// Name of a firmware image, zeroes where a slot has none.
struct FirmwareRevision {
  char revision[8];  // Firmware revision
};

// Firmware Slot Information (LID 03h).
struct FirmwareSlotLog {
  uint8_t afi;              // Active firmware info; see active_firmware_info
  uint8_t reserved_1[7];
  FirmwareRevision frs[7];  // Firmware revisions of slots 1 to 7
  uint8_t reserved_64[448];
};

// Commands Supported and Effects (LID 05h); see command_effects.
struct CommandEffectsLog {
  uint32_t acs[256];   // Admin commands, by opcode
  uint32_t iocs[256];  // I/O commands, by opcode
  uint8_t reserved_2048[2048];
};

// Outcome of one device self-test.
struct [[gnu::packed]] SelfTestResult {
  uint8_t dsts;   // Device self-test status: result and code; see self_test_status
  uint8_t seg;    // Segment number that failed first
  uint8_t vdi;    // Valid diagnostic information; see valid_diagnostic_info
  uint8_t reserved_3[1];
  uint64_t poh;   // Power on hours
  uint32_t nsid;  // Namespace identifier that failed
  uint64_t flba;  // Failing LBA
  uint8_t sct;    // Status code type
  uint8_t sc;     // Status code
  uint8_t vs[2];  // Vendor specific
};

// Device Self-test (LID 06h).
struct SelfTestLog {
  uint8_t current_operation;  // Self-test code of the one that runs in bits 3:0, 0 for none
  uint8_t completion;         // Percentage complete in bits 6:0
  uint8_t reserved_2[2];
  SelfTestResult result[20];  // The newest first
};

// Feature Identifiers Supported and Effects (LID 12h).
struct FeatureEffectsLog {
  uint32_t fid_support[256];  // FID supported and effects, of every FID; see fid_effects
};

// Sanitize Status (LID 81h); times are in seconds, FFFFFFFFh is not reported.
struct SanitizeStatusLog {
  uint16_t sprog;   // Sanitize progress in units of 1/65536, FFFFh if none runs
  uint16_t sstat;   // Sanitize status; see sstat
  uint32_t scdw10;  // Command dword 10 of the Sanitize that started it
  uint32_t eto;     // Estimated time for overwrite
  uint32_t etbe;    // Estimated time for block erase
  uint32_t etce;    // Estimated time for crypto erase
  uint32_t etond;   // Estimated time for overwrite with no-deallocate media modification
  uint32_t etbend;  // Estimated time for block erase with no-deallocate media modification
  uint32_t etcend;  // Estimated time for crypto erase with no-deallocate media modification
  uint8_t reserved_32[480];
};

// Header of Persistent Event Log (LID 0Dh).
struct [[gnu::packed]] PersistentEventLogHeader {
  uint8_t lid;          // Log page identifier
  uint8_t reserved_1[3];
  uint32_t tnev;        // Total number of events
  uint64_t tll;         // Total log length in bytes
  uint8_t rv;           // Log revision
  uint8_t reserved_17[1];
  uint16_t lhl;         // Bytes of this header that follow this field
  uint64_t ts;          // Timestamp, as the Timestamp feature has it
  Uint128 poh;          // Power on hours
  uint64_t pcc;         // Power cycle count
  uint16_t vid;         // PCI vendor ID
  uint16_t ssvid;       // PCI subsystem vendor ID
  char sn[20];          // Serial number
  char mn[40];          // Model number
  char subnqn[256];     // NVM subsystem NVMe qualified name
  uint16_t gen_number;  // Generation number
  uint32_t rci;         // Reporting context information; see reporting_context
  uint8_t reserved_378[102];
  uint8_t seb[32];      // Supported events bitmap: bit N stands for event type N
};

// Header of a persistent event; VSIL bytes of vendor information and the data follow it.
struct [[gnu::packed]] PersistentEventHeader {
  uint8_t etype;      // Event type; see persistent_event_type
  uint8_t etype_rev;  // Event type revision
  uint8_t ehl;        // Bytes of this header that follow this field
  uint8_t ehai;       // Event header additional information
  uint16_t cntlid;    // Controller identifier
  uint64_t ets;       // Event timestamp
  uint16_t pelpid;    // Port identifier
  uint8_t reserved_16[4];
  uint16_t vsil;      // Vendor specific information length
  uint16_t el;        // Event length: vendor specific information and data
};

// Data of a Firmware Commit event.
struct [[gnu::packed]] FirmwareCommitEvent {
  uint64_t old_revision;   // Firmware revision before
  uint64_t new_revision;   // Firmware revision committed
  uint8_t commit_action;   // Commit action
  uint8_t slot;            // Firmware slot
  uint8_t sct;             // Status code type
  uint8_t sc;              // Status code
  uint16_t vendor_result;  // Vendor assigned result code
};

// Data of a Timestamp Change event.
struct TimestampChangeEvent {
  uint64_t previous_timestamp;        // Timestamp before the change
  uint64_t milliseconds_since_reset;  // Milliseconds since the last controller level reset
};

// One controller in a Power-on or Reset event, after 8 bytes of firmware revision.
struct [[gnu::packed]] PowerOnResetDescriptor {
  uint16_t cntlid;                 // Controller identifier
  uint8_t firmware_activation;     // Firmware activation
  uint8_t operation_in_progress;   // Operation in progress
  uint8_t reserved_4[12];
  uint32_t power_cycle_count;      // Controller power cycles
  uint64_t power_on_milliseconds;  // Milliseconds since power on
  uint64_t timestamp;              // Controller timestamp
};

// Data of a Change Namespace event.
struct ChangeNamespaceEvent {
  uint32_t nsmgt_cdw10;  // Command dword 10 of Namespace Management
  uint8_t reserved_4[4];
  uint64_t nsze;         // Namespace size
  uint8_t reserved_16[8];
  uint64_t ncap;         // Namespace capacity
  uint8_t flbas;         // Formatted LBA size
  uint8_t dps;           // End-to-end data protection type settings
  uint8_t nmic;          // Namespace multi-path I/O and namespace sharing capabilities
  uint8_t reserved_35[1];
  uint32_t anagrpid;     // ANA group identifier
  uint16_t nvmsetid;     // NVM set identifier
  uint8_t reserved_42[2];
  uint32_t nsid;         // Namespace identifier, FFFFFFFFh for all
};

// Data of a Format NVM Start event.
struct FormatStartEvent {
  uint32_t nsid;   // Namespace identifier
  uint8_t fna;     // Format NVM attributes of the controller
  uint8_t reserved_5[3];
  uint32_t cdw10;  // Command dword 10 of Format NVM
};

// Data of a Format NVM Completion event.
struct FormatCompletionEvent {
  uint32_t nsid;                    // Namespace identifier
  uint8_t smallest_fpi;             // Smallest format progress indicator seen
  uint8_t format_status;            // Format NVM status
  uint16_t completion_information;  // Vendor specific
  uint32_t status_field;            // Status field of the completion
};

// Data of a Sanitize Start event.
struct SanitizeStartEvent {
  uint32_t sanicap;  // Sanitize capabilities of the controller
  uint32_t cdw10;    // Command dword 10 of Sanitize
  uint32_t cdw11;    // Command dword 11 of Sanitize
};

// Data of a Sanitize Completion event.
struct SanitizeCompletionEvent {
  uint16_t sprog;                   // Sanitize progress
  uint16_t sstat;                   // Sanitize status; see sstat
  uint16_t completion_information;  // Vendor specific
  uint8_t reserved_6[2];
};

// Byte offsets in BAR0.
namespace registers {
inline constexpr uint32_t cap = 0x00;  // Controller capabilities
inline constexpr uint32_t vs = 0x08;  // Version
inline constexpr uint32_t intms = 0x0c;  // Interrupt mask set
inline constexpr uint32_t intmc = 0x10;  // Interrupt mask clear
inline constexpr uint32_t cc = 0x14;  // Controller configuration
inline constexpr uint32_t csts = 0x1c;  // Controller status
// NVM subsystem reset: writing 4E564D65h, "NVMe", requests one
inline constexpr uint32_t nssr = 0x20;
inline constexpr uint32_t aqa = 0x24;  // Admin queue attributes
inline constexpr uint32_t asq = 0x28;  // Admin submission queue base address
inline constexpr uint32_t acq = 0x30;  // Admin completion queue base address
inline constexpr uint32_t cmbloc = 0x38;  // Controller memory buffer location
inline constexpr uint32_t cmbsz = 0x3c;  // Controller memory buffer size
inline constexpr uint32_t bpinfo = 0x40;  // Boot partition information
inline constexpr uint32_t bprsel = 0x44;  // Boot partition read select
inline constexpr uint32_t bpmbl = 0x48;  // Boot partition memory buffer location
inline constexpr uint32_t cmbmsc = 0x50;  // Controller memory buffer memory space control
inline constexpr uint32_t cmbsts = 0x58;  // Controller memory buffer status
inline constexpr uint32_t cmbebs = 0x5c;  // Controller memory buffer elasticity buffer size
inline constexpr uint32_t cmbswtp = 0x60;  // Controller memory buffer sustained write throughput
inline constexpr uint32_t nssd = 0x64;  // NVM subsystem shutdown
inline constexpr uint32_t crto = 0x68;  // Controller ready timeouts
inline constexpr uint32_t pmrcap = 0xe00;  // Persistent memory region capabilities
inline constexpr uint32_t pmrctl = 0xe04;  // Persistent memory region control
inline constexpr uint32_t pmrsts = 0xe08;  // Persistent memory region status
inline constexpr uint32_t pmrebs = 0xe0c;  // Persistent memory region elasticity buffer size
inline constexpr uint32_t pmrswtp = 0xe10;  // Persistent memory region sustained write throughput
// Persistent memory region memory space control, lower half
inline constexpr uint32_t pmrmscl = 0xe14;
// Persistent memory region memory space control, upper half
inline constexpr uint32_t pmrmscu = 0xe18;
// Submission queue 0 tail doorbell, the first of all doorbells
inline constexpr uint32_t doorbells = 0x1000;
}  // namespace registers

// Controller capabilities.
namespace cap {
inline constexpr Bits64<15, 0> mqes;     // Maximum queue entries supported, zero-based
inline constexpr Bits64<16, 16> cqr;     // Contiguous queues required
inline constexpr Bits64<18, 17> ams;     // Arbitration mechanisms supported; see cap_ams
inline constexpr Bits64<31, 24> to;      // Timeout of enable and disable in units of 500 ms
inline constexpr Bits64<35, 32> dstrd;   // Doorbell stride as a power of two of 4 bytes
inline constexpr Bits64<36, 36> nssrs;   // NVM subsystem reset supported
inline constexpr Bits64<44, 37> css;     // Command sets supported; see cap_css
inline constexpr Bits64<45, 45> bps;     // Boot partition support
inline constexpr Bits64<47, 46> cps;     // Controller power scope
inline constexpr Bits64<51, 48> mpsmin;  // Memory page size minimum as a power of two of 4 KiB
inline constexpr Bits64<55, 52> mpsmax;  // Memory page size maximum as a power of two of 4 KiB
inline constexpr Bits64<56, 56> pmrs;    // Persistent memory region supported
inline constexpr Bits64<57, 57> cmbs;    // Controller memory buffer supported
inline constexpr Bits64<58, 58> nsss;    // NVM subsystem shutdown supported
inline constexpr Bits64<60, 59> crms;    // Controller ready modes supported; see cap_crms
}  // namespace cap

// AMS of the register cap.
namespace cap_ams {
// Weighted round robin with urgent priority class
inline constexpr Bits8<0, 0> weighted_round_robin;
inline constexpr Bits8<1, 1> vendor_specific;  // Vendor specific
}  // namespace cap_ams

// CSS of the register cap.
namespace cap_css {
inline constexpr Bits8<0, 0> nvm;  // NVM command set
// One or more I/O command sets, as the CommandSets structure says
inline constexpr Bits8<6, 6> io_command_sets;
inline constexpr Bits8<7, 7> admin_only;  // No I/O command set
}  // namespace cap_css

// CRMS of the register cap.
namespace cap_crms {
inline constexpr Bits8<0, 0> crwms;  // Controller ready with media support
inline constexpr Bits8<1, 1> crims;  // Controller ready independent of media support
}  // namespace cap_crms

// Version.
namespace vs {
inline constexpr Bits32<7, 0> ter;    // Tertiary version number
inline constexpr Bits32<15, 8> mnr;   // Minor version number
inline constexpr Bits32<31, 16> mjr;  // Major version number
}  // namespace vs

// Controller configuration.
namespace cc {
inline constexpr Bits32<0, 0> en;        // Enable
inline constexpr Bits32<6, 4> css;       // I/O command set selected; see cc_css
inline constexpr Bits32<10, 7> mps;      // Memory page size as a power of two of 4 KiB
inline constexpr Bits32<13, 11> ams;     // Arbitration mechanism selected; see cc_ams
inline constexpr Bits32<15, 14> shn;     // Shutdown notification; see cc_shn
inline constexpr Bits32<19, 16> iosqes;  // I/O submission queue entry size as a power of two
inline constexpr Bits32<23, 20> iocqes;  // I/O completion queue entry size as a power of two
inline constexpr Bits32<24, 24> crime;   // Controller ready independent of media enable
}  // namespace cc

// Controller status.
namespace csts {
inline constexpr Bits32<0, 0> rdy;    // Ready
inline constexpr Bits32<1, 1> cfs;    // Controller fatal status
inline constexpr Bits32<3, 2> shst;   // Shutdown status; see csts_shst
inline constexpr Bits32<4, 4> nssro;  // NVM subsystem reset occurred
inline constexpr Bits32<5, 5> pp;     // Processing paused
inline constexpr Bits32<6, 6> st;     // Shutdown type: 0 controller, 1 NVM subsystem
}  // namespace csts

// Admin queue attributes.
namespace aqa {
inline constexpr Bits32<11, 0> asqs;   // Admin submission queue size, zero-based
inline constexpr Bits32<27, 16> acqs;  // Admin completion queue size, zero-based
}  // namespace aqa

// Controller memory buffer location.
namespace cmbloc {
inline constexpr Bits32<2, 0> bir;      // Base indicator register
inline constexpr Bits32<3, 3> cqmms;    // Queue mixed memory support
inline constexpr Bits32<4, 4> cqpds;    // Queue physically discontiguous support
inline constexpr Bits32<5, 5> cdpmls;   // Data pointer mixed locations support
inline constexpr Bits32<6, 6> cdpcils;  // Data pointer and command independent locations support
inline constexpr Bits32<7, 7> cdmmms;   // Data metadata mixed memory support
inline constexpr Bits32<8, 8> cqda;     // Queue dword alignment
inline constexpr Bits32<31, 12> ofst;   // Offset in units of CMBSZ.SZU
}  // namespace cmbloc

// Controller memory buffer size.
namespace cmbsz {
inline constexpr Bits32<0, 0> sqs;    // Submission queue support
inline constexpr Bits32<1, 1> cqs;    // Completion queue support
inline constexpr Bits32<2, 2> lists;  // PRP and SGL list support
inline constexpr Bits32<3, 3> rds;    // Read data support
inline constexpr Bits32<4, 4> wds;    // Write data support
inline constexpr Bits32<11, 8> szu;   // Size units: 0 is 4 KiB, each step is 16 times as much
inline constexpr Bits32<31, 12> sz;   // Size in units of SZU
}  // namespace cmbsz

// Boot partition information.
namespace bpinfo {
inline constexpr Bits32<14, 0> bpsz;    // Boot partition size in units of 128 KiB
inline constexpr Bits32<25, 24> brs;    // Boot read status
inline constexpr Bits32<31, 31> abpid;  // Active boot partition identifier
}  // namespace bpinfo

// Boot partition read select.
namespace bprsel {
inline constexpr Bits32<9, 0> bprsz;    // Boot partition read size in units of 4 KiB
inline constexpr Bits32<29, 10> bprof;  // Boot partition read offset in units of 4 KiB
inline constexpr Bits32<31, 31> bpid;   // Boot partition identifier
}  // namespace bprsel

// Controller memory buffer memory space control.
namespace cmbmsc {
inline constexpr Bits64<0, 0> cre;    // Capabilities registers enabled
inline constexpr Bits64<1, 1> cmse;   // Controller memory space enable
inline constexpr Bits64<63, 12> cba;  // Controller base address in units of 4 KiB
}  // namespace cmbmsc

// Controller memory buffer status.
namespace cmbsts {
inline constexpr Bits32<0, 0> cbai;  // Controller base address invalid
}  // namespace cmbsts

// Controller memory buffer elasticity buffer size.
namespace cmbebs {
inline constexpr Bits32<3, 0> cmbszu;   // Size units
inline constexpr Bits32<4, 4> cmbrbb;   // Read bypass behavior
inline constexpr Bits32<31, 8> cmbwbz;  // Elasticity buffer size base
}  // namespace cmbebs

// Controller memory buffer sustained write throughput.
namespace cmbswtp {
inline constexpr Bits32<3, 0> cmbswtu;   // Throughput units
inline constexpr Bits32<31, 8> cmbswtv;  // Throughput
}  // namespace cmbswtp

// Controller ready timeouts in units of 500 ms.
namespace crto {
inline constexpr Bits32<15, 0> crwmt;   // Ready with media timeout
inline constexpr Bits32<31, 16> crimt;  // Ready independent of media timeout
}  // namespace crto

// Persistent memory region capabilities.
namespace pmrcap {
inline constexpr Bits32<3, 3> rds;       // Read data support
inline constexpr Bits32<4, 4> wds;       // Write data support
inline constexpr Bits32<7, 5> bir;       // Base indicator register
inline constexpr Bits32<9, 8> pmrtu;     // Time units
inline constexpr Bits32<13, 10> pmrwbm;  // Write barrier mechanisms
inline constexpr Bits32<23, 16> pmrto;   // Timeout in units of PMRTU
inline constexpr Bits32<24, 24> cmss;    // Controller memory space supported
}  // namespace pmrcap

// Persistent memory region control.
namespace pmrctl {
inline constexpr Bits32<0, 0> en;  // Enable
}  // namespace pmrctl

// Persistent memory region status.
namespace pmrsts {
inline constexpr Bits32<7, 0> err;     // Error
inline constexpr Bits32<8, 8> nrdy;    // Not ready
inline constexpr Bits32<11, 9> hsts;   // Health status
inline constexpr Bits32<12, 12> cbai;  // Controller base address invalid
}  // namespace pmrsts

// Persistent memory region elasticity buffer size.
namespace pmrebs {
inline constexpr Bits32<3, 0> pmrszu;   // Size units
inline constexpr Bits32<4, 4> rbb;      // Read bypass behavior
inline constexpr Bits32<31, 8> pmrwbz;  // Elasticity buffer size base
}  // namespace pmrebs

// Persistent memory region sustained write throughput.
namespace pmrswtp {
inline constexpr Bits32<3, 0> pmrswtu;   // Throughput units
inline constexpr Bits32<31, 8> pmrswtv;  // Throughput
}  // namespace pmrswtp

// Persistent memory region memory space control, lower half.
namespace pmrmscl {
inline constexpr Bits32<1, 1> cmse;   // Controller memory space enable
inline constexpr Bits32<31, 12> cba;  // Controller base address, bits 31:12
}  // namespace pmrmscl

// SGL identifier of an SGL descriptor.
namespace sgl_identifier {
inline constexpr Bits8<3, 0> subtype;  // Descriptor subtype; see sgl_descriptor_subtype
inline constexpr Bits8<7, 4> type;     // Descriptor type; see sgl_descriptor_type
}  // namespace sgl_identifier

// Flags of a command.
namespace sqe_flags {
inline constexpr Bits8<1, 0> fuse;  // Fused operation; see fused_operation
inline constexpr Bits8<7, 6> psdt;  // PRP or SGL for data transfer; see data_pointer
}  // namespace sqe_flags

// Last word of a completion queue entry.
namespace cqe_status {
inline constexpr Bits16<0, 0> p;    // Phase tag
inline constexpr Bits16<15, 1> sf;  // Status field; see status_field
}  // namespace cqe_status

// Status field of a completion without the phase tag, as spec::status has it.
namespace status_field {
inline constexpr Bits16<7, 0> sc;     // Status code
inline constexpr Bits16<10, 8> sct;   // Status code type
inline constexpr Bits16<12, 11> crd;  // Command retry delay
inline constexpr Bits16<13, 13> m;    // More: the error information log has details
inline constexpr Bits16<14, 14> dnr;  // Do not retry
}  // namespace status_field

// Delete I/O Submission Queue and Delete I/O Completion Queue.
namespace delete_queue_cdw10 {
inline constexpr Bits32<15, 0> qid;  // Queue identifier
}  // namespace delete_queue_cdw10

// Create I/O Submission Queue.
namespace create_sq_cdw10 {
inline constexpr Bits32<15, 0> qid;     // Queue identifier
inline constexpr Bits32<31, 16> qsize;  // Queue size, zero-based
}  // namespace create_sq_cdw10

// Create I/O Submission Queue.
namespace create_sq_cdw11 {
inline constexpr Bits32<0, 0> pc;      // Physically contiguous
inline constexpr Bits32<2, 1> qprio;   // Queue priority; see queue_priority
inline constexpr Bits32<31, 16> cqid;  // Completion queue identifier
}  // namespace create_sq_cdw11

// Create I/O Submission Queue.
namespace create_sq_cdw12 {
inline constexpr Bits32<15, 0> nvmsetid;  // NVM set identifier
}  // namespace create_sq_cdw12

// Create I/O Completion Queue.
namespace create_cq_cdw10 {
inline constexpr Bits32<15, 0> qid;     // Queue identifier
inline constexpr Bits32<31, 16> qsize;  // Queue size, zero-based
}  // namespace create_cq_cdw10

// Create I/O Completion Queue.
namespace create_cq_cdw11 {
inline constexpr Bits32<0, 0> pc;    // Physically contiguous
inline constexpr Bits32<1, 1> ien;   // Interrupts enabled
inline constexpr Bits32<31, 16> iv;  // Interrupt vector
}  // namespace create_cq_cdw11

// Get Log Page.
namespace get_log_page_cdw10 {
inline constexpr Bits32<7, 0> lid;      // Log page identifier
inline constexpr Bits32<14, 8> lsp;     // Log specific parameter
inline constexpr Bits32<15, 15> rae;    // Retain asynchronous event
inline constexpr Bits32<31, 16> numdl;  // Number of dwords lower, zero-based
}  // namespace get_log_page_cdw10

// Get Log Page.
namespace get_log_page_cdw11 {
inline constexpr Bits32<15, 0> numdu;  // Number of dwords upper
inline constexpr Bits32<31, 16> lsi;   // Log specific identifier
}  // namespace get_log_page_cdw11

// Get Log Page.
namespace get_log_page_cdw14 {
inline constexpr Bits32<6, 0> uuid_index;  // UUID index
inline constexpr Bits32<23, 23> ot;        // Offset type
inline constexpr Bits32<31, 24> csi;       // Command set identifier
}  // namespace get_log_page_cdw14

// Identify.
namespace identify_cdw10 {
inline constexpr Bits32<7, 0> cns;      // Controller or namespace structure
inline constexpr Bits32<31, 16> cntid;  // Controller identifier
}  // namespace identify_cdw10

// Identify.
namespace identify_cdw11 {
inline constexpr Bits32<15, 0> cnssid;  // CNS specific identifier
inline constexpr Bits32<31, 24> csi;    // Command set identifier
}  // namespace identify_cdw11

// Identify.
namespace identify_cdw14 {
inline constexpr Bits32<6, 0> uuid_index;  // UUID index
}  // namespace identify_cdw14

// Abort.
namespace abort_cdw10 {
inline constexpr Bits32<15, 0> sqid;  // Submission queue identifier
inline constexpr Bits32<31, 16> cid;  // Command identifier
}  // namespace abort_cdw10

// Completion of Abort.
namespace abort_dw0 {
inline constexpr Bits32<0, 0> not_aborted;  // The command was not aborted
}  // namespace abort_dw0

// Set Features.
namespace set_features_cdw10 {
inline constexpr Bits32<7, 0> fid;   // Feature identifier
inline constexpr Bits32<31, 31> sv;  // Save
}  // namespace set_features_cdw10

// Set Features.
namespace set_features_cdw14 {
inline constexpr Bits32<6, 0> uuid_index;  // UUID index
}  // namespace set_features_cdw14

// Get Features.
namespace get_features_cdw10 {
inline constexpr Bits32<7, 0> fid;   // Feature identifier
inline constexpr Bits32<10, 8> sel;  // Select; see feature_select
}  // namespace get_features_cdw10

// Get Features.
namespace get_features_cdw14 {
inline constexpr Bits32<6, 0> uuid_index;  // UUID index
}  // namespace get_features_cdw14

// Completion of Asynchronous Event Request.
namespace async_event_dw0 {
inline constexpr Bits32<2, 0> aet;    // Asynchronous event type; see async_event_type
inline constexpr Bits32<15, 8> aei;   // Asynchronous event information
inline constexpr Bits32<23, 16> lid;  // Log page identifier
}  // namespace async_event_dw0

// Firmware Commit.
namespace firmware_commit_cdw10 {
inline constexpr Bits32<2, 0> fs;      // Firmware slot
inline constexpr Bits32<5, 3> ca;      // Commit action; see firmware_commit_action
inline constexpr Bits32<31, 31> bpid;  // Boot partition identifier
}  // namespace firmware_commit_cdw10

// Firmware Image Download.
namespace firmware_image_download_cdw10 {
inline constexpr Bits32<31, 0> numd;  // Number of dwords, zero-based
}  // namespace firmware_image_download_cdw10

// Firmware Image Download.
namespace firmware_image_download_cdw11 {
inline constexpr Bits32<31, 0> ofst;  // Offset in dwords
}  // namespace firmware_image_download_cdw11

// Completion of Firmware Commit.
namespace firmware_commit_dw0 {
inline constexpr Bits32<1, 0> mud;  // Multiple updates detected: firmware slot, boot partition
}  // namespace firmware_commit_dw0

// Device Self-test.
namespace device_self_test_cdw10 {
inline constexpr Bits32<3, 0> stc;  // Self-test code; see self_test_code
}  // namespace device_self_test_cdw10

// Namespace Management.
namespace namespace_management_cdw10 {
inline constexpr Bits32<3, 0> sel;  // Select; see namespace_management_select
}  // namespace namespace_management_cdw10

// Namespace Management.
namespace namespace_management_cdw11 {
inline constexpr Bits32<31, 24> csi;  // Command set identifier
}  // namespace namespace_management_cdw11

// Namespace Attachment.
namespace namespace_attachment_cdw10 {
inline constexpr Bits32<3, 0> sel;  // Select; see namespace_attachment_select
}  // namespace namespace_attachment_cdw10

// Format NVM.
namespace format_nvm_cdw10 {
inline constexpr Bits32<3, 0> lbafl;    // LBA format, lower bits
inline constexpr Bits32<4, 4> mset;     // Metadata settings
inline constexpr Bits32<7, 5> pi;       // Protection information; see protection_information
inline constexpr Bits32<8, 8> pil;      // Protection information location
inline constexpr Bits32<11, 9> ses;     // Secure erase settings; see secure_erase
inline constexpr Bits32<13, 12> lbafu;  // LBA format, upper bits
}  // namespace format_nvm_cdw10

// Sanitize.
namespace sanitize_cdw10 {
inline constexpr Bits32<2, 0> sanact;  // Sanitize action; see sanitize_action
inline constexpr Bits32<3, 3> ause;    // Allow unrestricted sanitize exit
inline constexpr Bits32<7, 4> owpass;  // Overwrite pass count
inline constexpr Bits32<8, 8> oipbp;   // Overwrite invert pattern between passes
inline constexpr Bits32<9, 9> ndas;    // No deallocate after sanitize
}  // namespace sanitize_cdw10

// Read, and what Compare and Verify share with it.
namespace read_cdw12 {
inline constexpr Bits32<15, 0> nlb;      // Number of logical blocks, zero-based
inline constexpr Bits32<24, 24> stc;     // Storage tag check
inline constexpr Bits32<29, 26> prinfo;  // Protection information; see prinfo
inline constexpr Bits32<30, 30> fua;     // Force unit access
inline constexpr Bits32<31, 31> lr;      // Limited retry
}  // namespace read_cdw12

// Read and Write.
namespace read_cdw13 {
inline constexpr Bits32<7, 0> dsm;      // Dataset management hints
inline constexpr Bits32<31, 16> dspec;  // Directive specific
}  // namespace read_cdw13

// Write.
namespace write_cdw12 {
inline constexpr Bits32<15, 0> nlb;      // Number of logical blocks, zero-based
inline constexpr Bits32<23, 20> dtype;   // Directive type
inline constexpr Bits32<24, 24> stc;     // Storage tag check
inline constexpr Bits32<29, 26> prinfo;  // Protection information; see prinfo
inline constexpr Bits32<30, 30> fua;     // Force unit access
inline constexpr Bits32<31, 31> lr;      // Limited retry
}  // namespace write_cdw12

// Write Zeroes.
namespace write_zeroes_cdw12 {
inline constexpr Bits32<15, 0> nlb;      // Number of logical blocks, zero-based
inline constexpr Bits32<24, 24> stc;     // Storage tag check
inline constexpr Bits32<25, 25> deac;    // Deallocate
inline constexpr Bits32<29, 26> prinfo;  // Protection information; see prinfo
inline constexpr Bits32<30, 30> fua;     // Force unit access
inline constexpr Bits32<31, 31> lr;      // Limited retry
}  // namespace write_zeroes_cdw12

// Dataset Management.
namespace dataset_management_cdw10 {
inline constexpr Bits32<7, 0> nr;  // Number of ranges, zero-based
}  // namespace dataset_management_cdw10

// Dataset Management.
namespace dataset_management_cdw11 {
inline constexpr Bits32<0, 0> idr;  // Integral dataset for read
inline constexpr Bits32<1, 1> idw;  // Integral dataset for write
inline constexpr Bits32<2, 2> ad;   // Deallocate
}  // namespace dataset_management_cdw11

// Copy.
namespace copy_cdw12 {
inline constexpr Bits32<7, 0> nr;         // Number of ranges, zero-based
inline constexpr Bits32<11, 8> desfmt;    // Descriptor format
inline constexpr Bits32<15, 12> prinfor;  // Protection information for reading; see prinfo
inline constexpr Bits32<23, 20> dtype;    // Directive type
inline constexpr Bits32<24, 24> stcw;     // Storage tag check when writing
inline constexpr Bits32<25, 25> stcr;     // Storage tag check when reading
inline constexpr Bits32<29, 26> prinfow;  // Protection information for writing; see prinfo
inline constexpr Bits32<30, 30> fua;      // Force unit access
inline constexpr Bits32<31, 31> lr;       // Limited retry
}  // namespace copy_cdw12

// Read, and what Compare and Verify share with it.
namespace read_cdw15 {
inline constexpr Bits32<15, 0> elbat;    // Expected logical block application tag
inline constexpr Bits32<31, 16> elbatm;  // Expected logical block application tag mask
}  // namespace read_cdw15

// Write, and what Write Zeroes and Copy share with it.
namespace write_cdw15 {
inline constexpr Bits32<15, 0> lbat;    // Logical block application tag
inline constexpr Bits32<31, 16> lbatm;  // Logical block application tag mask
}  // namespace write_cdw15

// PRINFO of read_cdw12, write_cdw12 and write_zeroes_cdw12, PRINFOR and PRINFOW of Copy.
namespace prinfo {
inline constexpr Bits8<0, 0> prchk_ref;  // Check the reference tag
inline constexpr Bits8<1, 1> prchk_app;  // Check the application tag
inline constexpr Bits8<2, 2> prchk_guard;  // Check the guard
// Protection information action: the controller inserts or strips it
inline constexpr Bits8<3, 3> pract;
}  // namespace prinfo

// Completion of Get Features that selects supported capabilities.
namespace feature_capabilities {
inline constexpr Bits32<0, 0> saveable;            // Saveable
inline constexpr Bits32<1, 1> namespace_specific;  // Namespace specific
inline constexpr Bits32<2, 2> changeable;          // Changeable
}  // namespace feature_capabilities

// Arbitration; weights are zero-based.
namespace feature_arbitration {
inline constexpr Bits32<2, 0> ab;     // Arbitration burst as a power of two, 7 is no limit
inline constexpr Bits32<15, 8> lpw;   // Low priority weight
inline constexpr Bits32<23, 16> mpw;  // Medium priority weight
inline constexpr Bits32<31, 24> hpw;  // High priority weight
}  // namespace feature_arbitration

// Power Management.
namespace feature_power_management {
inline constexpr Bits32<4, 0> ps;  // Power state
inline constexpr Bits32<7, 5> wh;  // Workload hint
}  // namespace feature_power_management

// LBA Range Type.
namespace feature_lba_range_type {
inline constexpr Bits32<5, 0> num;  // Number of LBA ranges, zero-based
}  // namespace feature_lba_range_type

// Temperature Threshold.
namespace feature_temperature_threshold {
inline constexpr Bits32<15, 0> tmpth;  // Temperature threshold in kelvin
// Temperature: 0 composite, 1 to 8 a sensor, 15 all of Set Features
inline constexpr Bits32<19, 16> tmpsel;
inline constexpr Bits32<21, 20> thsel;  // Threshold type; see temperature_threshold_type
}  // namespace feature_temperature_threshold

// Error Recovery.
namespace feature_error_recovery {
// Time limited error recovery in units of 100 ms, 0 is no limit
inline constexpr Bits32<15, 0> tler;
inline constexpr Bits32<16, 16> dulbe;  // Deallocated or unwritten logical block error enable
}  // namespace feature_error_recovery

// Number of Queues: requested in command dword 11, allocated in completion dword 0.
namespace feature_number_of_queues {
inline constexpr Bits32<15, 0> nsq;   // Number of I/O submission queues, zero-based
inline constexpr Bits32<31, 16> ncq;  // Number of I/O completion queues, zero-based
}  // namespace feature_number_of_queues

// Volatile Write Cache.
namespace feature_volatile_write_cache {
inline constexpr Bits32<0, 0> wce;  // Volatile write cache enable
}  // namespace feature_volatile_write_cache

// Interrupt Coalescing.
namespace feature_interrupt_coalescing {
inline constexpr Bits32<7, 0> thr;    // Aggregation threshold in completions, zero-based
inline constexpr Bits32<15, 8> time;  // Aggregation time in units of 100 us, 0 is no delay
}  // namespace feature_interrupt_coalescing

// Interrupt Vector Configuration.
namespace feature_interrupt_vector_configuration {
inline constexpr Bits32<15, 0> iv;   // Interrupt vector
inline constexpr Bits32<16, 16> cd;  // Coalescing disable
}  // namespace feature_interrupt_vector_configuration

// Write Atomicity Normal.
namespace feature_write_atomicity_normal {
inline constexpr Bits32<0, 0> dn;  // Disable normal: AWUN and NAWUN need not be honoured
}  // namespace feature_write_atomicity_normal

// Asynchronous Event Configuration: which events are reported.
namespace feature_asynchronous_event_configuration {
inline constexpr Bits32<7, 0> smart;  // SMART / health critical warnings; see critical_warning
inline constexpr Bits32<8, 8> namespace_attribute;  // Namespace attribute notices
inline constexpr Bits32<9, 9> firmware_activation;  // Firmware activation notices
inline constexpr Bits32<10, 10> telemetry;  // Telemetry log notices
inline constexpr Bits32<11, 11> ana_change;  // Asymmetric namespace access change notices
// Predictable latency event aggregate log change notices
inline constexpr Bits32<12, 12> predictable_latency;
inline constexpr Bits32<13, 13> lba_status;  // LBA status information notices
// Endurance group event aggregate log change notices
inline constexpr Bits32<14, 14> endurance_group;
inline constexpr Bits32<15, 15> normal_shutdown;  // Normal NVM subsystem shutdown
inline constexpr Bits32<31, 31> discovery_log;  // Discovery log page change notices
}  // namespace feature_asynchronous_event_configuration

// Autonomous Power State Transition.
namespace feature_autonomous_power_state_transition {
inline constexpr Bits32<0, 0> apste;  // Autonomous power state transition enable
}  // namespace feature_autonomous_power_state_transition

// Keep Alive Timer.
namespace feature_keep_alive_timer {
inline constexpr Bits32<31, 0> kato;  // Keep alive timeout in milliseconds, 0 disables it
}  // namespace feature_keep_alive_timer

// Host Controlled Thermal Management, 0 disables a temperature.
namespace feature_host_controlled_thermal_management {
inline constexpr Bits32<15, 0> tmt2;   // Thermal management temperature 2 in kelvin
inline constexpr Bits32<31, 16> tmt1;  // Thermal management temperature 1 in kelvin
}  // namespace feature_host_controlled_thermal_management

// Non-Operational Power State Config.
namespace feature_non_operational_power_state_config {
inline constexpr Bits32<0, 0> noppme;  // Non-operational power state permissive mode enable
}  // namespace feature_non_operational_power_state_config

// Read Recovery Level Config, command dword 12 of Set Features.
namespace feature_read_recovery_level_config {
inline constexpr Bits32<3, 0> rrl;  // Read recovery level
}  // namespace feature_read_recovery_level_config

// LBA Status Information Report Interval in units of 100 ms.
namespace feature_lba_status_information_report_interval {
inline constexpr Bits32<15, 0> lsiri;   // LBA status information report interval
inline constexpr Bits32<31, 16> lsipi;  // LBA status information poll interval
}  // namespace feature_lba_status_information_report_interval

// Sanitize Config.
namespace feature_sanitize_config {
inline constexpr Bits32<0, 0> nodrm;  // No-deallocate response mode: 0 error, 1 warning
}  // namespace feature_sanitize_config

// I/O Command Set Profile.
namespace feature_io_command_set_profile {
inline constexpr Bits32<8, 0> iocsci;  // I/O command set combination index
}  // namespace feature_io_command_set_profile

// Software Progress Marker.
namespace feature_software_progress_marker {
inline constexpr Bits32<7, 0> pbslc;  // Pre-boot software load count
}  // namespace feature_software_progress_marker

// Host Identifier.
namespace feature_host_identifier {
inline constexpr Bits32<0, 0> exhid;  // Enable extended host identifier: 16 bytes instead of 8
}  // namespace feature_host_identifier

// Reservation Notification Mask.
namespace feature_reservation_notification_mask {
inline constexpr Bits32<1, 1> regpre;  // Mask registration preempted notification
inline constexpr Bits32<2, 2> resrel;  // Mask reservation released notification
inline constexpr Bits32<3, 3> respre;  // Mask reservation preempted notification
}  // namespace feature_reservation_notification_mask

// Reservation Persistence.
namespace feature_reservation_persistence {
inline constexpr Bits32<0, 0> ptpl;  // Persist through power loss
}  // namespace feature_reservation_persistence

// Namespace Write Protection Config.
namespace feature_namespace_write_protection_config {
inline constexpr Bits32<2, 0> wps;  // Write protection state; see write_protection
}  // namespace feature_namespace_write_protection_config

// One entry of AutonomousPowerStateTransition.
namespace apst_entry {
inline constexpr Bits64<7, 3> itps;  // Idle transition power state
// Idle time prior to transition in milliseconds, 0 disables it
inline constexpr Bits64<31, 8> itpt;
}  // namespace apst_entry

// Attributes of a Timestamp.
namespace timestamp_attributes {
// The controller may have stopped counting since the timestamp was set
inline constexpr Bits8<0, 0> synch;
inline constexpr Bits8<3, 1> origin;  // Timestamp origin; see timestamp_origin
}  // namespace timestamp_attributes

// Controller multi-path I/O and namespace sharing capabilities.
namespace cmic {
inline constexpr Bits8<0, 0> multi_port;        // The NVM subsystem may have several ports
inline constexpr Bits8<1, 1> multi_controller;  // The NVM subsystem may have several controllers
inline constexpr Bits8<2, 2> sriov;             // The controller belongs to a virtual function
inline constexpr Bits8<3, 3> ana;               // Asymmetric namespace access reporting
}  // namespace cmic

// Optional asynchronous events supported.
namespace oaes {
inline constexpr Bits32<8, 8> namespace_attribute;  // Namespace attribute notices
inline constexpr Bits32<9, 9> firmware_activation;  // Firmware activation notices
inline constexpr Bits32<11, 11> ana_change;  // Asymmetric namespace access change notices
// Predictable latency event aggregate log change notices
inline constexpr Bits32<12, 12> predictable_latency;
inline constexpr Bits32<13, 13> lba_status;  // LBA status information notices
// Endurance group event aggregate log change notices
inline constexpr Bits32<14, 14> endurance_group;
inline constexpr Bits32<15, 15> normal_shutdown;  // Normal NVM subsystem shutdown
inline constexpr Bits32<27, 27> zone_descriptor;  // Zone descriptor changed notices
inline constexpr Bits32<31, 31> discovery_log;  // Discovery log page change notices
}  // namespace oaes

// Controller attributes.
namespace ctratt {
inline constexpr Bits32<0, 0> host_identifier_128;  // 128-bit host identifier
// Non-operational power state permissive mode
inline constexpr Bits32<1, 1> non_operational_permissive;
inline constexpr Bits32<2, 2> nvm_sets;  // NVM sets
inline constexpr Bits32<3, 3> read_recovery_levels;  // Read recovery levels
inline constexpr Bits32<4, 4> endurance_groups;  // Endurance groups
inline constexpr Bits32<5, 5> predictable_latency;  // Predictable latency mode
inline constexpr Bits32<6, 6> tbkas;  // Traffic based keep alive
inline constexpr Bits32<7, 7> namespace_granularity;  // Namespace granularity
inline constexpr Bits32<8, 8> sq_associations;  // Submission queue associations
inline constexpr Bits32<9, 9> uuid_list;  // UUID list
inline constexpr Bits32<10, 10> multi_domain;  // Multi-domain subsystem
inline constexpr Bits32<11, 11> fixed_capacity;  // Fixed capacity management
inline constexpr Bits32<12, 12> variable_capacity;  // Variable capacity management
inline constexpr Bits32<13, 13> delete_endurance_group;  // Delete endurance group
inline constexpr Bits32<14, 14> delete_nvm_set;  // Delete NVM set
inline constexpr Bits32<15, 15> elbas;  // Extended LBA formats
}  // namespace ctratt

// NVM subsystem report.
namespace nvmsr {
inline constexpr Bits8<0, 0> nvmesd;  // Part of an NVMe storage device
inline constexpr Bits8<1, 1> nvmee;   // Part of an NVMe enclosure
}  // namespace nvmsr

// Optional admin command support.
namespace oacs {
inline constexpr Bits16<0, 0> security;  // Security Send and Security Receive
inline constexpr Bits16<1, 1> format;  // Format NVM
inline constexpr Bits16<2, 2> firmware;  // Firmware Commit and Firmware Image Download
// Namespace Management and Namespace Attachment
inline constexpr Bits16<3, 3> namespace_management;
inline constexpr Bits16<4, 4> self_test;  // Device Self-test
inline constexpr Bits16<5, 5> directives;  // Directives
inline constexpr Bits16<6, 6> nvme_mi;  // NVMe-MI Send and NVMe-MI Receive
inline constexpr Bits16<7, 7> virtualization_management;  // Virtualization Management
inline constexpr Bits16<8, 8> doorbell_buffer_config;  // Doorbell Buffer Config
inline constexpr Bits16<9, 9> lba_status;  // Get LBA Status
inline constexpr Bits16<10, 10> lockdown;  // Command and feature lockdown
}  // namespace oacs

// Firmware updates.
namespace frmw {
inline constexpr Bits8<0, 0> slot_1_read_only;          // Firmware slot 1 is read only
inline constexpr Bits8<3, 1> slots;                     // Number of firmware slots
inline constexpr Bits8<4, 4> activation_without_reset;  // Firmware activation without a reset
inline constexpr Bits8<5, 5> smud;                      // Support multiple update detection
}  // namespace frmw

// Log page attributes.
namespace lpa {
inline constexpr Bits8<0, 0> smart_per_namespace;  // SMART / Health Information of each namespace
inline constexpr Bits8<1, 1> command_effects;  // Commands Supported and Effects
// Extended data for Get Log Page: NUMD of 32 bits and an offset
inline constexpr Bits8<2, 2> extended_data;
inline constexpr Bits8<3, 3> telemetry;  // Telemetry
inline constexpr Bits8<4, 4> persistent_event;  // Persistent Event Log
// Supported Log Pages and the log pages 12h and 13h
inline constexpr Bits8<5, 5> supported_log_pages;
inline constexpr Bits8<6, 6> telemetry_area_4;  // Data area 4 of Telemetry
}  // namespace lpa

// Admin vendor specific command configuration.
namespace avscc {
inline constexpr Bits8<0, 0> format;  // All follow the format of the specification
}  // namespace avscc

// Autonomous power state transition attributes.
namespace apsta {
inline constexpr Bits8<0, 0> supported;  // Autonomous power state transitions
}  // namespace apsta

// Device self-test options.
namespace dsto {
inline constexpr Bits8<0, 0> one;  // One device self-test in the NVM subsystem at a time
}  // namespace dsto

// Host controlled thermal management attributes.
namespace hctma {
inline constexpr Bits16<0, 0> supported;  // Host controlled thermal management
}  // namespace hctma

// Sanitize capabilities.
namespace sanicap {
inline constexpr Bits32<0, 0> ces;  // Crypto erase
inline constexpr Bits32<1, 1> bes;  // Block erase
inline constexpr Bits32<2, 2> ows;  // Overwrite
inline constexpr Bits32<29, 29> ndi;  // No-deallocate after sanitize is inhibited
// No-deallocate modifies media after sanitize: 0 undefined, 1 no, 2 yes
inline constexpr Bits32<31, 30> nodmmas;
}  // namespace sanicap

// Asymmetric namespace access capabilities.
namespace anacap {
inline constexpr Bits8<0, 0> optimized;  // ANA optimized state
inline constexpr Bits8<1, 1> non_optimized;  // ANA non-optimized state
inline constexpr Bits8<2, 2> inaccessible;  // ANA inaccessible state
inline constexpr Bits8<3, 3> persistent_loss;  // ANA persistent loss state
inline constexpr Bits8<4, 4> change;  // ANA change state
// ANAGRPID does not change while the namespace is attached
inline constexpr Bits8<6, 6> group_constant;
inline constexpr Bits8<7, 7> group_settable;  // ANAGRPID may be chosen in Namespace Management
}  // namespace anacap

// Queue entry sizes in Identify Controller: SQES and CQES.
namespace entry_size {
inline constexpr Bits8<3, 0> min;  // Required entry size as a power of two
inline constexpr Bits8<7, 4> max;  // Maximum entry size as a power of two
}  // namespace entry_size

// Optional NVM command support.
namespace oncs {
inline constexpr Bits16<0, 0> compare;  // Compare
inline constexpr Bits16<1, 1> write_uncorrectable;  // Write Uncorrectable
inline constexpr Bits16<2, 2> dataset_management;  // Dataset Management
inline constexpr Bits16<3, 3> write_zeroes;  // Write Zeroes
inline constexpr Bits16<4, 4> save;  // Save and Select fields of Set and Get Features
inline constexpr Bits16<5, 5> reservations;  // Reservations
inline constexpr Bits16<6, 6> timestamp;  // Timestamp feature
inline constexpr Bits16<7, 7> verify;  // Verify
inline constexpr Bits16<8, 8> copy;  // Copy
}  // namespace oncs

// Fused operation support.
namespace fuses {
inline constexpr Bits16<0, 0> compare_and_write;  // Compare and Write
}  // namespace fuses

// Format NVM attributes.
namespace fna {
inline constexpr Bits8<0, 0> format_all;    // A format applies to all namespaces
inline constexpr Bits8<1, 1> erase_all;     // A secure erase applies to all namespaces
inline constexpr Bits8<2, 2> crypto_erase;  // Cryptographic erase
inline constexpr Bits8<3, 3> no_broadcast;  // NSID FFFFFFFFh is not supported
}  // namespace fna

// Volatile write cache.
namespace vwc {
inline constexpr Bits8<0, 0> present;    // A volatile write cache is present
inline constexpr Bits8<2, 1> flush_all;  // Flush of NSID FFFFFFFFh: 2 not supported, 3 supported
}  // namespace vwc

// I/O command set vendor specific command configuration.
namespace icsvscc {
inline constexpr Bits8<0, 0> format;  // All follow the format of the specification
}  // namespace icsvscc

// Namespace write protection capabilities.
namespace nwpc {
inline constexpr Bits8<0, 0> write_protect;      // No write protect and write protect
inline constexpr Bits8<1, 1> until_power_cycle;  // Write protect until power cycle
inline constexpr Bits8<2, 2> permanent;          // Permanent write protect
}  // namespace nwpc

// Optional copy formats supported.
namespace ocfs {
inline constexpr Bits16<0, 0> format_0;  // Copy descriptor format 0
inline constexpr Bits16<1, 1> format_1;  // Copy descriptor format 1
}  // namespace ocfs

// SGL support.
namespace sgls {
inline constexpr Bits32<1, 0> supported;  // 0 no SGLs, 1 at any alignment, 2 at that of a dword
inline constexpr Bits32<2, 2> keyed;  // Keyed SGL data block descriptor
inline constexpr Bits32<15, 8> sdt;  // SGL descriptor threshold, 0 is not reported
inline constexpr Bits32<16, 16> bit_bucket;  // SGL bit bucket descriptor
inline constexpr Bits32<17, 17> mptr_byte_aligned;  // Metadata in one buffer at any byte
inline constexpr Bits32<18, 18> oversize;  // SGLs longer than the data
inline constexpr Bits32<19, 19> mptr_sgl;  // MPTR may point to an SGL descriptor
inline constexpr Bits32<20, 20> offset;  // Address is an offset
inline constexpr Bits32<21, 21> transport;  // Transport SGL data block descriptor
}  // namespace sgls

// Controller resource types.
namespace crt {
inline constexpr Bits8<0, 0> vq;  // VQ resources
inline constexpr Bits8<1, 1> vi;  // VI resources
}  // namespace crt

// Idle power scale.
namespace ips {
inline constexpr Bits8<7, 6> scale;  // 0 not reported, 1 units of 0.0001 W, 2 units of 0.01 W
}  // namespace ips

// Active power workload and scale.
namespace apws {
inline constexpr Bits8<2, 0> workload;  // Active power workload
inline constexpr Bits8<7, 6> scale;     // 0 not reported, 1 units of 0.0001 W, 2 units of 0.01 W
}  // namespace apws

// Flags of a power state descriptor.
namespace psd_flags {
inline constexpr Bits8<0, 0> mxps;  // Maximum power is in units of 0.0001 W instead of 0.01 W
inline constexpr Bits8<1, 1> nops;  // Non-operational state
}  // namespace psd_flags

// Namespace features.
namespace nsfeat {
inline constexpr Bits8<0, 0> thinp;     // Thin provisioning
inline constexpr Bits8<1, 1> nsabp;     // Namespace atomic boundary parameters
inline constexpr Bits8<2, 2> dae;       // Deallocated or unwritten logical block error
inline constexpr Bits8<3, 3> uidreuse;  // NGUID and EUI64 are never reused
inline constexpr Bits8<4, 4> optperf;   // NPWG, NPWA, NPDG, NPDA and NOWS are defined
}  // namespace nsfeat

// Formatted LBA size.
namespace flbas {
inline constexpr Bits8<3, 0> format_lower;  // LBA format index, lower bits
inline constexpr Bits8<4, 4> extended;      // Metadata follows the data of each logical block
inline constexpr Bits8<6, 5> format_upper;  // LBA format index, upper bits
}  // namespace flbas

// Deallocate logical block features.
namespace dlfeat {
// A deallocated block reads as: 0 not reported, 1 zeroes, 2 ones
inline constexpr Bits8<2, 0> read_behavior;
inline constexpr Bits8<3, 3> write_zeroes;  // Write Zeroes may deallocate
inline constexpr Bits8<4, 4> guard;  // Guard field of deallocated blocks is the CRC of what is read
}  // namespace dlfeat

// Namespace attributes.
namespace nsattr {
inline constexpr Bits8<0, 0> write_protected;  // Currently write protected
}  // namespace nsattr

// Namespace features in IdentifyNamespaceIndependent.
namespace independent_nsfeat {
inline constexpr Bits8<3, 3> uidreuse;  // NGUID and EUI64 are never reused
inline constexpr Bits8<4, 4> rmedia;    // Rotational media
}  // namespace independent_nsfeat

// Namespace status.
namespace nstat {
inline constexpr Bits8<0, 0> nrdy;  // Namespace ready
}  // namespace nstat

// Metadata capabilities.
namespace mc {
inline constexpr Bits8<0, 0> extended;  // As part of an extended logical block
inline constexpr Bits8<1, 1> separate;  // In a separate buffer
}  // namespace mc

// End-to-end data protection capabilities.
namespace dpc {
inline constexpr Bits8<0, 0> type_1;  // Protection information type 1
inline constexpr Bits8<1, 1> type_2;  // Protection information type 2
inline constexpr Bits8<2, 2> type_3;  // Protection information type 3
inline constexpr Bits8<3, 3> first;   // In the first bytes of metadata
inline constexpr Bits8<4, 4> last;    // In the last bytes of metadata
}  // namespace dpc

// End-to-end data protection type settings.
namespace dps {
inline constexpr Bits8<2, 0> type;   // Type; see protection_information
inline constexpr Bits8<3, 3> first;  // In the first bytes of metadata instead of the last
}  // namespace dps

// Namespace multi-path I/O and namespace sharing capabilities.
namespace nmic {
inline constexpr Bits8<0, 0> shared;  // Several controllers may attach the namespace at once
}  // namespace nmic

// Reservation capabilities.
namespace rescap {
inline constexpr Bits8<0, 0> ptpl;  // Persist through power loss
inline constexpr Bits8<1, 1> we;    // Write exclusive
inline constexpr Bits8<2, 2> ea;    // Exclusive access
inline constexpr Bits8<3, 3> wero;  // Write exclusive, registrants only
inline constexpr Bits8<4, 4> earo;  // Exclusive access, registrants only
inline constexpr Bits8<5, 5> wear;  // Write exclusive, all registrants
inline constexpr Bits8<6, 6> eaar;  // Exclusive access, all registrants
inline constexpr Bits8<7, 7> iekr;  // Ignore existing key as revision 1.3 defines it
}  // namespace rescap

// Format progress indicator.
namespace fpi {
inline constexpr Bits8<6, 0> remaining;  // Percentage of the namespace that remains to be formatted
inline constexpr Bits8<7, 7> supported;  // Format progress indicator is supported
}  // namespace fpi

// Protection information capabilities.
namespace pic {
inline constexpr Bits8<0, 0> storage_tag_16b;       // 16-bit guard: a storage tag is supported
inline constexpr Bits8<1, 1> storage_tag_mask_16b;  // 16-bit guard: LBSTM may have bits that are 0
inline constexpr Bits8<2, 2> stcrs;                 // Storage tag check read support
}  // namespace pic

// Extended LBA format.
namespace elbaf {
inline constexpr Bits32<6, 0> sts;  // Storage tag size in bits
// Protection information format; see protection_information_format
inline constexpr Bits32<8, 7> pif;
}  // namespace elbaf

// LID supported and effects in SupportedLogPages.
namespace lid_effects {
inline constexpr Bits32<0, 0> lsupp;    // Log page supported
inline constexpr Bits32<1, 1> ios;      // Index offset supported
inline constexpr Bits32<31, 16> lidsp;  // LID specific parameter
}  // namespace lid_effects

// FID supported and effects in FeatureEffectsLog.
namespace fid_effects {
inline constexpr Bits32<0, 0> fsupp;             // Feature supported
inline constexpr Bits32<1, 1> udcc;              // User data content change
inline constexpr Bits32<2, 2> ncc;               // Namespace capability change
inline constexpr Bits32<3, 3> nic;               // Namespace inventory change
inline constexpr Bits32<4, 4> ccc;               // Controller capability change
inline constexpr Bits32<19, 19> uuid_selection;  // UUID selection supported
inline constexpr Bits32<31, 20> fsp;             // Scope; see effects_scope
}  // namespace fid_effects

// Commands supported and effects in CommandEffectsLog.
namespace command_effects {
inline constexpr Bits32<0, 0> csupp;  // Command supported
inline constexpr Bits32<1, 1> lbcc;  // Logical block content change
inline constexpr Bits32<2, 2> ncc;  // Namespace capability change
inline constexpr Bits32<3, 3> nic;  // Namespace inventory change
inline constexpr Bits32<4, 4> ccc;  // Controller capability change
// Command submission and execution: 1 not with this NSID, 2 with no other command
inline constexpr Bits32<18, 16> cse;
inline constexpr Bits32<19, 19> uuid_selection;  // UUID selection supported
inline constexpr Bits32<31, 20> csp;  // Scope; see effects_scope
}  // namespace command_effects

// Scope in command_effects and fid_effects; 0 is not reported.
namespace effects_scope {
inline constexpr Bits16<0, 0> namespace_scope;        // One namespace
inline constexpr Bits16<1, 1> controller_scope;       // One controller
inline constexpr Bits16<2, 2> nvm_set_scope;          // One NVM set
inline constexpr Bits16<3, 3> endurance_group_scope;  // One endurance group
inline constexpr Bits16<4, 4> domain_scope;           // One domain
inline constexpr Bits16<5, 5> subsystem_scope;        // The NVM subsystem
}  // namespace effects_scope

// Critical warning of SmartLog.
namespace critical_warning {
inline constexpr Bits8<0, 0> available_spare;  // Available spare below its threshold
inline constexpr Bits8<1, 1> temperature;  // Temperature beyond a threshold
inline constexpr Bits8<2, 2> reliability;  // NVM subsystem reliability degraded
inline constexpr Bits8<3, 3> read_only;  // Media are read only
inline constexpr Bits8<4, 4> volatile_memory_backup;  // Volatile memory backup device failed
inline constexpr Bits8<5, 5> pmr;  // Persistent memory region is read only or unreliable
}  // namespace critical_warning

// Endurance group critical warning of SmartLog.
namespace endurance_group_critical_warning {
inline constexpr Bits8<0, 0> available_spare;  // Available spare below its threshold
inline constexpr Bits8<2, 2> reliability;      // Reliability degraded
inline constexpr Bits8<3, 3> read_only;        // Namespaces are read only
}  // namespace endurance_group_critical_warning

// Active firmware info of FirmwareSlotLog.
namespace active_firmware_info {
inline constexpr Bits8<2, 0> active;  // Slot of the firmware that runs
// Slot that the next controller level reset activates, 0 is not reported
inline constexpr Bits8<6, 4> next;
}  // namespace active_firmware_info

// Parameter error location of ErrorLogEntry.
namespace error_location {
inline constexpr Bits16<7, 0> byte;  // Byte in the command
inline constexpr Bits16<10, 8> bit;  // Bit in the byte
}  // namespace error_location

// Status of a SelfTestResult.
namespace self_test_status {
inline constexpr Bits8<3, 0> result;  // Result; see self_test_result
inline constexpr Bits8<7, 4> code;    // What was started; see self_test_code
}  // namespace self_test_status

// Which fields of a SelfTestResult are valid.
namespace valid_diagnostic_info {
inline constexpr Bits8<0, 0> nsid;  // NSID
inline constexpr Bits8<1, 1> flba;  // FLBA
inline constexpr Bits8<2, 2> sct;   // SCT
inline constexpr Bits8<3, 3> sc;    // SC
}  // namespace valid_diagnostic_info

// Sanitize status.
namespace sstat {
inline constexpr Bits16<2, 0> state;               // Most recent sanitize; see sanitize_state
inline constexpr Bits16<7, 3> completed_passes;    // Completed overwrite passes
inline constexpr Bits16<8, 8> global_data_erased;  // Global data erased: nothing written since
}  // namespace sstat

// Reporting context information of PersistentEventLogHeader.
namespace reporting_context {
inline constexpr Bits32<15, 0> port_id;     // Reporting context port identifier
inline constexpr Bits32<17, 16> port_type;  // Reporting context port identifier type
inline constexpr Bits32<18, 18> exists;     // A reporting context exists
}  // namespace reporting_context

// admin opcode.
namespace admin_opcode {
inline constexpr uint8_t delete_io_submission_queue = 0x00;
inline constexpr uint8_t create_io_submission_queue = 0x01;
inline constexpr uint8_t get_log_page = 0x02;
inline constexpr uint8_t delete_io_completion_queue = 0x04;
inline constexpr uint8_t create_io_completion_queue = 0x05;
inline constexpr uint8_t identify = 0x06;
inline constexpr uint8_t abort = 0x08;
inline constexpr uint8_t set_features = 0x09;
inline constexpr uint8_t get_features = 0x0a;
inline constexpr uint8_t asynchronous_event_request = 0x0c;
inline constexpr uint8_t namespace_management = 0x0d;
inline constexpr uint8_t firmware_commit = 0x10;
inline constexpr uint8_t firmware_image_download = 0x11;
inline constexpr uint8_t device_self_test = 0x14;
inline constexpr uint8_t namespace_attachment = 0x15;
inline constexpr uint8_t keep_alive = 0x18;
inline constexpr uint8_t directive_send = 0x19;
inline constexpr uint8_t directive_receive = 0x1a;
inline constexpr uint8_t virtualization_management = 0x1c;
inline constexpr uint8_t nvme_mi_send = 0x1d;
inline constexpr uint8_t nvme_mi_receive = 0x1e;
inline constexpr uint8_t capacity_management = 0x20;
inline constexpr uint8_t lockdown = 0x24;
inline constexpr uint8_t doorbell_buffer_config = 0x7c;
inline constexpr uint8_t fabrics_commands = 0x7f;
inline constexpr uint8_t format_nvm = 0x80;
inline constexpr uint8_t security_send = 0x81;
inline constexpr uint8_t security_receive = 0x82;
inline constexpr uint8_t sanitize = 0x84;
inline constexpr uint8_t get_lba_status = 0x86;
}  // namespace admin_opcode

// nvm opcode.
namespace nvm_opcode {
inline constexpr uint8_t flush = 0x00;
inline constexpr uint8_t write = 0x01;
inline constexpr uint8_t read = 0x02;
inline constexpr uint8_t write_uncorrectable = 0x04;
inline constexpr uint8_t compare = 0x05;
inline constexpr uint8_t write_zeroes = 0x08;
inline constexpr uint8_t dataset_management = 0x09;
inline constexpr uint8_t verify = 0x0c;
inline constexpr uint8_t reservation_register = 0x0d;
inline constexpr uint8_t reservation_report = 0x0e;
inline constexpr uint8_t reservation_acquire = 0x11;
inline constexpr uint8_t reservation_release = 0x15;
inline constexpr uint8_t copy = 0x19;
}  // namespace nvm_opcode

// feature.
namespace feature {
inline constexpr uint8_t arbitration = 0x01;
inline constexpr uint8_t power_management = 0x02;
inline constexpr uint8_t lba_range_type = 0x03;
inline constexpr uint8_t temperature_threshold = 0x04;
inline constexpr uint8_t error_recovery = 0x05;
inline constexpr uint8_t volatile_write_cache = 0x06;
inline constexpr uint8_t number_of_queues = 0x07;
inline constexpr uint8_t interrupt_coalescing = 0x08;
inline constexpr uint8_t interrupt_vector_configuration = 0x09;
inline constexpr uint8_t write_atomicity_normal = 0x0a;
inline constexpr uint8_t asynchronous_event_configuration = 0x0b;
inline constexpr uint8_t autonomous_power_state_transition = 0x0c;
inline constexpr uint8_t host_memory_buffer = 0x0d;
inline constexpr uint8_t timestamp = 0x0e;
inline constexpr uint8_t keep_alive_timer = 0x0f;
inline constexpr uint8_t host_controlled_thermal_management = 0x10;
inline constexpr uint8_t non_operational_power_state_config = 0x11;
inline constexpr uint8_t read_recovery_level_config = 0x12;
inline constexpr uint8_t predictable_latency_mode_config = 0x13;
inline constexpr uint8_t predictable_latency_mode_window = 0x14;
inline constexpr uint8_t lba_status_information_report_interval = 0x15;
inline constexpr uint8_t host_behavior_support = 0x16;
inline constexpr uint8_t sanitize_config = 0x17;
inline constexpr uint8_t endurance_group_event_configuration = 0x18;
inline constexpr uint8_t io_command_set_profile = 0x19;
inline constexpr uint8_t spinup_control = 0x1a;
inline constexpr uint8_t enhanced_controller_metadata = 0x7d;
inline constexpr uint8_t controller_metadata = 0x7e;
inline constexpr uint8_t namespace_metadata = 0x7f;
inline constexpr uint8_t software_progress_marker = 0x80;
inline constexpr uint8_t host_identifier = 0x81;
inline constexpr uint8_t reservation_notification_mask = 0x82;
inline constexpr uint8_t reservation_persistence = 0x83;
inline constexpr uint8_t namespace_write_protection_config = 0x84;
}  // namespace feature

// cns.
namespace cns {
inline constexpr uint8_t identify_namespace = 0x00;
inline constexpr uint8_t identify_controller = 0x01;
inline constexpr uint8_t active_namespaces = 0x02;  // Active Namespace ID list
inline constexpr uint8_t namespace_descriptors = 0x03;  // Namespace Identification Descriptor list
inline constexpr uint8_t nvm_sets = 0x04;  // NVM Set List
// I/O Command Set specific Identify Namespace
inline constexpr uint8_t command_set_namespace = 0x05;
// I/O Command Set specific Identify Controller
inline constexpr uint8_t command_set_controller = 0x06;
// I/O Command Set specific Active Namespace ID list
inline constexpr uint8_t command_set_active_namespaces = 0x07;
// I/O Command Set Independent Identify Namespace
inline constexpr uint8_t independent_namespace = 0x08;
// Identify Namespace of a User Data Format
inline constexpr uint8_t namespace_user_data_format = 0x09;
// I/O Command Set specific User Data Format
inline constexpr uint8_t command_set_user_data_format = 0x0a;
inline constexpr uint8_t allocated_namespaces = 0x10;  // Allocated Namespace ID list
inline constexpr uint8_t allocated_namespace = 0x11;  // Identify Namespace of an allocated NSID
inline constexpr uint8_t namespace_controllers = 0x12;  // Controllers attached to a namespace
inline constexpr uint8_t controllers = 0x13;  // Controllers in the NVM subsystem
inline constexpr uint8_t primary_controller_capabilities = 0x14;
inline constexpr uint8_t secondary_controllers = 0x15;  // Secondary Controller list
inline constexpr uint8_t namespace_granularity = 0x16;  // Namespace Granularity List
inline constexpr uint8_t uuids = 0x17;  // UUID List
inline constexpr uint8_t domains = 0x18;  // Domain List
inline constexpr uint8_t endurance_groups = 0x19;  // Endurance Group List
// I/O Command Set specific Allocated NSID list
inline constexpr uint8_t command_set_allocated_namespaces = 0x1a;
// I/O Command Set specific allocated namespace
inline constexpr uint8_t command_set_allocated_namespace = 0x1b;
inline constexpr uint8_t command_sets = 0x1c;  // I/O Command Set data structure
}  // namespace cns

// log page.
namespace log_page {
inline constexpr uint8_t supported_log_pages = 0x00;
inline constexpr uint8_t error_information = 0x01;
inline constexpr uint8_t smart_health_information = 0x02;
inline constexpr uint8_t firmware_slot_information = 0x03;
inline constexpr uint8_t changed_namespace_list = 0x04;
inline constexpr uint8_t commands_supported_and_effects = 0x05;
inline constexpr uint8_t device_self_test = 0x06;
inline constexpr uint8_t telemetry_host_initiated = 0x07;
inline constexpr uint8_t telemetry_controller_initiated = 0x08;
inline constexpr uint8_t endurance_group_information = 0x09;
inline constexpr uint8_t predictable_latency_per_nvm_set = 0x0a;
inline constexpr uint8_t predictable_latency_event_aggregate = 0x0b;
inline constexpr uint8_t asymmetric_namespace_access = 0x0c;
inline constexpr uint8_t persistent_event_log = 0x0d;
inline constexpr uint8_t lba_status_information = 0x0e;
inline constexpr uint8_t endurance_group_event_aggregate = 0x0f;
inline constexpr uint8_t media_unit_status = 0x10;
inline constexpr uint8_t supported_capacity_configuration_list = 0x11;
inline constexpr uint8_t feature_identifiers_supported_and_effects = 0x12;
inline constexpr uint8_t nvme_mi_commands_supported_and_effects = 0x13;
inline constexpr uint8_t command_and_feature_lockdown = 0x14;
inline constexpr uint8_t boot_partition = 0x15;
inline constexpr uint8_t rotational_media_information = 0x16;
inline constexpr uint8_t discovery = 0x70;
inline constexpr uint8_t reservation_notification = 0x80;
inline constexpr uint8_t sanitize_status = 0x81;
}  // namespace log_page

// csi.
namespace csi {
inline constexpr uint8_t nvm = 0x00;              // NVM Command Set
inline constexpr uint8_t key_value = 0x01;        // Key Value Command Set
inline constexpr uint8_t zoned_namespace = 0x02;  // Zoned Namespace Command Set
}  // namespace csi

// status code type.
namespace status_code_type {
inline constexpr uint8_t generic = 0x00;           // Generic Command Status
inline constexpr uint8_t command_specific = 0x01;  // Command Specific Status
inline constexpr uint8_t media = 0x02;             // Media and Data Integrity Errors
inline constexpr uint8_t path = 0x03;              // Path Related Status
inline constexpr uint8_t vendor_specific = 0x07;
}  // namespace status_code_type

// cc css.
namespace cc_css {
inline constexpr uint8_t nvm = 0x00;              // NVM Command Set
inline constexpr uint8_t io_command_sets = 0x06;  // All Supported I/O Command Sets
inline constexpr uint8_t admin_only = 0x07;       // Admin Command Set only
}  // namespace cc_css

// cc ams.
namespace cc_ams {
inline constexpr uint8_t round_robin = 0x00;
// Weighted Round Robin with Urgent Priority Class
inline constexpr uint8_t weighted_round_robin = 0x01;
inline constexpr uint8_t vendor_specific = 0x07;
}  // namespace cc_ams

// cc shn.
namespace cc_shn {
inline constexpr uint8_t none = 0x00;    // No notification
inline constexpr uint8_t normal = 0x01;  // Normal shutdown
inline constexpr uint8_t abrupt = 0x02;  // Abrupt shutdown
}  // namespace cc_shn

// csts shst.
namespace csts_shst {
inline constexpr uint8_t normal = 0x00;     // Normal operation
inline constexpr uint8_t occurring = 0x01;  // Shutdown processing occurring
inline constexpr uint8_t complete = 0x02;   // Shutdown processing complete
}  // namespace csts_shst

// fused operation.
namespace fused_operation {
inline constexpr uint8_t normal = 0x00;  // Normal operation
inline constexpr uint8_t first = 0x01;   // First of a fused operation
inline constexpr uint8_t second = 0x02;  // Second of a fused operation
}  // namespace fused_operation

// data pointer.
namespace data_pointer {
inline constexpr uint8_t prp = 0x00;  // PRPs
// SGLs, MPTR is the address of a contiguous buffer
inline constexpr uint8_t sgl_metadata_buffer = 0x01;
inline constexpr uint8_t sgl_metadata_sgl = 0x02;  // SGLs, MPTR is the address of an SGL descriptor
}  // namespace data_pointer

// sgl descriptor type.
namespace sgl_descriptor_type {
inline constexpr uint8_t data_block = 0x00;            // SGL Data Block
inline constexpr uint8_t bit_bucket = 0x01;            // SGL Bit Bucket
inline constexpr uint8_t segment = 0x02;               // SGL Segment
inline constexpr uint8_t last_segment = 0x03;          // SGL Last Segment
inline constexpr uint8_t keyed_data_block = 0x04;      // Keyed SGL Data Block
inline constexpr uint8_t transport_data_block = 0x05;  // Transport SGL Data Block
inline constexpr uint8_t vendor_specific = 0x0f;
}  // namespace sgl_descriptor_type

// sgl descriptor subtype.
namespace sgl_descriptor_subtype {
inline constexpr uint8_t address = 0x00;
inline constexpr uint8_t offset = 0x01;
}  // namespace sgl_descriptor_subtype

// queue priority.
namespace queue_priority {
inline constexpr uint8_t urgent = 0x00;
inline constexpr uint8_t high = 0x01;
inline constexpr uint8_t medium = 0x02;
inline constexpr uint8_t low = 0x03;
}  // namespace queue_priority

// feature select.
namespace feature_select {
inline constexpr uint8_t current = 0x00;
inline constexpr uint8_t default_value = 0x01;  // Default
inline constexpr uint8_t saved = 0x02;
inline constexpr uint8_t supported_capabilities = 0x03;
}  // namespace feature_select

// async event type.
namespace async_event_type {
inline constexpr uint8_t error = 0x00;        // Error status
inline constexpr uint8_t health = 0x01;       // SMART / Health status
inline constexpr uint8_t notice = 0x02;
inline constexpr uint8_t immediate = 0x03;
inline constexpr uint8_t command_set = 0x06;  // I/O Command Set specific status
inline constexpr uint8_t vendor_specific = 0x07;
}  // namespace async_event_type

// async event error.
namespace async_event_error {
inline constexpr uint8_t invalid_doorbell_register = 0x00;  // Write to Invalid Doorbell Register
inline constexpr uint8_t invalid_doorbell_value = 0x01;     // Invalid Doorbell Write Value
inline constexpr uint8_t diagnostic_failure = 0x02;
inline constexpr uint8_t persistent_internal_error = 0x03;
inline constexpr uint8_t transient_internal_error = 0x04;
inline constexpr uint8_t firmware_image_load_error = 0x05;
}  // namespace async_event_error

// async event health.
namespace async_event_health {
inline constexpr uint8_t reliability = 0x00;  // NVM subsystem Reliability
inline constexpr uint8_t temperature_threshold = 0x01;
inline constexpr uint8_t spare_below_threshold = 0x02;
}  // namespace async_event_health

// async event notice.
namespace async_event_notice {
inline constexpr uint8_t namespace_attribute_changed = 0x00;
inline constexpr uint8_t firmware_activation_starting = 0x01;
inline constexpr uint8_t telemetry_log_changed = 0x02;
inline constexpr uint8_t ana_change = 0x03;  // Asymmetric Namespace Access Change
// Predictable Latency Event Aggregate Log Change
inline constexpr uint8_t predictable_latency_log_change = 0x04;
inline constexpr uint8_t lba_status_information_alert = 0x05;
// Endurance Group Event Aggregate Log Page Change
inline constexpr uint8_t endurance_group_log_change = 0x06;
inline constexpr uint8_t discovery_log_change = 0xf0;  // Discovery Log Page Change
}  // namespace async_event_notice

// async event immediate.
namespace async_event_immediate {
inline constexpr uint8_t normal_shutdown = 0x00;  // Normal NVM Subsystem Shutdown
}  // namespace async_event_immediate

// async event command set.
namespace async_event_command_set {
inline constexpr uint8_t reservation_log_available = 0x00;  // Reservation Log Page Available
inline constexpr uint8_t sanitize_completed = 0x01;  // Sanitize Operation Completed
// Sanitize Operation Completed With Unexpected Deallocation
inline constexpr uint8_t sanitize_unexpected_deallocation = 0x02;
}  // namespace async_event_command_set

// firmware commit action.
namespace firmware_commit_action {
inline constexpr uint8_t replace = 0x00;
// Replace and activate at the next controller level reset
inline constexpr uint8_t replace_and_activate = 0x01;
inline constexpr uint8_t activate = 0x02;  // Activate at the next controller level reset
inline constexpr uint8_t replace_and_activate_now = 0x03;  // Replace and activate immediately
inline constexpr uint8_t replace_boot_partition = 0x06;
inline constexpr uint8_t activate_boot_partition = 0x07;
}  // namespace firmware_commit_action

// namespace management select.
namespace namespace_management_select {
inline constexpr uint8_t create = 0x00;
inline constexpr uint8_t remove = 0x01;  // Delete
}  // namespace namespace_management_select

// namespace attachment select.
namespace namespace_attachment_select {
inline constexpr uint8_t attach = 0x00;  // Controller Attach
inline constexpr uint8_t detach = 0x01;  // Controller Detach
}  // namespace namespace_attachment_select

// secure erase.
namespace secure_erase {
inline constexpr uint8_t none = 0x00;           // No secure erase
inline constexpr uint8_t user_data = 0x01;      // User Data Erase
inline constexpr uint8_t cryptographic = 0x02;  // Cryptographic Erase
}  // namespace secure_erase

// protection information.
namespace protection_information {
inline constexpr uint8_t none = 0x00;  // No protection information
inline constexpr uint8_t type_1 = 0x01;
inline constexpr uint8_t type_2 = 0x02;
inline constexpr uint8_t type_3 = 0x03;
}  // namespace protection_information

// protection information format.
namespace protection_information_format {
inline constexpr uint8_t guard_16b = 0x00;  // 16-bit guard
inline constexpr uint8_t guard_32b = 0x01;  // 32-bit guard
inline constexpr uint8_t guard_64b = 0x02;  // 64-bit guard
}  // namespace protection_information_format

// sanitize action.
namespace sanitize_action {
inline constexpr uint8_t exit_failure_mode = 0x01;
inline constexpr uint8_t block_erase = 0x02;
inline constexpr uint8_t overwrite = 0x03;
inline constexpr uint8_t crypto_erase = 0x04;
}  // namespace sanitize_action

// sanitize state.
namespace sanitize_state {
inline constexpr uint8_t never = 0x00;  // Never sanitized
inline constexpr uint8_t completed = 0x01;
inline constexpr uint8_t in_progress = 0x02;
inline constexpr uint8_t failed = 0x03;
// Completed with deallocation, against No-Deallocate After Sanitize
inline constexpr uint8_t completed_with_deallocation = 0x04;
}  // namespace sanitize_state

// self test code.
namespace self_test_code {
inline constexpr uint8_t short_test = 0x01;     // Short device self-test
inline constexpr uint8_t extended_test = 0x02;  // Extended device self-test
inline constexpr uint8_t vendor_specific = 0x0e;
inline constexpr uint8_t abort_test = 0x0f;     // Abort device self-test
}  // namespace self_test_code

// self test result.
namespace self_test_result {
inline constexpr uint8_t passed = 0x00;  // No error
inline constexpr uint8_t aborted_by_command = 0x01;  // Aborted by a Device Self-test command
inline constexpr uint8_t aborted_by_reset = 0x02;  // Aborted by a controller level reset
inline constexpr uint8_t aborted_by_namespace_removal = 0x03;  // Aborted by removal of a namespace
inline constexpr uint8_t aborted_by_format = 0x04;  // Aborted by a Format NVM command
inline constexpr uint8_t fatal_error = 0x05;  // Fatal or unknown test error
inline constexpr uint8_t failed_unknown_segment = 0x06;  // Failed in an unknown segment
inline constexpr uint8_t failed_segment = 0x07;  // Failed in one or more segments
inline constexpr uint8_t aborted_unknown = 0x08;  // Aborted for an unknown reason
inline constexpr uint8_t aborted_by_sanitize = 0x09;  // Aborted by a sanitize operation
inline constexpr uint8_t unused = 0x0f;  // Entry not used
}  // namespace self_test_result

// temperature threshold type.
namespace temperature_threshold_type {
inline constexpr uint8_t over = 0x00;   // Over temperature threshold
inline constexpr uint8_t under = 0x01;  // Under temperature threshold
}  // namespace temperature_threshold_type

// timestamp origin.
namespace timestamp_origin {
inline constexpr uint8_t reset = 0x00;  // Cleared by a controller level reset
inline constexpr uint8_t host = 0x01;   // Set by the host
}  // namespace timestamp_origin

// write protection.
namespace write_protection {
inline constexpr uint8_t none = 0x00;               // No Write Protect
inline constexpr uint8_t write_protect = 0x01;
inline constexpr uint8_t until_power_cycle = 0x02;  // Write Protect Until Power Cycle
inline constexpr uint8_t permanent = 0x03;          // Permanent Write Protect
}  // namespace write_protection

// lba range type.
namespace lba_range_type {
inline constexpr uint8_t general_purpose = 0x00;
inline constexpr uint8_t filesystem = 0x01;
inline constexpr uint8_t raid = 0x02;
inline constexpr uint8_t cache = 0x03;
inline constexpr uint8_t swap = 0x04;  // Page or swap file
}  // namespace lba_range_type

// controller type.
namespace controller_type {
inline constexpr uint8_t io = 0x01;              // I/O controller
inline constexpr uint8_t discovery = 0x02;       // Discovery controller
inline constexpr uint8_t administrative = 0x03;  // Administrative controller
}  // namespace controller_type

// namespace identifier type.
namespace namespace_identifier_type {
inline constexpr uint8_t eui64 = 0x01;
inline constexpr uint8_t nguid = 0x02;
inline constexpr uint8_t uuid = 0x03;
inline constexpr uint8_t csi = 0x04;  // Command set identifier
}  // namespace namespace_identifier_type

// persistent event type.
namespace persistent_event_type {
inline constexpr uint8_t smart = 0x01;                  // SMART / Health Log Snapshot
inline constexpr uint8_t firmware_commit = 0x02;
inline constexpr uint8_t timestamp_change = 0x03;
inline constexpr uint8_t power_on_reset = 0x04;         // Power-on or Reset
inline constexpr uint8_t hardware_error = 0x05;         // NVM Subsystem Hardware Error
inline constexpr uint8_t change_namespace = 0x06;
inline constexpr uint8_t format_start = 0x07;           // Format NVM Start
inline constexpr uint8_t format_completion = 0x08;      // Format NVM Completion
inline constexpr uint8_t sanitize_start = 0x09;
inline constexpr uint8_t sanitize_completion = 0x0a;
inline constexpr uint8_t set_feature = 0x0b;
inline constexpr uint8_t telemetry_log_created = 0x0c;  // Telemetry Log Create
inline constexpr uint8_t thermal_excursion = 0x0d;
inline constexpr uint8_t vendor_specific = 0xde;
inline constexpr uint8_t tcg = 0xdf;                    // TCG defined
}  // namespace persistent_event_type

// persistent event action.
namespace persistent_event_action {
inline constexpr uint8_t read = 0x00;                        // Read log data
inline constexpr uint8_t establish_context_and_read = 0x01;  // Establish context and read log data
inline constexpr uint8_t release_context = 0x02;
}  // namespace persistent_event_action

// Status field without the phase tag: SC 7:0, SCT 10:8, CRD 12:11, M 13, DNR 14.
namespace status {
inline constexpr uint16_t success = 0x000;  // Successful Completion
inline constexpr uint16_t invalid_opcode = 0x001;  // Invalid Command Opcode
inline constexpr uint16_t invalid_field = 0x002;  // Invalid Field in Command
inline constexpr uint16_t command_id_conflict = 0x003;
inline constexpr uint16_t data_transfer_error = 0x004;
// Commands Aborted due to Power Loss Notification
inline constexpr uint16_t aborted_power_loss = 0x005;
inline constexpr uint16_t internal_error = 0x006;
inline constexpr uint16_t command_aborted = 0x007;  // Command Abort Requested
inline constexpr uint16_t aborted_sq_deletion = 0x008;  // Command Aborted due to SQ Deletion
// Command Aborted due to Failed Fused Command
inline constexpr uint16_t aborted_failed_fused = 0x009;
// Command Aborted due to Missing Fused Command
inline constexpr uint16_t aborted_missing_fused = 0x00a;
inline constexpr uint16_t invalid_namespace_or_format = 0x00b;
inline constexpr uint16_t command_sequence_error = 0x00c;
inline constexpr uint16_t invalid_sgl_segment_descriptor = 0x00d;
inline constexpr uint16_t invalid_number_of_sgl_descriptors = 0x00e;
inline constexpr uint16_t data_sgl_length_invalid = 0x00f;
inline constexpr uint16_t metadata_sgl_length_invalid = 0x010;
inline constexpr uint16_t sgl_descriptor_type_invalid = 0x011;
inline constexpr uint16_t invalid_use_of_cmb = 0x012;  // Invalid Use of Controller Memory Buffer
inline constexpr uint16_t invalid_prp_offset = 0x013;  // PRP Offset Invalid
inline constexpr uint16_t atomic_write_unit_exceeded = 0x014;
inline constexpr uint16_t operation_denied = 0x015;
inline constexpr uint16_t sgl_offset_invalid = 0x016;
inline constexpr uint16_t host_identifier_inconsistent_format = 0x018;
inline constexpr uint16_t keep_alive_timer_expired = 0x019;
inline constexpr uint16_t keep_alive_timeout_invalid = 0x01a;
// Command Aborted due to Preempt and Abort
inline constexpr uint16_t aborted_preempt_and_abort = 0x01b;
inline constexpr uint16_t sanitize_failed = 0x01c;
inline constexpr uint16_t sanitize_in_progress = 0x01d;
inline constexpr uint16_t sgl_data_block_granularity_invalid = 0x01e;
// Command Not Supported for Queue in CMB
inline constexpr uint16_t command_not_supported_in_cmb = 0x01f;
inline constexpr uint16_t namespace_is_write_protected = 0x020;
inline constexpr uint16_t command_interrupted = 0x021;
inline constexpr uint16_t transient_transport_error = 0x022;
// Command Prohibited by Command and Feature Lockdown
inline constexpr uint16_t prohibited_by_lockdown = 0x023;
inline constexpr uint16_t admin_command_media_not_ready = 0x024;
inline constexpr uint16_t lba_out_of_range = 0x080;
inline constexpr uint16_t capacity_exceeded = 0x081;
inline constexpr uint16_t namespace_not_ready = 0x082;
inline constexpr uint16_t reservation_conflict = 0x083;
inline constexpr uint16_t format_in_progress = 0x084;
inline constexpr uint16_t completion_queue_invalid = 0x100;
inline constexpr uint16_t invalid_queue_identifier = 0x101;
inline constexpr uint16_t invalid_queue_size = 0x102;
inline constexpr uint16_t abort_command_limit_exceeded = 0x103;
inline constexpr uint16_t asynchronous_event_request_limit_exceeded = 0x105;
inline constexpr uint16_t invalid_firmware_slot = 0x106;
inline constexpr uint16_t invalid_firmware_image = 0x107;
inline constexpr uint16_t invalid_interrupt_vector = 0x108;
inline constexpr uint16_t invalid_log_page = 0x109;
inline constexpr uint16_t invalid_format = 0x10a;
// Firmware Activation Requires Conventional Reset
inline constexpr uint16_t firmware_requires_conventional_reset = 0x10b;
inline constexpr uint16_t invalid_queue_deletion = 0x10c;
inline constexpr uint16_t feature_identifier_not_saveable = 0x10d;
inline constexpr uint16_t feature_not_changeable = 0x10e;
inline constexpr uint16_t feature_not_namespace_specific = 0x10f;
// Firmware Activation Requires NVM Subsystem Reset
inline constexpr uint16_t firmware_requires_subsystem_reset = 0x110;
// Firmware Activation Requires Controller Level Reset
inline constexpr uint16_t firmware_requires_controller_reset = 0x111;
// Firmware Activation Requires Maximum Time Violation
inline constexpr uint16_t firmware_requires_maximum_time_violation = 0x112;
inline constexpr uint16_t firmware_activation_prohibited = 0x113;
inline constexpr uint16_t overlapping_range = 0x114;
inline constexpr uint16_t namespace_insufficient_capacity = 0x115;
inline constexpr uint16_t namespace_identifier_unavailable = 0x116;
inline constexpr uint16_t namespace_already_attached = 0x118;
inline constexpr uint16_t namespace_is_private = 0x119;
inline constexpr uint16_t namespace_not_attached = 0x11a;
inline constexpr uint16_t thin_provisioning_not_supported = 0x11b;
inline constexpr uint16_t controller_list_invalid = 0x11c;
inline constexpr uint16_t device_self_test_in_progress = 0x11d;
inline constexpr uint16_t boot_partition_write_prohibited = 0x11e;
inline constexpr uint16_t invalid_controller_identifier = 0x11f;
inline constexpr uint16_t invalid_secondary_controller_state = 0x120;
inline constexpr uint16_t invalid_number_of_controller_resources = 0x121;
inline constexpr uint16_t invalid_resource_identifier = 0x122;
// Sanitize Prohibited While Persistent Memory Region is Enabled
inline constexpr uint16_t sanitize_prohibited_while_pmr_enabled = 0x123;
inline constexpr uint16_t ana_group_identifier_invalid = 0x124;
inline constexpr uint16_t ana_attach_failed = 0x125;
inline constexpr uint16_t insufficient_capacity = 0x126;
inline constexpr uint16_t namespace_attachment_limit_exceeded = 0x127;
// Prohibition of Command Execution Not Supported
inline constexpr uint16_t prohibition_not_supported = 0x128;
inline constexpr uint16_t command_set_not_supported = 0x129;  // I/O Command Set Not Supported
inline constexpr uint16_t command_set_not_enabled = 0x12a;  // I/O Command Set Not Enabled
// I/O Command Set Combination Rejected
inline constexpr uint16_t command_set_combination_rejected = 0x12b;
inline constexpr uint16_t invalid_command_set = 0x12c;  // Invalid I/O Command Set
inline constexpr uint16_t identifier_unavailable = 0x12d;
inline constexpr uint16_t conflicting_attributes = 0x180;
inline constexpr uint16_t invalid_protection_information = 0x181;
inline constexpr uint16_t write_to_read_only_range = 0x182;  // Attempted Write to Read Only Range
inline constexpr uint16_t command_size_limit_exceeded = 0x183;
inline constexpr uint16_t write_fault = 0x280;
inline constexpr uint16_t unrecovered_read_error = 0x281;
inline constexpr uint16_t guard_check_error = 0x282;  // End-to-end Guard Check Error
// End-to-end Application Tag Check Error
inline constexpr uint16_t application_tag_check_error = 0x283;
// End-to-end Reference Tag Check Error
inline constexpr uint16_t reference_tag_check_error = 0x284;
inline constexpr uint16_t compare_failure = 0x285;
inline constexpr uint16_t access_denied = 0x286;
// Deallocated or Unwritten Logical Block
inline constexpr uint16_t deallocated_or_unwritten_block = 0x287;
inline constexpr uint16_t storage_tag_check_error = 0x288;  // End-to-end Storage Tag Check Error
inline constexpr uint16_t internal_path_error = 0x300;
inline constexpr uint16_t ana_persistent_loss = 0x301;  // Asymmetric Access Persistent Loss
inline constexpr uint16_t ana_inaccessible = 0x302;  // Asymmetric Access Inaccessible
inline constexpr uint16_t ana_transition = 0x303;  // Asymmetric Access Transition
inline constexpr uint16_t controller_pathing_error = 0x360;
inline constexpr uint16_t host_pathing_error = 0x370;
inline constexpr uint16_t aborted_by_host = 0x371;  // Command Aborted By Host

inline constexpr uint16_t code_mask = 0x7ff;  // Status code type and status code
inline constexpr uint16_t more = 0x2000;      // The error information log has details
inline constexpr uint16_t dnr = 0x4000;       // Do not retry
}  // namespace status

// The name of a status field as namespace status has it.
inline const char* status_name(uint16_t status_field) {
  switch (status_field & status::code_mask) {
    case status::success: return "success";
    case status::invalid_opcode: return "invalid_opcode";
    case status::invalid_field: return "invalid_field";
    case status::command_id_conflict: return "command_id_conflict";
    case status::data_transfer_error: return "data_transfer_error";
    case status::aborted_power_loss: return "aborted_power_loss";
    case status::internal_error: return "internal_error";
    case status::command_aborted: return "command_aborted";
    case status::aborted_sq_deletion: return "aborted_sq_deletion";
    case status::aborted_failed_fused: return "aborted_failed_fused";
    case status::aborted_missing_fused: return "aborted_missing_fused";
    case status::invalid_namespace_or_format: return "invalid_namespace_or_format";
    case status::command_sequence_error: return "command_sequence_error";
    case status::invalid_sgl_segment_descriptor: return "invalid_sgl_segment_descriptor";
    case status::invalid_number_of_sgl_descriptors: return "invalid_number_of_sgl_descriptors";
    case status::data_sgl_length_invalid: return "data_sgl_length_invalid";
    case status::metadata_sgl_length_invalid: return "metadata_sgl_length_invalid";
    case status::sgl_descriptor_type_invalid: return "sgl_descriptor_type_invalid";
    case status::invalid_use_of_cmb: return "invalid_use_of_cmb";
    case status::invalid_prp_offset: return "invalid_prp_offset";
    case status::atomic_write_unit_exceeded: return "atomic_write_unit_exceeded";
    case status::operation_denied: return "operation_denied";
    case status::sgl_offset_invalid: return "sgl_offset_invalid";
    case status::host_identifier_inconsistent_format: return "host_identifier_inconsistent_format";
    case status::keep_alive_timer_expired: return "keep_alive_timer_expired";
    case status::keep_alive_timeout_invalid: return "keep_alive_timeout_invalid";
    case status::aborted_preempt_and_abort: return "aborted_preempt_and_abort";
    case status::sanitize_failed: return "sanitize_failed";
    case status::sanitize_in_progress: return "sanitize_in_progress";
    case status::sgl_data_block_granularity_invalid: return "sgl_data_block_granularity_invalid";
    case status::command_not_supported_in_cmb: return "command_not_supported_in_cmb";
    case status::namespace_is_write_protected: return "namespace_is_write_protected";
    case status::command_interrupted: return "command_interrupted";
    case status::transient_transport_error: return "transient_transport_error";
    case status::prohibited_by_lockdown: return "prohibited_by_lockdown";
    case status::admin_command_media_not_ready: return "admin_command_media_not_ready";
    case status::lba_out_of_range: return "lba_out_of_range";
    case status::capacity_exceeded: return "capacity_exceeded";
    case status::namespace_not_ready: return "namespace_not_ready";
    case status::reservation_conflict: return "reservation_conflict";
    case status::format_in_progress: return "format_in_progress";
    case status::completion_queue_invalid: return "completion_queue_invalid";
    case status::invalid_queue_identifier: return "invalid_queue_identifier";
    case status::invalid_queue_size: return "invalid_queue_size";
    case status::abort_command_limit_exceeded: return "abort_command_limit_exceeded";
    case status::asynchronous_event_request_limit_exceeded: return "asynchronous_event_request_limit_exceeded";
    case status::invalid_firmware_slot: return "invalid_firmware_slot";
    case status::invalid_firmware_image: return "invalid_firmware_image";
    case status::invalid_interrupt_vector: return "invalid_interrupt_vector";
    case status::invalid_log_page: return "invalid_log_page";
    case status::invalid_format: return "invalid_format";
    case status::firmware_requires_conventional_reset: return "firmware_requires_conventional_reset";
    case status::invalid_queue_deletion: return "invalid_queue_deletion";
    case status::feature_identifier_not_saveable: return "feature_identifier_not_saveable";
    case status::feature_not_changeable: return "feature_not_changeable";
    case status::feature_not_namespace_specific: return "feature_not_namespace_specific";
    case status::firmware_requires_subsystem_reset: return "firmware_requires_subsystem_reset";
    case status::firmware_requires_controller_reset: return "firmware_requires_controller_reset";
    case status::firmware_requires_maximum_time_violation: return "firmware_requires_maximum_time_violation";
    case status::firmware_activation_prohibited: return "firmware_activation_prohibited";
    case status::overlapping_range: return "overlapping_range";
    case status::namespace_insufficient_capacity: return "namespace_insufficient_capacity";
    case status::namespace_identifier_unavailable: return "namespace_identifier_unavailable";
    case status::namespace_already_attached: return "namespace_already_attached";
    case status::namespace_is_private: return "namespace_is_private";
    case status::namespace_not_attached: return "namespace_not_attached";
    case status::thin_provisioning_not_supported: return "thin_provisioning_not_supported";
    case status::controller_list_invalid: return "controller_list_invalid";
    case status::device_self_test_in_progress: return "device_self_test_in_progress";
    case status::boot_partition_write_prohibited: return "boot_partition_write_prohibited";
    case status::invalid_controller_identifier: return "invalid_controller_identifier";
    case status::invalid_secondary_controller_state: return "invalid_secondary_controller_state";
    case status::invalid_number_of_controller_resources: return "invalid_number_of_controller_resources";
    case status::invalid_resource_identifier: return "invalid_resource_identifier";
    case status::sanitize_prohibited_while_pmr_enabled: return "sanitize_prohibited_while_pmr_enabled";
    case status::ana_group_identifier_invalid: return "ana_group_identifier_invalid";
    case status::ana_attach_failed: return "ana_attach_failed";
    case status::insufficient_capacity: return "insufficient_capacity";
    case status::namespace_attachment_limit_exceeded: return "namespace_attachment_limit_exceeded";
    case status::prohibition_not_supported: return "prohibition_not_supported";
    case status::command_set_not_supported: return "command_set_not_supported";
    case status::command_set_not_enabled: return "command_set_not_enabled";
    case status::command_set_combination_rejected: return "command_set_combination_rejected";
    case status::invalid_command_set: return "invalid_command_set";
    case status::identifier_unavailable: return "identifier_unavailable";
    case status::conflicting_attributes: return "conflicting_attributes";
    case status::invalid_protection_information: return "invalid_protection_information";
    case status::write_to_read_only_range: return "write_to_read_only_range";
    case status::command_size_limit_exceeded: return "command_size_limit_exceeded";
    case status::write_fault: return "write_fault";
    case status::unrecovered_read_error: return "unrecovered_read_error";
    case status::guard_check_error: return "guard_check_error";
    case status::application_tag_check_error: return "application_tag_check_error";
    case status::reference_tag_check_error: return "reference_tag_check_error";
    case status::compare_failure: return "compare_failure";
    case status::access_denied: return "access_denied";
    case status::deallocated_or_unwritten_block: return "deallocated_or_unwritten_block";
    case status::storage_tag_check_error: return "storage_tag_check_error";
    case status::internal_path_error: return "internal_path_error";
    case status::ana_persistent_loss: return "ana_persistent_loss";
    case status::ana_inaccessible: return "ana_inaccessible";
    case status::ana_transition: return "ana_transition";
    case status::controller_pathing_error: return "controller_pathing_error";
    case status::host_pathing_error: return "host_pathing_error";
    case status::aborted_by_host: return "aborted_by_host";
    default: return (status_field >> 8 & 7) == 7 ? "vendor_specific" : "unknown";
  }
}

// A status field in the words of the specification.
inline const char* status_text(uint16_t status_field) {
  switch (status_field & status::code_mask) {
    case status::success: return "Successful Completion";
    case status::invalid_opcode: return "Invalid Command Opcode";
    case status::invalid_field: return "Invalid Field in Command";
    case status::command_id_conflict: return "Command ID Conflict";
    case status::data_transfer_error: return "Data Transfer Error";
    case status::aborted_power_loss: return "Commands Aborted due to Power Loss Notification";
    case status::internal_error: return "Internal Error";
    case status::command_aborted: return "Command Abort Requested";
    case status::aborted_sq_deletion: return "Command Aborted due to SQ Deletion";
    case status::aborted_failed_fused: return "Command Aborted due to Failed Fused Command";
    case status::aborted_missing_fused: return "Command Aborted due to Missing Fused Command";
    case status::invalid_namespace_or_format: return "Invalid Namespace or Format";
    case status::command_sequence_error: return "Command Sequence Error";
    case status::invalid_sgl_segment_descriptor: return "Invalid SGL Segment Descriptor";
    case status::invalid_number_of_sgl_descriptors: return "Invalid Number of SGL Descriptors";
    case status::data_sgl_length_invalid: return "Data SGL Length Invalid";
    case status::metadata_sgl_length_invalid: return "Metadata SGL Length Invalid";
    case status::sgl_descriptor_type_invalid: return "SGL Descriptor Type Invalid";
    case status::invalid_use_of_cmb: return "Invalid Use of Controller Memory Buffer";
    case status::invalid_prp_offset: return "PRP Offset Invalid";
    case status::atomic_write_unit_exceeded: return "Atomic Write Unit Exceeded";
    case status::operation_denied: return "Operation Denied";
    case status::sgl_offset_invalid: return "SGL Offset Invalid";
    case status::host_identifier_inconsistent_format: return "Host Identifier Inconsistent Format";
    case status::keep_alive_timer_expired: return "Keep Alive Timer Expired";
    case status::keep_alive_timeout_invalid: return "Keep Alive Timeout Invalid";
    case status::aborted_preempt_and_abort: return "Command Aborted due to Preempt and Abort";
    case status::sanitize_failed: return "Sanitize Failed";
    case status::sanitize_in_progress: return "Sanitize In Progress";
    case status::sgl_data_block_granularity_invalid: return "SGL Data Block Granularity Invalid";
    case status::command_not_supported_in_cmb: return "Command Not Supported for Queue in CMB";
    case status::namespace_is_write_protected: return "Namespace is Write Protected";
    case status::command_interrupted: return "Command Interrupted";
    case status::transient_transport_error: return "Transient Transport Error";
    case status::prohibited_by_lockdown: return "Command Prohibited by Command and Feature Lockdown";
    case status::admin_command_media_not_ready: return "Admin Command Media Not Ready";
    case status::lba_out_of_range: return "LBA Out of Range";
    case status::capacity_exceeded: return "Capacity Exceeded";
    case status::namespace_not_ready: return "Namespace Not Ready";
    case status::reservation_conflict: return "Reservation Conflict";
    case status::format_in_progress: return "Format In Progress";
    case status::completion_queue_invalid: return "Completion Queue Invalid";
    case status::invalid_queue_identifier: return "Invalid Queue Identifier";
    case status::invalid_queue_size: return "Invalid Queue Size";
    case status::abort_command_limit_exceeded: return "Abort Command Limit Exceeded";
    case status::asynchronous_event_request_limit_exceeded: return "Asynchronous Event Request Limit Exceeded";
    case status::invalid_firmware_slot: return "Invalid Firmware Slot";
    case status::invalid_firmware_image: return "Invalid Firmware Image";
    case status::invalid_interrupt_vector: return "Invalid Interrupt Vector";
    case status::invalid_log_page: return "Invalid Log Page";
    case status::invalid_format: return "Invalid Format";
    case status::firmware_requires_conventional_reset: return "Firmware Activation Requires Conventional Reset";
    case status::invalid_queue_deletion: return "Invalid Queue Deletion";
    case status::feature_identifier_not_saveable: return "Feature Identifier Not Saveable";
    case status::feature_not_changeable: return "Feature Not Changeable";
    case status::feature_not_namespace_specific: return "Feature Not Namespace Specific";
    case status::firmware_requires_subsystem_reset: return "Firmware Activation Requires NVM Subsystem Reset";
    case status::firmware_requires_controller_reset: return "Firmware Activation Requires Controller Level Reset";
    case status::firmware_requires_maximum_time_violation: return "Firmware Activation Requires Maximum Time Violation";
    case status::firmware_activation_prohibited: return "Firmware Activation Prohibited";
    case status::overlapping_range: return "Overlapping Range";
    case status::namespace_insufficient_capacity: return "Namespace Insufficient Capacity";
    case status::namespace_identifier_unavailable: return "Namespace Identifier Unavailable";
    case status::namespace_already_attached: return "Namespace Already Attached";
    case status::namespace_is_private: return "Namespace Is Private";
    case status::namespace_not_attached: return "Namespace Not Attached";
    case status::thin_provisioning_not_supported: return "Thin Provisioning Not Supported";
    case status::controller_list_invalid: return "Controller List Invalid";
    case status::device_self_test_in_progress: return "Device Self-test In Progress";
    case status::boot_partition_write_prohibited: return "Boot Partition Write Prohibited";
    case status::invalid_controller_identifier: return "Invalid Controller Identifier";
    case status::invalid_secondary_controller_state: return "Invalid Secondary Controller State";
    case status::invalid_number_of_controller_resources: return "Invalid Number of Controller Resources";
    case status::invalid_resource_identifier: return "Invalid Resource Identifier";
    case status::sanitize_prohibited_while_pmr_enabled: return "Sanitize Prohibited While Persistent Memory Region is Enabled";
    case status::ana_group_identifier_invalid: return "ANA Group Identifier Invalid";
    case status::ana_attach_failed: return "ANA Attach Failed";
    case status::insufficient_capacity: return "Insufficient Capacity";
    case status::namespace_attachment_limit_exceeded: return "Namespace Attachment Limit Exceeded";
    case status::prohibition_not_supported: return "Prohibition of Command Execution Not Supported";
    case status::command_set_not_supported: return "I/O Command Set Not Supported";
    case status::command_set_not_enabled: return "I/O Command Set Not Enabled";
    case status::command_set_combination_rejected: return "I/O Command Set Combination Rejected";
    case status::invalid_command_set: return "Invalid I/O Command Set";
    case status::identifier_unavailable: return "Identifier Unavailable";
    case status::conflicting_attributes: return "Conflicting Attributes";
    case status::invalid_protection_information: return "Invalid Protection Information";
    case status::write_to_read_only_range: return "Attempted Write to Read Only Range";
    case status::command_size_limit_exceeded: return "Command Size Limit Exceeded";
    case status::write_fault: return "Write Fault";
    case status::unrecovered_read_error: return "Unrecovered Read Error";
    case status::guard_check_error: return "End-to-end Guard Check Error";
    case status::application_tag_check_error: return "End-to-end Application Tag Check Error";
    case status::reference_tag_check_error: return "End-to-end Reference Tag Check Error";
    case status::compare_failure: return "Compare Failure";
    case status::access_denied: return "Access Denied";
    case status::deallocated_or_unwritten_block: return "Deallocated or Unwritten Logical Block";
    case status::storage_tag_check_error: return "End-to-end Storage Tag Check Error";
    case status::internal_path_error: return "Internal Path Error";
    case status::ana_persistent_loss: return "Asymmetric Access Persistent Loss";
    case status::ana_inaccessible: return "Asymmetric Access Inaccessible";
    case status::ana_transition: return "Asymmetric Access Transition";
    case status::controller_pathing_error: return "Controller Pathing Error";
    case status::host_pathing_error: return "Host Pathing Error";
    case status::aborted_by_host: return "Command Aborted By Host";
    default: return (status_field >> 8 & 7) == 7 ? "Vendor Specific" : "Unknown Status";
  }
}

// An admin command in the words of the specification; null for one that it does not have.
inline const char* admin_opcode_text(uint8_t code) {
  switch (code) {
    case admin_opcode::delete_io_submission_queue: return "Delete I/O Submission Queue";
    case admin_opcode::create_io_submission_queue: return "Create I/O Submission Queue";
    case admin_opcode::get_log_page: return "Get Log Page";
    case admin_opcode::delete_io_completion_queue: return "Delete I/O Completion Queue";
    case admin_opcode::create_io_completion_queue: return "Create I/O Completion Queue";
    case admin_opcode::identify: return "Identify";
    case admin_opcode::abort: return "Abort";
    case admin_opcode::set_features: return "Set Features";
    case admin_opcode::get_features: return "Get Features";
    case admin_opcode::asynchronous_event_request: return "Asynchronous Event Request";
    case admin_opcode::namespace_management: return "Namespace Management";
    case admin_opcode::firmware_commit: return "Firmware Commit";
    case admin_opcode::firmware_image_download: return "Firmware Image Download";
    case admin_opcode::device_self_test: return "Device Self-test";
    case admin_opcode::namespace_attachment: return "Namespace Attachment";
    case admin_opcode::keep_alive: return "Keep Alive";
    case admin_opcode::directive_send: return "Directive Send";
    case admin_opcode::directive_receive: return "Directive Receive";
    case admin_opcode::virtualization_management: return "Virtualization Management";
    case admin_opcode::nvme_mi_send: return "NVMe-MI Send";
    case admin_opcode::nvme_mi_receive: return "NVMe-MI Receive";
    case admin_opcode::capacity_management: return "Capacity Management";
    case admin_opcode::lockdown: return "Lockdown";
    case admin_opcode::doorbell_buffer_config: return "Doorbell Buffer Config";
    case admin_opcode::fabrics_commands: return "Fabrics Commands";
    case admin_opcode::format_nvm: return "Format NVM";
    case admin_opcode::security_send: return "Security Send";
    case admin_opcode::security_receive: return "Security Receive";
    case admin_opcode::sanitize: return "Sanitize";
    case admin_opcode::get_lba_status: return "Get LBA Status";
    default: return nullptr;
  }
}

// Every size and every offset, checked by the compiler.
static_assert(sizeof(SubmissionQueueEntry) == 64);
static_assert(offsetof(SubmissionQueueEntry, opc) == 0);
static_assert(offsetof(SubmissionQueueEntry, flags) == 1);
static_assert(offsetof(SubmissionQueueEntry, cid) == 2);
static_assert(offsetof(SubmissionQueueEntry, nsid) == 4);
static_assert(offsetof(SubmissionQueueEntry, cdw2) == 8);
static_assert(offsetof(SubmissionQueueEntry, cdw3) == 12);
static_assert(offsetof(SubmissionQueueEntry, mptr) == 16);
static_assert(offsetof(SubmissionQueueEntry, prp1) == 24);
static_assert(offsetof(SubmissionQueueEntry, prp2) == 32);
static_assert(offsetof(SubmissionQueueEntry, cdw10) == 40);
static_assert(offsetof(SubmissionQueueEntry, cdw11) == 44);
static_assert(offsetof(SubmissionQueueEntry, cdw12) == 48);
static_assert(offsetof(SubmissionQueueEntry, cdw13) == 52);
static_assert(offsetof(SubmissionQueueEntry, cdw14) == 56);
static_assert(offsetof(SubmissionQueueEntry, cdw15) == 60);
static_assert(sizeof(CompletionQueueEntry) == 16);
static_assert(offsetof(CompletionQueueEntry, dw0) == 0);
static_assert(offsetof(CompletionQueueEntry, dw1) == 4);
static_assert(offsetof(CompletionQueueEntry, sqhd) == 8);
static_assert(offsetof(CompletionQueueEntry, sqid) == 10);
static_assert(offsetof(CompletionQueueEntry, cid) == 12);
static_assert(offsetof(CompletionQueueEntry, status) == 14);
static_assert(sizeof(PowerStateDescriptor) == 32);
static_assert(offsetof(PowerStateDescriptor, mp) == 0);
static_assert(offsetof(PowerStateDescriptor, flags) == 3);
static_assert(offsetof(PowerStateDescriptor, enlat) == 4);
static_assert(offsetof(PowerStateDescriptor, exlat) == 8);
static_assert(offsetof(PowerStateDescriptor, rrt) == 12);
static_assert(offsetof(PowerStateDescriptor, rrl) == 13);
static_assert(offsetof(PowerStateDescriptor, rwt) == 14);
static_assert(offsetof(PowerStateDescriptor, rwl) == 15);
static_assert(offsetof(PowerStateDescriptor, idlp) == 16);
static_assert(offsetof(PowerStateDescriptor, ips) == 18);
static_assert(offsetof(PowerStateDescriptor, actp) == 20);
static_assert(offsetof(PowerStateDescriptor, apws) == 22);
static_assert(sizeof(LbaFormat) == 4);
static_assert(offsetof(LbaFormat, ms) == 0);
static_assert(offsetof(LbaFormat, lbads) == 2);
static_assert(offsetof(LbaFormat, rp) == 3);
static_assert(sizeof(SglDescriptor) == 16);
static_assert(offsetof(SglDescriptor, address) == 0);
static_assert(offsetof(SglDescriptor, length) == 8);
static_assert(offsetof(SglDescriptor, identifier) == 15);
static_assert(sizeof(DatasetManagementRange) == 16);
static_assert(offsetof(DatasetManagementRange, cattr) == 0);
static_assert(offsetof(DatasetManagementRange, nlb) == 4);
static_assert(offsetof(DatasetManagementRange, slba) == 8);
static_assert(sizeof(CopyDescriptor) == 32);
static_assert(offsetof(CopyDescriptor, slba) == 8);
static_assert(offsetof(CopyDescriptor, nlb) == 16);
static_assert(offsetof(CopyDescriptor, eilbrt) == 24);
static_assert(offsetof(CopyDescriptor, elbatm) == 28);
static_assert(offsetof(CopyDescriptor, elbat) == 30);
static_assert(sizeof(ProtectionInformation) == 8);
static_assert(offsetof(ProtectionInformation, guard) == 0);
static_assert(offsetof(ProtectionInformation, application_tag) == 2);
static_assert(offsetof(ProtectionInformation, reference_tag) == 4);
static_assert(sizeof(NamespaceManagementData) == 4096);
static_assert(offsetof(NamespaceManagementData, nsze) == 0);
static_assert(offsetof(NamespaceManagementData, ncap) == 8);
static_assert(offsetof(NamespaceManagementData, flbas) == 26);
static_assert(offsetof(NamespaceManagementData, dps) == 29);
static_assert(offsetof(NamespaceManagementData, nmic) == 30);
static_assert(offsetof(NamespaceManagementData, anagrpid) == 92);
static_assert(offsetof(NamespaceManagementData, nvmsetid) == 100);
static_assert(offsetof(NamespaceManagementData, endgid) == 102);
static_assert(offsetof(NamespaceManagementData, lbstm) == 384);
static_assert(sizeof(LbaRangeType) == 64);
static_assert(offsetof(LbaRangeType, type) == 0);
static_assert(offsetof(LbaRangeType, attributes) == 1);
static_assert(offsetof(LbaRangeType, slba) == 16);
static_assert(offsetof(LbaRangeType, nlb) == 24);
static_assert(offsetof(LbaRangeType, guid) == 32);
static_assert(sizeof(AutonomousPowerStateTransition) == 256);
static_assert(offsetof(AutonomousPowerStateTransition, apst_entry) == 0);
static_assert(sizeof(Timestamp) == 8);
static_assert(offsetof(Timestamp, timestamp) == 0);
static_assert(offsetof(Timestamp, attributes) == 6);
static_assert(sizeof(HostBehaviorSupport) == 512);
static_assert(offsetof(HostBehaviorSupport, acre) == 0);
static_assert(offsetof(HostBehaviorSupport, etdas) == 1);
static_assert(offsetof(HostBehaviorSupport, lbafee) == 2);
static_assert(sizeof(IdentifyController) == 4096);
static_assert(offsetof(IdentifyController, vid) == 0);
static_assert(offsetof(IdentifyController, ssvid) == 2);
static_assert(offsetof(IdentifyController, sn) == 4);
static_assert(offsetof(IdentifyController, mn) == 24);
static_assert(offsetof(IdentifyController, fr) == 64);
static_assert(offsetof(IdentifyController, rab) == 72);
static_assert(offsetof(IdentifyController, ieee) == 73);
static_assert(offsetof(IdentifyController, cmic) == 76);
static_assert(offsetof(IdentifyController, mdts) == 77);
static_assert(offsetof(IdentifyController, cntlid) == 78);
static_assert(offsetof(IdentifyController, ver) == 80);
static_assert(offsetof(IdentifyController, rtd3r) == 84);
static_assert(offsetof(IdentifyController, rtd3e) == 88);
static_assert(offsetof(IdentifyController, oaes) == 92);
static_assert(offsetof(IdentifyController, ctratt) == 96);
static_assert(offsetof(IdentifyController, rrls) == 100);
static_assert(offsetof(IdentifyController, cntrltype) == 111);
static_assert(offsetof(IdentifyController, fguid) == 112);
static_assert(offsetof(IdentifyController, crdt1) == 128);
static_assert(offsetof(IdentifyController, crdt2) == 130);
static_assert(offsetof(IdentifyController, crdt3) == 132);
static_assert(offsetof(IdentifyController, nvmsr) == 253);
static_assert(offsetof(IdentifyController, vwci) == 254);
static_assert(offsetof(IdentifyController, mec) == 255);
static_assert(offsetof(IdentifyController, oacs) == 256);
static_assert(offsetof(IdentifyController, acl) == 258);
static_assert(offsetof(IdentifyController, aerl) == 259);
static_assert(offsetof(IdentifyController, frmw) == 260);
static_assert(offsetof(IdentifyController, lpa) == 261);
static_assert(offsetof(IdentifyController, elpe) == 262);
static_assert(offsetof(IdentifyController, npss) == 263);
static_assert(offsetof(IdentifyController, avscc) == 264);
static_assert(offsetof(IdentifyController, apsta) == 265);
static_assert(offsetof(IdentifyController, wctemp) == 266);
static_assert(offsetof(IdentifyController, cctemp) == 268);
static_assert(offsetof(IdentifyController, mtfa) == 270);
static_assert(offsetof(IdentifyController, hmpre) == 272);
static_assert(offsetof(IdentifyController, hmmin) == 276);
static_assert(offsetof(IdentifyController, tnvmcap) == 280);
static_assert(offsetof(IdentifyController, unvmcap) == 296);
static_assert(offsetof(IdentifyController, rpmbs) == 312);
static_assert(offsetof(IdentifyController, edstt) == 316);
static_assert(offsetof(IdentifyController, dsto) == 318);
static_assert(offsetof(IdentifyController, fwug) == 319);
static_assert(offsetof(IdentifyController, kas) == 320);
static_assert(offsetof(IdentifyController, hctma) == 322);
static_assert(offsetof(IdentifyController, mntmt) == 324);
static_assert(offsetof(IdentifyController, mxtmt) == 326);
static_assert(offsetof(IdentifyController, sanicap) == 328);
static_assert(offsetof(IdentifyController, hmminds) == 332);
static_assert(offsetof(IdentifyController, hmmaxd) == 336);
static_assert(offsetof(IdentifyController, nsetidmax) == 338);
static_assert(offsetof(IdentifyController, endgidmax) == 340);
static_assert(offsetof(IdentifyController, anatt) == 342);
static_assert(offsetof(IdentifyController, anacap) == 343);
static_assert(offsetof(IdentifyController, anagrpmax) == 344);
static_assert(offsetof(IdentifyController, nanagrpid) == 348);
static_assert(offsetof(IdentifyController, pels) == 352);
static_assert(offsetof(IdentifyController, domainid) == 356);
static_assert(offsetof(IdentifyController, megcap) == 368);
static_assert(offsetof(IdentifyController, sqes) == 512);
static_assert(offsetof(IdentifyController, cqes) == 513);
static_assert(offsetof(IdentifyController, maxcmd) == 514);
static_assert(offsetof(IdentifyController, nn) == 516);
static_assert(offsetof(IdentifyController, oncs) == 520);
static_assert(offsetof(IdentifyController, fuses) == 522);
static_assert(offsetof(IdentifyController, fna) == 524);
static_assert(offsetof(IdentifyController, vwc) == 525);
static_assert(offsetof(IdentifyController, awun) == 526);
static_assert(offsetof(IdentifyController, awupf) == 528);
static_assert(offsetof(IdentifyController, icsvscc) == 530);
static_assert(offsetof(IdentifyController, nwpc) == 531);
static_assert(offsetof(IdentifyController, acwu) == 532);
static_assert(offsetof(IdentifyController, ocfs) == 534);
static_assert(offsetof(IdentifyController, sgls) == 536);
static_assert(offsetof(IdentifyController, mnan) == 540);
static_assert(offsetof(IdentifyController, maxdna) == 544);
static_assert(offsetof(IdentifyController, maxcna) == 560);
static_assert(offsetof(IdentifyController, subnqn) == 768);
static_assert(offsetof(IdentifyController, ioccsz) == 1792);
static_assert(offsetof(IdentifyController, iorcsz) == 1796);
static_assert(offsetof(IdentifyController, icdoff) == 1800);
static_assert(offsetof(IdentifyController, fcatt) == 1802);
static_assert(offsetof(IdentifyController, msdbd) == 1803);
static_assert(offsetof(IdentifyController, ofcs) == 1804);
static_assert(offsetof(IdentifyController, dctype) == 1806);
static_assert(offsetof(IdentifyController, psd) == 2048);
static_assert(offsetof(IdentifyController, vs) == 3072);
static_assert(sizeof(IdentifyNamespace) == 4096);
static_assert(offsetof(IdentifyNamespace, nsze) == 0);
static_assert(offsetof(IdentifyNamespace, ncap) == 8);
static_assert(offsetof(IdentifyNamespace, nuse) == 16);
static_assert(offsetof(IdentifyNamespace, nsfeat) == 24);
static_assert(offsetof(IdentifyNamespace, nlbaf) == 25);
static_assert(offsetof(IdentifyNamespace, flbas) == 26);
static_assert(offsetof(IdentifyNamespace, mc) == 27);
static_assert(offsetof(IdentifyNamespace, dpc) == 28);
static_assert(offsetof(IdentifyNamespace, dps) == 29);
static_assert(offsetof(IdentifyNamespace, nmic) == 30);
static_assert(offsetof(IdentifyNamespace, rescap) == 31);
static_assert(offsetof(IdentifyNamespace, fpi) == 32);
static_assert(offsetof(IdentifyNamespace, dlfeat) == 33);
static_assert(offsetof(IdentifyNamespace, nawun) == 34);
static_assert(offsetof(IdentifyNamespace, nawupf) == 36);
static_assert(offsetof(IdentifyNamespace, nacwu) == 38);
static_assert(offsetof(IdentifyNamespace, nabsn) == 40);
static_assert(offsetof(IdentifyNamespace, nabo) == 42);
static_assert(offsetof(IdentifyNamespace, nabspf) == 44);
static_assert(offsetof(IdentifyNamespace, noiob) == 46);
static_assert(offsetof(IdentifyNamespace, nvmcap) == 48);
static_assert(offsetof(IdentifyNamespace, npwg) == 64);
static_assert(offsetof(IdentifyNamespace, npwa) == 66);
static_assert(offsetof(IdentifyNamespace, npdg) == 68);
static_assert(offsetof(IdentifyNamespace, npda) == 70);
static_assert(offsetof(IdentifyNamespace, nows) == 72);
static_assert(offsetof(IdentifyNamespace, mssrl) == 74);
static_assert(offsetof(IdentifyNamespace, mcl) == 76);
static_assert(offsetof(IdentifyNamespace, msrc) == 80);
static_assert(offsetof(IdentifyNamespace, nulbaf) == 82);
static_assert(offsetof(IdentifyNamespace, anagrpid) == 92);
static_assert(offsetof(IdentifyNamespace, nsattr) == 99);
static_assert(offsetof(IdentifyNamespace, nvmsetid) == 100);
static_assert(offsetof(IdentifyNamespace, endgid) == 102);
static_assert(offsetof(IdentifyNamespace, nguid) == 104);
static_assert(offsetof(IdentifyNamespace, eui64) == 120);
static_assert(offsetof(IdentifyNamespace, lbaf) == 128);
static_assert(offsetof(IdentifyNamespace, lbstm) == 384);
static_assert(offsetof(IdentifyNamespace, vs) == 392);
static_assert(sizeof(IdentifyNamespaceNvm) == 4096);
static_assert(offsetof(IdentifyNamespaceNvm, lbstm) == 0);
static_assert(offsetof(IdentifyNamespaceNvm, pic) == 8);
static_assert(offsetof(IdentifyNamespaceNvm, elbaf) == 12);
static_assert(sizeof(IdentifyControllerNvm) == 4096);
static_assert(offsetof(IdentifyControllerNvm, vsl) == 0);
static_assert(offsetof(IdentifyControllerNvm, wzsl) == 1);
static_assert(offsetof(IdentifyControllerNvm, wusl) == 2);
static_assert(offsetof(IdentifyControllerNvm, dmrl) == 3);
static_assert(offsetof(IdentifyControllerNvm, dmrsl) == 4);
static_assert(offsetof(IdentifyControllerNvm, dmsl) == 8);
static_assert(sizeof(IdentifyNamespaceIndependent) == 4096);
static_assert(offsetof(IdentifyNamespaceIndependent, nsfeat) == 0);
static_assert(offsetof(IdentifyNamespaceIndependent, nmic) == 1);
static_assert(offsetof(IdentifyNamespaceIndependent, rescap) == 2);
static_assert(offsetof(IdentifyNamespaceIndependent, fpi) == 3);
static_assert(offsetof(IdentifyNamespaceIndependent, anagrpid) == 4);
static_assert(offsetof(IdentifyNamespaceIndependent, nsattr) == 8);
static_assert(offsetof(IdentifyNamespaceIndependent, nvmsetid) == 10);
static_assert(offsetof(IdentifyNamespaceIndependent, endgid) == 12);
static_assert(offsetof(IdentifyNamespaceIndependent, nstat) == 14);
static_assert(sizeof(NamespaceIdDescriptor) == 4);
static_assert(offsetof(NamespaceIdDescriptor, nidt) == 0);
static_assert(offsetof(NamespaceIdDescriptor, nidl) == 1);
static_assert(sizeof(NamespaceList) == 4096);
static_assert(offsetof(NamespaceList, ns) == 0);
static_assert(sizeof(ControllerList) == 4096);
static_assert(offsetof(ControllerList, num) == 0);
static_assert(offsetof(ControllerList, identifier) == 2);
static_assert(sizeof(PrimaryControllerCapabilities) == 4096);
static_assert(offsetof(PrimaryControllerCapabilities, cntlid) == 0);
static_assert(offsetof(PrimaryControllerCapabilities, portid) == 2);
static_assert(offsetof(PrimaryControllerCapabilities, crt) == 4);
static_assert(offsetof(PrimaryControllerCapabilities, vqfrt) == 32);
static_assert(offsetof(PrimaryControllerCapabilities, vqrfa) == 36);
static_assert(offsetof(PrimaryControllerCapabilities, vqrfap) == 40);
static_assert(offsetof(PrimaryControllerCapabilities, vqprt) == 42);
static_assert(offsetof(PrimaryControllerCapabilities, vqfrsm) == 44);
static_assert(offsetof(PrimaryControllerCapabilities, vqgran) == 46);
static_assert(offsetof(PrimaryControllerCapabilities, vifrt) == 64);
static_assert(offsetof(PrimaryControllerCapabilities, virfa) == 68);
static_assert(offsetof(PrimaryControllerCapabilities, virfap) == 72);
static_assert(offsetof(PrimaryControllerCapabilities, viprt) == 74);
static_assert(offsetof(PrimaryControllerCapabilities, vifrsm) == 76);
static_assert(offsetof(PrimaryControllerCapabilities, vigran) == 78);
static_assert(sizeof(CommandSets) == 4096);
static_assert(offsetof(CommandSets, iocsc) == 0);
static_assert(sizeof(SupportedLogPages) == 1024);
static_assert(offsetof(SupportedLogPages, lid_support) == 0);
static_assert(sizeof(ErrorLogEntry) == 64);
static_assert(offsetof(ErrorLogEntry, error_count) == 0);
static_assert(offsetof(ErrorLogEntry, sqid) == 8);
static_assert(offsetof(ErrorLogEntry, cid) == 10);
static_assert(offsetof(ErrorLogEntry, status_field) == 12);
static_assert(offsetof(ErrorLogEntry, parameter_error_location) == 14);
static_assert(offsetof(ErrorLogEntry, lba) == 16);
static_assert(offsetof(ErrorLogEntry, nsid) == 24);
static_assert(offsetof(ErrorLogEntry, vs) == 28);
static_assert(offsetof(ErrorLogEntry, trtype) == 29);
static_assert(offsetof(ErrorLogEntry, command_specific) == 32);
static_assert(offsetof(ErrorLogEntry, transport_specific) == 40);
static_assert(sizeof(SmartLog) == 512);
static_assert(offsetof(SmartLog, critical_warning) == 0);
static_assert(offsetof(SmartLog, composite_temperature) == 1);
static_assert(offsetof(SmartLog, available_spare) == 3);
static_assert(offsetof(SmartLog, available_spare_threshold) == 4);
static_assert(offsetof(SmartLog, percentage_used) == 5);
static_assert(offsetof(SmartLog, endurance_group_critical_warning) == 6);
static_assert(offsetof(SmartLog, data_units_read) == 32);
static_assert(offsetof(SmartLog, data_units_written) == 48);
static_assert(offsetof(SmartLog, host_read_commands) == 64);
static_assert(offsetof(SmartLog, host_write_commands) == 80);
static_assert(offsetof(SmartLog, controller_busy_time) == 96);
static_assert(offsetof(SmartLog, power_cycles) == 112);
static_assert(offsetof(SmartLog, power_on_hours) == 128);
static_assert(offsetof(SmartLog, unsafe_shutdowns) == 144);
static_assert(offsetof(SmartLog, media_errors) == 160);
static_assert(offsetof(SmartLog, error_log_entries) == 176);
static_assert(offsetof(SmartLog, warning_temperature_time) == 192);
static_assert(offsetof(SmartLog, critical_temperature_time) == 196);
static_assert(offsetof(SmartLog, temperature_sensor) == 200);
static_assert(offsetof(SmartLog, thermal_management_temperature_1_transition_count) == 216);
static_assert(offsetof(SmartLog, thermal_management_temperature_2_transition_count) == 220);
static_assert(offsetof(SmartLog, thermal_management_temperature_1_total_time) == 224);
static_assert(offsetof(SmartLog, thermal_management_temperature_2_total_time) == 228);
static_assert(sizeof(FirmwareRevision) == 8);
static_assert(offsetof(FirmwareRevision, revision) == 0);
static_assert(sizeof(FirmwareSlotLog) == 512);
static_assert(offsetof(FirmwareSlotLog, afi) == 0);
static_assert(offsetof(FirmwareSlotLog, frs) == 8);
static_assert(sizeof(CommandEffectsLog) == 4096);
static_assert(offsetof(CommandEffectsLog, acs) == 0);
static_assert(offsetof(CommandEffectsLog, iocs) == 1024);
static_assert(sizeof(SelfTestResult) == 28);
static_assert(offsetof(SelfTestResult, dsts) == 0);
static_assert(offsetof(SelfTestResult, seg) == 1);
static_assert(offsetof(SelfTestResult, vdi) == 2);
static_assert(offsetof(SelfTestResult, poh) == 4);
static_assert(offsetof(SelfTestResult, nsid) == 12);
static_assert(offsetof(SelfTestResult, flba) == 16);
static_assert(offsetof(SelfTestResult, sct) == 24);
static_assert(offsetof(SelfTestResult, sc) == 25);
static_assert(offsetof(SelfTestResult, vs) == 26);
static_assert(sizeof(SelfTestLog) == 564);
static_assert(offsetof(SelfTestLog, current_operation) == 0);
static_assert(offsetof(SelfTestLog, completion) == 1);
static_assert(offsetof(SelfTestLog, result) == 4);
static_assert(sizeof(FeatureEffectsLog) == 1024);
static_assert(offsetof(FeatureEffectsLog, fid_support) == 0);
static_assert(sizeof(SanitizeStatusLog) == 512);
static_assert(offsetof(SanitizeStatusLog, sprog) == 0);
static_assert(offsetof(SanitizeStatusLog, sstat) == 2);
static_assert(offsetof(SanitizeStatusLog, scdw10) == 4);
static_assert(offsetof(SanitizeStatusLog, eto) == 8);
static_assert(offsetof(SanitizeStatusLog, etbe) == 12);
static_assert(offsetof(SanitizeStatusLog, etce) == 16);
static_assert(offsetof(SanitizeStatusLog, etond) == 20);
static_assert(offsetof(SanitizeStatusLog, etbend) == 24);
static_assert(offsetof(SanitizeStatusLog, etcend) == 28);
static_assert(sizeof(PersistentEventLogHeader) == 512);
static_assert(offsetof(PersistentEventLogHeader, lid) == 0);
static_assert(offsetof(PersistentEventLogHeader, tnev) == 4);
static_assert(offsetof(PersistentEventLogHeader, tll) == 8);
static_assert(offsetof(PersistentEventLogHeader, rv) == 16);
static_assert(offsetof(PersistentEventLogHeader, lhl) == 18);
static_assert(offsetof(PersistentEventLogHeader, ts) == 20);
static_assert(offsetof(PersistentEventLogHeader, poh) == 28);
static_assert(offsetof(PersistentEventLogHeader, pcc) == 44);
static_assert(offsetof(PersistentEventLogHeader, vid) == 52);
static_assert(offsetof(PersistentEventLogHeader, ssvid) == 54);
static_assert(offsetof(PersistentEventLogHeader, sn) == 56);
static_assert(offsetof(PersistentEventLogHeader, mn) == 76);
static_assert(offsetof(PersistentEventLogHeader, subnqn) == 116);
static_assert(offsetof(PersistentEventLogHeader, gen_number) == 372);
static_assert(offsetof(PersistentEventLogHeader, rci) == 374);
static_assert(offsetof(PersistentEventLogHeader, seb) == 480);
static_assert(sizeof(PersistentEventHeader) == 24);
static_assert(offsetof(PersistentEventHeader, etype) == 0);
static_assert(offsetof(PersistentEventHeader, etype_rev) == 1);
static_assert(offsetof(PersistentEventHeader, ehl) == 2);
static_assert(offsetof(PersistentEventHeader, ehai) == 3);
static_assert(offsetof(PersistentEventHeader, cntlid) == 4);
static_assert(offsetof(PersistentEventHeader, ets) == 6);
static_assert(offsetof(PersistentEventHeader, pelpid) == 14);
static_assert(offsetof(PersistentEventHeader, vsil) == 20);
static_assert(offsetof(PersistentEventHeader, el) == 22);
static_assert(sizeof(FirmwareCommitEvent) == 22);
static_assert(offsetof(FirmwareCommitEvent, old_revision) == 0);
static_assert(offsetof(FirmwareCommitEvent, new_revision) == 8);
static_assert(offsetof(FirmwareCommitEvent, commit_action) == 16);
static_assert(offsetof(FirmwareCommitEvent, slot) == 17);
static_assert(offsetof(FirmwareCommitEvent, sct) == 18);
static_assert(offsetof(FirmwareCommitEvent, sc) == 19);
static_assert(offsetof(FirmwareCommitEvent, vendor_result) == 20);
static_assert(sizeof(TimestampChangeEvent) == 16);
static_assert(offsetof(TimestampChangeEvent, previous_timestamp) == 0);
static_assert(offsetof(TimestampChangeEvent, milliseconds_since_reset) == 8);
static_assert(sizeof(PowerOnResetDescriptor) == 36);
static_assert(offsetof(PowerOnResetDescriptor, cntlid) == 0);
static_assert(offsetof(PowerOnResetDescriptor, firmware_activation) == 2);
static_assert(offsetof(PowerOnResetDescriptor, operation_in_progress) == 3);
static_assert(offsetof(PowerOnResetDescriptor, power_cycle_count) == 16);
static_assert(offsetof(PowerOnResetDescriptor, power_on_milliseconds) == 20);
static_assert(offsetof(PowerOnResetDescriptor, timestamp) == 28);
static_assert(sizeof(ChangeNamespaceEvent) == 48);
static_assert(offsetof(ChangeNamespaceEvent, nsmgt_cdw10) == 0);
static_assert(offsetof(ChangeNamespaceEvent, nsze) == 8);
static_assert(offsetof(ChangeNamespaceEvent, ncap) == 24);
static_assert(offsetof(ChangeNamespaceEvent, flbas) == 32);
static_assert(offsetof(ChangeNamespaceEvent, dps) == 33);
static_assert(offsetof(ChangeNamespaceEvent, nmic) == 34);
static_assert(offsetof(ChangeNamespaceEvent, anagrpid) == 36);
static_assert(offsetof(ChangeNamespaceEvent, nvmsetid) == 40);
static_assert(offsetof(ChangeNamespaceEvent, nsid) == 44);
static_assert(sizeof(FormatStartEvent) == 12);
static_assert(offsetof(FormatStartEvent, nsid) == 0);
static_assert(offsetof(FormatStartEvent, fna) == 4);
static_assert(offsetof(FormatStartEvent, cdw10) == 8);
static_assert(sizeof(FormatCompletionEvent) == 12);
static_assert(offsetof(FormatCompletionEvent, nsid) == 0);
static_assert(offsetof(FormatCompletionEvent, smallest_fpi) == 4);
static_assert(offsetof(FormatCompletionEvent, format_status) == 5);
static_assert(offsetof(FormatCompletionEvent, completion_information) == 6);
static_assert(offsetof(FormatCompletionEvent, status_field) == 8);
static_assert(sizeof(SanitizeStartEvent) == 12);
static_assert(offsetof(SanitizeStartEvent, sanicap) == 0);
static_assert(offsetof(SanitizeStartEvent, cdw10) == 4);
static_assert(offsetof(SanitizeStartEvent, cdw11) == 8);
static_assert(sizeof(SanitizeCompletionEvent) == 8);
static_assert(offsetof(SanitizeCompletionEvent, sprog) == 0);
static_assert(offsetof(SanitizeCompletionEvent, sstat) == 2);
static_assert(offsetof(SanitizeCompletionEvent, completion_information) == 4);

}  // namespace nvm::spec
