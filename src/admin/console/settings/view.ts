import type { SettingState, SettingsState } from '../../../settings/settings.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { inWords } from '../try-it/decode.ts'

/** A setting as its part of the page shows it. */
export interface SettingRow {
  name: string
  label: string
  hint: string
  /** As it is entered. */
  value: string
  /** What there is to choose from; undefined: the field takes text. */
  options: readonly string[] | undefined
  numeric: boolean
  optional: boolean
  /** The environment variable that sets it. */
  pinnedBy: string | undefined
  /** What is to be known of a stored value that does not count. */
  refused: string | undefined
}

/** What was changed here, and can be taken back. */
export interface ChangedRow {
  label: string
  /** “3 Nov 2026, 14:05 UTC by ada” */
  changed: string
  fallback: string
  form: { action: string; fields: Record<string, string> }
}

export interface SettingsSection {
  title: string
  id: string
  rows: SettingRow[]
  changed: ChangedRow[]
}

/** A value as it is entered; the service reads it back. */
export const textOf = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : String(value))

const shown = (value: unknown): string => textOf(value) || 'none'

const quoted = (sentence: string): string => sentence.replaceAll(/`([^`]*)`/g, '“$1”')

function hintOf({ sentence, input, default: fallback }: SettingState): string {
  const unit =
    input.kind === 'number' && (input.unit !== undefined || input.zero !== undefined)
      ? `In ${input.unit ?? 'numbers'}${input.zero === undefined ? '' : `; 0: ${input.zero}`}.`
      : undefined
  const several = input.kind === 'words' ? 'Separated by spaces.' : undefined
  const words = input.kind === 'number' && input.unit === 'seconds' ? ` (${inWords(Number(fallback))})` : ''
  return [quoted(sentence), unit, several, `Default: ${shown(fallback)}${words}.`].filter(Boolean).join(' ')
}

const rowOf = (setting: SettingState): SettingRow => ({
  name: setting.name,
  label: setting.label,
  hint: hintOf(setting),
  value: textOf(setting.value),
  options: setting.input.kind === 'choice' ? setting.input.options : undefined,
  numeric: setting.input.kind === 'number',
  optional: setting.input.kind === 'words',
  pinnedBy: setting.pinnedBy,
  refused: setting.refused,
})

const changedRow = (setting: SettingState, version: string): ChangedRow[] =>
  setting.changed === undefined || setting.pinnedBy !== undefined
    ? []
    : [
        {
          label: setting.label,
          changed: `${minuteOf(setting.changed.at)} by ${setting.changed.by}`,
          fallback: shown(setting.default),
          form: { action: '/admin/settings/reset', fields: { name: setting.name, version } },
        },
      ]

/** Section by section, in the order of the table. */
export const sectionsOf = ({ settings, version }: SettingsState): SettingsSection[] =>
  [...Map.groupBy(settings, ({ section }) => section)].map(([title, all]) => ({
    title,
    id: title.toLowerCase().replaceAll(' ', '-'),
    rows: all.map(rowOf),
    changed: all.flatMap((setting) => changedRow(setting, version)),
  }))
