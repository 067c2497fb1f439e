// SPDX-License-Identifier: MIT
// Bits of command dwords against libnvme's functions: each is called with one argument set and with
// an ioctl() that keeps the command; the dword that it built must be what the table says.
import { expect, test } from 'vitest'
import type { BitLayout } from '../../../src/spec/form.ts'
import { type BitLayoutName, nvme } from '../../../src/spec/nvme.ts'
import { layoutsWithoutNames } from './bit-names.ts'
import { libnvmeInstalled, needsLibnvme, run } from './oracle.ts'

/** One call: members of its argument structure in C, and the value that our bit field then has. */
interface Probe {
  readonly bit: string
  readonly call: string
  readonly args: string
  readonly value: number
}

const probe = (bit: string, call: string, args: string, value: number): Probe => ({
  bit,
  call,
  args,
  value,
})

const log = (bit: string, args: string, value: number): Probe =>
  probe(`get_log_page_${bit}`, 'get_log', args.includes('.len') ? args : `${args}, .len = 4`, value)

const io = (bits: string[], call: string, args: string, value: number): Probe[] =>
  bits.map((bit) => probe(bit, call, args, value))

const probes: readonly Probe[] = [
  probe('identify_cdw10.cns', 'identify', '.cns = 0xff', 0xff),
  probe('identify_cdw10.cntid', 'identify', '.cntid = 0xffff', 0xffff),
  probe('identify_cdw11.cnssid', 'identify', '.cns_specific_id = 0xffff', 0xffff),
  probe('identify_cdw11.csi', 'identify', '.csi = 0xff', 0xff),
  probe('identify_cdw14.uuid_index', 'identify', '.uuidx = 0x7f', 0x7f),
  log('cdw10.lid', '.lid = 0xff', 0xff),
  log('cdw10.lsp', '.lsp = 0x7f', 0x7f),
  log('cdw10.rae', '.rae = 1', 1),
  log('cdw10.numdl', '.len = 0x40000', 0xffff),
  log('cdw11.numdu', '.len = 0x40004', 1),
  log('cdw11.lsi', '.lsi = 0xffff', 0xffff),
  log('cdw14.uuid_index', '.uuidx = 0x7f', 0x7f),
  log('cdw14.ot', '.ot = 1', 1),
  log('cdw14.csi', '.csi = 0xff', 0xff),
  probe('set_features_cdw10.fid', 'set_features', '.fid = 0xff', 0xff),
  probe('set_features_cdw10.sv', 'set_features', '.save = 1', 1),
  probe('set_features_cdw14.uuid_index', 'set_features', '.uuidx = 0x7f', 0x7f),
  probe('get_features_cdw10.fid', 'get_features', '.fid = 0xff', 0xff),
  probe('get_features_cdw10.sel', 'get_features', '.sel = 7', 7),
  probe('get_features_cdw14.uuid_index', 'get_features', '.uuidx = 0x7f', 0x7f),
  probe('firmware_image_download_cdw10.numd', 'fw_download', '.data_len = 0x40000', 0xffff),
  probe(
    'firmware_image_download_cdw11.ofst',
    'fw_download',
    '.offset = 0x400, .data_len = 4',
    0x100,
  ),
  probe('firmware_commit_cdw10.fs', 'fw_commit', '.slot = 7', 7),
  probe('firmware_commit_cdw10.ca', 'fw_commit', '.action = 7', 7),
  probe('firmware_commit_cdw10.bpid', 'fw_commit', '.bpid = 1', 1),
  probe('device_self_test_cdw10.stc', 'dev_self_test', '.stc = 0xf', 0xf),
  probe('namespace_management_cdw10.sel', 'ns_mgmt', '.sel = 0xf', 0xf),
  probe('namespace_management_cdw11.csi', 'ns_mgmt', '.csi = 0xff', 0xff),
  probe('namespace_attachment_cdw10.sel', 'ns_attach', '.sel = 0xf', 0xf),
  probe('format_nvm_cdw10.lbafl', 'format_nvm', '.lbaf = 0xf', 0xf),
  probe('format_nvm_cdw10.mset', 'format_nvm', '.mset = 1', 1),
  probe('format_nvm_cdw10.pi', 'format_nvm', '.pi = 7', 7),
  probe('format_nvm_cdw10.pil', 'format_nvm', '.pil = 1', 1),
  probe('format_nvm_cdw10.ses', 'format_nvm', '.ses = 7', 7),
  probe('format_nvm_cdw10.lbafu', 'format_nvm', '.lbafu = 3', 3),
  probe('sanitize_cdw10.sanact', 'sanitize_nvm', '.sanact = 7', 7),
  probe('sanitize_cdw10.ause', 'sanitize_nvm', '.ause = 1', 1),
  probe('sanitize_cdw10.owpass', 'sanitize_nvm', '.owpass = 0xf', 0xf),
  probe('sanitize_cdw10.oipbp', 'sanitize_nvm', '.oipbp = 1', 1),
  probe('sanitize_cdw10.ndas', 'sanitize_nvm', '.nodas = 1', 1),
  ...io(
    ['read_cdw12.nlb', 'write_cdw12.nlb', 'write_zeroes_cdw12.nlb'],
    'io',
    '.nlb = 0xffff',
    0xffff,
  ),
  ...io(
    ['read_cdw12.stc', 'write_cdw12.stc', 'write_zeroes_cdw12.stc'],
    'io',
    '.control = NVME_IO_STC',
    1,
  ),
  ...io(
    ['read_cdw12.fua', 'write_cdw12.fua', 'write_zeroes_cdw12.fua'],
    'io',
    '.control = NVME_IO_FUA',
    1,
  ),
  ...io(
    ['read_cdw12.lr', 'write_cdw12.lr', 'write_zeroes_cdw12.lr'],
    'io',
    '.control = NVME_IO_LR',
    1,
  ),
  ...io(
    ['read_cdw12.prinfo', 'write_cdw12.prinfo', 'write_zeroes_cdw12.prinfo'],
    'io',
    '.control = NVME_IO_PRINFO_PRACT | NVME_IO_PRINFO_PRCHK_GUARD | NVME_IO_PRINFO_PRCHK_APP ' +
      '| NVME_IO_PRINFO_PRCHK_REF',
    0xf,
  ),
  probe('write_cdw12.dtype', 'io', '.control = NVME_IO_DTYPE_STREAMS', 1),
  probe('write_zeroes_cdw12.deac', 'io', '.control = NVME_IO_DEAC', 1),
  probe('read_cdw13.dsm', 'io', '.dsm = 0xff', 0xff),
  probe('read_cdw13.dspec', 'io', '.dspec = 0xffff', 0xffff),
  ...io(['read_cdw15.elbat', 'write_cdw15.lbat'], 'io', '.apptag = 0xffff', 0xffff),
  ...io(['read_cdw15.elbatm', 'write_cdw15.lbatm'], 'io', '.appmask = 0xffff', 0xffff),
  ...io(['write_cdw15.lbat'], 'copy', '.nr = 1, .lbat = 0xffff', 0xffff),
  ...io(['write_cdw15.lbatm'], 'copy', '.nr = 1, .lbatm = 0xffff', 0xffff),
  probe('dataset_management_cdw10.nr', 'dsm', '.nr_ranges = 0x100', 0xff),
  probe('dataset_management_cdw11.idr', 'dsm', '.attrs = NVME_DSMGMT_IDR', 1),
  probe('dataset_management_cdw11.idw', 'dsm', '.attrs = NVME_DSMGMT_IDW', 1),
  probe('dataset_management_cdw11.ad', 'dsm', '.attrs = NVME_DSMGMT_AD', 1),
  probe('copy_cdw12.nr', 'copy', '.nr = 0x100', 0xff),
  probe('copy_cdw12.desfmt', 'copy', '.nr = 1, .format = 0xf', 0xf),
  probe('copy_cdw12.prinfor', 'copy', '.nr = 1, .prinfor = 0xf', 0xf),
  probe('copy_cdw12.dtype', 'copy', '.nr = 1, .dtype = 0xf', 0xf),
  probe('copy_cdw12.prinfow', 'copy', '.nr = 1, .prinfow = 0xf', 0xf),
  probe('copy_cdw12.fua', 'copy', '.nr = 1, .fua = 1', 1),
  probe('copy_cdw12.lr', 'copy', '.nr = 1, .lr = 1', 1),
]

/**
 * What no function of libnvme builds: queues are made by the kernel, which reads completions too.
 * decode.test.ts has them from the figures of the specification.
 */
const withoutOracle: readonly string[] = [
  'sgl_identifier',
  'sqe_flags',
  'cqe_status',
  'cmbebs',
  'cmbswtp',
  'delete_queue_cdw10',
  'create_sq_cdw10',
  'create_sq_cdw11',
  'create_sq_cdw12',
  'create_cq_cdw10',
  'create_cq_cdw11',
  'abort_cdw10',
  'abort_dw0',
  'async_event_dw0',
  'copy_cdw12.stcw',
  'copy_cdw12.stcr',
  'firmware_commit_dw0',
  'feature_capabilities',
  'timestamp_attributes',
  'crt',
  'ips',
  'apws',
  'ocfs',
  'independent_nsfeat',
  'nstat',
  'pic',
  'lid_effects',
  'active_firmware_info',
  'reporting_context',
]

const preamble = `
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <libnvme.h>

static struct nvme_passthru_cmd seen;

// Both of libnvme's pass-through structures begin alike, up to command dword 15.
int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  memcpy(&seen, va_arg(rest, void *), offsetof(struct nvme_passthru_cmd, timeout_ms));
  va_end(rest);
  return 0;
}

int main(void) {
`

function cStatement({ bit, call, args }: Probe): string {
  const dword = /cdw\d+/.exec(bit)?.[0] ?? ''
  const opcode = call === 'io' ? ', nvme_cmd_read' : ''
  return [
    '  {',
    `    struct nvme_${call}_args args = { .args_size = sizeof(args), ${args} };`,
    `    int rc = nvme_${call}(&args${opcode});`,
    `    printf("${bit} %lld\\n", rc == 0 ? (long long)seen.${dword} : -1ll);`,
    '  }',
  ].join('\n')
}

function lowBit(bit: string): number {
  const [name, field] = bit.split('.') as [BitLayoutName, string]
  const layout: BitLayout = nvme.bitLayouts[name]
  const row = layout.bits[field]
  if (!row) throw new Error(`No bit field ${bit}`)
  return row[1]
}

test.skipIf(!libnvmeInstalled)(`libnvme's functions build the same dwords${needsLibnvme}`, () => {
  const answers = run([preamble, ...probes.map(cStatement), '  return 0;', '}', ''].join('\n'))
  const ours = probes.map(({ bit, value }) => `${bit} ${value * 2 ** lowBit(bit)}`)
  expect(ours).toEqual(probes.map(({ bit }) => `${bit} ${answers.get(bit)}`))
})

test('every bit field is compared with libnvme or listed as having nothing to compare with', () => {
  const probed = new Set(probes.map(({ bit }) => bit))
  const missing = layoutsWithoutNames.flatMap((name) =>
    Object.keys(nvme.bitLayouts[name as BitLayoutName].bits)
      .map((bit) => `${name}.${bit}`)
      .filter((bit) => !probed.has(bit))
      .filter((bit) => !withoutOracle.includes(bit) && !withoutOracle.includes(name)),
  )
  expect(missing).toEqual([])
})
