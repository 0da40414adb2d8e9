/** Tokens of directories, which provision people by SCIM: made by administrators, shown once, two of a name for rotation. */
import { hash, randomBytes, randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message, saying, t } from '../../shared/locales/texts.ts'
import { nameKey } from '../../shared/name-key.ts'
import { line } from '../../shared/text.ts'
import { refusedFields, schemaProblems } from '../../shared/validation-error.ts'
import type { Database } from '../../storage/database.ts'
import { type Bearer, createScimTokenStore, type ScimTokenRow } from './store.ts'

/** Without the token. Times are milliseconds since the epoch. */
export interface ScimToken {
  id: string
  /** Of the directory: the audit log says it, and external IDs are kept by it. */
  name: string
  /** Null: the whole server. */
  organization: string | null
  createdAt: number
  /** To the minute; null: never. */
  lastUsedAt: number | null
}

export interface ScimTokenEvent {
  type: 'scim_token.created' | 'scim_token.updated' | 'scim_token.deleted'
  id: string
  name: string
}

export interface ScimTokens {
  /**
   * @returns the token too: the only time it is shown
   * @throws ValidationError (422), also where there are two of this name · AppError too_many_scim_tokens (409)
   */
  create(input: Readonly<Record<string, unknown>>): Promise<ScimToken & { token: string }>
  /** Oldest first, a thousand at most. */
  list(): Promise<ScimToken[]>
  /** @throws AppError scim_token_not_found (404) */
  get(id: string): Promise<ScimToken>
  /**
   * Gives the directory another name: both tokens of it, if there are two, and its external IDs go along.
   * @throws ValidationError (422), also where the name is another directory's · AppError scim_token_not_found (404)
   */
  update(id: string, input: Readonly<Record<string, unknown>>): Promise<ScimToken>
  /** It works no more from the next request on. @throws AppError scim_token_not_found (404) */
  remove(id: string): Promise<void>
  /** Whose token this is, whose use is noted; undefined: nobody’s, or of an organization that is disabled or gone. One statement, and a second one once a minute. */
  accept(token: string): Promise<Bearer | undefined>
}

/** Of the whole server, and of each organization. */
const MAX_TOKENS = 40
const MAX_LISTED = 1000
const SLOTS = [0, 1]
const MINUTE = 60_000
/** Scanners of secrets know a token by its beginning. */
const PREFIX = 'lks_'
const TOKEN = /^lks_[\w-]{43}$/

const nameSchema = line(64).pipe(z.string().min(1, saying('admin.scim.problem.name')))
const inputSchema = z.strictObject({
  name: nameSchema,
  organization: z
    .string(saying('admin.scim.problem.organization.text'))
    .max(100, saying('admin.scim.problem.organization'))
    .nullish(),
})

const changesSchema = z.strictObject({ name: nameSchema.optional() })

/** External IDs of one directory are none of another's. */
const ownerOf = (organization: string | null, name: string): string =>
  organization === null ? nameKey(name) : `${organization} ${nameKey(name)}`

/** A fast hash is enough: 256 random bits cannot be guessed. */
const hashOf = (token: string): string => hash('sha256', token, 'base64url')

export function createScimTokens({
  db,
  clock,
  organizationId,
  events,
}: {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  /** The ID of an organization, by its ID or short name; undefined: there is none. */
  organizationId(idOrSlug: string): Promise<string | undefined>
  events(event: ScimTokenEvent): void
}): ScimTokens {
  const store = createScimTokenStore(db)

  async function find(id: string): Promise<ScimTokenRow> {
    const row = /^[\da-f-]{36}$/.test(id) ? await store.find(id) : undefined
    if (row === undefined)
      throw new AppError('scim_token_not_found', 404, message('admin.scim.error.not_found'))
    return row
  }

  return {
    async create(input) {
      const parsed = inputSchema.safeParse(input)
      if (!parsed.success) throw refusedFields(schemaProblems(parsed.error))
      const { name } = parsed.data
      const named = parsed.data.organization || null
      const organization = named === null ? null : await organizationId(named)
      if (organization === undefined)
        throw refusedFields({ organization: t('admin.scim.problem.organization') })
      if ((await store.count(organization)) >= MAX_TOKENS)
        throw new AppError(
          'too_many_scim_tokens',
          409,
          message('admin.scim.error.too_many', { most: MAX_TOKENS }),
        )
      const token = PREFIX + randomBytes(32).toString('base64url')
      const row = {
        id: randomUUID(),
        name,
        owner: ownerOf(organization, name),
        organization,
        createdAt: new Date(clock()),
      }
      for (const slot of SLOTS) {
        if (!(await store.insert({ ...row, slot, hash: hashOf(token) }))) continue
        events({ type: 'scim_token.created', id: row.id, name })
        return { ...view({ ...row, lastUsedAt: null }), token }
      }
      throw refusedFields({
        name: t('admin.scim.problem.name.two'),
      })
    },

    list: async () => (await store.list(MAX_LISTED)).map(view),
    get: async (id) => view(await find(id)),

    async update(id, input) {
      const parsed = changesSchema.safeParse(input)
      if (!parsed.success) throw refusedFields(schemaProblems(parsed.error))
      const row = await find(id)
      const { name = row.name } = parsed.data
      if (name === row.name) return view(row)
      const owner = ownerOf(row.organization, name)
      const renamed = await store.ofOwner(row.owner)
      // A directory that had this name would be taken for this one.
      const free = owner === row.owner || !(await store.isKnown(owner))
      if (!free || !(await store.rename(row.owner, { owner, name })))
        throw refusedFields({ name: t('admin.scim.problem.name.taken') })
      for (const token of renamed) events({ type: 'scim_token.updated', id: token.id, name })
      return view({ ...row, name })
    },

    async remove(id) {
      const { name } = await find(id)
      if (!(await store.remove(id))) await find(id)
      events({ type: 'scim_token.deleted', id, name })
    },

    async accept(token) {
      const found = TOKEN.test(token) ? await store.byHash(hashOf(token)) : undefined
      if (found === undefined) return undefined
      const { lastUsedAt, ...bearer } = found
      const now = clock()
      if (lastUsedAt === null || Date.parse(lastUsedAt) <= now - MINUTE)
        await store.noteUse(bearer.id, new Date(now))
      return bearer
    },
  }
}

const view = ({ id, name, organization, createdAt, lastUsedAt }: ScimTokenRow): ScimToken => ({
  id,
  name,
  organization,
  createdAt: createdAt.getTime(),
  lastUsedAt: lastUsedAt?.getTime() ?? null,
})
