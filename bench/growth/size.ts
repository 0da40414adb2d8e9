/** How much a database is filled with. */
export interface Size {
  accounts: number
  artifacts: number
  clients: number
}

/** The full sizes that are reported in the README; `--scale 0.1` is a tenth of them. */
export const FULL: Readonly<Record<'sqlite' | 'postgresql', Size>> = {
  sqlite: { accounts: 300_000, artifacts: 1_500_000, clients: 3_000 },
  postgresql: { accounts: 1_000_000, artifacts: 5_000_000, clients: 10_000 },
}

export const scaled = (size: Size, scale: number): Size => ({
  accounts: Math.max(100, Math.round(size.accounts * scale)),
  artifacts: Math.max(500, Math.round(size.artifacts * scale)),
  clients: Math.max(10, Math.round(size.clients * scale)),
})

/** Names that repeat as those of people do. */
export const FIRST_NAMES =
  'anna ben clara david emma felix greta hans ida jonas klara lukas mia noah olga paul rosa simon tara uwe vera walter xenia yann zoe'.split(
    ' ',
  )
export const LAST_NAMES =
  'schmidt mueller meyer fischer weber wagner becker hoffmann koch richter klein wolf schroeder neumann schwarz zimmermann braun krueger hartmann'.split(
    ' ',
  )

/** The username of the account with this number: both engines are filled by this rule. */
export const nameOf = (n: number): string =>
  `${FIRST_NAMES[(n * 7919) % FIRST_NAMES.length]}.${LAST_NAMES[Math.floor(n / 3) % LAST_NAMES.length]}.${n}`
