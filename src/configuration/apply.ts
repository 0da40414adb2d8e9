import { ValidationError } from '../shared/validation-error.ts'
import type { Change, FieldChange } from './diff.ts'
import { isDescribed } from './entries.ts'
import type { EntityServices, Fields, Services } from './ports.ts'

/** A secret that a client has just got, or one that signs for a hook or webhook: shown once, and stored for nobody to read. */
export type NewSecret =
  | { kind?: undefined; name: string; client_id: string; client_secret: string }
  | {
      kind: 'hook' | 'webhook'
      name: string
      id: string
      secret: string
      client_id?: undefined
      client_secret?: undefined
    }

/**
 * Does one change, but of a setting, through the service whose it is: with its checks, and its entry in the audit log.
 * @param what.version that of the client which the change was planned for: what was written since is not overwritten
 * @param what.secretOf the value of a provider's secret @param issued told of each secret that is made
 */
export async function applyChange(
  what: {
    change: Change
    version: string | undefined
    secretOf(change: Change): string | undefined
    services: EntityServices
  },
  issued: (secret: NewSecret) => void,
): Promise<void> {
  const { change, version, secretOf, services } = what
  if (change.kind === 'resource') return applyResource(change, services.resources)
  const { kind } = change
  if (isDescribed(kind)) return applyDescribed(change, services[`${kind}s`], issued)
  if (change.kind === 'provider') return applyProvider(change, services.providers, secretOf(change))
  return applyClient(change, version, services.clients, issued)
}

const after = (fields: readonly FieldChange[], ...except: string[]): Fields =>
  Object.fromEntries(
    fields
      .filter(({ field }) => !except.includes(field))
      .map(({ field, after: value }) => [field, value ?? null]),
  )

const disabledBy = (fields: readonly FieldChange[]): unknown =>
  fields.find(({ field }) => field === 'disabled')?.after

/**
 * Does all changes of settings as one: they are judged together and count from one moment on. One after the other, `sms_headers` with the secret would
 * go to the gateway of before.
 */
export async function applySettings(
  changes: readonly Change[],
  settings: Services['settings'],
): Promise<void> {
  await settings.change(
    Object.fromEntries(
      changes.map(({ action, name, fields }) => [name, action === 'delete' ? null : after(fields).value]),
    ),
  )
}

/** Of changes of settings that failed together, the one that an error is about. */
export const failedSetting = (changes: readonly Change[], error: unknown): Change | undefined =>
  error instanceof ValidationError ? changes.find(({ name }) => Object.hasOwn(error.errors, name)) : undefined

async function applyResource(change: Change, resources: EntityServices['resources']): Promise<void> {
  const { action, name, fields } = change
  if (action === 'delete') await resources.remove(name)
  else if (action === 'create') await resources.add(after(fields))
  else await resources.update(name, after(fields))
}

async function applyDescribed(
  { kind, action, name, id = name, fields }: Change,
  service: EntityServices['groups'],
  issued: (secret: NewSecret) => void,
): Promise<void> {
  if (action === 'delete') await service.remove(id)
  else if (action === 'create') {
    const made = (await service.add(after(fields))) as Fields | undefined
    if ((kind === 'hook' || kind === 'webhook') && typeof made?.secret === 'string')
      issued({ kind, name, id: String(made.id), secret: made.secret })
  } else await service.update(id, after(fields))
}

async function applyProvider(
  { action, name, fields }: Change,
  providers: EntityServices['providers'],
  secret: string | undefined,
): Promise<void> {
  if (action === 'delete') return void (await providers.remove(name))
  const own = after(fields, 'disabled', 'client_secret')
  const changesSecret = fields.some(({ field }) => field === 'client_secret')
  if (action === 'create') {
    await providers.add({ ...own, ...(secret !== undefined && { client_secret: secret }) })
  } else {
    const changes = { ...own, ...(changesSecret && { client_secret: secret ?? null }) }
    if (Object.keys(changes).length > 0) await providers.update(name, changes)
  }
  const disabled = disabledBy(fields)
  if (disabled === true) await providers.disable(name)
  else if (disabled === false) await providers.enable(name)
}

async function applyClient(
  { action, name, id = '', fields }: Change,
  ifVersion: string | undefined,
  clients: EntityServices['clients'],
  issued: (secret: NewSecret) => void,
): Promise<void> {
  if (action === 'delete') return void (await clients.delete(id, { ifVersion }))
  const { key, ...own } = after(fields, 'disabled')
  const input = { ...own, ...(key !== undefined && { software_id: key }) }
  let clientId = id
  const tell = (answer: object) => {
    const client = answer as Fields
    clientId = String(client.client_id)
    if (typeof client.client_secret === 'string')
      issued({ name, client_id: clientId, client_secret: client.client_secret })
  }
  if (action === 'create') tell(await clients.create(input, { source: 'configuration', verified: true }))
  else if (Object.keys(input).length > 0) tell(await clients.update(id, input, { ifVersion }))
  const disabled = disabledBy(fields)
  if (disabled === true) await clients.disable(clientId)
  else if (disabled === false) await clients.enable(clientId)
}
