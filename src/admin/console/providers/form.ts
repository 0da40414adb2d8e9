import type { ConnectorField, ConnectorKind } from '../../../federation/connector-kind.ts'

/** A field of the form, by the partial that draws it. */
export type ProviderInput = {
  partial: 'field' | 'select' | 'check'
  name: string
  label: string
  hint?: string | undefined
  type?: 'url' | 'password'
  autocomplete?: 'off'
  inputmode?: 'url'
  plain?: boolean
  optional?: boolean
  autofocus?: boolean
  options?: { value: string; label: string }[]
}

const text = (name: string, label: string, more: Partial<ProviderInput> = {}): ProviderInput => ({
  partial: 'field',
  name,
  label,
  autocomplete: 'off',
  ...more,
})

/** Settings with a label; no kind of field but `pairs` is without an input. */
const inForm = ({ fields }: ConnectorKind): [name: string, ConnectorField & { label: string }][] =>
  Object.entries(fields).flatMap(([name, { label, ...field }]) =>
    label === undefined || field.input === 'pairs' ? [] : [[name, { ...field, label }]],
  )

/** It has no default, so it comes before what the provider has given out. */
const isRequired = ({ schema }: ConnectorField): boolean => !schema.safeParse(undefined).success

function settingInput(name: string, field: ConnectorField & { label: string }): ProviderInput {
  const { label, hint, choices, input } = field
  if (input === 'flag') return { partial: 'check', name, label, hint }
  if (choices !== undefined)
    return {
      partial: 'select',
      name,
      label,
      hint,
      options: choices.map((value) => ({ value, label: value })),
    }
  const url = input === 'url' && ({ type: 'url', inputmode: 'url' } as const)
  return text(name, label, { hint, plain: true, optional: !isRequired(field), ...url })
}

/** What the form for a provider of a kind asks for, in its order. */
export function providerInputs(kind: ConnectorKind): ProviderInput[] {
  const settings = Map.groupBy(inForm(kind), ([, field]) => isRequired(field))
  const inputs = (required: boolean) => (settings.get(required) ?? []).map((each) => settingInput(...each))
  return [
    text('id', 'ID', {
      plain: true,
      autofocus: true,
      hint: 'In the callback URL: lower-case letters, digits and hyphens.',
    }),
    text('name', 'Name', { optional: true, hint: 'On the button “Continue with …”.' }),
    ...inputs(true),
    text('client_id', 'Client ID', { plain: true }),
    text('client_secret', 'Client secret', { type: 'password', optional: kind.secret === 'optional' }),
    ...inputs(false),
    text('email_domains', 'Only addresses of these domains', {
      plain: true,
      optional: true,
      hint: 'Separated by spaces. Empty: any.',
    }),
    {
      partial: 'check',
      name: 'keep_tokens',
      label: 'Keep its tokens',
      hint: 'Encrypted. Only if an app of yours needs them.',
    },
  ]
}

/**
 * What the form was filled in with, as `providers.add` takes it. A setting that was left empty has its default.
 * @param typed the fields of the form, each once
 */
export function providerOf(
  kindName: string,
  kind: ConnectorKind,
  typed: Readonly<Record<string, string>>,
): Record<string, unknown> {
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
    keep_tokens: typed.keep_tokens !== undefined,
  }
}
