// SPDX-License-Identifier: MIT
// Identify (NVMe base 2.0, 5.17): any data structure as bytes, and those of the table decoded.

import { checkOptions, namesOf } from '../checks.ts'
import { byteLengthOf, type Decoded, decode } from '../spec/decode.ts'
import { encodeBits } from '../spec/encode.ts'
import { nvme } from '../spec/nvme.ts'
import { type CodeName, numberOf } from './codes.ts'
import { type AdminPort, checkNsid, submit } from './command.ts'

/**
 * Identify Controller (CNS 01h), with the names of the specification in lower case.
 * [Its fields](../../docs/fields.md#identifycontroller).
 * @category Admin commands
 */
export type IdentifyController = Decoded<'IdentifyController'>

/**
 * Identify Namespace of the NVM command set (CNS 00h).
 * [Its fields](../../docs/fields.md#identifynamespace).
 * @category Admin commands
 */
export type IdentifyNamespace = Decoded<'IdentifyNamespace'>

/**
 * What the NVM command set adds to Identify Namespace (CNS 05h).
 * [Its fields](../../docs/fields.md#identifynamespacenvm).
 * @category Admin commands
 */
export type IdentifyNamespaceNvm = Decoded<'IdentifyNamespaceNvm'>

/**
 * What the NVM command set adds to Identify Controller (CNS 06h): limits of commands.
 * [Its fields](../../docs/fields.md#identifycontrollernvm).
 * @category Admin commands
 */
export type IdentifyControllerNvm = Decoded<'IdentifyControllerNvm'>

/**
 * What namespaces of all command sets have (CNS 08h).
 * [Its fields](../../docs/fields.md#identifynamespaceindependent).
 * @category Admin commands
 */
export type IdentifyNamespaceIndependent = Decoded<'IdentifyNamespaceIndependent'>

/**
 * Which data structure Identify answers with; what is left out is 0.
 * @category Admin commands
 */
export interface IdentifyRequest {
  /** Controller or Namespace Structure: its number, or its name in the table. */
  readonly cns: CodeName<'cns'> | number
  /** Namespace identifier; of a list, the one that it begins after. */
  readonly nsid?: number
  /** Controller identifier. */
  readonly cntid?: number
  /** Command set: its identifier, or its name in the table. */
  readonly csi?: CodeName<'csi'> | number
  /** CNS specific identifier: of an NVM set, a domain, an endurance group. */
  readonly cnssid?: number
  /** UUID Index, for vendor specific data. */
  readonly uuidIndex?: number
}

/**
 * What a namespace is known by everywhere (CNS 03h); in hexadecimal, as it is printed.
 * @category Admin commands
 */
export interface NamespaceDescriptors {
  /** IEEE Extended Unique Identifier, of 8 bytes. */
  readonly eui64?: string
  /** Namespace Globally Unique Identifier, of 16 bytes. */
  readonly nguid?: string
  /** Universally Unique Identifier, of 16 bytes, with hyphens. */
  readonly uuid?: string
  /** Command set identifier: 0 is the NVM command set. */
  readonly csi?: number
}

const requestNames = namesOf<IdentifyRequest>({
  cns: true,
  nsid: true,
  cntid: true,
  csi: true,
  cnssid: true,
  uuidIndex: true,
})
const identifyBytes = 4096
const identifierType = nvme.codes.namespace_identifier_type
const headerBytes = byteLengthOf('NamespaceIdDescriptor')

/** The 4096 bytes of any data structure. */
export async function identify(port: AdminPort, request: IdentifyRequest): Promise<Uint8Array> {
  checkOptions('identify', request, requestNames)
  const { nsid = 0, cntid = 0, csi = 0, cnssid = 0, uuidIndex = 0 } = request
  const data = new Uint8Array(identifyBytes)
  await submit(port, {
    opcode: nvme.codes.admin_opcode.identify[0],
    nsid,
    cdw10: encodeBits('identify_cdw10', { cns: numberOf('cns', request.cns), cntid }),
    cdw11: encodeBits('identify_cdw11', { cnssid, csi: numberOf('csi', csi) }),
    cdw14: encodeBits('identify_cdw14', { uuid_index: uuidIndex }),
    data,
  })
  return data
}

type IdentifyStructure = `Identify${string}` & Parameters<typeof decode>[0]

/** As identify(), decoded as a structure of the table. */
export async function identifyAs<Name extends IdentifyStructure>(
  port: AdminPort,
  name: Name,
  request: IdentifyRequest,
): Promise<Decoded<Name>> {
  return decode(name, await identify(port, request))
}

/** As identifyAs(), of the namespace that a caller named. */
export async function identifyNamespaceAs<Name extends IdentifyStructure>(
  port: AdminPort,
  name: Name,
  cns: CodeName<'cns'>,
  nsid: number,
): Promise<Decoded<Name>> {
  checkNsid(nsid)
  return identifyAs(port, name, { cns, nsid })
}

/** The ids of a list of namespaces, which ends at the first 0; at most 1024. */
export async function identifyNamespaces(
  port: AdminPort,
  request: IdentifyRequest,
): Promise<number[]> {
  return listedNamespaces(await identify(port, request))
}

export function listedNamespaces(bytes: Uint8Array): number[] {
  const { ns } = decode('NamespaceList', bytes)
  const end = ns.indexOf(0)
  return ns.slice(0, end < 0 ? ns.length : end)
}

/** The ids of a list of controllers; at most 2047. */
export async function identifyControllers(
  port: AdminPort,
  request: IdentifyRequest,
): Promise<number[]> {
  const { num, identifier } = decode('ControllerList', await identify(port, request))
  return identifier.slice(0, num)
}

/** Descriptors follow each other up to one without a length; unknown types are stepped over. */
export function decodeNamespaceDescriptors(bytes: Uint8Array): NamespaceDescriptors {
  const found: { -readonly [Key in keyof NamespaceDescriptors]: NamespaceDescriptors[Key] } = {}
  let at = 0
  while (at + headerBytes <= bytes.byteLength) {
    const { nidt, nidl } = decode('NamespaceIdDescriptor', bytes.subarray(at))
    if (nidl === 0) break
    const id = bytes.subarray(at + headerBytes, at + headerBytes + nidl)
    const text = Buffer.from(id).toString('hex')
    if (nidt === identifierType.eui64[0]) found.eui64 = text
    if (nidt === identifierType.nguid[0]) found.nguid = text
    if (nidt === identifierType.uuid[0]) found.uuid = hyphenate(text)
    if (nidt === identifierType.csi[0] && id[0] !== undefined) found.csi = id[0]
    at += headerBytes + nidl
  }
  return found
}

function hyphenate(text: string): string {
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
