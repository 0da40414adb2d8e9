import type { ConnectorField, ConnectorKind } from '../../../federation/connector-kind.ts'
import { t } from '../../../shared/locales/texts.ts'
import { type DrawnField, draw, type FieldInput, type FieldText } from '../fields.ts'

type Values = Readonly<Record<string, string>>

const text = (field: FieldText, more: Omit<FieldInput & { kind: 'text' }, 'kind'> = {}): DrawnField =>
  draw(field, { kind: 'text', ...more })

const check = (field: FieldText, values: Values): DrawnField =>
  draw(field, { kind: 'check', checked: values[field.name] === 'on' })

/** Settings with a label; no kind of field but `pairs` is without an input. */
const inForm = ({ fields }: ConnectorKind): [name: string, ConnectorField & { label: string }][] =>
  Object.entries(fields).flatMap(([name, { label, ...field }]) =>
    label === undefined || field.input === 'pairs' ? [] : [[name, { ...field, label }]],
  )

/** It has no default, so it comes before what the provider has given out. */
const isRequired = ({ schema }: ConnectorField): boolean => !schema.safeParse(undefined).success

function settingField(name: string, setting: ConnectorField & { label: string }, values: Values): DrawnField {
  const { label, hint, choices, input } = setting
  const field = { name, label, hint }
  if (input === 'flag') return check(field, values)
  if (choices !== undefined) return draw(field, { kind: 'choice', options: choices })
  const url = input === 'url' && ({ type: 'url', inputmode: 'url' } as const)
  return text({ ...field, optional: !isRequired(setting) }, { plain: true, ...url })
}

/** What the form for a provider of a kind asks for, in its order. @param values what it is filled with */
export function providerFields(kind: ConnectorKind, values: Values): DrawnField[] {
  const settings = Map.groupBy(inForm(kind), ([, field]) => isRequired(field))
  const fields = (required: boolean) =>
    (settings.get(required) ?? []).map((each) => settingField(...each, values))
  return [
    text(
      { name: 'id', label: t('admin.common.id'), hint: t('admin.providers.field.id.hint') },
      { plain: true, autofocus: true },
    ),
    text({
      name: 'name',
      label: t('common.name'),
      optional: true,
      hint: t('admin.providers.field.name.hint', { name: kind.defaultName?.hint ?? kind.about.name }),
    }),
    ...fields(true),
    text({ name: 'client_id', label: t('admin.common.client_id') }, { plain: true }),
    text(
      { name: 'client_secret', label: t('admin.common.client_secret'), optional: kind.secret === 'optional' },
      { type: 'password' },
    ),
    ...fields(false),
    text(
      {
        name: 'email_domains',
        label: t('admin.providers.domains'),
        optional: true,
        hint: t('admin.providers.domains.hint'),
      },
      { plain: true },
    ),
    text(
      {
        name: 'organization',
        label: t('admin.common.of_organization'),
        optional: true,
        hint: t('admin.providers.organization.hint.new'),
      },
      { plain: true },
    ),
    draw(
      {
        name: 'membership_rules',
        label: t('admin.providers.rules'),
        optional: true,
        hint: t('admin.providers.rules.hint'),
      },
      { kind: 'lines' },
    ),
    check(
      {
        name: 'membership_sync',
        label: t('admin.providers.sync'),
        hint: t('admin.providers.sync.hint'),
      },
      values,
    ),
    check(
      {
        name: 'keep_tokens',
        label: t('admin.providers.tokens'),
        hint: t('admin.providers.tokens.hint'),
      },
      values,
    ),
  ]
}

/**
 * What the form was filled in with, as `providers.add` takes it. A setting that was left empty has its default.
 * @param typed the fields of the form, each once
 */
export function providerOf(kindName: string, kind: ConnectorKind, typed: Values): Record<string, unknown> {
  const settings = inForm(kind).flatMap(([name, { input }]) =>
    typed[name] ? [[name, input === 'flag' ? true : typed[name]]] : [],
  )
  return {
    id: typed.id?.trim() ?? '',
    kind: kindName,
    client_id: typed.client_id?.trim() ?? '',
    ...(typed.name && { name: typed.name }),
    ...(typed.client_secret && { client_secret: typed.client_secret }),
    settings: Object.fromEntries(settings),
    email_domains: (typed.email_domains ?? '').split(/[\s,]+/).filter(Boolean),
    ...(typed.organization?.trim() && { organization: typed.organization.trim() }),
    keep_tokens: typed.keep_tokens !== undefined,
    membership_mode: typed.membership_sync === undefined ? 'add' : 'sync',
    membership_rules: (typed.membership_rules ?? '').split(/\r?\n/).filter((line) => line.trim() !== ''),
  }
}
