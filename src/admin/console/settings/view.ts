import type { Form } from '../../../http/pages/pages.ts'
import type { SettingState, SettingsState } from '../../../settings/settings.ts'
import type { SECTIONS } from '../../../settings/table.ts'
import { distanceInWords, minuteOf } from '../../../shared/moment.ts'
import { type DrawnField, draw, type FieldInput } from '../fields.ts'

/** A setting as its part of the page shows it. */
export interface SettingRow {
  field: DrawnField
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
  /** Filled with what is stored, or with what was sent. */
  form: Form
  /** It comes back with what was sent. */
  again: boolean
  rows: SettingRow[]
  changed: ChangedRow[]
  /** Rarely changed, and not by now: it opens by a press. */
  folded: boolean
}

/** What most servers leave as it is; the page is long enough without. */
const RARELY_CHANGED: ReadonlySet<string> = new Set<(typeof SECTIONS)[keyof typeof SECTIONS]>([
  'Applications',
  'Codes by SMS',
  'Operation',
  'Rate limits',
])

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
  const words =
    input.kind === 'number' && input.unit === 'seconds' ? ` (${distanceInWords(Number(fallback))})` : ''
  return [quoted(sentence), unit, several, `Default: ${shown(fallback)}${words}.`].filter(Boolean).join(' ')
}

function inputOf({ input, value, pinnedBy }: SettingState, canWrite: boolean): FieldInput {
  if (pinnedBy !== undefined || !canWrite) return { kind: 'fixed', value: textOf(value), pinnedBy }
  if (input.kind === 'choice') return { kind: 'choice', options: input.options }
  const numeric = input.kind === 'number'
  return {
    kind: 'text',
    plain: true,
    maxlength: numeric ? 10 : 2000,
    ...(numeric && { inputmode: 'numeric' }),
  }
}

function rowOf(setting: SettingState, canWrite: boolean): SettingRow {
  const { name, label, variable, refused } = setting
  const text = { name, label, variable, hint: hintOf(setting), optional: setting.mayBeEmpty }
  return { field: draw(text, inputOf(setting, canWrite)), refused }
}

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

const formOf = (settings: readonly SettingState[], sent: Partial<Form>): Form => ({
  action: '/admin/settings',
  ...sent,
  values: { ...Object.fromEntries(settings.map(({ name, value }) => [name, textOf(value)])), ...sent.values },
})

/** What came back from the form of a section. */
export interface SentForm {
  section: string
  form: Partial<Form> & Required<Pick<Form, 'values'>>
}

/** Section by section, in the order of the table. @param canWrite whether there are fields, or what is stored is shown only */
export const sectionsOf = (
  { settings, version }: SettingsState,
  canWrite: boolean,
  sent?: SentForm,
): SettingsSection[] =>
  [...Map.groupBy(settings, ({ section }) => section)].map(([title, all]) => ({
    title,
    id: title.toLowerCase().replaceAll(' ', '-'),
    form: formOf(all, sent?.section === title ? sent.form : {}),
    again: sent?.section === title,
    rows: all.map((setting) => rowOf(setting, canWrite)),
    changed: all.flatMap((setting) => changedRow(setting, version)),
    folded:
      RARELY_CHANGED.has(title) &&
      sent?.section !== title &&
      all.every(({ changed, pinnedBy, refused }) => !changed && !pinnedBy && !refused),
  }))
