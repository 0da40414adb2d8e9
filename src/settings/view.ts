import { type Limits, limitsWith } from '../shared/limits.ts'
import { limitSetting } from './rows/limits.ts'
import { NAMES, type SettingName, type Values } from './table.ts'

type Camel<Name extends string> = Name extends `${infer Head}_${infer Rest}`
  ? `${Head}${Capitalize<Camel<Rest>>}`
  : Name

/** The names that are known one by one: not those of the rate limits, which `limits` has. */
type Known = { [Name in keyof Values]: string extends Name ? never : Name }[keyof Values] &
  Exclude<SettingName, `rate_limit_${string}`>

/**
 * The settings in effect, by their names in code. Every property is looked up when it is read: code that keeps this object sees each
 * change; code that copies a value out of it keeps the value of that moment.
 */
export type SettingsView = { readonly [Name in Known as Camel<Name>]: Values[Name] } & {
  /** How often what may be done; so are the numbers in it. */
  readonly limits: Limits
  /** Where else than usual codes may be sent: by plain http to these hosts, to programs with these schemes. */
  readonly redirects: { readonly hosts: readonly string[]; readonly schemes: readonly string[] }
}

const camel = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

export function viewOf(read: (name: SettingName) => unknown): SettingsView {
  const view = {
    limits: limitsWith((variable) => read(limitSetting(variable)) as number),
    redirects: {
      get hosts() {
        return read('redirect_hosts')
      },
      get schemes() {
        return read('redirect_schemes')
      },
    },
  }
  for (const name of NAMES)
    Object.defineProperty(view, camel(name), { enumerable: true, get: () => read(name) })
  return Object.freeze(view) as unknown as SettingsView
}
