// SPDX-License-Identifier: MIT
// Get Features and Set Features (NVMe base 2.0, 5.15 and 5.27): a feature of the table with a typed
// value, any other by its number.

import { checkBoolean, checkInteger, checkObject, checkOptions, namesOf, show } from '../checks.ts'
import { createError } from '../errors.ts'
import { byteLengthOf, type Decoded, type DecodedBits, decode, decodeBits } from '../spec/decode.ts'
import { encode, encodeBits } from '../spec/encode.ts'
import type { BitLayoutName, StructureName } from '../spec/nvme.ts'
import { nvme } from '../spec/nvme.ts'
import { type CodeName, codeOf } from './codes.ts'
import { type AdminPort, checkData, checkNsid, dataBytesMax, submit } from './command.ts'
import { type FeatureForm, type FeatureName, featureForms } from './feature-table.ts'

type Forms = typeof featureForms
type FormOf<Name extends FeatureName, Key extends string> = Forms[Name] extends {
  readonly [K in Key]: infer Value
}
  ? Value
  : never

/**
 * The value of a feature: its bit fields, or its data structure, as `FeatureValue<'arbitration'>`.
 * @category Admin commands
 */
export type FeatureValue<Name extends FeatureName> = [FormOf<Name, 'data'>] extends [never]
  ? FormOf<Name, 'bits'> extends infer Layout extends BitLayoutName
    ? DecodedBits<Layout>
    : never
  : FormOf<Name, 'data'> extends infer Data extends StructureName
    ? Decoded<Data>
    : never

/**
 * What may be done with a feature: `saveable`, `namespace_specific` and `changeable`, each 0 or 1.
 * @category Admin commands
 */
export type FeatureCapabilities = DecodedBits<'feature_capabilities'>

/**
 * Which value is asked for; `supported_capabilities` is what may be done with the feature.
 * @category Admin commands
 */
export type FeatureSelect = CodeName<'feature_select'>

/**
 * Which of the values of a feature is asked for.
 * @category Admin commands
 */
export interface GetFeatureOptions<Select extends FeatureSelect = FeatureSelect> {
  /** Which value: default `current`. */
  readonly select?: Select
  /** Of this namespace: required for features of which each namespace has a value of its own. */
  readonly nsid?: number
}

/**
 * Of a feature that has several values: which temperature threshold, which interrupt vector.
 * @category Admin commands
 */
export type FeaturePart<Name extends FeatureName> = [FormOf<Name, 'parts'>] extends [never]
  ? Readonly<Record<string, never>>
  : FormOf<Name, 'parts'> extends readonly (infer Part extends string)[]
    ? { readonly [Field in Part]: number }
    : never

/**
 * What getFeature() resolves to: the value, or what may be done with the feature.
 * @category Admin commands
 */
export type FeatureAnswer<
  Name extends FeatureName,
  Select extends FeatureSelect,
> = Select extends 'supported_capabilities' ? FeatureCapabilities : FeatureValue<Name>

/**
 * A feature by its number; words that are left out are 0.
 * @category Admin commands
 */
export interface RawFeatureRequest extends GetFeatureOptions {
  /** Feature identifier: 0 to FFh. */
  readonly fid: number
  /** Command dword 11: which part of the feature. */
  readonly cdw11?: number
  /** UUID Index, for vendor specific features. */
  readonly uuidIndex?: number
  /** Bytes of the data that the feature has; default 0: none. */
  readonly byteLength?: number
}

/**
 * A feature as its completion and its data have it.
 * @category Admin commands
 */
export interface RawFeature {
  /** Dword 0 of the completion: the value, where it is no data. */
  readonly dword0: number
  /** As many bytes as were asked for; undefined where none were. */
  readonly data: Uint8Array | undefined
}

/**
 * How a feature is set: for good (saved), and for which namespace.
 * @category Admin commands
 */
export interface SetFeatureOptions {
  /** The value outlives power cycles and resets, where the feature is saveable; default false. */
  readonly save?: boolean
  /** Of this namespace: required for features of which each namespace has a value of its own. */
  readonly nsid?: number
}

/**
 * What Set Features is to write to a feature by its number; words that are left out are 0.
 * @category Admin commands
 */
export interface RawFeatureValue extends SetFeatureOptions {
  /** Feature identifier: 0 to FFh. */
  readonly fid: number
  /** Command dword 11: the value of most features. */
  readonly cdw11?: number
  /** Command dword 12. */
  readonly cdw12?: number
  /** Command dword 13. */
  readonly cdw13?: number
  /** Command dword 15. */
  readonly cdw15?: number
  /** UUID Index, for vendor specific features. */
  readonly uuidIndex?: number
  /** The value of features that are data. */
  readonly data?: Uint8Array
}

const getNames = namesOf<GetFeatureOptions & { readonly of?: unknown }>({
  select: true,
  nsid: true,
  of: true,
})
const setNames = namesOf<SetFeatureOptions>({ save: true, nsid: true })
const requestNames = namesOf<RawFeatureRequest>({
  fid: true,
  select: true,
  nsid: true,
  cdw11: true,
  uuidIndex: true,
  byteLength: true,
})
const valueNames = namesOf<RawFeatureValue>({
  fid: true,
  save: true,
  nsid: true,
  cdw11: true,
  cdw12: true,
  cdw13: true,
  cdw15: true,
  uuidIndex: true,
  data: true,
})
const fidMax = 0xff
const { admin_opcode: adminOpcode } = nvme.codes

function formOf(name: FeatureName): FeatureForm {
  if (typeof name === 'string' && Object.hasOwn(featureForms, name)) return featureForms[name]
  const names = Object.keys(featureForms).join(', ')
  throw createError(
    'ERR_ARGUMENT',
    `feature ${show(name)} is none of ${names}; give fid, its number`,
  )
}

export async function getRawFeature(
  port: AdminPort,
  request: RawFeatureRequest,
): Promise<RawFeature> {
  checkOptions('getRawFeature', request, requestNames)
  const { fid, select = 'current', nsid = 0, cdw11 = 0, uuidIndex = 0, byteLength = 0 } = request
  checkInteger('fid', fid, 0, fidMax)
  checkInteger('byteLength', byteLength, 0, dataBytesMax)
  const data = byteLength === 0 ? undefined : new Uint8Array(byteLength)
  const { dword0 } = await submit(port, {
    opcode: adminOpcode.get_features[0],
    nsid,
    cdw10: encodeBits('get_features_cdw10', { fid, sel: codeOf('feature_select', select) }),
    cdw11,
    cdw14: encodeBits('get_features_cdw14', { uuid_index: uuidIndex }),
    ...(data === undefined ? {} : { data }),
  })
  return { dword0, data }
}

export async function getFeature(
  port: AdminPort,
  name: FeatureName,
  options: GetFeatureOptions & { readonly of?: Readonly<Record<string, number>> },
): Promise<object> {
  const form = formOf(name)
  checkOptions('getFeature', options, getNames)
  const { select = 'current', of } = options
  if (of !== undefined) checkParts(name, form.parts ?? [], of)
  const asksCapabilities = select === 'supported_capabilities'
  const { dword0, data } = await getRawFeature(port, {
    fid: codeOf('feature', name),
    select,
    nsid: namespaceOf(name, form, options.nsid, asksCapabilities),
    cdw11: form.bits === undefined ? 0 : encodeBits(form.bits, (of ?? {}) as never),
    byteLength: form.data === undefined || asksCapabilities ? 0 : byteLengthOf(form.data),
  })
  if (asksCapabilities) return decodeBits('feature_capabilities', dword0)
  if (form.data !== undefined) return decode(form.data, data as Uint8Array)
  return decodeBits(form.bits as BitLayoutName, dword0)
}

/** Of a feature with several values, which one is asked for: the names of all parts, no others. */
function checkParts(name: FeatureName, parts: readonly string[], of: object): void {
  checkObject('of', of)
  const odd = Object.keys(of).find((part) => !parts.includes(part))
  if (odd !== undefined) {
    throw createError('ERR_ARGUMENT', `feature ${name} has no part '${odd}'`)
  }
  const missing = parts.find((part) => !Object.hasOwn(of, part))
  if (missing === undefined) return
  throw createError('ERR_ARGUMENT', `feature ${name} has parts; ${missing} is missing`)
}

function namespaceOf(
  name: FeatureName,
  form: FeatureForm,
  nsid: number | undefined,
  isOptional: boolean,
): number {
  if (form.ofNamespace && nsid === undefined && !isOptional) {
    throw createError('ERR_ARGUMENT', `feature ${name} is one of each namespace; give nsid`)
  }
  if (nsid !== undefined) checkNsid(nsid)
  return nsid ?? 0
}

export async function setRawFeature(port: AdminPort, value: RawFeatureValue): Promise<number> {
  checkOptions('setRawFeature', value, valueNames)
  const { fid, save = false, nsid = 0, uuidIndex = 0, data } = value
  checkInteger('fid', fid, 0, fidMax)
  checkBoolean('save', save)
  checkData(data, port.transferBytesMax())
  const { cdw11 = 0, cdw12 = 0, cdw13 = 0, cdw15 = 0 } = value
  const { dword0 } = await submit(port, {
    opcode: adminOpcode.set_features[0],
    nsid,
    cdw10: encodeBits('set_features_cdw10', { fid, sv: save ? 1 : 0 }),
    cdw11,
    cdw12,
    cdw13,
    cdw14: encodeBits('set_features_cdw14', { uuid_index: uuidIndex }),
    cdw15,
    // What the controller does not answer must not change the caller's bytes.
    ...(data === undefined ? {} : { data: new Uint8Array(data) }),
  })
  return dword0
}

export async function setFeature(
  port: AdminPort,
  name: FeatureName,
  value: object,
  options: SetFeatureOptions,
): Promise<number> {
  const form = formOf(name)
  checkObject(`the value of feature ${name}`, value)
  checkOptions('setFeature', options, setNames)
  const given = value as Readonly<Record<string, unknown>>
  const missing = fieldsOf(form).find((field) => given[field] === undefined)
  if (missing !== undefined) {
    throw createError('ERR_ARGUMENT', `feature ${name} is set as a whole; ${missing} is missing`)
  }
  return setRawFeature(port, {
    fid: codeOf('feature', name),
    ...options,
    nsid: namespaceOf(name, form, options.nsid, false),
    ...(form.bits === undefined ? {} : { cdw11: encodeBits(form.bits, value as never) }),
    ...(form.data === undefined ? {} : { data: encode(form.data, value as never) }),
  })
}

function fieldsOf({ bits, data }: FeatureForm): string[] {
  const ofBits = bits === undefined ? {} : nvme.bitLayouts[bits].bits
  const ofData = data === undefined ? {} : nvme.structures[data].fields
  return Object.keys({ ...ofBits, ...ofData })
}
