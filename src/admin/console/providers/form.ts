import type { ConnectorField, ConnectorKind } from '../../../federation/connector-kind.ts'
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
      { name: 'id', label: 'ID', hint: 'In the callback URL: lower-case letters, digits and hyphens.' },
      { plain: true, autofocus: true },
    ),
    text({
      name: 'name',
      label: 'Name',
      optional: true,
      hint: `On the button “Continue with …”. Empty: ${kind.defaultName?.hint ?? kind.about.name}.`,
    }),
    ...fields(true),
    text({ name: 'client_id', label: 'Client ID' }, { plain: true }),
    text(
      { name: 'client_secret', label: 'Client secret', optional: kind.secret === 'optional' },
      { type: 'password' },
    ),
    ...fields(false),
    text(
      {
        name: 'email_domains',
        label: 'Only addresses of these domains',
        optional: true,
        hint: 'Separated by spaces. Empty: any.',
      },
      { plain: true },
    ),
    text(
      {
        name: 'organization',
        label: 'Of an organization',
        optional: true,
        hint: 'Its short name. Only addresses of its verified domains get in, and they are led there. Empty: for everyone.',
      },
      { plain: true },
    ),
    draw(
      {
        name: 'membership_rules',
        label: 'Groups and roles by what it says',
        optional: true,
        hint: 'One rule a line: a claim and its value, * for any ending, and what it gives: groups=eng* group:Engineers, or role:Clerk. email_domain is the domain of a proven address.',
      },
      { kind: 'lines' },
    ),
    check(
      {
        name: 'membership_sync',
        label: 'Take away what it gave and does not say any more',
        hint: 'At their next sign-in with it. What people here have given stays.',
      },
      values,
    ),
    check(
      {
        name: 'keep_tokens',
        label: 'Keep its tokens',
        hint: 'Encrypted. Only if an app of yours needs them.',
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
