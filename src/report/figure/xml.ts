// SPDX-License-Identifier: MIT
// Elements of SVG and HTML as text, escaped.

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Characters that no XML document may have, even escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const notXml = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu

/** Text of any origin, for content and attributes. */
export const escapeText = (text: string): string =>
  text.replace(notXml, '\ufffd').replace(/[&<>"']/g, (character) => entities[character] as string)

export type Attributes = Readonly<Record<string, string | number | undefined>>

/**
 * An element; `children` are elements, or text that is escaped already. Numbers are rounded to
 * hundredths; one that is not finite is a defect of ours and throws.
 */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${attributeText(`${name}.${key}`, value)}"`],
  )
  const start = `<${name}${written.join('')}`
  return children.length === 0 ? `${start}/>` : `${start}>${children.join('')}</${name}>`
}

function attributeText(place: string, value: string | number): string {
  return typeof value === 'string' ? escapeText(value) : rounded(value, place)
}

/** A coordinate, to hundredths. */
export function rounded(value: number, place = 'coordinate'): string {
  if (!Number.isFinite(value)) throw new RangeError(`${place} is ${value}`)
  return String(Math.round(value * 100) / 100)
}

/** Data of a path: a line through `points`. */
export const linePath = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${rounded(x)} ${rounded(y)}`).join('')

/** Data of a path: a rectangle. */
export const rectanglePath = (x: number, y: number, width: number, height: number): string =>
  `M${rounded(x)} ${rounded(y)}h${rounded(width)}v${rounded(height)}h${rounded(-width)}z`
