/** The colours of public/css/tokens.css that mails use, by their names there. Mail clients load no style sheet and know no `var()`. */
export const LIGHT = {
  canvas: '#f6f5f2',
  surface: '#ffffff',
  sunken: '#efede8',
  ink: '#16181d',
  muted: '#595f6b',
  hairline: '#e3e0d9',
  accent: '#0f5c73',
  'on-accent': '#ffffff',
} as const

export const DARK: Readonly<Record<keyof typeof LIGHT, string>> = {
  canvas: '#0e1116',
  surface: '#171b21',
  sunken: '#0b0e12',
  ink: '#eceef2',
  muted: '#9fa8b4',
  hairline: '#2a313b',
  accent: '#6cc3da',
  'on-accent': '#06222c',
}

/** What the attributes of the layout cannot say: small screens, and the dark scheme. Clients without style sheets show it light. */
export const STYLE = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (max-width: 480px) {
  .page { padding: 16px 12px !important; }
  .card { padding: 24px 20px !important; }
  .code { font-size: 30px !important; letter-spacing: 5px !important; }
}
@media (prefers-color-scheme: dark) {
  .canvas { background: ${DARK.canvas} !important; }
  .card { background: ${DARK.surface} !important; border-color: ${DARK.hairline} !important; }
  .sunken { background: ${DARK.sunken} !important; }
  .ink { color: ${DARK.ink} !important; }
  .muted { color: ${DARK.muted} !important; }
  .accent { color: ${DARK.accent} !important; }
  .button { background: ${DARK.accent} !important; }
  .on-accent { color: ${DARK['on-accent']} !important; border-color: ${DARK.accent} !important; }
  .line { border-color: ${DARK.hairline} !important; }
}
`
