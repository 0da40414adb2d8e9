import {
  administratorRoleOf,
  attributeOf,
  claimOf,
  clientOf,
  type Existing,
  groupOf,
  hookOf,
  organizationOf,
  providerOf,
  resourceOf,
  roleOf,
  webhookOf,
} from './current.ts'
import type { Kind } from './document.ts'
import type { EntityServices, Fields } from './ports.ts'

/** Fields of an entry that stand first; the others follow in the order of the alphabet. */
const FIRST = ['key', 'of', 'identifier', 'id', 'kind', 'name', 'client_id', 'client_name']
const ALWAYS = new Set(FIRST)

const KEY = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** Whether that can name a client in a file. */
export const isNamed = (key: unknown): key is string => typeof key === 'string' && KEY.test(key)

/** Makes of what exists what a file says of it: no defaults, no secrets, fields in a fixed order. */
export function createEntryOf(services: EntityServices): (existing: Existing) => Fields {
  const less = {
    client: createWithoutDefaults(services.clients),
    provider: createWithoutDefaults({ complete: (entry) => services.providers.complete(entry) }),
    resource: createWithoutDefaults(services.resources),
    role: createWithoutDefaults(services.roles),
    group: createWithoutDefaults(services.groups),
    organization: createWithoutDefaults(services.organizations),
    attribute: createWithoutDefaults(services.attributes),
    claim: createWithoutDefaults(services.claims),
    hook: createWithoutDefaults(services.hooks),
    webhook: createWithoutDefaults(services.webhooks),
    administrator_role: createWithoutDefaults(services.administrator_roles),
    brand: createWithoutDefaults(services.brands),
  }
  return ({ kind, id, hasSecret, fields: { key, disabled, ...rest } }) => {
    if (kind === 'setting') return { [id]: rest.value }
    if (kind === 'text') return rest
    const fields: Record<string, unknown> = {
      ...less[kind](kind === 'brand' ? withoutNulls(rest) : rest),
      ...(disabled === true && { disabled }),
      ...(kind === 'client' && (isNamed(key) ? { key } : { client_id: id })),
      ...(kind === 'provider' && hasSecret && { client_secret_env: secretVariable(id) }),
    }
    return Object.fromEntries(
      Object.entries(fields).sort(([one], [other]) => rank(one) - rank(other) || (one < other ? -1 : 1)),
    )
  }
}

/** A name of a brand may be left out, though one stands first. */
const withoutNulls = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

const rank = (field: string): number => (FIRST.includes(field) ? FIRST.indexOf(field) : FIRST.length)

/** The name that an export gives to the variable of a provider's secret. */
const secretVariable = (id: string): string => `PROVIDER_${id.toUpperCase().replaceAll('-', '_')}_SECRET`

/**
 * Leaves out each field that comes out the same without being said. To know that, an entry is completed again without it; most
 * entries have the same defaults, so those that were found before are left out together first. A default that only counts at the
 * making of something is said: where the file is applied, it may be another one.
 */
function createWithoutDefaults(
  service: Pick<EntityServices['clients'], 'complete' | 'leftToCreation'>,
): (fields: Fields) => Fields {
  const complete = (entry: Fields): string | undefined => {
    try {
      return JSON.stringify(
        Object.entries(service.complete(entry)).sort(([one], [other]) => (one < other ? -1 : 1)),
      )
    } catch {
      return undefined
    }
  }
  const usual = new Map<string, string>()
  return (fields) => {
    const whole = complete(fields)
    if (whole === undefined) return fields
    const isUsual = ([field, value]: [string, unknown]) => usual.get(field) === JSON.stringify(value)
    const guess = Object.fromEntries(Object.entries(fields).filter((entry) => !isUsual(entry)))
    const isWhole = (less: Fields) =>
      complete(less) === whole &&
      (service.leftToCreation?.(less) ?? []).every((field) => fields[field] === undefined)
    let kept = isWhole(guess) ? guess : fields
    for (const field of Object.keys(kept)) {
      if (ALWAYS.has(field)) continue
      const { [field]: value, ...less } = kept
      if (!isWhole(less)) continue
      kept = less
      usual.set(field, JSON.stringify(value))
    }
    return kept
  }
}

/** What writes YAML as the reader takes it: no anchors, one line a text. It is loaded with the first that is written. */
export async function yamlWriter(): Promise<(value: unknown) => string> {
  const { stringify } = await import('yaml')
  return (value) =>
    stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.2', schema: 'core' })
}

/** Of what has a page of its own. */
type Shown = Exclude<Kind, 'setting' | 'brand' | 'text'>

const VIEWS = {
  attribute: attributeOf,
  claim: claimOf,
  client: clientOf,
  group: groupOf,
  organization: organizationOf,
  hook: hookOf,
  webhook: webhookOf,
  administrator_role: administratorRoleOf,
  provider: providerOf,
  resource: resourceOf,
  role: roleOf,
}

/**
 * Something as its service shows it, as a configuration file that describes it and nothing else. No secrets.
 * @param view what `get`, `create` or `update` of the service has answered
 */
export type YamlOf = (kind: Shown, view: object) => Promise<string>

export const createYamlOf =
  (services: EntityServices): YamlOf =>
  async (kind, view) => {
    const yamlText = await yamlWriter()
    return yamlText({ version: 1, [`${kind}s`]: [createEntryOf(services)(VIEWS[kind](view))] })
  }
