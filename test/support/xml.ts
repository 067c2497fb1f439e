// SPDX-License-Identifier: MIT
// A strict reader of XML: elements, attributes, text. Whatever is not well-formed throws.

export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  /** Of the element itself, without what its children hold. */
  text: string
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}

function plain(text: string): string {
  if (/&(?!(amp|lt|gt|quot|#39);)|</.test(text)) throw new Error(`not escaped: ${text}`)
  return text.replace(/&[^;]+;/g, (entity) => entities[entity] as string)
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {}
  const rest = text.replace(/\s+([\w:-]+)="([^"]*)"/g, (_, name: string, value: string) => {
    if (name in attributes) throw new Error(`attribute ${name} twice`)
    attributes[name] = plain(value)
    return ''
  })
  if (rest.trim() !== '') throw new Error(`no attributes: ${rest}`)
  return attributes
}

/** The root element of a document. */
export function parseXml(document: string): XmlElement {
  const body = document.replace(/^<\?xml [^?]*\?>\s*/, '')
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  let end = 0
  for (const match of body.matchAll(/<(\/?)([a-zA-Z][\w:-]*)([^<>]*?)(\/?)>/g)) {
    const [whole, closing, name = '', attributes = '', empty] = match
    const within = open.at(-1) as XmlElement
    within.text += plain(body.slice(end, match.index))
    end = match.index + whole.length
    if (closing === '/') {
      if (within.name !== name || open.length === 1) throw new Error(`</${name}> in ${within.name}`)
      open.pop()
      continue
    }
    const made = { name, attributes: attributesOf(attributes), children: [], text: '' }
    within.children.push(made)
    if (empty !== '/') open.push(made)
  }
  if (open.length !== 1) throw new Error(`<${open.at(-1)?.name}> is not closed`)
  const [only] = root.children
  if (root.children.length !== 1 || only === undefined) throw new Error('not one root element')
  if ((root.text + body.slice(end)).trim() !== '') throw new Error('text outside the root element')
  return only
}

/** An element and all below it. */
export const allElements = (element: XmlElement): XmlElement[] => [
  element,
  ...element.children.flatMap(allElements),
]
