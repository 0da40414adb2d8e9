import type { Kind } from './document.ts'
import { roleName } from './entries.ts'
import type { Fields, Services, SettingNow } from './ports.ts'
import { type Breathe, createBreathe } from './slices.ts'

/** Something that exists, in the form that a file describes it in. */
export interface Existing {
  kind: Kind
  /** What its service finds it by. */
  id: string
  /** Of clients: what names it in a file. */
  key?: string
  fields: Fields
  /** Of providers. */
  hasSecret?: boolean
  /** Of clients: what people see, for messages. */
  title?: string
  /** Set in the environment, or registered by itself: not for a file to change. */
  foreign: boolean
  /** Of clients: whether “pkce: auto” has become required by itself, which a file that says auto leaves so. */
  pkceRaised?: boolean
  /** Another one after every change. */
  version?: string
}

/** What a client has that is no configuration: ids, secrets, times, where it came from. */
const OF_CLIENTS = [
  'client_id',
  'client_id_issued_at',
  'response_types',
  'source',
  'verified',
  'secrets',
  'version',
  'pkce_raised',
]
const OF_PROVIDERS = ['has_secret', 'source', 'callback_url', 'backchannel_logout_url', 'version']
const OF_RESOURCES = ['version', 'created_at', 'updated_at']

const without = (fields: Fields, names: readonly string[]): Fields =>
  Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => !names.includes(name) && value !== undefined),
  )

export function clientOf(client: object): Existing {
  const view = client as Fields
  const { software_id: key, ...fields } = without(view, OF_CLIENTS)
  const foreign = view.source === 'dynamic' || view.source === 'open'
  // What a client that registered itself has sent as software_id names nothing.
  const named = typeof key === 'string' && !foreign
  return {
    kind: 'client',
    id: String(view.client_id),
    ...(named && { key }),
    pkceRaised: view.pkce_raised === true,
    title: String(view.client_name),
    version: String(view.version),
    fields: { ...fields, ...(named && { key }) },
    foreign,
  }
}

export function providerOf(provider: object): Existing {
  const view = provider as Fields
  return {
    kind: 'provider',
    id: String(view.id),
    fields: without(view, OF_PROVIDERS),
    hasSecret: view.has_secret === true,
    foreign: view.source === 'environment',
  }
}

export function resourceOf(resource: object): Existing {
  const view = resource as Fields
  return {
    kind: 'resource',
    id: String(view.identifier),
    fields: without(view, OF_RESOURCES),
    foreign: false,
  }
}

export const roleOf = (role: object): Existing => ({
  kind: 'role',
  id: roleName(role as Fields),
  fields: without(role as Fields, []),
  foreign: false,
})

export const groupOf = (group: object): Existing => ({
  kind: 'group',
  id: String((group as Fields).name),
  fields: group as Fields,
  foreign: false,
})

export const organizationOf = (organization: object): Existing => ({
  kind: 'organization',
  id: String((organization as Fields).slug),
  fields: organization as Fields,
  foreign: false,
})

const definitionOf =
  (kind: 'attribute' | 'claim' | 'hook' | 'administrator_role') =>
  (definition: object): Existing => ({
    kind,
    id: String((definition as Fields).name),
    fields: definition as Fields,
    foreign: false,
  })
export const attributeOf = definitionOf('attribute')
export const claimOf = definitionOf('claim')
export const hookOf = definitionOf('hook')
/** Of two with one address a file could not say which is meant: they are left to the console. */
export const webhookOf = (webhook: object): Existing => {
  const { url, events, description, disabled, twice } = webhook as Fields
  return {
    kind: 'webhook',
    id: String(url),
    fields: { url, events, description, disabled: disabled !== undefined && disabled !== false },
    foreign: twice === true,
  }
}
export const administratorRoleOf = definitionOf('administrator_role')

const brandOf = (brand: object): Existing => ({
  kind: 'brand',
  id: String((brand as Fields).of),
  fields: brand as Fields,
  foreign: false,
})

const textOf = (text: object): Existing => {
  const { name, ...fields } = text as Fields
  return { kind: 'text', id: String(name), fields, foreign: false }
}

/** A setting that is not at its default; one that the environment sets is not for a file to change. */
const settingsOf = ({ name, value, pinnedBy, changed }: SettingNow): Existing[] =>
  pinnedBy === undefined && changed === undefined
    ? []
    : [{ kind: 'setting', id: name, fields: { value }, foreign: pinnedBy !== undefined }]

/** Whether there are more clients than so many: as many are read. */
export async function hasMoreClients({ clients }: Pick<Services, 'clients'>, most: number): Promise<boolean> {
  let left = most
  for (let cursor: string | undefined; ; ) {
    const limit = Math.min(100, left + 1)
    const page = await clients.list({ limit, ...(cursor !== undefined && { cursor }) })
    left -= page.items.length
    if (left < 0) return true
    if (page.next_cursor === undefined) return false
    cursor = page.next_cursor
  }
}

/** Everything that a file can describe. Requests come in between. */
export async function readCurrent(services: Services): Promise<Existing[]> {
  const breathe = createBreathe()
  const [
    resources,
    roles,
    groups,
    organizations,
    attributes,
    claims,
    hooks,
    webhooks,
    administratorRoles,
    brands,
    texts,
    providers,
    { settings },
    clients,
  ] = await Promise.all([
    all((page) => services.resources.list(page), breathe),
    services.roles.list(),
    services.groups.list(),
    services.organizations.list(),
    services.attributes.list(),
    services.claims.list(),
    services.hooks.list(),
    services.webhooks.list(),
    services.administrator_roles.list(),
    services.brands.list(),
    services.texts.list(),
    services.providers.list(),
    services.settings.list(),
    all((page) => services.clients.list(page), breathe),
  ])
  return [
    ...settings.flatMap(settingsOf),
    ...resources.map(resourceOf),
    ...roles.map(roleOf),
    ...groups.map(groupOf),
    ...organizations.map(organizationOf),
    ...attributes.map(attributeOf),
    ...claims.map(claimOf),
    ...hooks.map(hookOf),
    ...webhooks.map(webhookOf),
    ...administratorRoles.map(administratorRoleOf),
    ...brands.map(brandOf),
    ...texts.map(textOf),
    // What managers of organizations have set up is theirs, and of no file.
    ...providers.filter((each) => !('managed' in each)).map(providerOf),
    ...clients.map(clientOf),
  ]
}

async function all(
  list: (page: {
    limit: number
    cursor?: string
  }) => Promise<{ items: readonly object[]; next_cursor?: string }>,
  breathe: Breathe,
): Promise<object[]> {
  const items: object[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await list({ limit: 100, ...(cursor !== undefined && { cursor }) })
    items.push(...page.items)
    if (page.next_cursor === undefined) return items
    cursor = page.next_cursor
    // On SQLite a page is read without ever waiting.
    await breathe()
  }
}
