// Organizations own: the companies that people sign in for, who is in them with which roles, and invitations. They do not own what an app is
// told of them (src/oidc/organizations), nor accounts.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../shared/clock.ts'
import { AppError, VersionConflict } from '../shared/errors.ts'
import { isId } from '../shared/ids.ts'
import { message, t } from '../shared/locales/texts.ts'
import { nameKey } from '../shared/name-key.ts'
import { cutPage, invalidCursor, type Page, type PageRequest, pageLimit } from '../shared/paging.ts'
import { refusedFields } from '../shared/validation-error.ts'
import type { Database } from '../storage/database.ts'
import type { LookUpTxt } from './domains/dns.ts'
import { createDomains, type Domains } from './domains/domains.ts'
import { createDomainStore } from './domains/store.ts'
import { contentOf, parseOrganization } from './fields.ts'
import { createInvitations, type InvitationMail, type Invitations } from './invitations/invitations.ts'
import { createInvitationStore } from './invitations/store.ts'
import { createManaging, type OrganizationManaging } from './managing.ts'
import { createManagingStore } from './members/managing-store.ts'
import { createMembers, type Members } from './members/members.ts'
import { createMemberStore } from './members/store.ts'
import type { Organization, OrganizationEvent } from './organization.ts'
import { createOrganizationSignIn, type OrganizationSignIn } from './sign-in/sign-in.ts'
import { createSignInStore } from './sign-in/store.ts'
import { createOrganizationStore, type OrganizationRow } from './store.ts'
import { createTemplate, type RoleTemplate, type TemplateSettings } from './template.ts'

export interface Organizations {
  /** @throws ValidationError (422), also where the short name is taken */
  create(input: Readonly<Record<string, unknown>>): Promise<Organization>
  /** By short name. @param request.search what the name or the short name contains @throws AppError invalid_page (400) */
  list(
    request?: PageRequest & {
      search?: string | undefined
      /** Only this one, by its ID. */
      only?: string | undefined
    },
  ): Promise<Page<Organization>>
  /** @throws AppError organization_not_found (404) */
  get(id: string): Promise<Organization>
  /** By ID or short name. @throws AppError organization_not_found (404) */
  find(idOrSlug: string): Promise<Organization>
  /** What some are called, by their IDs: one statement, none for none. Those that are gone are left out. */
  names(ids: readonly (string | null)[]): Promise<Map<string, { id: string; name: string; slug: string }>>
  /**
   * Fields that are left out stay.
   * @param given.ifVersion the version that the change is meant for
   * @throws ValidationError (422) · AppError organization_not_found (404), version_conflict (409)
   */
  update(
    id: string,
    changes: Readonly<Record<string, unknown>>,
    given?: { ifVersion?: number | undefined },
  ): Promise<Organization>
  /**
   * Nobody signs in for it from now on, its tokens end, and its short name is free.
   * @param given.ifVersion the version that is meant @throws AppError organization_not_found (404), version_conflict (409)
   */
  remove(id: string, given?: { ifVersion?: number | undefined }): Promise<void>
  /** For a job: deletes a batch of what removed ones left, and invitations that are over. Returns how many rows; 0: nothing is left. */
  purge(): Promise<number>
  /** Whether there was ever one, as this process knows it, a second late at most: while there is none, no request looks for one. */
  exist(): boolean
  /** Whether an administrator or auditor is a member. */
  hasAdministrator(id: string): Promise<boolean>
  /** Whether one that a person is a member of lets nobody sign in as them. One statement, none while there is no organization. */
  forbidsImpersonation(accountId: string): Promise<boolean>
  members: Members
  invitations: Invitations
  domains: Domains
  /** What members with a role that manages do. */
  managing: OrganizationManaging
  template: RoleTemplate
  /** At providers of their own. */
  signIn: OrganizationSignIn
}

/** Where it is said that there are organizations (src/settings/store.ts). */
interface Marker {
  current(): { version: number }
  read(): Promise<{ version: number }>
  replace(version: number, document: string): Promise<boolean>
}

const MAX_CURSOR = 300

export function createOrganizations(deps: {
  db: Pick<Database, 'prisma' | 'reads'>
  marker: Marker
  settings: TemplateSettings
  lookUpTxt: LookUpTxt
  clock: Clock
  issuer: string
  mail: { send(mail: InvitationMail): void }
  /** An address in canonical form; undefined: it is none. */
  canonicalEmail(typed: string): string | undefined
  /** What people call who acts. */
  inviterName(): Promise<string>
  /** Told of every change after it is stored. */
  events(event: OrganizationEvent): void
}): Organizations {
  const { marker, clock, events } = deps
  const store = createOrganizationStore(deps.db)
  const template = createTemplate(deps.settings)

  const exist = () => marker.current().version > 0

  async function get(id: string): Promise<Organization> {
    const row = isId(id) ? await store.find(id) : undefined
    if (row === undefined) throw notFound()
    return organizationView(row)
  }

  const invitations = createInvitations({
    ...deps,
    store: createInvitationStore(deps.db),
    template,
    find: get,
  })
  const members = createMembers({
    ...{ ...deps, template, find: get, changed: invitations.afterChange },
    store: createMemberStore(deps.db),
  })

  const domains = createDomains({ ...deps, store: createDomainStore(deps.db), find: get })

  return {
    get,
    members,
    invitations,
    domains,
    managing: createManaging({
      ...{ members, invitations, domains, template, events },
      store: createManagingStore(deps.db),
    }),
    template,
    signIn: createOrganizationSignIn({
      ...{ get, members, template, exist },
      store: createSignInStore(deps.db),
      canonicalEmail: deps.canonicalEmail,
    }),
    async names(ids) {
      const wanted = [...new Set(ids.flatMap((id) => id ?? []))]
      const found = wanted.length === 0 ? [] : await store.names(wanted)
      return new Map(found.map((one) => [one.id, one]))
    },
    hasAdministrator: store.hasAdministrator,
    forbidsImpersonation: async (accountId) => exist() && store.forbidsImpersonation(accountId),
    exist,

    async find(idOrSlug) {
      const row = isId(idOrSlug) ? await store.findBySlug(idOrSlug) : undefined
      return row ? organizationView(row) : get(idOrSlug)
    },

    async create(input) {
      const content = parseOrganization(input)
      // Said before: a process that is told so too early asks in vain, one that is told too late would let people in without it.
      if ((await marker.read()).version === 0) await marker.replace(0, '{}')
      const row = {
        ...content,
        id: randomUUID(),
        nameKey: nameKey(content.name),
        version: 0,
        createdAt: new Date(clock()),
      }
      if (!(await store.insert(row))) throw slugTaken()
      events({ type: 'organization.created', id: row.id, name: row.name })
      return organizationView(row)
    },

    async list({ limit, cursor, search, only } = {}) {
      const size = pageLimit(limit)
      const after = cursor === undefined ? undefined : slugIn(cursor)
      const wanted = nameKey(search ?? '').replaceAll('\0', '') || undefined
      const rows = await store.list(size + 1, after, wanted, only)
      return cutPage(rows, size, ({ slug }) => Buffer.from(slug).toString('base64url'), organizationView)
    },

    async update(id, changes, { ifVersion } = {}) {
      const before = await get(id)
      if (ifVersion !== undefined && ifVersion !== before.version) throw new VersionConflict('organization')
      const content = parseOrganization(changes, contentOf(before))
      const row = await store.update(id, before.version, { ...content, nameKey: nameKey(content.name) })
      if (row === 'taken') throw slugTaken()
      if (row === undefined) throw new VersionConflict('organization')
      const after = organizationView(row)
      const states = { before: contentOf(before), after: contentOf(after) }
      events({ type: 'organization.updated', id, name: after.name, ...states })
      return after
    },

    async remove(id, { ifVersion } = {}) {
      const { name } = await get(id)
      if (!(await store.removals.mark(id, new Date(clock()), ifVersion)))
        throw ifVersion === undefined ? notFound() : new VersionConflict('organization')
      events({ type: 'organization.deleted', id, name })
      await store.removals.begin()
    },

    purge: async () => (await store.removals.run()) + (await invitations.prune()),
  }
}

export const organizationView = ({ nameKey: _, createdAt, ...row }: OrganizationRow): Organization => ({
  id: row.id,
  ...contentOf(row),
  version: row.version,
  createdAt: createdAt.getTime(),
})

/** @throws AppError invalid_page (400) */
function slugIn(cursor: string): string {
  const slug = Buffer.from(cursor, 'base64url').toString('utf8')
  if (cursor.length > MAX_CURSOR || slug === '' || slug.includes('\0')) throw invalidCursor()
  return slug
}

const notFound = () => new AppError('organization_not_found', 404, message('admin.organizations.no_id'))

const slugTaken = () => refusedFields({ slug: t('admin.organizations.slug.taken') })
