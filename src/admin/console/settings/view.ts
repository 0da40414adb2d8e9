import type { Form } from '../../../http/pages/pages.ts'
import type { SettingState, SettingsState } from '../../../settings/settings.ts'
import { described } from '../../../shared/locales/described.ts'
import { t } from '../../../shared/locales/texts.ts'
import { distanceInWords, minuteOf } from '../../../shared/moment.ts'
import { byWhom } from '../actor.ts'
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
  /** “3 Nov 2026, 14:05 UTC by ada. Default: open” */
  changed: string
  form: { action: string; fields: Record<string, string> }
}

export interface SettingsSection {
  /** In the table: what its form sends. */
  section: string
  title: string
  id: string
  /** Filled with what is stored, or with what was sent. */
  form: Form
  /** It comes back with what was sent. */
  again: boolean
  rows: SettingRow[]
  changed: ChangedRow[]
  /** Whether it is unfolded: a page with all of them open is very long. */
  open: boolean
}

/** A value as it is entered; the service reads it back. */
export const textOf = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : String(value))

/** A value as it is read. */
export const shownValue = (value: unknown): string => textOf(value) || t('admin.common.none')

const quoted = (sentence: string): string =>
  sentence.replaceAll(/`([^`]*)`/g, (_, words: string) => t('admin.settings.quoted', { words }))

/** What a setting is called, in the language of the console. */
export const labelOf = ({ name, label }: Pick<SettingState, 'name' | 'label'>): string =>
  described(`admin.settings.row.${name}.label`, label)

function hintOf(setting: SettingState): string {
  const { name, sentence, input, default: fallback } = setting
  const ofNumber = input.kind === 'number' ? input : undefined
  const unit = ofNumber?.unit ?? 'numbers'
  const parts = [quoted(described(`admin.settings.row.${name}.sentence`, sentence))]
  if (ofNumber?.zero !== undefined) {
    parts.push(t('admin.settings.hint.unit.zero', { unit, zero: t(ofNumber.zero) }))
  } else if (ofNumber?.unit !== undefined) parts.push(t('admin.settings.hint.unit', { unit }))
  if (input.kind === 'words') parts.push(t('admin.common.by_spaces'))
  const value = shownValue(fallback)
  parts.push(
    unit === 'seconds'
      ? t('admin.settings.hint.default.time', { value, time: distanceInWords(Number(fallback)) })
      : t('admin.settings.hint.default', { value }),
  )
  return parts.join(' ')
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
  const { name, variable, refused } = setting
  const text = {
    name,
    label: labelOf(setting),
    variable,
    hint: hintOf(setting),
    optional: setting.mayBeEmpty,
  }
  return { field: draw(text, inputOf(setting, canWrite)), refused }
}

const changedRow = (setting: SettingState, version: string): ChangedRow[] =>
  setting.changed === undefined || setting.pinnedBy !== undefined
    ? []
    : [
        {
          label: labelOf(setting),
          changed: t('admin.settings.changed.one', {
            time: minuteOf(setting.changed.at),
            by: byWhom(setting.changed.by),
            value: shownValue(setting.default),
          }),
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

/** What a section is called in addresses. */
export const sectionId = (section: string): string => section.toLowerCase().replaceAll(' ', '-')

/**
 * Section by section, in the order of the table.
 * @param canWrite whether there are fields, or what is stored is shown only
 * @param given.open the id of the section that is open, beside one that comes back with what was sent
 */
export const sectionsOf = (
  { settings, version }: SettingsState,
  canWrite: boolean,
  { sent, open }: { sent?: SentForm | undefined; open?: string | undefined } = {},
): SettingsSection[] =>
  [...Map.groupBy(settings, ({ section }) => section)].map(([section, all]) => ({
    section,
    title: described(`admin.settings.section.${sectionId(section).replaceAll('-', '_')}`, section),
    id: sectionId(section),
    form: formOf(all, sent?.section === section ? sent.form : {}),
    again: sent?.section === section,
    rows: all.map((setting) => rowOf(setting, canWrite)),
    changed: all.flatMap((setting) => changedRow(setting, version)),
    open:
      sent?.section === section ||
      open === sectionId(section) ||
      all.some(({ refused }) => refused !== undefined),
  }))
