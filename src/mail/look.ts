/** Colours of light and dark pages, by their names in public/css/tokens.css. Mail clients load no style sheet and know no `var()`. */
type Colours = 'canvas' | 'surface' | 'sunken' | 'ink' | 'muted' | 'hairline' | 'accent' | 'on-accent'

/** What messages wear. */
export interface MailLook {
  /** What the service is called; undefined: by its host. */
  name: string | undefined
  /** The address has the path alone. */
  logo: { address: string; width: number; height: number; wide: boolean } | undefined
  /** Stands below every message. */
  footer: string | undefined
  palette: Readonly<Record<Colours, readonly [light: string, dark: string]>>
  /** Pixels. */
  radius: number
}

export const AS_IT_SHIPS: MailLook = {
  name: undefined,
  logo: undefined,
  footer: undefined,
  palette: {
    canvas: ['#f6f5f2', '#0e1116'],
    surface: ['#ffffff', '#171b21'],
    sunken: ['#efede8', '#0b0e12'],
    ink: ['#16181d', '#eceef2'],
    muted: ['#595f6b', '#9fa8b4'],
    hairline: ['#e3e0d9', '#2a313b'],
    accent: ['#0f5c73', '#6cc3da'],
    'on-accent': ['#ffffff', '#06222c'],
  },
  radius: 8,
}

/** The colours of the light scheme, which the attributes of the layout say. */
export const lightOf = ({ palette }: MailLook): Record<Colours, string> =>
  Object.fromEntries(Object.entries(palette).map(([name, [light]]) => [name, light])) as Record<
    Colours,
    string
  >

/** Pixels of a logo as it is shown: of two on a screen, one. */
export function logoSize({ width, height }: NonNullable<MailLook['logo']>): {
  width: number
  height: number
} {
  const scale = Math.min(1, 36 / height, 220 / width)
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

/** What the attributes of the layout cannot say: small screens, and the dark scheme. Clients without style sheets show it light. */
export function styleOf({ palette }: MailLook): string {
  const dark = (name: Colours) => palette[name][1]
  return `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (max-width: 480px) {
  .page { padding: 16px 12px !important; }
  .card { padding: 24px 20px !important; }
  .code { font-size: 30px !important; letter-spacing: 5px !important; }
}
@media (prefers-color-scheme: dark) {
  .canvas { background: ${dark('canvas')} !important; }
  .card { background: ${dark('surface')} !important; border-color: ${dark('hairline')} !important; }
  .sunken { background: ${dark('sunken')} !important; }
  .ink { color: ${dark('ink')} !important; }
  .muted { color: ${dark('muted')} !important; }
  .accent { color: ${dark('accent')} !important; }
  .button { background: ${dark('accent')} !important; }
  .on-accent { color: ${dark('on-accent')} !important; border-color: ${dark('accent')} !important; }
  .line { border-color: ${dark('hairline')} !important; }
}
`
}
