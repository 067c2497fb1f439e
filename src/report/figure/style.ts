// SPDX-License-Identifier: MIT
// How figures look, on paper and on a dark screen. Colours are Okabe and Ito's, which people with
// any colour vision tell apart; what they tell, dashes and marks tell too, so that grey will do.

/** Of a column of a paper, in points: 3.3 inches. */
export const figureWidth = 237.6

/** Lines that are told apart: line0 to line3 by class. */
export const seriesCount = 4
/** Steps of a heat map: heat0 to heat7 by class. */
export const heatLevels = 8

const series = {
  light: ['#0072b2', '#d55e00', '#009e73', '#000000'],
  dark: ['#56b4e9', '#e69f00', '#2fbf93', '#f2f2f2'],
}
const dashes = ['none', '5 2', '1.5 1.5', '7 2 1.5 2']

/** From few to many commands: each step darker on paper, and lighter on a dark screen. */
const heat = {
  light: ['#dbe9f4', '#b5d2e8', '#88b8da', '#5a9bc9', '#2f7db4', '#115f98', '#07446f', '#032a47'],
  dark: ['#1a3850', '#1d4a6d', '#20608d', '#2878ae', '#4796cc', '#77b5e0', '#aed3ef', '#e8f4fc'],
}

const inks = {
  light: { ink: '#1a1a1a', faint: '#595959', grid: '#d9d9d9', paper: '#ffffff' },
  dark: { ink: '#e6e6e6', faint: '#a6a6a6', grid: '#3d3d3d', paper: '#16181d' },
}

/** Rules for one mode of colours, for elements below `scope`. */
function coloursOf(mode: 'light' | 'dark', scope: string): string {
  const { ink, faint, grid, paper } = inks[mode]
  return [
    `${scope} .paper{fill:${paper}}`,
    `${scope} text{fill:${ink}}`,
    `${scope} .note{fill:${faint}}`,
    `${scope} .axis{stroke:${ink}}`,
    `${scope} .grid{stroke:${grid}}`,
    `${scope} .seam{stroke:${faint}}`,
    `${scope} .before{fill:${grid}}`,
    ...series[mode].flatMap((colour, i) => [
      `${scope} .line${i}{stroke:${colour}}`,
      `${scope} .mark${i}{fill:${paper};stroke:${colour}}`,
      `${scope} .full${i}{fill:${colour};stroke:${colour}}`,
      `${scope} .area${i}{fill:${colour}}`,
    ]),
    ...heat[mode].map((colour, i) => `${scope} .heat${i}{fill:${colour}}`),
  ].join('\n')
}

const shapes = [
  '.figure{font-family:Helvetica,Arial,"Liberation Sans","DejaVu Sans",sans-serif;font-size:7px}',
  '.figure .title{font-size:7.5px}',
  '.figure .note{font-size:6px}',
  '.figure .axis{stroke-width:.6;fill:none}',
  '.figure .grid{stroke-width:.4;fill:none}',
  '.figure .seam{stroke-width:.5;stroke-dasharray:2 1.5;fill:none}',
  ...series.light.map((_, i) => {
    const line = `stroke-dasharray:${dashes[i]};stroke-width:1.1;fill:none;stroke-linejoin:round`
    return `.figure .line${i}{${line}}`
  }),
  '.figure [class^=mark],.figure [class^=full]{stroke-width:.9}',
  '.figure .bar{stroke-width:.8;stroke-dasharray:none;fill:none}',
  '.figure [class^=area]{fill-opacity:.2}',
  '.figure .touch{fill:none;pointer-events:all}',
].join('\n')

/** The style sheet of figures: light, and dark for who prefers it on a screen. */
export const figureStyle = `${shapes}
${coloursOf('light', '.figure')}
@media screen and (prefers-color-scheme:dark){
${coloursOf('dark', '.figure')}
}`
