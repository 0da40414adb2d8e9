import { stringify } from 'yaml'
import { clientOf, type Existing, providerOf, resourceOf } from './current.ts'
import type { Kind } from './document.ts'
import type { ConfigurationDependencies, Fields } from './ports.ts'

type Services = Pick<ConfigurationDependencies, 'clients' | 'resources' | 'providers'>

/** Fields of an entry that stand first; the others follow in the order of the alphabet. */
const FIRST = ['key', 'identifier', 'id', 'kind', 'name', 'client_id', 'client_name']
const ALWAYS = new Set(FIRST)

const KEY = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** What a file says of something that exists: no defaults, no secrets, fields in a fixed order. */
export function entryOf(existing: Existing, services: Services): Fields {
  const { kind, id, hasSecret } = existing
  const { key, disabled, ...rest } = existing.fields
  const minimal = withoutDefaults(rest, services[`${kind}s`])
  const named = typeof key === 'string' && KEY.test(key)
  const fields: Record<string, unknown> = {
    ...minimal,
    ...(disabled === true && { disabled }),
    ...(kind === 'client' && (named ? { key } : { client_id: id })),
    ...(kind === 'provider' && hasSecret && { client_secret_env: secretVariable(id) }),
  }
  const rank = (field: string): number => (FIRST.includes(field) ? FIRST.indexOf(field) : FIRST.length)
  return Object.fromEntries(
    Object.entries(fields).sort(([one], [other]) => rank(one) - rank(other) || (one < other ? -1 : 1)),
  )
}

/** The name that an export gives to the variable of a provider's secret. */
const secretVariable = (id: string): string => `PROVIDER_${id.toUpperCase().replaceAll('-', '_')}_SECRET`

/** Leaves out each field that comes out the same without being said. */
function withoutDefaults(fields: Fields, service: { complete(entry: Fields): Fields }): Fields {
  const complete = (entry: Fields): string | undefined => {
    try {
      return JSON.stringify(
        Object.entries(service.complete(entry)).sort(([one], [other]) => (one < other ? -1 : 1)),
      )
    } catch {
      return undefined
    }
  }
  const whole = complete(fields)
  let kept = fields
  for (const field of Object.keys(fields)) {
    if (ALWAYS.has(field)) continue
    const { [field]: _, ...less } = kept
    if (whole !== undefined && complete(less) === whole) kept = less
  }
  return kept
}

/** YAML as the reader takes it: no anchors, one line a text. */
export const yamlText = (value: unknown): string =>
  stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.2', schema: 'core' })

const VIEWS = { client: clientOf, provider: providerOf, resource: resourceOf }

/**
 * Something as its service shows it, as the entry of a configuration file that describes it. No secrets.
 * @param view what `get`, `create` or `update` of the service has answered
 */
export const createYamlOf =
  (services: Services) =>
  (kind: Kind, view: object): string =>
    yamlText({ [`${kind}s`]: [entryOf(VIEWS[kind](view), services)] })
