// SPDX-License-Identifier: MIT
// Every structure that can be printed as nvme-cli prints it: one row for each.

import type { CodeName } from '../../admin/codes.ts'
import {
  effectsJson,
  effectsText,
  featureEffectsJson,
  featureEffectsText,
  supportedJson,
  supportedText,
} from './effects.ts'
import { controllerJson, controllerText, namespaceJson, namespaceText } from './identify.ts'
import type { JsonValue } from './json.ts'
import type { logNames } from './log-names.ts'
import {
  changedJson,
  changedText,
  errorJson,
  errorText,
  firmwareJson,
  firmwareText,
  sanitizeJson,
  sanitizeText,
} from './logs.ts'
import { selfTestJson, selfTestText } from './self-test.ts'
import { smartJson, smartText } from './smart.ts'

/** What besides its bytes is printed of a structure. */
export interface ViewOptions {
  /** The device's name. */
  readonly device: string
  readonly nsid: number
  /** Say in words what bits mean. */
  readonly isHuman: boolean
}

/** How a structure is printed. */
export interface View {
  /** Lines without their ends. */
  readonly text: (bytes: Uint8Array, options: ViewOptions) => string[]
  readonly json: (bytes: Uint8Array, options: ViewOptions) => JsonValue
}

export const identifyViews = {
  controller: {
    text: (bytes, { isHuman }) => controllerText(bytes, isHuman),
    json: controllerJson,
  },
  namespace: {
    text: (bytes, { isHuman, nsid }) => namespaceText(bytes, isHuman, nsid),
    json: namespaceJson,
  },
} as const satisfies Record<string, View>

interface LogView extends View {
  readonly lid: CodeName<'log_page'>
  /** How many bytes of it are read; the error log has as many entries as the controller says. */
  readonly byteLength?: number
  /** nvme-cli's name of the command. */
  readonly command: string
}

/** What `peernvm log` calls a page. */
export type LogName = (typeof logNames)[number]

/** Log pages by the name that `peernvm log` takes. */
export const logViews = {
  smart: {
    lid: 'smart_health_information',
    command: 'smart-log',
    byteLength: 512,
    text: (bytes, { isHuman, device, nsid }) => smartText(bytes, isHuman, device, nsid),
    json: smartJson,
  },
  error: {
    lid: 'error_information',
    command: 'error-log',
    text: (bytes, { device }) => errorText(bytes, device),
    json: errorJson,
  },
  firmware: {
    lid: 'firmware_slot_information',
    command: 'fw-log',
    byteLength: 512,
    text: (bytes, { device }) => firmwareText(bytes, device),
    json: (bytes, { device }) => firmwareJson(bytes, device),
  },
  'changed-namespaces': {
    lid: 'changed_namespace_list',
    command: 'changed-ns-list-log',
    byteLength: 4096,
    text: changedText,
    json: (bytes, { device }) => changedJson(bytes, device),
  },
  effects: {
    lid: 'commands_supported_and_effects',
    command: 'effects-log',
    byteLength: 4096,
    text: (bytes, { isHuman }) => effectsText(bytes, isHuman),
    json: effectsJson,
  },
  'self-test': {
    lid: 'device_self_test',
    command: 'self-test-log',
    byteLength: 564,
    text: (bytes, { device }) => selfTestText(bytes, device),
    json: selfTestJson,
  },
  features: {
    lid: 'feature_identifiers_supported_and_effects',
    command: 'fid-support-effects-log',
    byteLength: 1024,
    text: (bytes, { isHuman, device }) => featureEffectsText(bytes, isHuman, device),
    json: featureEffectsJson,
  },
  pages: {
    lid: 'supported_log_pages',
    command: 'supported-log-pages',
    byteLength: 1024,
    text: (bytes, { device }) => supportedText(bytes, device),
    json: supportedJson,
  },
  sanitize: {
    lid: 'sanitize_status',
    command: 'sanitize-log',
    byteLength: 512,
    text: (bytes, { isHuman }) => sanitizeText(bytes, isHuman),
    json: (bytes, { device }) => sanitizeJson(bytes, device),
  },
} as const satisfies Record<LogName, LogView>
