import { SCOPE_TEXTS, type ScopeDescriptions } from '../../shared/scope-descriptions.ts'
import { CliError, type Options } from '../context.ts'
import { type FieldOption, flagOf, valueGiven } from '../option.ts'

type Part = keyof typeof SCOPE_TEXTS

/** The options that say how people read scopes; each may be given for several. */
const OPTIONS: Readonly<Record<Part, FieldOption>> = {
  title: { flags: '--scope-title <scope=text>', description: SCOPE_TEXTS.title, repeatable: true },
  description: {
    flags: '--scope-description <scope=text>',
    description: SCOPE_TEXTS.description,
    repeatable: true,
  },
  sensitive: {
    flags: '--scope-sensitive <scope=yes|no>',
    description: SCOPE_TEXTS.sensitive,
    repeatable: true,
  },
}

export const scopeTextOptions = Object.values(OPTIONS)

/**
 * The words of scopes after what was given; empty text takes one away.
 * @param before those that there are @param scope of the API, space-separated, as it will be
 * @returns undefined: none was given
 * @throws CliError
 */
export function scopeTextsOf(
  options: Options,
  before: ScopeDescriptions = {},
  scope = '',
): Record<string, Record<string, unknown>> | undefined {
  const scopes = scope.split(/\s+/).filter(Boolean)
  const found = new Map(
    Object.entries(before).map(([name, texts]) => [name, { ...texts } as Record<string, unknown>]),
  )
  let given = false
  for (const [part, option] of Object.entries(OPTIONS)) {
    for (const pair of (valueGiven(options, option) as string[] | undefined) ?? []) {
      given = true
      // The name of a scope may have an equals sign in it.
      const name = scopes
        .filter((each) => pair.startsWith(`${each}=`))
        .reduce((longest, each) => (each.length > longest.length ? each : longest), '')
      if (name === '')
        throw new CliError(
          [
            `${flagOf(option)} needs a scope of the API, “=” and its value, as in “${scopes[0] ?? 'orders:read'}=…”`,
          ],
          2,
        )
      const value = pair.slice(name.length + 1)
      const texts = found.get(name) ?? {}
      if (part === 'sensitive') {
        if (value !== 'yes' && value !== 'no')
          throw new CliError([`${flagOf(option)} takes yes or no after “${name}=”`], 2)
        texts[part] = value === 'yes'
      } else if (value === '') delete texts[part]
      else texts[part] = value
      found.set(name, texts)
    }
  }
  if (!given) return undefined
  const kept = [...found].filter(([name]) => scopes.includes(name))
  return Object.fromEntries(kept)
}
