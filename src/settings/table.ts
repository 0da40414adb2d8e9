/**
 * What an owner may change while the server runs, once. From a row follow the type of its value, the environment variable that
 * pins it (its name in capitals), the console's form, REST, the command line, YAML and docs/settings.md.
 */
import type { z } from 'zod'
import { t } from '../shared/locales/texts.ts'
import type { Input } from './kinds.ts'
import { accountRows } from './rows/accounts.ts'
import { applicationRows } from './rows/applications.ts'
import { type LimitSetting, limitRows } from './rows/limits.ts'
import { organizationRows } from './rows/organizations.ts'
import { passwordRows } from './rows/passwords.ts'
import { serverRows } from './rows/server.ts'
import { signInRows } from './rows/sign-in.ts'
import { smsRows } from './rows/sms.ts'
import { SECTIONS, type Setting } from './setting.ts'

const ROWS = {
  ...accountRows,
  ...passwordRows,
  ...signInRows,
  ...applicationRows,
  ...smsRows,
  ...organizationRows,
  ...serverRows,
} as const

type Rows = typeof ROWS

export type SettingName = keyof Rows | LimitSetting

const TABLE: ReadonlyMap<string, Setting> = new Map<string, Setting>(
  Object.entries({ ...ROWS, ...limitRows }),
)

/** Every setting, in the order of the table. */
export const NAMES = [...TABLE.keys()] as SettingName[]

/** The environment variable that pins a setting. */
export const variableOfSetting = (name: SettingName): string => name.toUpperCase()

export const isSettingName = (name: string): name is SettingName => TABLE.has(name)

export function settingOf(name: SettingName): Setting {
  const setting = TABLE.get(name)
  if (setting === undefined) throw new Error(`${name} is not in the table of settings`)
  return setting
}

/** A setting in words, for the pages, the REST API and the command line. */
export interface SettingDescription {
  name: SettingName
  /** The environment variable that would pin it. */
  variable: string
  /** The heading of the part of the page that it stands in. */
  section: string
  label: string
  sentence: string
  see: string | undefined
  /** Whether it holds a door to accounts. */
  guards: boolean
  input: Input
  /** Nothing is a good value of it, so no form insists on one. */
  mayBeEmpty: boolean
}

/** All of them, section by section. */
export const DESCRIPTIONS: readonly SettingDescription[] = Object.entries(SECTIONS).flatMap(([id, section]) =>
  NAMES.filter((name) => settingOf(name).section === id).map((name) => {
    const { label, sentence, see, guards = false, input, schema, fromText } = settingOf(name)
    const mayBeEmpty = schema.safeParse(fromText('')).success
    const words = { variable: variableOfSetting(name), section, label, sentence, see }
    return { name, ...words, guards, input, mayBeEmpty }
  }),
)

/** The value of each, by name. */
export type Values = { readonly [Name in keyof Rows]: z.output<Rows[Name]['schema']> } & {
  readonly [Name in LimitSetting]: number
}

export function defaultOf(name: SettingName, issuer: string): unknown {
  const { fallback } = settingOf(name)
  return typeof fallback === 'function' ? (fallback as (issuer: string) => unknown)(issuer) : fallback
}

/** Judges a value in JSON. `problem`: what it has to be, with an example, in the language of who reads it. */
export function readValue(name: SettingName, given: unknown): { value: unknown } | { problem: string } {
  const { data, error } = settingOf(name).schema.safeParse(given)
  return error === undefined
    ? { value: data }
    : { problem: error.issues[0]?.message ?? t('admin.settings.must.valid') }
}

/** Judges a value in text. */
export const readText = (name: SettingName, given: string): ReturnType<typeof readValue> =>
  readValue(name, settingOf(name).fromText(given))

/** A value as it is entered; `fromText` of its setting gives it back. */
export const textOf = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : String(value))
