// What the pages look like by three values of a brand. Everything that is written into a style sheet or a mail is computed here, from colours that were parsed;
// text at 4.5:1 and edges at 3:1 (WCAG 2.2 SC 1.4.3, 1.4.11) hold for whatever comes out.
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { contrast, hexOf, nearest, oklchOf } from './colour.ts'

/** What of a brand the look follows from. */
export interface Look {
  /** `#rrggbb` */
  accent: string | null
  /** `#rrggbb` */
  background: string | null
  /** Pixels of the corners of fields and buttons. */
  radius: number | null
}

/** A colour of light pages, and of dark ones. */
type Pair = readonly [light: string, dark: string]

/** The colours of public/css/tokens.css that a brand stands beside, by their names there. test/branding/theme.test.ts compares them. */
export const SHIPPED = {
  canvas: ['#f6f5f2', '#0e1116'],
  surface: ['#ffffff', '#171b21'],
  raised: ['#ffffff', '#1e242c'],
  sunken: ['#efede8', '#0b0e12'],
  ink: ['#16181d', '#eceef2'],
  muted: ['#595f6b', '#9fa8b4'],
  hairline: ['#e3e0d9', '#2a313b'],
  field: ['#858b97', '#6b7482'],
  accent: ['#0f5c73', '#6cc3da'],
  'accent-strong': ['#0a4557', '#9bdaea'],
  'on-accent': ['#ffffff', '#06222c'],
  'accent-soft': ['#e3f0f3', '#12303a'],
  danger: ['#b3261e', '#ff9a92'],
  success: ['#176f43', '#66d19e'],
  warn: ['#7d5200', '#f0c060'],
} as const satisfies Record<string, Pair>

export type Palette = Readonly<Record<keyof typeof SHIPPED, Pair>>

const TEXT = 4.5
const EDGE = 3

const isOn =
  (grounds: readonly string[], least = TEXT) =>
  (colour: string): boolean =>
    grounds.every((ground) => contrast(colour, ground) >= least)

/** A ground that is set back from the page. */
const sunkenOf = (canvas: string): string => {
  const { lightness, ...rest } = oklchOf(canvas)
  return hexOf({ ...rest, lightness: lightness - 0.022 })
}

/** Texts that keep their colours on every background. */
const LIGHT_TEXTS = (['ink', 'muted', 'danger', 'success', 'warn'] as const).map((name) => SHIPPED[name][0])

const passesAsBackground = (canvas: string): boolean =>
  LIGHT_TEXTS.every((text) => isOn([canvas, sunkenOf(canvas)])(text))

/** The nearest background that the texts of the pages can be read on; itself where they can. */
export const goodBackground = (background: string): string => nearest(background, 1, passesAsBackground)

type Grounds = Pick<Palette, 'canvas' | 'sunken' | 'field' | 'hairline'>

function groundsOf(background: string): Grounds {
  const canvas = goodBackground(background)
  const { chroma, hue } = oklchOf(canvas)
  // As much of the hue as is seen on a dark page, and no more.
  const dark = (lightness: number) => hexOf({ lightness, chroma: Math.min(chroma, 0.02), hue })
  const sunken = sunkenOf(canvas)
  const { lightness } = oklchOf(canvas)
  return {
    canvas: [canvas, dark(0.178)],
    sunken: [sunken, dark(0.162)],
    field: [nearest(SHIPPED.field[0], 0, isOn([canvas, sunken, '#ffffff'], EDGE)), SHIPPED.field[1]],
    hairline: [
      hexOf({ lightness: lightness - 0.06, chroma: Math.min(chroma, 0.03), hue }),
      SHIPPED.hairline[1],
    ],
  }
}

/** The accent as it is written on light pages, and on the soft ground that is made of it. */
function lightAccent(accent: string, grounds: Pick<Palette, 'canvas' | 'sunken'>) {
  const { chroma, hue } = oklchOf(accent)
  const soft = hexOf({ lightness: 0.95, chroma: Math.min(chroma, 0.02), hue })
  const under = [grounds.canvas[0], grounds.sunken[0], SHIPPED.surface[0], soft]
  return { soft, accent: nearest(accent, 0, isOn(under)) }
}

/** The nearest accent that can be read on a background, and under white text; itself where it can. @param background null: what ships */
export const goodAccent = (accent: string, background: string | null): string =>
  lightAccent(accent, background === null ? SHIPPED : groundsOf(background)).accent

function accentsOf(given: string, grounds: Pick<Palette, 'canvas' | 'sunken'>) {
  const { accent, soft } = lightAccent(given, grounds)
  const { chroma, hue, lightness } = oklchOf(accent)
  const softOnDark = hexOf({ lightness: 0.29, chroma: Math.min(chroma, 0.045), hue })
  const under = [grounds.canvas[1], grounds.sunken[1], SHIPPED.surface[1], SHIPPED.raised[1], softOnDark]
  const onDark = nearest(hexOf({ lightness: 0.77, chroma: Math.min(chroma, 0.13), hue }), 1, isOn(under))
  const strongOnDark = { ...oklchOf(onDark), chroma: Math.min(chroma, 0.09) }
  return {
    accent: [accent, onDark],
    'accent-strong': [
      hexOf({ lightness: Math.max(0, lightness - 0.09), chroma, hue }),
      hexOf({ ...strongOnDark, lightness: Math.min(0.96, strongOnDark.lightness + 0.09) }),
    ],
    'on-accent': [
      '#ffffff',
      nearest(hexOf({ lightness: 0.24, chroma: Math.min(chroma, 0.05), hue }), 0, isOn([onDark])),
    ],
    'accent-soft': [soft, softOnDark],
  } as const
}

/** Every colour of the pages by a brand. What could not be read comes out as the nearest that can. */
export function paletteOf({ accent, background }: Pick<Look, 'accent' | 'background'>): Palette {
  const grounds = background === null ? {} : groundsOf(background)
  const all = { ...SHIPPED, ...grounds }
  return accent === null ? all : { ...all, ...accentsOf(accent, all) }
}

/** Pixels of the corners, by the names of public/css/tokens.css. */
const cornersOf = (radius: number) => ({
  'r-s': Math.round(radius * 0.75),
  'r-m': radius,
  'r-l': Math.round(radius * 1.75),
})

/** The style sheet of a look: custom properties in the layer `theme`, and nothing else. */
function sheetOf(look: Look): string {
  const palette = paletteOf(look)
  const colours = Object.entries(palette)
    .filter(([name, pair]) => pair !== SHIPPED[name as keyof Palette])
    .map(([name, [light, dark]]) => `--${name}:light-dark(${light},${dark})`)
  const corners =
    look.radius === null
      ? []
      : Object.entries(cornersOf(look.radius)).map(([name, px]) => `--${name}:${px}px`)
  const logo = look.accent === null ? [] : ['--logo:var(--accent)']
  return `@layer theme{:root{${[...colours, ...corners, ...logo].join(';')}}}\n`
}

/** Stands for how sheets are computed: another version of this program, which computes them otherwise, names them otherwise. */
const PROBE: Look = { accent: '#7c3aed', background: '#fdf6e3', radius: 12 }

/** Where the style sheets of looks are. */
export interface Sheets {
  /** The address of the style sheet of a look: it names the look, and a digest that this server alone can make. Undefined: as it ships. */
  addressOf(look: Look): string | undefined
  /** The style sheet of an address; undefined: this server has never named it, or an earlier version has. No colour is computed before that is known. */
  sheetAt(digest: string, look: Look): string | undefined
}

/** @param key of this installation: every process of it finds the sheets that another one has named */
export function createSheets(key: KeyObject): Sheets {
  let recipe: string | undefined
  const digestOf = ({ accent, background, radius }: Look): string => {
    recipe ??= sheetOf(PROBE)
    return createHmac('sha256', key)
      .update(JSON.stringify([recipe, accent, background, radius]))
      .digest('base64url')
  }
  return {
    addressOf(look) {
      const { accent, background, radius } = look
      const said = Object.entries({
        accent: accent?.slice(1),
        background: background?.slice(1),
        radius: radius?.toString(),
      })
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${value}`)
      return said.length === 0 ? undefined : `/theme/${digestOf(look)}.css?${said.join('&')}`
    },
    sheetAt(digest, look) {
      const [given, right] = [Buffer.from(digest), Buffer.from(digestOf(look))]
      return given.length === right.length && timingSafeEqual(given, right) ? sheetOf(look) : undefined
    },
  }
}
