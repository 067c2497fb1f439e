// SPDX-License-Identifier: MIT
// The table against the headers of libnvme, which others wrote: offsets, sizes, registers, bit
// fields, codes, status codes.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type BitLayout, elementBytes, parseType, type Structure } from '../../../src/spec/form.ts'
import { nvme } from '../../../src/spec/nvme.ts'
import { bitNames, layoutsWithoutNames, maskNames, wrongInLibnvme } from './bit-names.ts'
import { codeNames, notInTable } from './code-names.ts'
import {
  fieldNames,
  longerInLibnvme,
  partOfLibnvme,
  registerNames,
  structureNames,
} from './names.ts'
import { evaluate, libnvmeInstalled, needsLibnvme } from './oracle.ts'
import { statusNames } from './status-names.ts'

/** A question to the headers, and what the table answers. */
interface Question {
  readonly name: string
  readonly expression: string
  readonly expected: number
}

function compare(questions: readonly Question[]): void {
  const answers = evaluate(new Map(questions.map(({ name, expression }) => [name, expression])))
  const ours = questions.map(({ name, expected }) => `${name} ${expected}`)
  const theirs = questions.map(({ name }) => `${name} ${answers.get(name)}`)
  expect(ours).toEqual(theirs)
}

function fieldQuestions(name: string, structure: Structure, theirName: string): Question[] {
  return Object.entries(structure.fields).flatMap(([field, [offset, type]]) => {
    const key = `${name}.${field}`
    const theirField = fieldNames[key] === undefined ? field : fieldNames[key]
    if (theirField === null) return []
    const { base, count } = parseType(type)
    const member = `((struct ${theirName} *)0)->${theirField}`
    return [
      {
        name: `offset:${key}`,
        expression: `offsetof(struct ${theirName}, ${theirField})`,
        expected: offset,
      },
      {
        name: `size:${key}`,
        expression: `sizeof(${member})`,
        expected: count * elementBytes(base, nvme.structures),
      },
    ]
  })
}

function structureQuestions(): Question[] {
  return Object.entries(nvme.structures).flatMap(([name, structure]) => {
    const theirName = structureNames[name as keyof typeof structureNames]
    if (theirName === null) return []
    const size = {
      name: `size:${name}`,
      expression: `sizeof(struct ${theirName})`,
      expected: structure.size,
    }
    const sizes = longerInLibnvme.includes(name) ? [] : [size]
    return [...sizes, ...fieldQuestions(name, structure, theirName)]
  })
}

function registerQuestions(): Question[] {
  return Object.entries(nvme.registers).flatMap(([name, [offset]]) => {
    if (registerNames[name as keyof typeof registerNames] === null) return []
    return [{ name, expression: `NVME_REG_${name.toUpperCase()}`, expected: offset }]
  })
}

function fieldMask(high: number, low: number): number {
  return Number(((1n << BigInt(high - low + 1)) - 1n) << BigInt(low))
}

function bitQuestions(name: string, layout: BitLayout): Question[] {
  return Object.entries(layout.bits).flatMap(([bit, [high, low]]) => {
    const key = `${name}.${bit}`
    const mask = maskNames[key]
    if (mask !== undefined) {
      return [{ name: `${key}:mask`, expression: mask, expected: fieldMask(high, low) }]
    }
    const stem = bitNames[key] === undefined ? key.replace('.', '_').toUpperCase() : bitNames[key]
    if (stem === null) return []
    const expression = `(unsigned long long)NVME_${stem}_MASK`
    return [
      { name: `${key}:shift`, expression: `NVME_${stem}_SHIFT`, expected: low },
      { name: `${key}:mask`, expression, expected: fieldMask(high - low, 0) },
    ]
  })
}

function allBitQuestions(): Question[] {
  return Object.entries(nvme.bitLayouts)
    .filter(([name]) => !layoutsWithoutNames.includes(name))
    .flatMap(([name, layout]) => bitQuestions(name, layout))
}

const isWrongThere = ({ name }: Question): boolean =>
  Object.keys(wrongInLibnvme).some((key) => name.startsWith(`${key}:`))

function codeQuestions(): Question[] {
  return Object.entries(nvme.codes).flatMap(([set, rows]) => {
    const names: Readonly<Record<string, string | null>> = codeNames[set as keyof typeof codeNames]
    return Object.entries(rows).flatMap(([name, [value]]) => {
      const expression = names[name]
      return expression ? [{ name: `${set}.${name}`, expression, expected: value }] : []
    })
  })
}

function statusQuestions(): Question[] {
  return Object.entries(nvme.statuses).map(([name, [, sc]]) => ({
    name,
    expression: `NVME_SC_${statusNames[name as keyof typeof statusNames]}`,
    expected: sc,
  }))
}

const types = (): string => readFileSync('/usr/include/nvme/types.h', 'utf8')

/** Names of the enumerators of libnvme's `enum NAME`. */
function enumerators(name: string): string[] {
  const body = new RegExp(`^enum ${name} \\{\\n([\\s\\S]*?)^\\};`, 'm').exec(types())?.[1]
  if (body === undefined) throw new Error(`libnvme has no enum ${name}`)
  return [...body.matchAll(/^\s*(\w+)\s*=/gm)].map((match) => match[1] ?? '')
}

/** Members of libnvme's `struct NAME` that are not reserved. */
function members(name: string): string[] {
  const body = new RegExp(`^struct ${name} \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(types())?.[1]
  if (body === undefined) throw new Error(`libnvme has no struct ${name}`)
  const names = [...body.matchAll(/(\w+)(?:\[\w+\])?;/g)].map((match) => match[1] ?? '')
  return names.filter((member) => !member.startsWith('rsvd'))
}

describe.skipIf(!libnvmeInstalled)(`the headers of libnvme${needsLibnvme}`, () => {
  test('have the same offset and size for every field of every structure', () => {
    compare(structureQuestions())
  })

  test('have no field that the table lacks', () => {
    const lacking = Object.entries(nvme.structures).flatMap(([name, { fields }]) => {
      const theirName = structureNames[name as keyof typeof structureNames]
      if (theirName === null || partOfLibnvme.includes(name)) return []
      const known = Object.keys(fields).map((field) => fieldNames[`${name}.${field}`] ?? field)
      return members(theirName).filter((member) => !known.includes(member))
    })
    expect(lacking).toEqual([])
  })

  test('have the same register offsets', () => {
    compare(registerQuestions())
  })

  test('have the same bit fields', () => {
    compare(allBitQuestions().filter((question) => !isWrongThere(question)))
  })

  test('still have the bit fields wrong that are listed as wrong', () => {
    const questions = allBitQuestions().filter(isWrongThere)
    const answers = evaluate(new Map(questions.map((q) => [q.name, q.expression])))
    const right = Object.keys(wrongInLibnvme).filter((key) =>
      questions.every((q) => !q.name.startsWith(`${key}:`) || answers.get(q.name) === q.expected),
    )
    expect(right).toEqual([])
  })

  test('have the same opcodes, features, CNS values, log pages and status code types', () => {
    compare(codeQuestions())
  })

  test('have the same status codes', () => {
    compare(statusQuestions())
  })

  test('name nothing that is neither in the table nor left out on purpose', () => {
    const named = new Set([
      ...Object.values(codeNames).flatMap((names) => Object.values(names)),
      ...Object.values(statusNames).map((name) => `NVME_SC_${name}`),
      ...Object.keys(notInTable),
    ])
    const sets = [
      'nvme_admin_opcode',
      'nvme_io_opcode',
      'nvme_features_id',
      'nvme_identify_cns',
      'nvme_cmd_get_log_lid',
      'nvme_csi',
      'nvme_status_field',
      'nvme_get_features_sel',
      'nvme_ae_type',
      'nvme_ae_info_error',
      'nvme_ae_info_smart',
      'nvme_ae_info_notice',
      'nvme_ae_info_css_nvm',
      'nvme_fw_commit_ca',
      'nvme_ns_mgmt_sel',
      'nvme_ns_attach_sel',
      'nvme_cmd_format_ses',
      'nvme_sanitize_sanact',
      'nvme_ns_write_protect_cfg',
      'nvme_id_ctrl_cntrltype',
      'nvme_ns_id_desc_nidt',
      'nvme_persistent_event_types',
      'nvme_pevent_log_action',
    ]
    expect(sets.flatMap(enumerators).filter((name) => !named.has(name))).toEqual([])
  })

  test('have no capability that the table lacks', () => {
    const named = new Set(Object.values(maskNames).flatMap((mask) => mask.match(/\w+/g) ?? []))
    const controller = [
      'cmic',
      'oaes',
      'ctratt',
      'nvmsr',
      'oacs',
      'frmw',
      'lpa',
      'sanicap',
      'anacap',
    ]
    const commands = ['oncs', 'fuses', 'fna', 'vwc', 'nwpc', 'sgls']
    const namespace = ['nsfeat', 'ns_flbas', 'ns_mc', 'ns_dpc', 'ns_nmic', 'ns_rescap', 'ns_attr']
    const sets = [
      ...[...controller, ...commands].map((field) => `nvme_id_ctrl_${field}`),
      ...namespace.map((field) => `nvme_id_${field}`),
      'nvme_nd_ns_fpi',
      'nvme_smart_crit',
      'nvme_smart_egcw',
      'nvme_cmd_effects',
      'nvme_st_valid_diag_info',
    ]
    const lacking = sets.flatMap(enumerators).filter((name) => !named.has(name))
    expect(lacking).toEqual(['NVME_CTRL_CTRATT_FDPS']) // After 2.0: flexible data placement.
  })
})
