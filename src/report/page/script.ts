// SPDX-License-Identifier: MIT
// What runs in the report's page: values under the pointer at once instead of after a browser's
// delay, and files to keep. Without it everything is still to be seen.

export const pageScript = `
const readout = document.getElementById('readout')
for (const title of document.querySelectorAll('.figure title')) {
  title.parentNode.dataset.tip = title.textContent
  title.remove()
}
document.addEventListener('pointermove', ({ target, clientX, clientY }) => {
  const place = target.closest('[data-tip]')
  readout.hidden = place === null
  if (place === null) return
  readout.textContent = place.dataset.tip
  const left = Math.min(clientX + 14, innerWidth - readout.offsetWidth - 4)
  const below = clientY + 18 + readout.offsetHeight < innerHeight
  readout.style.left = Math.max(0, left) + 'px'
  readout.style.top = (below ? clientY + 18 : clientY - 10 - readout.offsetHeight) + 'px'
})
function keep(name, type, text) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}
function pictureFile(svg) {
  const copy = svg.cloneNode(true)
  const make = (name, text) => {
    const made = document.createElementNS(copy.namespaceURI, name)
    made.textContent = text
    return made
  }
  for (const place of copy.querySelectorAll('[data-tip]')) {
    place.append(make('title', place.dataset.tip))
    delete place.dataset.tip
  }
  copy.prepend(make('style', document.getElementById('figure-style').textContent))
  return new XMLSerializer().serializeToString(copy)
}
document.addEventListener('click', ({ target }) => {
  const { picture, result } = target.dataset
  if (picture !== undefined) {
    const svg = target.closest('figure').querySelector('svg')
    keep(picture + '.svg', 'image/svg+xml', pictureFile(svg))
  }
  if (result !== undefined) {
    keep(result + '.json', 'application/json', document.getElementById(result).textContent)
  }
})
`
