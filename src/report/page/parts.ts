// SPDX-License-Identifier: MIT
// Pieces of the report's page. Texts are escaped here; `content` is markup already.
import { element, escapeText } from '../figure/xml.ts'

export const paragraph = (text: string, kind?: string): string =>
  element('p', { class: kind }, escapeText(text))

export const heading = (text: string): string => element('h3', {}, escapeText(text))

export const folded = (title: string, content: string, open: boolean): string =>
  `<details${open ? ' open' : ''}>${element('summary', {}, escapeText(title))}${content}</details>`

export const card = (content: string): string => element('div', { class: 'card' }, content)

/** A table in a card; columns in `names` hold words, the others numbers. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  names: readonly number[],
): string {
  const line = (kind: 'th' | 'td', cells: readonly string[]) =>
    element(
      'tr',
      {},
      ...cells.map((cell, i) => {
        return element(kind, names.includes(i) ? { class: 'name' } : {}, escapeText(cell))
      }),
    )
  return card(element('table', {}, line('th', head), ...rows.map((row) => line('td', row))))
}
